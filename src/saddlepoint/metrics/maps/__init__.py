"""Maps of what a model's verdict rests on: how much each pixel matters, by hiding it or by the gradient."""
