"""ScanNet's frames: poses and lens as exported; what is damaged is left out and named, or refused in words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small_images import picture, saved

from saddlepoint.errors import DataError

LENS = "20 0 8 0\n0 21 6 0\n0 0 1 0\n0 0 0 1\n"


def text_of(pose: np.ndarray) -> str:
    return "\n".join(" ".join(f"{number:.6f}" for number in row) for row in pose)


def room(folder: Path, lens: str | None = LENS, **poses: str) -> Path:
    """Four frames of 16x12 pixels; `poses` stand in the place of usual ones, by number, "" for none."""
    for index in range(4):
        saved(folder / f"color/{index}.jpg", picture(index, (16, 12)))
        pose = np.eye(4)
        pose[:3, 3] = index, 2 * index, 1
        (folder / "pose").mkdir(exist_ok=True)
        said = poses.get(f"p{index}", text_of(pose))
        if said:
            (folder / f"pose/{index}.txt").write_text(said)
    if lens is not None:
        (folder / "intrinsic").mkdir(exist_ok=True)
        (folder / "intrinsic/intrinsic_color.txt").write_text(lens)
    return folder


def test_frames_have_their_poses_and_the_lens(folder, opened):
    data = opened(data=f"scene:{room(folder)}", resize="stretch", resolution=16)
    assert data.fields["camera"].shape == (4, 22)
    assert data.fields["camera"][3, [3, 7, 11]].tolist() == [3, 6, 1]
    np.testing.assert_allclose(data.fields["camera"][0, 16:], [20, 28, 8, 8, 16, 16], rtol=1e-6)
    assert any("4 frames laid out as ScanNet" in note for note in data.notes)


def test_the_scenes_own_text_says_the_lens_too(folder, opened):
    room(folder, None)
    (folder / "scene0000_00.txt").write_text(
        "colorWidth = 16\nfx_color = 20\nfy_color = 21\nmx_color = 8\nmy_color = 6"
    )
    data = opened(data=f"scene:{folder}", resize="stretch", resolution=16)
    np.testing.assert_allclose(data.fields["camera"][0, 16:19], [20, 28, 8], rtol=1e-6)


@pytest.mark.parametrize(
    ("pose", "reason"),
    [
        ("", "has no pose/2.txt"),
        ("-inf -inf -inf -inf\n" * 4, "the camera was lost"),
        ("nan 0 0 0\n" * 4, "the camera was lost"),
        ("1 0 0 0\n0 1 0 0\n0 0 1 0\n", "not 4 x 4 numbers"),
        ("one two three four\n" * 4, "not 4 x 4 numbers"),
        ("1 0 0\n0 1 0 0\n0 0 1 0\n0 0 0 1\n", "not 4 x 4 numbers"),
        ("2 0 0 0\n0 2 0 0\n0 0 2 0\n0 0 0 1\n", "no rotation"),
        ("\x00\x01\x02", "not 4 x 4 numbers"),
        ("1 " * 100_000, "not 4 x 4 numbers"),
    ],
)
def test_a_frame_without_a_pose_is_left_out_and_named(folder, opened, pose, reason):
    data = opened(data=f"scene:{room(folder, p2=pose)}", resize="stretch", resolution=16)
    assert len(data) == 3
    ((name, why),) = data.skipped
    assert name == "color/2.jpg"
    assert reason in why


@pytest.mark.parametrize(
    ("lens", "words"),
    [
        (None, "frames and no lens"),
        ("", "no matrix of 4 x 4"),
        ("20 0 8 0\n", "no matrix of 4 x 4"),
        ("wide\n" * 4, "no matrix of 4 x 4"),
        (LENS.replace("20", "0"), "focal length of 0 pixels"),
        (LENS.replace("21", "-3"), "focal length of -3 pixels"),
        (LENS.replace("20", "inf"), "focal length"),
    ],
)
def test_a_lens_that_is_none_is_refused(folder, opened, lens, words):
    with pytest.raises(DataError, match=words):
        opened(data=f"scene:{room(folder, lens)}")


def test_a_scene_text_without_a_lens_and_a_room_without_any_pose_are_refused(folder, opened):
    room(folder, None)
    (folder / "scene0000_00.txt").write_text("colorWidth = 16\nfx_color = wide")
    with pytest.raises(DataError, match="says no fx_color"):
        opened(data=f"scene:{folder}")
    room(folder, **{f"p{index}": "-inf " * 16 for index in range(4)})
    with pytest.raises(DataError, match="no view that can be used"):
        opened(data=f"scene:{folder}")
