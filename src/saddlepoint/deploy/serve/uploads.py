"""Uploaded images, looked at before they are decoded: their bytes decide what they are, never their names."""

from __future__ import annotations

import io

from PIL import Image

from saddlepoint.data.sources.decode import TooLarge, UnusableImage, decode, header
from saddlepoint.data.sources.remarks import Remark
from saddlepoint.deploy.serve.limits import Limits
from saddlepoint.deploy.serve.refusal import Refusal, over

_KINDS = "send a JPEG, PNG, WebP, BMP, TIFF, GIF or PPM"
_SMALLER = "send a smaller image"


def picture_of(content: bytes, limits: Limits, alpha: bool = False) -> tuple[Image.Image, set[Remark]]:
    """An upload as mode "L" or "RGB", with `alpha` "LA" or "RGBA", upright, its first frame, and what was done to it.

    Raises Refusal: 422 for too many pixels or a damaged file, 415 for what is no image.
    """
    if not content:
        raise Refusal(422, "empty-upload", "the uploaded file is empty.", _KINDS)
    try:
        size = header(io.BytesIO(content))
        most = min(limits.most_pixels, limits.most_deep_pixels) if size.deep else limits.most_pixels
        if size.width * size.height > most:
            raise over(422, "pixels", most, size.width * size.height, "pixels", _SMALLER)
        return decode(io.BytesIO(content), alpha=alpha)
    except TooLarge as error:
        text = f"the image is too large: {error}."
        raise Refusal(422, "pixels", text, _SMALLER, bound={"limit": limits.most_pixels}) from error
    except UnusableImage as error:
        if "known kind" in str(error):
            raise Refusal(415, "no-image", "the upload is not an image of a known kind.", _KINDS) from error
        raise Refusal(
            422, "damaged-image", f"the uploaded image {error}.", "send it again, or save it in another program"
        ) from error


def remarks_in_words(remarks: set[Remark]) -> list[str]:
    """What was done to an upload, in the order in which it is listed."""
    return [f"the upload {remark.value}" for remark in Remark if remark in remarks]
