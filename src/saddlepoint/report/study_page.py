"""The page of a study with people: one self-contained HTML file that shows pictures, asks, and gives out the answers.

It asks for nothing from outside. Which picture is whose is in no word of it: that is in the key beside it.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from saddlepoint.data.sources.decode import UnusableImage
from saddlepoint.data.sources.reader import read_image
from saddlepoint.errors import DataError
from saddlepoint.report.page import environment


def study_page(facts: dict[str, Any], images: Sequence[str], trials: Sequence[dict[str, Any]]) -> str:
    """The text of the page.

    facts: id, kind, title, question, consent, scale. images: data URLs. trials: id, images (numbers of two or of one)
    and perhaps prompt, which stands in the place of the question.
    """
    content = json.dumps({**facts, "images": list(images), "trials": list(trials)})
    safe = content.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return environment().get_template("study.html.j2").render(title=facts["title"], content=safe)


def as_url(path: Path, side: int) -> str:
    """An image as a PNG in a data URL, without what its file says beside the pixels; reduced where it is larger.

    Raises DataError for a file that is no image.
    """
    try:
        image, _ = read_image(path)
    except UnusableImage as error:
        raise DataError(f"{path} cannot be shown: {error}.") from error
    if max(image.size) > side:
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode("ascii")
