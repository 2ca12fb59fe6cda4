"""Clips read from files: what was written is read again, at its own size; other sizes are refused in words."""

from pathlib import Path

import pytest
import torch

from saddlepoint.errors import ConfigError
from saddlepoint.kinds.clip import Clip

KIND = Clip(4, 1, 6, 8)


def test_a_clip_that_was_written_enlarged_is_read_at_its_own_size(tmp_path: Path) -> None:
    clip = KIND.example(1, 0)[0].sign()
    KIND.write(clip, tmp_path / "clip.gif", {})
    assert torch.equal(KIND.parse(str(tmp_path / "clip.gif")), clip)


def test_of_a_longer_clip_come_the_first_frames_and_of_a_shorter_one_the_last_stays(tmp_path: Path) -> None:
    clip = KIND.example(1, 1)[0].sign()
    KIND.write(clip, tmp_path / "clip.gif", {})
    shorter, longer = (Clip(frames, 1, 6, 8).parse(str(tmp_path / "clip.gif")) for frames in (2, 6))
    assert torch.equal(shorter, clip[:2])
    assert torch.equal(longer, torch.cat((clip, clip[-1:], clip[-1:])))


def test_another_size_and_what_is_no_film_are_refused(tmp_path: Path) -> None:
    KIND.write(KIND.example(1, 0)[0], tmp_path / "clip.gif", {})
    with pytest.raises(ConfigError, match="give a film of 8x8, or whole times"):
        Clip(4, 1, 8, 8).parse(str(tmp_path / "clip.gif"))
    (tmp_path / "text.gif").write_text("no film")
    for name in ("text.gif", "missing.gif"):
        with pytest.raises(ConfigError, match="cannot be read as a moving picture"):
            KIND.parse(str(tmp_path / name))
