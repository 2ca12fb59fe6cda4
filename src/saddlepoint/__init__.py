"""Saddlepoint: a workshop for generative adversarial networks and the generative vision models around them."""

__version__ = "0.1.0"
