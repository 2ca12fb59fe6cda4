"""Networks of other programs, small, under the names that those give their weights: what is imported in tests."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

CLASSES = 2


class Wrapped(nn.Module):
    """A network under the name that the port gives it."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.model = nn.Sequential(*layers)

    def forward(self, image: Tensor) -> Tensor:
        made: Tensor = self.model(image)
        return made


class PortBlock(nn.Module):
    def __init__(self, width: int, norm: Callable[[int], nn.Module], dropout: bool) -> None:
        super().__init__()
        conv, other = (nn.Conv2d(width, width, 3, bias=norm is not nn.BatchNorm2d) for _ in range(2))
        half = [nn.ReflectionPad2d(1), conv, norm(width), nn.ReLU(), *([nn.Dropout(0.5)] if dropout else [])]
        self.conv_block = nn.Sequential(*half, nn.ReflectionPad2d(1), other, norm(width))

    def forward(self, x: Tensor) -> Tensor:
        whole: Tensor = x + self.conv_block(x)
        return whole


class PortLevel(nn.Module):
    """One level of the port's U-Net around the next."""

    def __init__(self, widths: list[int], norm: Callable[[int], nn.Module], outer: bool = True) -> None:
        super().__init__()
        outside, inside, *deeper = widths
        biased = norm is not nn.BatchNorm2d
        down = nn.Conv2d(outside, inside, 4, 2, 1, bias=biased)
        below = [PortLevel([inside, *deeper], norm, outer=False)] if deeper else []
        up = nn.ConvTranspose2d(inside * (1 + bool(deeper)), outside, 4, 2, 1, bias=outer or biased)
        norms = [norm(outside)] if not outer else [nn.Tanh()]
        before = [] if outer else [nn.LeakyReLU(0.2)]
        self.model = nn.Sequential(
            *(*before, down, *([norm(inside)] if deeper and not outer else [])),
            *(*below, nn.ReLU(), up, *norms),
        )
        self.outer = outer

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x) if self.outer else torch.cat((x, self.model(x)), 1)


def tracked(width: int) -> nn.Module:
    """Instance norm as older releases of the port made it: with running statistics that it never used."""
    return nn.InstanceNorm2d(width, track_running_stats=True)


def port_translator(blocks: int, kind: Callable[[int], nn.Module], dropout: bool = False) -> Wrapped:
    def norm(width: int) -> list[nn.Module]:
        return [kind(width), nn.ReLU()]

    b = kind is not nn.BatchNorm2d
    return Wrapped(
        *(nn.ReflectionPad2d(3), nn.Conv2d(3, 4, 7, bias=b), *norm(4)),
        *(nn.Conv2d(4, 8, 3, 2, 1, bias=b), *norm(8), nn.Conv2d(8, 16, 3, 2, 1, bias=b), *norm(16)),
        *(PortBlock(16, kind, dropout) for _ in range(blocks)),
        *(nn.ConvTranspose2d(16, 8, 3, 2, 1, 1, bias=b), *norm(8)),
        *(nn.ConvTranspose2d(8, 4, 3, 2, 1, 1, bias=b), *norm(4)),
        *(nn.ReflectionPad2d(3), nn.Conv2d(4, 3, 7), nn.Tanh()),
    )


def port_critic(norm: type[nn.Module]) -> Wrapped:
    biased = norm is nn.InstanceNorm2d
    return Wrapped(
        *(nn.Conv2d(3, 4, 4, 2, 1), nn.LeakyReLU(0.2)),
        *(nn.Conv2d(4, 8, 4, 2, 1, bias=biased), norm(8), nn.LeakyReLU(0.2)),
        *(nn.Conv2d(8, 16, 4, 1, 1, bias=biased), norm(16), nn.LeakyReLU(0.2)),
        nn.Conv2d(16, 1, 4, 1, 1),
    )


def example_generator(latent: int = 5, width: int = 2, channels: int = 1, doublings: int = 2) -> nn.Module:
    """The generator of PyTorch's DCGAN example, for images of 8 pixels with one doubling, 16 with two and so on."""
    maps = [width * 2**index for index in reversed(range(doublings))]
    layers: list[nn.Module] = [
        nn.ConvTranspose2d(latent, maps[0], 4, 1, 0, bias=False),
        nn.BatchNorm2d(maps[0]),
        nn.ReLU(),
    ]
    for wide, narrow in pairwise(maps):
        layers += [nn.ConvTranspose2d(wide, narrow, 4, 2, 1, bias=False), nn.BatchNorm2d(narrow), nn.ReLU()]
    network = nn.Module()
    network.main = nn.Sequential(*layers, nn.ConvTranspose2d(maps[-1], channels, 4, 2, 1, bias=False), nn.Tanh())
    return network


def example_critic(width: int = 2, channels: int = 1, halvings: int = 2) -> nn.Module:
    """Its critic."""
    layers: list[nn.Module] = [nn.Conv2d(channels, width, 4, 2, 1, bias=False), nn.LeakyReLU(0.2)]
    for index in range(halvings - 1):
        maps = width * 2**index
        layers += [nn.Conv2d(maps, 2 * maps, 4, 2, 1, bias=False), nn.BatchNorm2d(2 * maps), nn.LeakyReLU(0.2)]
    network = nn.Module()
    last = nn.Conv2d(width * 2 ** (halvings - 1), 1, 4, 1, 0, bias=False)
    network.main = nn.Sequential(*layers, last, nn.Sigmoid())
    return network


