"""Formulas of metrics: pure functions of features, images and points, with no network and no file in them."""
