"""Scenes as many small Gaussians that are drawn onto the picture."""
