"""Normalising flows: examples turned into noise by functions that can be undone, so that their density is known."""
