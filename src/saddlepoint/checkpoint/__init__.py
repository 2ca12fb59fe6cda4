"""Checkpoints: how a run is kept on disk, and how a trained model comes back from it."""
