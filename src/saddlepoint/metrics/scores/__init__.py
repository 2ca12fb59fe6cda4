"""Scores: figures with the protocol that each was made by, as `saddle evaluate` and the scoring hook report them."""
