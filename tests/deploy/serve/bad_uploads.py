"""Bad and odd uploads, each with the answer that it must get; the table of the evidence is made of them too."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

import numpy as np
from PIL import Image
from service_parts import photo


def png_that_says(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header claims any size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def animated(form: str) -> bytes:
    frames = [Image.new("RGB", (20, 12), colour) for colour in ("red", "blue")]
    content = io.BytesIO()
    frames[0].save(content, form, save_all=True, append_images=frames[1:])
    return content.getvalue()


def sixteen_bits() -> bytes:
    content = io.BytesIO()
    Image.fromarray(np.linspace(0, 65535, 20 * 12).reshape(12, 20).astype(np.uint16)).save(content, "PNG")
    return content.getvalue()


def with_a_zip() -> bytes:
    """A picture and an archive in one file."""
    content = io.BytesIO(photo(20, 12))
    content.seek(0, io.SEEK_END)
    with zipfile.ZipFile(content, "a") as opened_zip:
        opened_zip.writestr("run.py", "print(1)")
    return content.getvalue()


NAMES = ("../../../etc/passwd", "..\\..\\boot.ini", "/dev/zero", "a\u202egnp.exe", "x" * 3000)
"""of files that would like to be paths"""
MODELS = ("..", "%2e%2e", "..%2f..%2fetc%2fpasswd", "faces@", "a b", "faces@../beta", "x" * 200)
JOBS = ("..", "0" * 31, "0" * 32, "..%2f..%2f..%2fetc", "A" * 32)
TAKEN = {
    "1 pixel": (photo(1, 1), (1, 1), ""),
    "grey": (photo(20, 12, mode="L"), (20, 12), ""),
    "16 bits": (sixteen_bits(), (20, 12), "16 bits"),
    "CMYK": (photo(20, 12, "JPEG", "CMYK"), (20, 12), "CMYK"),
    "animated GIF": (animated("GIF"), (20, 12), "the first was taken"),
    "animated WebP": (animated("WEBP"), (20, 12), "the first was taken"),
    "a picture that is also a zip": (with_a_zip(), (20, 12), ""),
}
REFUSED = {
    "nothing": (b"", 422, "empty-upload"),
    "text": (b"GIF89a is how it begins", 415, "no-image"),
    "a zip": (with_a_zip()[len(photo(20, 12)) :], 415, "no-image"),
    "a page": (b"<html><script>alert(1)</script></html>", 415, "no-image"),
    "SVG": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', 415, "no-image"),
    "PostScript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", 415, "no-image"),
    "a half PNG": (photo(200, 200)[:5000], 422, "damaged-image"),
    "a half JPEG": (photo(200, 200, "JPEG")[:5000], 422, "damaged-image"),
    "100 megapixels in a header": (png_that_says(10_000, 10_000), 422, "pixels"),
    "a billion pixels in a header": (png_that_says(2**30, 1), 422, "pixels"),
    "0 pixels in a header": (png_that_says(0, 7), 415, "no-image"),
}
