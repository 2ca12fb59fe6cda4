"""Scenes: transforms.json and COLMAP's models give the same cameras; the damaged is left out or refused in words."""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path

import numpy as np
import pytest
from small_images import picture, saved

from saddlepoint.data.batches import TimedViewBatch, ViewBatch
from saddlepoint.data.loader import Loader
from saddlepoint.data.sources.colmap import pose_of, read_colmap, read_points
from saddlepoint.data.sources.scenes import scene_points
from saddlepoint.errors import ConfigError, DataError

FLIP = np.diag([1.0, -1.0, -1.0, 1.0])


def turned(angle: float, place: tuple[float, float, float]) -> np.ndarray:
    """Camera to world, OpenCV's axes."""
    pose = np.eye(4)
    pose[:2, :2] = [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
    pose[:3, 3] = place
    return pose


POSES = [turned(0.3, (1, 2, 3)), turned(-1.0, (0, 0, 4)), turned(2.0, (-1, 0.5, 0))]


def blender(folder: Path, **changes: object) -> Path:
    """Three views of 16x12 pixels as Blender's scenes have them, with changes of the description."""
    frames = [
        {"file_path": f"./train/r_{index}", "transform_matrix": (pose @ FLIP).tolist()}
        for index, pose in enumerate(POSES)
    ]
    for index in range(3):
        saved(folder / f"train/r_{index}.png", picture(index, (16, 12)))
    said = {"camera_angle_x": 2 * math.atan(8 / 20), "frames": frames, **changes}
    (folder / "transforms_train.json").write_text(json.dumps(said))
    return folder


def test_blenders_scene_has_opencvs_cameras(folder, opened):
    blender(folder)
    (folder / "transforms_test.json").write_text("{}")
    data = opened(data=f"scene:{folder}", resize="stretch", resolution=16)
    cameras = data.fields["camera"]
    assert cameras.shape == (3, 22)
    np.testing.assert_allclose(cameras[:, :16].reshape(-1, 4, 4), POSES, atol=1e-6)
    np.testing.assert_allclose(cameras[0, 16:], [20, 20 * 16 / 12, 8, 8, 16, 16], rtol=1e-6)
    assert any("transforms_test.json left out: kept for testing" in note for note in data.notes)
    batch = Loader(data, ViewBatch, np.arange(3)).read(0, 2)
    assert (batch.image.shape, batch.camera.shape) == ((2, 3, 16, 16), (2, 22))


def test_a_description_can_be_named_and_a_wrong_name_is_refused(folder, opened):
    blender(folder)
    (folder / "transforms_test.json").write_text((folder / "transforms_train.json").read_text())
    data = opened(data=f"scene:{folder / 'transforms_test.json'}", resize="stretch", resolution=16)
    assert len(data) == 3
    with pytest.raises(ConfigError, match="one of its transforms"):
        opened(data=f"scene:{folder / 'transforms_none.json'}")


def test_the_lens_follows_the_crop_the_padding_and_images_of_another_size(folder, opened):
    blender(folder, w=32, h=24, fl_x=40.0, fl_y=42.0, cx=17.0, cy=11.0)
    crop = opened(data=f"scene:{folder}", resolution=6).fields["camera"][0, 16:]
    np.testing.assert_allclose(crop, [10, 10.5, (8.5 - 2) / 2, 2.75, 6, 6])
    pad = opened(data=f"scene:{folder}", resolution=8, resize="pad").fields["camera"][0, 16:]
    np.testing.assert_allclose(pad, [10, 10.5, 4.25, (5.5 + 2) / 2, 8, 8])


def test_a_frames_own_lens_and_the_list_of_training_names_win(folder, opened):
    blender(folder)
    said = json.loads((folder / "transforms_train.json").read_text())
    said["frames"][1] |= {"fl_x": 33.0, "k1": 0.1, "file_path": "train/r_1.png"}
    said["train_filenames"] = ["train/r_1.png", "train/r_2.png"]
    (folder / "transforms.json").write_text(json.dumps(said))
    data = opened(data=f"scene:{folder}")
    assert data.fields["camera"][:, 16].tolist() == pytest.approx([33.0, 20.0])
    assert "1 frame that train_filenames does not list left out" in data.notes
    assert any(note.startswith("1 view of a lens that distorts") for note in data.notes)


# -- COLMAP ---------------------------------------------------------------------------------------------------------

CAMERAS = [(1, "PINHOLE", 1, 16, 12, (20.0, 21.0, 8.0, 6.0)), (3, "SIMPLE_RADIAL", 2, 16, 12, (30.0, 7.0, 5.0, 0.5))]


def quaternion(pose: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """World to camera: (w, x, y, z) and translation, of a turn about z."""
    back = np.linalg.inv(pose)
    angle = math.atan2(back[1, 0], back[0, 0])
    return np.array([math.cos(angle / 2), 0, 0, math.sin(angle / 2)]), back[:3, 3]


def colmap(folder: Path, binary: bool, place: str = "sparse/0") -> Path:
    """Three views and two points; the second view has points of its own, the others none."""
    for index in range(3):
        saved(folder / f"images/sub/{index}.png", picture(index, (16, 12)))
    home = folder / place
    home.mkdir(parents=True, exist_ok=True)
    views = [(index + 1, *quaternion(pose), (1, 3, 1)[index], f"sub/{index}.png") for index, pose in enumerate(POSES)]
    if not binary:
        lines = [f"{n} {model} {w} {h} {' '.join(map(str, p))}" for n, model, _, w, h, p in CAMERAS]
        (home / "cameras.txt").write_text("# cameras\n" + "\n".join(lines) + "\n")
        images = []
        for number, turn, shift, camera, name in views:
            pose = " ".join(map(repr, map(float, (*turn, *shift))))
            images += [f"{number} {pose} {camera} {name}", "1.5 2.5 -1 3.5 4.5 9" if number == 2 else ""]
        (home / "images.txt").write_text("# images\n" + "\n".join(images) + "\n")
        (home / "points3D.txt").write_text("# points\n1 0.5 1 2 255 0 9 0.1 1 0\n4 -1 0 1 1 2 3 0.2\n")
        return home
    content = struct.pack("<Q", len(CAMERAS))
    for number, _, model, width, height, parameters in CAMERAS:
        content += struct.pack(f"<iiQQ{len(parameters)}d", number, model, width, height, *parameters)
    (home / "cameras.bin").write_bytes(content)
    content = struct.pack("<Q", len(views))
    for number, turn, shift, camera, name in views:
        points = struct.pack("<QddqddQ", 2, 1.5, 2.5, -1, 3.5, 4.5, 9) if number == 2 else struct.pack("<Q", 0)
        content += struct.pack("<i7di", number, *turn, *shift, camera) + name.encode() + b"\0" + points
    (home / "images.bin").write_bytes(content)
    content = struct.pack("<Q", 2) + struct.pack("<Q3d3BdQii", 1, 0.5, 1, 2, 255, 0, 9, 0.1, 1, 1, 0)
    (home / "points3D.bin").write_bytes(content + struct.pack("<Q3d3BdQ", 4, -1, 0, 1, 1, 2, 3, 0.2, 0))
    return home


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("place", ["sparse/0", "sparse", "."])
def test_colmaps_models_are_turned_into_camera_to_world(folder, opened, binary, place):
    home = colmap(folder, binary, place)
    data = opened(data=f"scene:{folder}", resize="stretch", resolution=16)
    cameras = data.fields["camera"]
    np.testing.assert_allclose(cameras[:, :16].reshape(-1, 4, 4), POSES, atol=1e-6)
    assert cameras[:, 16].tolist() == [20, 30, 20]
    assert any(note.startswith("1 view of a lens that distorts") for note in data.notes)
    places, colours = read_points(home)
    assert (places.tolist(), colours.tolist()) == ([[0.5, 1, 2], [-1, 0, 1]], [[255, 0, 9], [1, 2, 3]])
    assert len(scene_points(folder)[0]) == 2


def test_a_rotation_is_inverted_by_its_transpose():
    turn = np.array([0.5, -0.5, 0.5, 0.5])
    pose = pose_of(turn, np.array([1.0, 2.0, 3.0]))
    assert np.linalg.det(pose[:3, :3]) == pytest.approx(1)
    np.testing.assert_allclose(pose[:3, :3] @ np.array([1.0, 2.0, 3.0]) + pose[:3, 3], 0, atol=1e-12)


def test_the_same_images_with_other_cameras_are_other_data(folder, opened):
    first = opened(data=f"scene:{blender(folder)}").fields["camera"]
    blender(folder, camera_angle_x=1.0)
    assert opened(data=f"scene:{folder}").fields["camera"][0, 16] != first[0, 16]


# -- bad ones -------------------------------------------------------------------------------------------------------


def frame(**changes: object) -> dict[str, object]:
    return {"file_path": "train/r_0", "transform_matrix": (POSES[0] @ FLIP).tolist(), **changes}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"frames": None}, 'has no "frames"'),
        ({"frames": []}, 'has no "frames"'),
        ({"frames": ["r_0"]}, "frame 1 of transforms_train.json has no file_path"),
        ({"frames": [{"file_path": 3}]}, "frame 1 of transforms_train.json has no file_path"),
        ({"frames": [frame(transform_matrix="near")]}, "has no transform_matrix of numbers"),
        ({"frames": [frame(transform_matrix=[[1, 2], [3, 4]])]}, r"a transform_matrix of shape \[2, 2\], not 4 x 4"),
        ({"frames": [frame(transform_matrix=None)]}, "transform_matrix"),
        ({"camera_angle_x": "wide"}, "camera_angle_x is 'wide', not a number"),
        ({"camera_angle_x": 9.0}, "has neither fl_x nor a camera_angle_x in radians"),
        ({"fl_x": -5.0}, "has a focal length of -5 pixels"),
        ({"w": 0}, "has a w of 0 pixels"),
        ({"camera_model": "OPENCV_FISHEYE"}, "the camera model OPENCV_FISHEYE, which is not read"),
        (
            {"frames": [frame(file_path="../../etc/passwd"), frame(file_path="gone")]},
            "no view that can be used; .*is not there",
        ),
        ({"frames": [frame(transform_matrix=np.full((4, 4), np.nan).tolist())]}, "a pose that is no rotation"),
        ({"frames": [frame(transform_matrix=(3 * np.eye(4)).tolist())]}, "a pose that is no rotation"),
        ({"w": 99, "h": 12, "fl_x": 9}, "is 16x12, and its camera 99x12"),
    ],
)
def test_a_transforms_json_that_cannot_be_used_is_refused_in_a_sentence(folder, opened, changes, words):
    with pytest.raises(DataError, match=words):
        opened(data=f"scene:{blender(folder, **changes)}")


