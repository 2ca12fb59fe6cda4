"""Trained models at work: on images of any size, and outside of this library."""
