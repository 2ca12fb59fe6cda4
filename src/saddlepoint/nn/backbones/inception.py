"""Inception of 2015-12-05, the network behind the published FID and Inception Score. Szegedy et al. 2015,
arXiv:1512.00567, as frozen in the graph that Heusel et al. 2017 (arXiv:1706.08500) measured with.

It differs from the later Inception v3: 1008 outputs, averages that leave out the padding, a maximum instead of an
average in the last block. Batch norm is folded into the convolutions when weights are loaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from saddlepoint.errors import DataError
from saddlepoint.nn.backbones.weights import WeightFile

SIDE = 299
"""pixels a side of the images it takes"""

PUBLISHED = WeightFile(
    "pt_inception-2015-12-05-6726825d.pth",
    "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/pt_inception-2015-12-05-6726825d.pth",
    "6726825d",
    "Apache-2.0",
)

Layer = Literal[64, 192, 768, 2048]
"""width of the map that is averaged over places: after the first and second maximum, before and after blocks 7"""

_EPSILON = 1e-3  # of the batch norms in the published graph


class Inception(nn.Module):
    """Images [N, 3, 299, 299] in [-1, 1] to features; `load` brings weights in the published layout."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = Unit(3, 32, 3, 2, 0)
        self.Conv2d_2a_3x3 = Unit(32, 32, 3, 1, 0)
        self.Conv2d_2b_3x3 = Unit(32, 64, 3)
        self.Conv2d_3b_1x1 = Unit(64, 80)
        self.Conv2d_4a_3x3 = Unit(80, 192, 3, 1, 0)
        self.Mixed_5b = BlockA(192, 32)
        self.Mixed_5c = BlockA(256, 64)
        self.Mixed_5d = BlockA(288, 64)
        self.Mixed_6a = BlockB(288)
        self.Mixed_6b = BlockC(768, 128)
        self.Mixed_6c = BlockC(768, 160)
        self.Mixed_6d = BlockC(768, 160)
        self.Mixed_6e = BlockC(768, 192)
        self.Mixed_7a = BlockD(768)
        self.Mixed_7b = BlockE(1280, "average")
        self.Mixed_7c = BlockE(2048, "maximum")
        self.fc = nn.Linear(2048, 1008)

    def forward(self, images: Tensor, layer: Layer = 2048) -> Tensor:
        """Means over places of the map of `layer` channels.  [N, layer]"""
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(images)))
        x = F.max_pool2d(x, 3, 2)  # [N, 64, 73, 73]
        if layer != 64:
            x = F.max_pool2d(self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(x)), 3, 2)  # [N, 192, 35, 35]
        if layer > 192:
            x = self.Mixed_6a(self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(x))))
            x = self.Mixed_6e(self.Mixed_6d(self.Mixed_6c(self.Mixed_6b(x))))  # [N, 768, 17, 17]
        if layer > 768:
            x = self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(x)))  # [N, 2048, 8, 8]
        features: Tensor = x.mean((2, 3))
        return features

    def logits(self, features: Tensor) -> Tensor:
        """The 1008 outputs without their bias, as the Inception Score uses them.  [N, 2048] -> [N, 1008]"""
        return F.linear(features, self.fc.weight)

    def load(self, published: Mapping[str, Tensor]) -> None:
        """Takes weights in the published layout (`X.conv.weight`, `X.bn.*`), folding batch norm in float64.

        Raises DataError when a tensor is missing or has another shape.
        """
        try:
            folded = {name: published[name] for name in ("fc.weight", "fc.bias")}
            for name, module in self.named_modules():
                if isinstance(module, Unit):
                    folded |= _folded(name, published)
            self.load_state_dict(folded)
        except KeyError as error:
            raise DataError(f"these are not the weights of inception-2015: {error} is missing.") from None
        except RuntimeError as error:
            raise DataError(f"these are not the weights of inception-2015: {error}") from None


def _folded(name: str, published: Mapping[str, Tensor]) -> dict[str, Tensor]:
    kernel, scale, shift, mean, variance = (
        published[f"{name}.{part}"].double()
        for part in ("conv.weight", "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var")
    )
    gain = scale / (variance + _EPSILON).sqrt()
    return {
        f"{name}.weight": (kernel * gain[:, None, None, None]).float(),
        f"{name}.bias": (shift - mean * gain).float(),
    }


