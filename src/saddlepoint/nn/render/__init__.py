"""Scenes and cameras: where views look, and what of space they leave possible."""