def test_json_that_is_none_and_a_folder_without_a_scene_are_refused(folder, opened):
    blender(folder)
    for text, words in (
        ("", "line 1 of transforms_train.json is not JSON"),
        ("[" * 100_000, "nests more than 64 deep"),
    ):
        (folder / "transforms_train.json").write_text(text)
        with pytest.raises(DataError, match=words):
            opened(data=f"scene:{folder}")
    (folder / "transforms_train.json").unlink()
    with pytest.raises(DataError, match=r"describes no scene: it needs transforms.json"):
        opened(data=f"scene:{folder}")


def test_a_damaged_frame_leaves_the_others(folder, opened):
    flat = np.zeros((4, 4)).tolist()
    others = [frame(file_path="train/r_1"), frame(file_path="gone"), frame()]
    blender(folder, frames=[frame(), *others, frame(file_path="train/r_2", transform_matrix=flat)])
    (folder / "train/r_1.png").write_bytes(b"no image")
    data = opened(data=f"scene:{folder}")
    assert (len(data), len(data.fields["camera"])) == (1, 1)
    assert [reason for _, reason in data.skipped] == [
        "not an image of a known kind",
        "is not there",
        "is described twice: the first counts",
        "has a pose that is no rotation and place",
    ]


def test_an_image_that_breaks_off_takes_its_camera_with_it(folder, opened):
    blender(folder)
    whole = (folder / "train/r_0.png").read_bytes()
    (folder / "train/r_0.png").write_bytes(whole[:200])
    data = opened(data=f"scene:{folder}")
    np.testing.assert_allclose(data.fields["camera"][:, :16].reshape(-1, 4, 4), POSES[1:], atol=1e-6)


