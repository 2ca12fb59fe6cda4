"""What attention looks at, as pictures: over images, and between the words of two texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from PIL import Image as Picture
from PIL import ImageDraw
from torch import Tensor, nn
from torch.nn import functional

from saddlepoint.kinds.pictures import grid
from saddlepoint.nn.layers.encoder_decoder import MultiHead

_CELL, _LETTER, _LINE = 14, 6, 12  # pixels of a cell, of a letter's width and of a line


@contextmanager
def weights_of(network: nn.Module) -> Iterator[dict[str, list[Tensor]]]:
    """Within, each call of a `MultiHead` of the network adds its weights, [N, heads, L, M], under its layer's name.

    Layers come in the order of their first calls.
    """
    kept: dict[str, list[Tensor]] = {}

    def keep(name: str, layer: MultiHead, inputs: tuple[Any, ...], named: dict[str, Any]) -> None:
        mask, places = named.get("mask"), inputs[0].shape[1]
        if named.get("causal") and places > 1:
            before = torch.ones(places, inputs[1][0].shape[2], dtype=torch.bool, device=inputs[0].device).tril()
            mask = before if mask is None else mask & before
        kept.setdefault(name, []).append(layer.weights(inputs[0], inputs[1], mask).detach().cpu())

    handles = [
        layer.register_forward_hook(
            lambda layer, inputs, named, output, name=name: keep(name, layer, inputs, named), with_kwargs=True
        )
        for name, layer in network.named_modules()
        if isinstance(layer, MultiHead)
    ]
    try:
        yield kept
    finally:
        for handle in handles:
            handle.remove()


def across(kept: dict[str, list[Tensor]], places: int) -> Tensor | None:
    """The last layer's weights on a memory of so many places, mean over heads: [N, L, places]; None without any.

    A text that was written token by token has a call for each.
    """
    fitting = [calls for calls in kept.values() if all(call.shape[3] == places for call in calls)]
    return torch.cat(fitting[-1], 2).mean(1) if fitting else None


def over_images(images: Tensor, shares: Tensor) -> Tensor:
    """Images in grey, brighter where attention lies: [N, C, H, W] in [-1, 1] and [N, rows, columns] -> [N, 1, H, W]."""
    heat = functional.interpolate(shares[:, None].float(), images.shape[2:], mode="nearest")
    low, high = heat.amin((2, 3), keepdim=True), heat.amax((2, 3), keepdim=True)
    share = (heat - low) / (high - low).clamp_min(1e-12)
    return ((images.float().mean(1, keepdim=True) + 1) / 2 * (0.25 + 0.75 * share) * 2 - 1).cpu()


def heat_row(images: Tensor, shares: Tensor) -> Picture.Image:
    """The same as one row of pictures."""
    return grid(over_images(images, shares), columns=len(images))


def between(shares: Tensor, rows: Sequence[str], columns: Sequence[str]) -> Picture.Image:
    """A table of weights from 0, black, to the most, white.

    The words that look stand to its left, those that are looked at above it, to be read upwards.

    shares: [L, M], as many as there are words or more. Where no words are given, all places are shown.
    """
    shown = shares[: len(rows) or None, : len(columns) or None]
    shown = shown / shown.max().clamp_min(1e-12)
    left = _LETTER * max(map(len, rows), default=0) + 4
    top = _LETTER * max(map(len, columns), default=0) + 4
    canvas = Picture.new("RGB", (left + _CELL * shown.shape[1], top + _CELL * shown.shape[0]), (64, 64, 64))
    levels = (255 * shown).round().to(torch.uint8).repeat_interleave(_CELL, 0).repeat_interleave(_CELL, 1)
    canvas.paste(Picture.fromarray(levels.numpy()).convert("RGB"), (left, top))
    draw = ImageDraw.Draw(canvas)
    for number, word in enumerate(rows):
        draw.text((2, top + _CELL * number + 1), word, fill=(255, 255, 255))
    for number, word in enumerate(columns):
        label = Picture.new("RGB", (max(1, _LETTER * len(word) + 2), _LINE), (64, 64, 64))
        ImageDraw.Draw(label).text((0, 0), word, fill=(255, 255, 255))
        turned = label.rotate(90, expand=True)
        canvas.paste(turned, (left + _CELL * number + 1, top - turned.height - 1))
    return canvas
