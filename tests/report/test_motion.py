"""GIF and MP4: number of frames, rate, sides, and what is refused."""

import sys

import numpy as np
import pytest
from PIL import Image

from saddlepoint.errors import ConfigError, DataError, MissingExtra
from saddlepoint.report.motion import check_motion, save_motion


def frames(count=10, size=(33, 21)):
    for number in range(count):
        yield Image.new("RGB", size, (number * 25, 0, 255 - number * 25))


def test_a_gif_repeats_at_the_nearest_rate_it_can_have(tmp_path):
    save_motion(frames(), tmp_path / "deep" / "a.gif", 20, "a walk")
    with Image.open(tmp_path / "deep" / "a.gif") as made:
        assert (made.n_frames, made.size, made.info["duration"], made.info["loop"]) == (10, (33, 21), 50, 0)
        assert made.info["comment"] == b"a walk"
        made.seek(9)
        assert np.abs(np.asarray(made.convert("RGB"))[10, 10].astype(int) - (225, 0, 30)).max() <= 8


def test_an_mp4_has_even_sides_and_the_asked_rate(tmp_path):
    av = pytest.importorskip("av")
    save_motion(frames(), tmp_path / "a.mp4", 24, "a walk")
    with av.open(tmp_path / "a.mp4") as made:
        stream = made.streams.video[0]
        assert (stream.average_rate, stream.width, stream.height) == (24, 34, 22)
        assert stream.codec_context.format.name == "yuv420p"
        assert made.metadata["comment"] == "a walk"
        lasts = made.duration / 1e6
        pictures = [frame.to_ndarray(format="rgb24") for frame in made.decode(video=0)]
    assert len(pictures) == 10
    assert np.abs(pictures[4][10, 10].astype(int) - (100, 0, 155)).max() <= 12
    assert lasts == pytest.approx(10 / 24, abs=0.05)


@pytest.mark.parametrize(("name", "rate", "text"), [("a.webm", 24, "gif or .mp4"), ("a.gif", 0, "rate cannot be 0")])
def test_other_endings_and_rates_are_refused(tmp_path, name, rate, text):
    with pytest.raises(ConfigError, match=text):
        save_motion(frames(), tmp_path / name, rate)


@pytest.mark.parametrize("name", ["a.gif", "a.mp4"])
def test_without_frames_there_is_no_file(tmp_path, name):
    with pytest.raises(DataError, match="needs a frame"):
        save_motion(iter(()), tmp_path / name, 24)
    assert list(tmp_path.iterdir()) == []


def test_without_pyav_the_mend_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingExtra, match=r"saddlepoint\[video\].*write a .gif"):
        check_motion(tmp_path / "a.mp4", 24)
    check_motion(tmp_path / "a.gif", 24)
