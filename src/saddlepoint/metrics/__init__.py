"""The measuring room: formulas, extractors of features, scores with their protocol, baselines, measures of proofs."""
