"""Networks and functions that turn images into features."""
