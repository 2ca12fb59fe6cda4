"""The synthetic world: data with a known truth, made on the spot, for proofs and tests."""
