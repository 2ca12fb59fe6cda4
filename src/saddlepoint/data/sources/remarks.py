"""What was done to an image on its way to the networks, and the sentence that says so."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import Enum

from saddlepoint.text import counted, printable


class Remark(Enum):
    """One thing that decoding or fitting changed; its value ends the sentence "12 images ..."."""

    FRAMES = "had several frames or pages: the first was taken"
    ROTATED = "carried a rotation mark (EXIF): turned upright"
    PALETTE = "had a palette: its colours were looked up"
    ALPHA = "had an alpha channel: laid on white"
    CMYK = "had printing colours (CMYK): converted to RGB"
    DEEP = "had 16 bits a channel: scaled to 8"
    FLOAT = (
        "had float or 32-bit grey: 0 to 1 was scaled to 0 to 255, any other range from its lowest to its highest value"
    )
    PROFILE = "had a colour profile other than sRGB: their numbers were taken as sRGB"
    ODD = "had an odd width: the last column of pixels was left out"
    COLOURED = "had grey only: repeated in three channels"
    GREYED = "had colours: turned to grey (ITU-R 601 luma)"
    CUT = "had another shape: the middle was cut out"
    PADDED = "had another shape: padded with the colours of the edge"
    STRETCHED = "had another shape: stretched"
    REDUCED = "had more pixels than asked: reduced with a Lanczos filter"
    ENLARGED = "had fewer pixels than asked: enlarged with a bicubic filter"


def sentences(counts: Mapping[Remark, int]) -> tuple[str, ...]:
    """One sentence for each remark that occurred, in the order of the list above."""
    return tuple(f"{counted(counts[remark], 'image')} {remark.value}" for remark in Remark if counts.get(remark))


def in_words(name: str, remarks: Collection[Remark]) -> tuple[str, ...]:
    """A sentence on one image for each remark, in the order above: "photo.tiff had 16 bits a channel: ..."."""
    return tuple(f"{printable(name)} {remark.value}" for remark in Remark if remark in remarks)
