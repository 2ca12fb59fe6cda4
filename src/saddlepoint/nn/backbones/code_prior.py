"""The prior of codes on a map: a gated PixelCNN of their embeddings. Van den Oord et al. 2017, arXiv:1711.00937."""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn

from saddlepoint.nn.backbones.pixelcnn import GatedPixelCNN
from saddlepoint.nn.layers.masked import Walk


@final
class CodePrior(nn.Module):
    """Codes [N, depth, H, W] -> logits [N, K, depth, H, W] of each code, from those before it in reading order.

    codes: K. shape: (depth, H, W); of one place the codes come in the order of their rounds. width: channels of both
    stacks, and of an embedding of all rounds. classes: that it may be asked for, 0 for none. map_channels: of maps
    [N, map_channels, H, W] that it may look at; 0 for none.
    """

    def __init__(
        self, codes: int, shape: tuple[int, int, int], width: int, blocks: int, classes: int = 0, map_channels: int = 0
    ) -> None:
        super().__init__()
        depth, height, across = shape
        each = max(4, width // depth)
        self.codes, self.shape, self.classes = codes, shape, classes
        self.embeddings = nn.ModuleList(nn.Embedding(codes, each) for _ in range(depth))
        self.network = GatedPixelCNN(
            (depth * each, height, across),
            depth * codes,
            width,
            blocks,
            depth,
            classes=classes,
            map_channels=map_channels,
        )

    def forward(
        self, codes: Tensor, label: Tensor | None = None, maps: Tensor | None = None, walk: Walk | None = None
    ) -> Tensor:
        """With a walk the logits of the place at hand alone, [N, K, depth, 1, 1]."""
        embedded = [embed(codes[:, place]).movedim(-1, 1) for place, embed in enumerate(self.embeddings)]
        image = embedded[0] if len(embedded) == 1 else torch.cat(embedded, 1)
        outputs: Tensor = self.network(image, label, walk, maps)
        logits: Tensor = outputs.unflatten(1, (len(embedded), self.codes)).movedim(2, 1)
        return logits
