"""Methods that make an example one number after the other: log p(x) = sum of log p(x_i | x_1 ... x_{i-1})."""
