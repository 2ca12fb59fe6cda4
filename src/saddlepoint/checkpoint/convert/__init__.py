"""Weights from the authors' own networks into ours: new names for the same tensors."""
