"""Methods for tables: rows of numbers and words."""
