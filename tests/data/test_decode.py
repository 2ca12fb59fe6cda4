"""One file to plain 8-bit grey or RGB: values worked by hand, and the remarks that say what was done."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image
from small_images import picture

from saddlepoint.data.sources.decode import UnusableImage, decode, header
from saddlepoint.data.sources.remarks import Remark


def encoded(image: Image.Image, kind: str, **options: object) -> io.BytesIO:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    stream.seek(0)
    return stream


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM"])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_lossless_image_comes_back_to_the_bit_without_a_remark(kind, mode):
    image = picture(size=(5, 3), mode=mode)
    back, remarks = decode(encoded(image, kind))
    assert back.mode == mode
    assert remarks == set()
    np.testing.assert_array_equal(np.asarray(back), np.asarray(image))


@pytest.mark.parametrize(("kind", "options"), [("JPEG", {"quality": 95}), ("WEBP", {"lossless": True})])
def test_jpeg_and_webp_come_back_near(kind, options):
    image = picture().resize((64, 64), Image.Resampling.BICUBIC)
    back, remarks = decode(encoded(image, kind, **options))
    assert remarks == set()
    assert np.abs(np.asarray(back).astype(int) - np.asarray(image)).mean() < 6


def test_a_header_tells_size_and_greyness_without_decoding():
    found = header(encoded(picture(size=(7, 4), mode="L"), "PNG"))
    assert (found.width, found.height, found.grey) == (7, 4, True)
    assert not header(encoded(picture(), "PNG")).grey


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_an_exif_rotation_is_applied_to_the_pixels_and_to_the_header(kind):
    marks = Image.Exif()
    marks[0x0112] = 6  # shown turned by 90 degrees clockwise
    image = Image.new("RGB", (16, 8), "black")
    image.paste("white", (0, 0, 16, 4))  # the upper half is white: shown, the right half is
    back, remarks = decode(encoded(image, kind, exif=marks.tobytes()))
    assert remarks == {Remark.ROTATED}
    assert back.size == (8, 16)
    assert np.asarray(back.convert("L"))[:, 6].mean() > 200 > 50 > np.asarray(back.convert("L"))[:, 1].mean()
    found = header(encoded(image, kind, exif=marks.tobytes()))
    assert (found.width, found.height) == (8, 16)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_damaged_marks_do_not_cost_a_whole_image(kind):
    data = encoded(picture(), kind, exif=b"Exif\0\0garbage!!").getvalue()
    assert header(io.BytesIO(data)).width == 12
    assert decode(io.BytesIO(data))[1] == set()


def test_alpha_is_laid_on_white():
    image = Image.new("RGBA", (1, 1), (255, 0, 0, 51))  # a fifth of red on white: 255, 204, 204
    back, remarks = decode(encoded(image, "PNG"))
    assert back.getpixel((0, 0)) == (255, 204, 204)
    assert remarks == {Remark.ALPHA}


def test_grey_with_alpha_stays_grey():
    back, remarks = decode(encoded(Image.new("LA", (1, 1), (0, 51)), "PNG"))
    assert (back.mode, back.getpixel((0, 0))) == ("L", 204)
    assert remarks == {Remark.ALPHA}


def test_a_palette_is_looked_up_and_its_transparent_colour_is_white():
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 1, 2, 3])
    image.putpixel((1, 0), 1)
    back, remarks = decode(encoded(image, "PNG", transparency=1))
    assert [back.getpixel((x, 0)) for x in (0, 1)] == [(10, 20, 30), (255, 255, 255)]
    assert remarks == {Remark.PALETTE, Remark.ALPHA}


def test_sixteen_bit_grey_is_divided_by_257():
    values = np.array([[0, 257, 65535, 32896]], np.uint16)  # 32896 = 128 * 257
    for kind in ("PNG", "TIFF"):
        back, remarks = decode(encoded(Image.fromarray(values), kind))
        assert np.asarray(back).tolist() == [[0, 1, 255, 128]]
        assert remarks == {Remark.DEEP}


def test_deep_grey_is_scaled_some_rows_at_a_time():
    values = np.arange(1000 * 1000, dtype=np.uint32).reshape(1000, 1000)
    for image in (Image.fromarray((values % 65536).astype(np.uint16)), Image.fromarray(values.astype(np.float32))):
        stream = encoded(image, "TIFF")
        tracemalloc.start()
        back, _ = decode(stream)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 5_000_000  # as float64 the pixels alone are 8 MB
        scaled = np.asarray(image).astype(np.float64) * (1 / 257 if image.mode != "F" else 255 / 999_999)
        np.testing.assert_array_equal(np.asarray(back), np.rint(scaled).astype(np.uint8))
        assert header(stream).deep


def test_sixteen_bit_colour_is_remarked():
    rows = b"\0" + struct.pack(">3H", 65535, 32896, 0)
    stream = png(1, 1, 16, 2, zlib.compress(rows))
    back, remarks = decode(stream)
    assert back.getpixel((0, 0)) == (255, 128, 0)
    assert remarks == {Remark.DEEP}


def test_float_grey_in_the_unit_range_is_multiplied_and_another_range_is_stretched():
    back, remarks = decode(encoded(Image.fromarray(np.array([[0.0, 0.2, 1.0]], np.float32)), "TIFF"))
    assert np.asarray(back).tolist() == [[0, 51, 255]]
    assert remarks == {Remark.FLOAT}
    back, _ = decode(encoded(Image.fromarray(np.array([[-10.0, 0.0, 40.0]], np.float32)), "TIFF"))
    assert np.asarray(back).tolist() == [[0, 51, 255]]


def test_a_float_image_with_a_hole_in_it_is_refused():
    with pytest.raises(UnusableImage, match="not finite"):
        decode(encoded(Image.fromarray(np.array([[0.0, np.nan]], np.float32)), "TIFF"))


def test_a_cmyk_jpeg_becomes_rgb():
    back, remarks = decode(encoded(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG"))
    red, green, blue = back.getpixel((4, 4))
    assert red > 240 > 20 > max(green, blue)
    assert remarks == {Remark.CMYK}


@pytest.mark.parametrize("kind", ["WEBP", "GIF", "TIFF"])
def test_of_several_frames_the_first_is_taken(kind):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    back, remarks = decode(encoded(frames[0], kind, save_all=True, append_images=frames[1:]))
    red, _, blue = back.getpixel((4, 4))
    assert red > 240 > 20 > blue
    assert Remark.FRAMES in remarks


def test_a_black_and_white_image_is_grey():
    back, remarks = decode(encoded(Image.new("1", (3, 3), 1), "PNG"))
    assert (back.mode, back.getpixel((1, 1))) == ("L", 255)
    assert remarks == set()


def test_a_large_jpeg_is_decoded_small_and_stays_faithful():
    image = picture(size=(8, 8)).resize((512, 256), Image.Resampling.BICUBIC)
    stream = encoded(image, "JPEG", quality=95)
    small, _ = decode(stream, least=32)
    assert small.size == (128, 64)
    stream.seek(0)
    whole, _ = decode(stream)
    near = np.asarray(whole.resize((32, 16), Image.Resampling.LANCZOS)).astype(int)
    assert np.abs(near - np.asarray(small.resize((32, 16), Image.Resampling.LANCZOS))).mean() < 1.5


def test_a_text_called_an_image_is_refused():
    for use in (header, decode):
        with pytest.raises(UnusableImage, match="not an image of a known kind"):
            use(io.BytesIO(b"these are words, not pixels"))


def test_a_truncated_jpeg_is_refused():
    data = encoded(picture(size=(64, 64)), "JPEG").getvalue()
    with pytest.raises(UnusableImage, match="truncated"):
        decode(io.BytesIO(data[: len(data) // 2]))


def test_a_header_that_announces_a_billion_pixels_is_refused_before_any_memory_is_taken():
    for use in (header, decode):
        with pytest.raises(UnusableImage, match="megapixels"):
            use(png(32_000, 32_000, 8, 2, zlib.compress(b"\0")))


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_just_over_a_hundred_megapixels_is_refused_by_its_size():
    with pytest.raises(UnusableImage, match="10001x10001 is more than 100 megapixels"):
        header(png(10_001, 10_001, 8, 0, zlib.compress(b"\0")))


def test_no_bytes_at_random_places_make_anything_but_a_refusal():
    data = bytearray(encoded(picture(size=(16, 16)), "PNG").getvalue())
    draw = np.random.default_rng(0)
    for _ in range(200):
        spoilt = bytearray(data)
        spoilt[draw.integers(len(data))] = draw.integers(256)
        try:
            image, _ = decode(io.BytesIO(bytes(spoilt)))
        except UnusableImage:
            continue
        assert image.mode in ("L", "RGB")


def png(width: int, height: int, depth: int, colours: int, pixels: bytes) -> io.BytesIO:
    """A PNG written by hand: Pillow writes neither 16-bit colour nor false sizes."""
    chunks = [
        (b"IHDR", struct.pack(">2I5B", width, height, depth, colours, 0, 0, 0)),
        (b"IDAT", pixels),
        (b"IEND", b""),
    ]
    parts = [
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    ]
    return io.BytesIO(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
