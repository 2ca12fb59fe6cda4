"""Extractors: networks, or the pixels themselves, that turn images into the features that are measured."""
