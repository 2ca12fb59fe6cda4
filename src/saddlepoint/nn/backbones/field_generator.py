"""Images of fields: a code modulates a field, rays are marched through it, and their light makes the picture."""

from __future__ import annotations

from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.nn.render.latent_field import marched
from saddlepoint.nn.render.rays import pixel_centres, rays_through
from saddlepoint.nn.render.surroundings import Surroundings


@final
class FieldGenerator(nn.Module):
    """Codes [N, latent] and cameras [N, 22] -> pictures of the size that the cameras say.

    field: has `modulation(codes)` and takes (modulation, places [N, P, 3], directions) to raw densities and colours.
    coarse, fine: samples along a ray. softplus(raw - 1) is the density a unit of the cube's half side.
    """

    def __init__(self, field: nn.Module, coarse: int, fine: int) -> None:
        super().__init__()
        self.field, self.coarse, self.fine = field, coarse, fine

    def forward(
        self,
        latents: Tensor,
        camera: Tensor,
        around: Surroundings,
        chance: Tensor | None = None,
        pixel: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """chance: see `marched`; None for the same samples every time. pixel: [N, r, 2], places of square patches in
        place of whole pictures. Gives "image" in [-1, 1], "depth", "opacity" [N, 1, H, W]."""
        width, height = (int(number) for number in camera[0, 20:].tolist())
        if pixel is None:
            pixel = pixel_centres(height, width).to(camera).expand(len(camera), -1, -1)
        else:
            height = width = round(pixel.shape[1] ** 0.5)
        rays = rays_through(camera, pixel)
        network: Any = self.field
        modulation = network.modulation(latents)
        scale = 1 / around.radius

        def field(place: Tensor, ahead: Tensor) -> tuple[Tensor, Tensor]:
            raw, colour = network(modulation, place, ahead)
            return F.softplus(raw.float() - 1) * scale, colour.float()

        light = marched(field, rays, len(latents), around.centre, around.radius, self.coarse, self.fine, chance)
        colour = light.over(around.behind)
        image = colour.view(len(latents), height, width, 3).permute(0, 3, 1, 2) * 2 - 1
        depth = (light.distance * rays.cosine).view(len(latents), 1, height, width)
        return {"image": image, "depth": depth, "opacity": light.opacity.view_as(depth)}

    def opacity(self, latents: Tensor, place: Tensor, around: Surroundings) -> Tensor:
        """What a sample of a ray hides at places [N, M, 3] in [-1, 1].  [N, M] in [0, 1]"""
        network: Any = self.field
        raw: Tensor = network(network.modulation(latents), place, torch.zeros_like(place))[0]
        return -torch.expm1(-F.softplus(raw.float() - 1) * (2 / self.coarse))

    def samples(self) -> int:
        """Random numbers that each ray takes."""
        return self.coarse + self.fine
