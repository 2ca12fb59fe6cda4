"""Restoration: images made better than they are given."""
