"""Texts: translated, understood, and written against a critic."""