def filled(shapes: dict[str, tuple[int, ...]]) -> dict[str, torch.Tensor]:
    """Numbers that depend on the place alone, of the size that official weights have."""
    made, first = {}, 0
    for name, shape in shapes.items():
        count = torch.Size(shape).numel()
        rate = 100 if name.startswith("mapping.fc") and name.endswith("weight") else 1
        made[name] = torch.sin(torch.arange(first, first + count) * 1.7).view(shape) * rate
        first += count
    return made


def official_generator(classes: int = CLASSES) -> Iterator[tuple[str, tuple[int, ...]]]:
    """StyleGAN2's names and shapes: 16 pixels, 3 channels of 4 maps (2 at 16), latent 4, style 4."""
    yield "synthesis.b4.const", (4, 4, 4)
    for side, inputs, outputs in ((4, 4, 4), (8, 4, 4), (16, 4, 2)):
        block = f"synthesis.b{side}"
        yield f"{block}.resample_filter", (4, 4)
        for layer, width in (("conv0", inputs), ("conv1", outputs)) if side > 4 else (("conv1", outputs),):
            yield f"{block}.{layer}.weight", (outputs, width, 3, 3)
            yield f"{block}.{layer}.noise_strength", ()
            yield f"{block}.{layer}.bias", (outputs,)
            yield f"{block}.{layer}.resample_filter", (4, 4)
            yield f"{block}.{layer}.noise_const", (side, side)
            yield f"{block}.{layer}.affine.weight", (width, 4)
            yield f"{block}.{layer}.affine.bias", (width,)
        yield f"{block}.torgb.weight", (3, outputs, 1, 1)
        yield f"{block}.torgb.bias", (3,)
        yield f"{block}.torgb.affine.weight", (outputs, 4)
        yield f"{block}.torgb.affine.bias", (outputs,)
    yield "mapping.w_avg", (4,)
    yield from mapping(8 if classes else 4, 4, classes)


def official_critic() -> Iterator[tuple[str, tuple[int, ...]]]:
    yield "b16.fromrgb.weight", (2, 3, 1, 1)
    yield "b16.fromrgb.bias", (2,)
    for side, inputs, outputs in ((16, 2, 4), (8, 4, 4)):
        yield f"b{side}.resample_filter", (4, 4)
        yield f"b{side}.conv0.weight", (inputs, inputs, 3, 3)
        yield f"b{side}.conv0.bias", (inputs,)
        yield f"b{side}.conv1.weight", (outputs, inputs, 3, 3)
        yield f"b{side}.conv1.bias", (outputs,)
        yield f"b{side}.skip.weight", (outputs, inputs, 1, 1)
    yield from mapping(4, 4, CLASSES)
    yield "b4.conv.weight", (4, 5, 3, 3)
    yield "b4.conv.bias", (4,)
    yield "b4.fc.weight", (4, 64)
    yield "b4.fc.bias", (4,)
    yield "b4.out.weight", (4, 4)
    yield "b4.out.bias", (4,)


def mapping(first: int, style: int, classes: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    if classes:
        yield "mapping.embed.weight", (style, classes)
        yield "mapping.embed.bias", (style,)
    for layer, inputs in enumerate((first, style)):
        yield f"mapping.fc{layer}.weight", (style, inputs)
        yield f"mapping.fc{layer}.bias", (style,)


def persistent_classes(monkeypatch: pytest.MonkeyPatch) -> type[nn.Module]:
    """A class whose objects pickle themselves as the networks of stylegan2-ada-pytorch do: with code and state.

    It is made from a state dict: weights become parameters, all else buffers, and what stands before a dot a layer.
    """
    module, dicts = ModuleType("torch_utils.persistence"), ModuleType("dnnlib.util")

    def _reconstruct_persistent_obj(meta: dict[str, Any]) -> None:
        raise AssertionError("a reader must not call this")

    class EasyDict(dict[str, Any]):
        pass

    class Network(nn.Module):
        def __init__(self, state: dict[str, Tensor]) -> None:
            super().__init__()
            self.gain, self.sides = np.float64(0.5), {4, 8}
            self._init_kwargs = EasyDict(c_dim=0, dtype=torch.float16)
            inner: dict[str, dict[str, Tensor]] = {}
            for name, value in state.items():
                first, _, rest = name.partition(".")
                if rest:
                    inner.setdefault(first, {})[rest] = value
                elif first == "weight":
                    self.weight = nn.Parameter(value)
                else:
                    self.register_buffer(first, value)
            for name, layers in inner.items():
                self.add_module(name, Network(layers))

        def __reduce__(self) -> Any:
            state = super().__reduce__()[2]
            meta = {"type": "class", "version": 6, "module_src": "raise SystemExit", "class_name": "Network"}
            return _reconstruct_persistent_obj, ({**meta, "state": state},), None

    for place, thing in ((module, _reconstruct_persistent_obj), (dicts, EasyDict)):
        package = place.__name__.split(".")[0]
        thing.__module__, thing.__qualname__ = place.__name__, thing.__name__
        setattr(place, thing.__name__, thing)
        monkeypatch.setitem(sys.modules, package, ModuleType(package))
        monkeypatch.setitem(sys.modules, place.__name__, place)
    return Network
