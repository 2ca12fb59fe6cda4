"""Runs: what `saddlepoint.train` and the command line both call to assemble, train and resume one."""
