"""One image in the style of another, by optimising its pixels. Gatys et al. 2016, doi:10.1109/CVPR.2016.265, eq. 7.

What of the style is taken can be held in three ways (Gatys et al. 2017, arXiv:1611.07865): colours may stay those of
the content (section 5.2), strokes be larger or smaller (6), and each place take the style of a place of its own (4.1).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from saddlepoint.errors import ShapeError
from saddlepoint.losses.perceptual import content_distance, gram_distance

Extractor = Callable[[Tensor], Sequence[Tensor]]
"""images [N, C, H, W] in [-1, 1] -> maps by layer"""


def restyle(
    extractor: Extractor,
    content: Tensor,
    style: Tensor,
    *,
    steps: int = 100,
    content_weight: float = 1.0,
    style_weights: Sequence[float] | None = None,
    keep_colours: bool = False,
    strokes: float = 1.0,
    places: tuple[Tensor, Tensor] | None = None,
    say: Callable[[float], None] | None = None,
) -> Tensor:
    """`content` [N, C, H, W] in [-1, 1] in the style of `style` [N, C, h, w], by L-BFGS from the content itself.

    The last layer of the extractor is the content's, all of them are the style's. style_weights: of each layer's Gram
    matrix; None for 1000 / C^2 of each, as the authors'. keep_colours: give the style the content's colours first.
    strokes: how much larger those of the style become. places: where each of R regions lies, [N, R, H, W] of the
    content and [N, R, h, w] of the style, 0 to 1: a region takes the style of its own number. A larger image is best
    begun from the result of a smaller one. say: is told the loss whenever it has fallen. Raises ShapeError for places
    of another size, or of unlike numbers of regions.
    """
    here, there = places or (None, None)
    if here is not None and there is not None:
        sizes = (content.shape[2:], style.shape[2:])
        if (here.shape[2:], there.shape[2:]) != sizes or here.shape[1] != there.shape[1]:
            raise ShapeError(
                f"places are as large as their images, {[*sizes[0]]} and {[*sizes[1]]}, and as many in both; got"
                f" {[*here.shape[1:]]} and {[*there.shape[1:]]}."
            )
    if keep_colours:
        style = recoloured(style, content)
    if strokes != 1:
        size = [max(1, round(side * strokes)) for side in style.shape[2:]]
        style = F.interpolate(style, size, mode="bilinear", antialias=True)
        there = None if there is None else F.interpolate(there, size, mode="bilinear", antialias=True)
    with torch.no_grad():
        aim, like = extractor(content)[-1:], extractor(style)
    weights = style_weights or [1000 / maps.shape[1] ** 2 for maps in like]
    image = content.clone().requires_grad_()
    # All steps in one call: a call for each forgets the slope at its beginning, and soon moves nothing.
    optimiser = torch.optim.LBFGS(
        [image],
        max_iter=steps,
        max_eval=25 * steps,
        tolerance_grad=1e-12,
        tolerance_change=1e-15,
        history_size=20,
        line_search_fn="strong_wolfe",
    )
    least = float("inf")

    def loss() -> Tensor:
        maps = extractor(image)
        if here is None or there is None:
            apart = gram_distance(maps, like, weights)
        else:
            apart = torch.stack(
                [
                    weight * F.mse_loss(guided_gram(one, here), guided_gram(other, there).detach())
                    for one, other, weight in zip(maps, like, weights)
                ]
            ).sum()
        return content_weight * content_distance(maps[-1:], aim) + apart

    def closure() -> Tensor:
        nonlocal least
        optimiser.zero_grad()
        value = loss()
        value.backward()  # type: ignore[no-untyped-call]
        if value.item() < least:
            least = value.item()
            if say is not None:
                say(least)
        return value

    optimiser.step(closure)  # type: ignore[no-untyped-call]
    return image.detach().clamp(-1, 1)


def recoloured(style: Tensor, content: Tensor) -> Tensor:
    """A style [N, C, h, w] with the means and covariances of the colours of a content [N, C, H, W], in [-1, 1].

    By the symmetric roots of both covariances, Gatys et al. 2017, eq. 12 and 13.
    """
    own, other = (image.double().flatten(2) for image in (style, content))
    roots = []
    for colours in (own, other):
        apart = colours - colours.mean(2, keepdim=True)
        values, vectors = torch.linalg.eigh(apart @ apart.mT / apart.shape[2])
        roots.append((vectors, values.clamp_min(1e-8).sqrt()))
    (from_vectors, from_roots), (to_vectors, to_roots) = roots
    whiten = (from_vectors / from_roots[:, None]) @ from_vectors.mT
    colour = (to_vectors * to_roots[:, None]) @ to_vectors.mT
    moved = colour @ whiten @ (own - own.mean(2, keepdim=True)) + other.mean(2, keepdim=True)
    image: Tensor = moved.unflatten(2, style.shape[2:]).to(style)
    return image.clamp(-1, 1)


def guided_gram(maps: Tensor, places: Tensor) -> Tensor:
    """The Gram matrix of each region: maps [N, C, h, w] and places [N, R, H, W] -> [N, R, C, C].

    Places are brought to the maps' size, and each is divided by its length, so that a region of any size weighs the
    same; of one region that is everywhere it is `gram`.
    """
    share = F.adaptive_avg_pool2d(places.float(), (maps.shape[2], maps.shape[3])).flatten(2)
    share = share / share.norm(dim=2, keepdim=True).clamp_min(1e-6)
    weighed = maps.float().flatten(2)[:, None] * share[:, :, None]  # [N, R, C, places]
    products: Tensor = weighed @ weighed.mT
    return products
