"""A given image translated: prepared, worked on in windows that share the model's batches, and finished."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import fields, replace
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from saddlepoint.data.sources.fit import Fit, square
from saddlepoint.data.sources.reader import MODES
from saddlepoint.deploy.finish import Finish
from saddlepoint.deploy.serve.limits import MOST_TIMES
from saddlepoint.deploy.serve.making import Made
from saddlepoint.deploy.serve.progress import Progress
from saddlepoint.deploy.serve.refusal import Refusal, over
from saddlepoint.deploy.serve.schemas import TranslateSettings
from saddlepoint.deploy.serve.shelf import Served
from saddlepoint.deploy.work_on_file import Translation, in_windows
from saddlepoint.latent.load_image import as_trained, fit_of

Together = Callable[[Hashable, list[Any]], list[Any]]
"""a kind and items -> a result for each; blocks until the model's batches have done them"""


def translate(
    served: Served,
    original: Image.Image,
    reference: Image.Image | None,
    ask: TranslateSettings,
    together: Together,
    progress: Progress,
    most_pixels: int,
) -> Made:
    """Runs in a worker thread. Raises Refusal and SaddlepointErrors for what the model cannot do, Stopped."""
    model = served.model
    origin = model.origin(ask.origin)
    how = Translation(model=model, origin=origin)
    side, mode = how.side, MODES[how.source_kind.channels]
    if not ask.resize:
        _check_windows(original.size, side, ask.overlap, most_pixels)
    finish = replace(how, finish=Finish(**{one.name: getattr(ask, one.name) for one in fields(Finish)})).finish
    shown, original = finish.before(original.convert(mode))
    if reference is not None and not served.takes_reference:
        raise Refusal(422, "reference", f"{served.full_name} does not use a reference image.", "leave it out")
    manner = None if reference is None else as_trained(model, reference)

    def work(windows: Tensor) -> Tensor:
        progress.at(progress.share)  # ends here when it is no longer wanted
        if manner is None:
            return torch.stack(together(("translate", origin, ask.seed), list(windows)))
        return torch.stack(together(("like", origin), [(window, manner) for window in windows]))

    def whole(picture: Image.Image, report: Callable[[float], object]) -> Image.Image:
        return in_windows(picture, work, side, ask.overlap, report)

    if ask.resize or ask.preview or (progress.wants_preview and max(original.size) > side):
        fit: Fit = fit_of(model) if ask.resize else "stretch"
        small = whole(square(shown, side, fit)[0], lambda share: None)
        if not ask.resize:
            small = small.resize(_within(original.size, side), Image.Resampling.LANCZOS)
        if ask.resize or ask.preview:
            like = (
                square(original, side, fit)[0] if ask.resize else original.resize(small.size, Image.Resampling.LANCZOS)
            )
            return Made(finish.after(small, like), "modified", ask.settings())
        progress.show(small)
    return Made(finish.after(whole(shown, progress.at), original), "modified", ask.settings())


def _check_windows(size: tuple[int, int], side: int, overlap: int | None, most_pixels: int) -> None:
    """Raises Refusal (422) where the windows would be far more than the image: they overlap, or it is a thread."""
    stride = max(1, side - (side // 8 if overlap is None else overlap))
    across, down = (1 + -(-max(0, length - side) // stride) for length in size)
    most = MOST_TIMES * max(most_pixels, side**2)
    if across * down * side**2 > most:
        mend = "share less between windows (overlap), or send an image of more even sides"
        raise over(422, "windows", most, across * down * side**2, "pixels in windows", mend)


def _within(size: tuple[int, int], side: int) -> tuple[int, int]:
    """The size of the same proportions whose longer side is `side`."""
    return max(1, round(side * size[0] / max(size))), max(1, round(side * size[1] / max(size)))
