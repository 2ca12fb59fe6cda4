"""Methods whose distribution is the one that a Markov chain settles in: Boltzmann machines and stochastic networks."""