class Unit(nn.Conv2d):
    """A convolution and a ReLU; keeps the side unless it strides or `padding` says otherwise."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int | tuple[int, int] = 1, stride: int = 1, padding: int | None = None
    ) -> None:
        height, width = (kernel, kernel) if isinstance(kernel, int) else kernel
        around = (height // 2, width // 2) if padding is None else (padding, padding)
        super().__init__(inputs, outputs, (height, width), stride, around)

    def forward(self, x: Tensor) -> Tensor:
        """[N, inputs, H, W] -> [N, outputs, H', W']"""
        return F.relu_(super().forward(x))


def _average(x: Tensor) -> Tensor:
    return F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)


class BlockA(nn.Module):
    """35x35: 1x1, 5x5, twice 3x3, and an average."""

    def __init__(self, inputs: int, pooled: int) -> None:
        super().__init__()
        self.branch1x1 = Unit(inputs, 64)
        self.branch5x5_1 = Unit(inputs, 48)
        self.branch5x5_2 = Unit(48, 64, 5)
        self.branch3x3dbl_1 = Unit(inputs, 64)
        self.branch3x3dbl_2 = Unit(64, 96, 3)
        self.branch3x3dbl_3 = Unit(96, 96, 3)
        self.branch_pool = Unit(inputs, pooled)

    def forward(self, x: Tensor) -> Tensor:
        """[N, inputs, 35, 35] -> [N, 224 + pooled, 35, 35]"""
        five = self.branch5x5_2(self.branch5x5_1(x))
        three = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat([self.branch1x1(x), five, three, self.branch_pool(_average(x))], 1)


class BlockB(nn.Module):
    """35x35 to 17x17."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.branch3x3 = Unit(inputs, 384, 3, 2, 0)
        self.branch3x3dbl_1 = Unit(inputs, 64)
        self.branch3x3dbl_2 = Unit(64, 96, 3)
        self.branch3x3dbl_3 = Unit(96, 96, 3, 2, 0)

    def forward(self, x: Tensor) -> Tensor:
        """[N, inputs, 35, 35] -> [N, 480 + inputs, 17, 17]"""
        twice = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat([self.branch3x3(x), twice, F.max_pool2d(x, 3, 2)], 1)


class BlockC(nn.Module):
    """17x17: 7x7 taken apart into rows and columns."""

    def __init__(self, inputs: int, inner: int) -> None:
        super().__init__()
        row, column = (1, 7), (7, 1)
        self.branch1x1 = Unit(inputs, 192)
        self.branch7x7_1 = Unit(inputs, inner)
        self.branch7x7_2 = Unit(inner, inner, row)
        self.branch7x7_3 = Unit(inner, 192, column)
        self.branch7x7dbl_1 = Unit(inputs, inner)
        self.branch7x7dbl_2 = Unit(inner, inner, column)
        self.branch7x7dbl_3 = Unit(inner, inner, row)
        self.branch7x7dbl_4 = Unit(inner, inner, column)
        self.branch7x7dbl_5 = Unit(inner, 192, row)
        self.branch_pool = Unit(inputs, 192)

    def forward(self, x: Tensor) -> Tensor:
        """[N, 768, 17, 17] -> [N, 768, 17, 17]"""
        once = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x)))
        twice = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(x)))
        twice = self.branch7x7dbl_5(self.branch7x7dbl_4(twice))
        return torch.cat([self.branch1x1(x), once, twice, self.branch_pool(_average(x))], 1)


class BlockD(nn.Module):
    """17x17 to 8x8."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.branch3x3_1 = Unit(inputs, 192)
        self.branch3x3_2 = Unit(192, 320, 3, 2, 0)
        self.branch7x7x3_1 = Unit(inputs, 192)
        self.branch7x7x3_2 = Unit(192, 192, (1, 7))
        self.branch7x7x3_3 = Unit(192, 192, (7, 1))
        self.branch7x7x3_4 = Unit(192, 192, 3, 2, 0)

    def forward(self, x: Tensor) -> Tensor:
        """[N, 768, 17, 17] -> [N, 1280, 8, 8]"""
        three = self.branch3x3_2(self.branch3x3_1(x))
        seven = self.branch7x7x3_4(self.branch7x7x3_3(self.branch7x7x3_2(self.branch7x7x3_1(x))))
        return torch.cat([three, seven, F.max_pool2d(x, 3, 2)], 1)


class BlockE(nn.Module):
    """8x8: rows and columns side by side; the pooled branch takes the average or, in the last block, the maximum."""

    def __init__(self, inputs: int, pool: Literal["average", "maximum"]) -> None:
        super().__init__()
        self.pool = pool
        self.branch1x1 = Unit(inputs, 320)
        self.branch3x3_1 = Unit(inputs, 384)
        self.branch3x3_2a = Unit(384, 384, (1, 3))
        self.branch3x3_2b = Unit(384, 384, (3, 1))
        self.branch3x3dbl_1 = Unit(inputs, 448)
        self.branch3x3dbl_2 = Unit(448, 384, 3)
        self.branch3x3dbl_3a = Unit(384, 384, (1, 3))
        self.branch3x3dbl_3b = Unit(384, 384, (3, 1))
        self.branch_pool = Unit(inputs, 192)

    def forward(self, x: Tensor) -> Tensor:
        """[N, inputs, 8, 8] -> [N, 2048, 8, 8]"""
        once = self.branch3x3_1(x)
        twice = self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        pooled = _average(x) if self.pool == "average" else F.max_pool2d(x, 3, 1, 1)
        maps = [self.branch1x1(x), self.branch3x3_2a(once), self.branch3x3_2b(once)]
        maps += [self.branch3x3dbl_3a(twice), self.branch3x3dbl_3b(twice), self.branch_pool(pooled)]
        return torch.cat(maps, 1)
