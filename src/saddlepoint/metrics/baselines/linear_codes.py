"""Probabilistic PCA: what a linear model of codes can do, in closed form. Tipping & Bishop 1999,
doi:10.1111/1467-9868.00196, equations 6, 7 and 8, which is the best linear VAE (Lucas et al. 2019, arXiv:1911.02469).
"""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor


@final
class LinearCodes:
    """Images x = W z + mean + noise with z of N(0, 1), at the largest likelihood: W spans the first components.

    images: [N, ...], which it is fitted to. latent: length of z, less than numbers an image.
    """

    def __init__(self, images: Tensor, latent: int) -> None:
        self.shape = images.shape[1:]
        flat = images.flatten(1).double()
        self.mean = flat.mean(0)
        _, singular, components = torch.linalg.svd(flat - self.mean, full_matrices=False)
        variance = singular.square() / len(flat)
        self.noise = variance[latent:].mean()  # of each number of an image
        scale = (variance[:latent] - self.noise).clamp_min(0).sqrt()
        self.weight = components[:latent].T * scale  # [numbers, latent]

    def posterior(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of p(z|x), [n, latent] each; its covariance has nothing off the diagonal."""
        precision = self.weight.square().sum(0) + self.noise  # the columns of W are orthogonal
        mean = (images.flatten(1).double() - self.mean) @ self.weight / precision
        return mean.float(), (self.noise / precision).log().float().expand(mean.shape)

    def decode(self, codes: Tensor) -> Tensor:
        """[n, latent] -> the mean image of each."""
        flat: Tensor = codes.double() @ self.weight.T + self.mean
        return flat.float().unflatten(1, self.shape)  # type: ignore[no-any-return]
