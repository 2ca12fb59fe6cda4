"""Augmentations that a critic sees and gradients pass. Karras et al. 2020, arXiv:2006.06676."""
