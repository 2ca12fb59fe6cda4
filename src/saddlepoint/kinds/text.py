"""Lines of text as a picture, for kinds that are words."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

_LINE, _MARGIN, _MOST = 18, 8, 200


def lines(texts: Sequence[str]) -> Image.Image:
    """At most 200 lines, dark on white, each cut after 120 letters."""
    rows = [text if len(text) <= 120 else text[:119] + "…" for text in texts[:_MOST]] or [""]
    font = ImageFont.load_default(14)
    width = max(int(font.getlength(row)) for row in rows) + 2 * _MARGIN
    picture = Image.new("RGB", (width, len(rows) * _LINE + 2 * _MARGIN), "white")
    draw = ImageDraw.Draw(picture)
    for number, row in enumerate(rows):
        draw.text((_MARGIN, _MARGIN + number * _LINE), row, fill=(20, 24, 32), font=font)
    return picture
