"""Fast forms of single operations, each beside the readable reference that it is tested against."""
