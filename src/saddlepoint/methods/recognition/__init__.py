"""Recognition: what an image shows, and whether two show the same."""