@pytest.mark.parametrize(
    ("file", "change", "words"),
    [
        ("cameras.bin", lambda b: b[:-3], "ends in the middle of an entry"),
        (
            "cameras.bin",
            lambda b: struct.pack("<Q", 2**60) + b[8:],
            "declares .* entries, more than its bytes",
        ),
        ("cameras.bin", lambda b: b[:12] + struct.pack("<i", 99) + b[16:], "has the model 99"),
        ("cameras.bin", lambda b: b[:12] + struct.pack("<i", 5) + b[16:], "is not read|ends in the middle"),
        ("cameras.bin", lambda b: b[:32] + struct.pack("<d", math.nan) + b[40:], "no usable size or focal length"),
        ("cameras.bin", lambda b: b"", "ends in the middle of an entry"),
        ("images.bin", lambda b: b[:40], "ends in the middle of an entry|declares"),
        (
            "images.bin",
            lambda b: b.replace(b"sub/0.png\0", b"sub/0.pngX"),
            "ends in the middle|declares|without an end",
        ),
        ("images.bin", lambda b: b[:-8] + struct.pack("<Q", 2**50), "declares 1,125,899,906,842,624 entries"),
        ("images.bin", lambda b: struct.pack("<Q", 0), "has no view that can be used"),
    ],
)
def test_a_damaged_model_of_colmap_is_refused_in_a_sentence(folder, opened, file, change, words):
    home = colmap(folder, binary=True)
    (home / file).write_bytes(change((home / file).read_bytes()))
    with pytest.raises(DataError, match=words):
        opened(data=f"scene:{folder}")


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("cameras.txt", "1 PINHOLE 16", "1 PINHOLE wide", "line 2 of .*cameras.txt is not CAMERA_ID"),
        ("cameras.txt", "PINHOLE 16 12 20.0 21.0", "PINHOLE 16 12 20.0", "has 3 parameters for PINHOLE, which has 4"),
        ("cameras.txt", "PINHOLE", "FOV", "the camera model FOV, which is not read"),
        ("images.txt", " 1 sub/0.png", "", "line 2 of .*images.txt is not IMAGE_ID|has . numbers"),
        ("images.txt", "sub/0.png", "../../0.png", ""),
        ("images.txt", " 3 sub/1.png", " 7 sub/1.png", ""),
    ],
)
def test_a_damaged_text_of_colmap_is_refused_by_line_or_leaves_one_view_out(folder, opened, file, old, new, words):
    home = colmap(folder, binary=False)
    (home / file).write_text((home / file).read_text().replace(old, new))
    if words:
        with pytest.raises(DataError, match=words):
            opened(data=f"scene:{folder}")
    else:
        data = opened(data=f"scene:{folder}")
        assert (len(data), len(data.skipped)) == (2, 1)


