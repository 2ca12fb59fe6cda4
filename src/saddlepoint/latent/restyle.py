"""One image in the style of another, by optimising its pixels. Gatys et al. 2016, doi:10.1109/CVPR.2016.265, eq. 7."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

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
    say: Callable[[float], None] | None = None,
) -> Tensor:
    """`content` [N, C, H, W] in [-1, 1] in the style of `style` [N, C, h, w], by L-BFGS from the content itself.

    The last layer of the extractor is the content's, all of them are the style's. style_weights: of each layer's Gram
    matrix; None for 1000 / C^2 of each, as the authors'. A larger image is best begun from the result of a smaller one.
    say: is told the loss after each step.
    """
    with torch.no_grad():
        aim, like = extractor(content)[-1:], extractor(style)
    weights = style_weights or [1000 / maps.shape[1] ** 2 for maps in like]
    image = content.clone().requires_grad_()
    optimiser = torch.optim.LBFGS([image], max_iter=1, history_size=20, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        maps = extractor(image)
        return content_weight * content_distance(maps[-1:], aim) + gram_distance(maps, like, weights)

    def closure() -> Tensor:
        optimiser.zero_grad()
        value = loss()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    for _ in range(steps):
        value = optimiser.step(closure)  # type: ignore[no-untyped-call]
        if say is not None:
            say(value.item())
    return image.detach().clamp(-1, 1)
