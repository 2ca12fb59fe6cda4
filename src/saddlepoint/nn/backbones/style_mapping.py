"""From latents to styles: a perceptron that is told to learn slowly. Karras et al. 2019, arXiv:1812.04948, section 2.

Labels join as in Karras et al. 2020, arXiv:2006.06676: a linear map of the one-hot label, normalised, beside the
normalised latent.
"""

from __future__ import annotations

import math
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.errors import ShapeError
from saddlepoint.nn.layers.equalised import EqualisedLinear
from saddlepoint.nn.layers.pixel_norm import pixel_norm

_RATE = 0.01


@final
class StyleMapping(nn.Module):
    """Latents [N, latent], and labels [N] int64 with `classes`, -> styles [N, style].

    latent: 0 for a mapping of labels alone (the critic's); the latents are then [N, 0].
    gain, boost: of the layers, see `EqualisedLinear`; the first StyleGAN has sqrt 2 on the weights alone.
    The buffer `average`, which a mapping of labels alone lacks, is for the running mean of styles that truncation pulls
    to; the method moves it. Raises ShapeError where labels are missing.
    """

    average: Tensor

    def __init__(
        self, latent: int, style: int, layers: int, classes: int = 0, *, gain: float = 1.0, boost: float = math.sqrt(2)
    ) -> None:
        super().__init__()
        self.classes = classes
        self.embed = EqualisedLinear(classes, style) if classes else None
        inputs = [latent + (style if classes else 0)] + [style] * (layers - 1)
        self.layers = nn.ModuleList(
            EqualisedLinear(width, style, gain=gain, boost=boost, rate=_RATE) for width in inputs
        )
        if latent:
            self.register_buffer("average", torch.zeros(style))

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        parts = [pixel_norm(latent.float())] if latent.shape[1] else []
        if self.embed is not None:
            if label is None:
                raise ShapeError(f"this network was made for {self.classes} classes: give a label for each image.")
            parts.append(pixel_norm(self.embed(F.one_hot(label, self.classes))))
        x = torch.cat(parts, 1)
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.2)
        return x

    def truncated(self, style: Tensor, truncation: float | Tensor) -> Tensor:
        """Styles pulled to the average: 1 leaves them, 0 gives the average itself. Section 2 and appendix B."""
        if not isinstance(truncation, Tensor) and truncation == 1:
            return style
        return torch.lerp(self.average, style, truncation)
