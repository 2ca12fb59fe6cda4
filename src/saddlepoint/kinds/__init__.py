"""What one example of a batch's field can be: one file a kind, found by looking."""
