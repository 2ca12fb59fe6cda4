"""Generators with a style for each layer: mixing, truncation, noise, and how a trained one is asked for images.

Karras et al. 2019, arXiv:1812.04948, sections 2 and 3.1.
"""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from saddlepoint.config import Share, Width
from saddlepoint.keyed import generator as keyed_generator
from saddlepoint.methods.abilities import AS_TRAINED, Sampling
from saddlepoint.methods.base import Draw, Networks
from saddlepoint.methods.families.noise import FromNoise


@dataclass(frozen=True, kw_only=True)
class Styled(FromNoise, ABC):
    """A method whose network `generator` has a `mapping` to styles and a `synthesis` from these to images.

    Beside it stands `Unconditional` or `Conditional`, which says whether the mapping takes a label; a style that was
    made with one carries the class from there on. There is one average style, over all classes.
    """

    truncated_layers: ClassVar[int | None] = None
    """how many of the coarser layers truncation pulls; None for all"""

    latent: Width = 512
    """length of the noise vector"""
    style: Width = 512
    """length of the style vector"""
    mixing: Share = 0.9
    """chance that the finer layers of a step's images take the styles of a second noise vector, from one random layer
    on; one chance for the whole step, as in the authors' code"""

    def draw_styles(self, nets: Networks, draw: Draw, n: int, label: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Styles for `n` images of a training step, and their mean without mixing.  [n, L, style], [style]

        label: [n] int64, of both noise vectors where styles are mixed; None without classes.
        """
        mapping, layers = nets.generator.mapping, nets.generator.synthesis.styles
        style = mapping(self.draw_latents(draw, n), label)
        mean = style.detach().mean(0)
        styles = style[:, None].expand(-1, layers, -1)
        if self.mixing:
            other = mapping(self.draw_latents(draw, n), label)
            coin, place = draw.uniform(1, 2).unbind(1)
            first = torch.where(coin < self.mixing, 1 + (place * (layers - 1)).floor(), layers)
            coarse = torch.arange(layers, device=style.device) < first  # [L]
            styles = torch.where(coarse[None, :, None], styles, other[:, None])
        return styles, mean

    def draw_noise(self, nets: Networks, draw: Draw, n: int) -> Tensor:
        """The layers' noise for `n` images of a training step.  [n, places]"""
        return draw.noise(n, nets.generator.synthesis.places)

    def generate(self, nets: nn.Module, latents: Tensor, how: Sampling = AS_TRAINED) -> Tensor:
        """Images [n, C, H, W] in [-1, 1], float32; row i depends on latent i alone, and on label i where there are any.

        nets: holds `generator`, in evaluation mode. Truncation pulls the styles to their average; 0 gives its image,
        whatever the class. Random noise is another for each latent, and always the same for the same latent.
        """
        noise = self.noise_of(nets, latents) if how.noise == "random" else None
        return self.synthesise(nets, self.styles(nets, latents, how), noise).clamp(-1, 1)

    def styles(self, nets: nn.Module, latents: Tensor, how: Sampling = AS_TRAINED) -> Tensor:
        """[n, latent] -> [n, L, style]; truncation pulls the coarser `truncated_layers` of them to the average."""
        self.check_given(how)
        mapping, synthesis = _parts(nets)
        style = mapping(latents, how.label)  # [n, style]
        styles: Tensor = style[:, None].repeat(1, synthesis.styles, 1)
        if isinstance(how.truncation, Tensor) or how.truncation != 1:
            pulled = mapping.truncated(style, how.truncation)[:, None]
            coarse = torch.arange(synthesis.styles, device=style.device) < (self.truncated_layers or synthesis.styles)
            styles = torch.where(coarse[None, :, None], pulled, styles)
        return styles

    def synthesise(self, nets: nn.Module, styles: Tensor, noise: Tensor | None = None) -> Tensor:
        """[n, L, style], and noise [n, places] or None for the constant maps, -> images [n, C, H, W], not clamped."""
        images: Tensor = _parts(nets)[1](styles, noise)
        return images

    def average_style(self, nets: nn.Module) -> Tensor:
        """[style]"""
        average: Tensor = _parts(nets)[0].average
        return average

    def style_sides(self, nets: nn.Module) -> tuple[int, ...]:
        """Two layers a side; the layer to the image counts to the side that it ends, as it does with the authors."""
        return tuple(4 << index // 2 for index in range(_parts(nets)[1].styles))

    def noise_sides(self, nets: nn.Module) -> tuple[int, ...]:
        """As the synthesis states them."""
        return tuple(_parts(nets)[1].sides)

    def noise_of(self, nets: nn.Module, latents: Tensor) -> Tensor:
        """[n, places]: row i is a function of the bits of latent i."""
        return _noise_of(latents, _parts(nets)[1].places)


def _parts(nets: nn.Module) -> tuple[Any, Any]:
    """The mapping and the synthesis."""
    generator = nets.get_submodule("generator")
    return generator.get_submodule("mapping"), generator.get_submodule("synthesis")


def _noise_of(latents: Tensor, places: int) -> Tensor:
    """N(0, 1), [n, places]: row i is a function of the bits of latent i."""
    rows = latents.detach().float().cpu().numpy()
    maps = [torch.randn(places, generator=keyed_generator("noise", row.tobytes().hex())) for row in rows]
    return torch.stack(maps).to(latents.device)
