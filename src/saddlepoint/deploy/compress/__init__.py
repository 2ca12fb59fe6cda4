"""Smaller models: quantised, pruned or distilled, each judged by the figures that the original was judged by."""
