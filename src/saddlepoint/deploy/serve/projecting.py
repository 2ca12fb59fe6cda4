"""A given image sought in a model's latent space: the image that the model makes of what was found, and the code."""

from __future__ import annotations

from typing import Any

from PIL import Image

from saddlepoint.deploy.serve.making import Made, labelled, pictured, settings_of
from saddlepoint.deploy.serve.progress import Progress, Stopped
from saddlepoint.deploy.serve.schemas import ProjectSettings
from saddlepoint.deploy.serve.shelf import Served
from saddlepoint.kinds.pixels import to_uint8
from saddlepoint.latent.codes import Code
from saddlepoint.latent.load_image import as_trained
from saddlepoint.latent.project import Projection, project


def projected(
    served: Served, image_file: Image.Image, ask: ProjectSettings, progress: Progress
) -> tuple[Made, Code, dict[str, Any]]:
    """Runs in a worker thread: the image, its code, and figures of how near it came. Raises Stopped."""
    model = served.model
    image = as_trained(model, image_file)[None]

    def report(step: int, share: float, loss: float) -> None:
        progress.share = share

    steps = min(ask.steps, 20) if ask.preview else ask.steps
    result = project(
        model,
        image,
        space=ask.space,
        settings=Projection(steps=steps, seed=ask.seed, candidates=ask.candidates),
        label=labelled(served, ask.label),
        progress=report,
        stop=lambda: progress.stopped,
    )
    if result.stopped:
        raise Stopped
    facts = {
        "error": float(result.error[0]),
        "psnr": min(float(result.psnr[0]), 999.0),  # JSON has no infinity
        "perceptual": float(result.perceptual[0]),
        "distance": result.distance,
        "steps": result.steps,
        "seconds": round(result.seconds, 3),
        "space": result.code.space,
    }
    settings = {**settings_of(served, ask), "space": result.code.space, "steps": result.steps}
    return Made(pictured(to_uint8(result.images).unbind())[0], "modified", settings), result.code, facts