def test_a_missing_companion_and_damaged_points_are_refused(folder):
    home = colmap(folder, binary=True)
    content = (home / "points3D.bin").read_bytes()
    (home / "points3D.bin").write_bytes(struct.pack("<Q", 2**40) + content[8:])
    with pytest.raises(DataError, match="declares 1,099,511,627,776 entries"):
        read_points(home)
    (home / "images.bin").unlink()
    with pytest.raises(DataError, match=r"has no images.bin beside its companions"):
        read_colmap(home)


def timed(folder: Path, times: list[object]) -> Path:
    """The scene of `blender` with a time of each frame; None for a frame that says none."""
    blender(folder)
    path = folder / "transforms_train.json"
    said = json.loads(path.read_text())
    for frame, time in zip(said["frames"], times):
        frame |= {} if time is None else {"time": time}
    path.write_text(json.dumps(said))
    return folder


def test_the_moments_of_frames_are_read_and_kept_in_the_pack(folder, opened):
    timed(folder, [0.5, 1.0, 0.0])
    for _ in range(2):  # read from files, then from the pack
        data = opened(data=f"scene:{folder}", resize="stretch", resolution=16)
        assert data.fields["time"].tolist() == [0.5, 1.0, 0.0]
    batch = Loader(data, TimedViewBatch, np.arange(3)).first(3)
    assert batch.time.tolist() == [0.5, 1.0, 0.0]


def test_seconds_become_moments_and_some_times_are_none(folder, opened):
    timed(folder, [10, 20, 15])
    data = opened(data=f"scene:{folder}", resize="stretch", resolution=16)
    assert data.fields["time"].tolist() == [0.0, 1.0, 0.5]
    assert any("times from 10 to 20 brought to 0 to 1" in note for note in data.notes)
    timed(folder, [0.5, None, 0.0])
    data = opened(data=f"scene:{folder}", resize="stretch", resolution=16)
    assert "time" not in data.fields
    assert any("the times of 2 frames left out" in note for note in data.notes)


@pytest.mark.parametrize("time", ["noon", True, [0.5], float("nan")])
def test_a_time_that_is_no_number_is_refused(folder, opened, time):
    timed(folder, [0.0, time, 1.0])
    with pytest.raises(DataError, match=r"has a time of|cannot be read"):
        opened(data=f"scene:{folder}")
