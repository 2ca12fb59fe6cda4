"""Naive baselines: what a trained model must beat before its figure says anything."""
