"""Every kind keeps what the house asks of it, and no field is taken for what it is not."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from saddlepoint import kinds
from saddlepoint.data.batches import ImageBatch, MaskedBatch, PairedBatch, ViewBatch, VolumeBatch
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.loader import Loader
from saddlepoint.errors import CheckpointError, ConfigError, DataError
from saddlepoint.kinds.attributes import Attributes
from saddlepoint.kinds.boxes import Boxes
from saddlepoint.kinds.camera import Camera, looking, orbit, pose_of
from saddlepoint.kinds.clip import Clip
from saddlepoint.kinds.cloud import Cloud
from saddlepoint.kinds.depth import Depth
from saddlepoint.kinds.distances import Distances
from saddlepoint.kinds.expression import Expression
from saddlepoint.kinds.figure import Figure
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.kind import Change, Kind
from saddlepoint.kinds.label import Label
from saddlepoint.kinds.latent import Latent
from saddlepoint.kinds.mask import Mask
from saddlepoint.kinds.mesh import Mesh
from saddlepoint.kinds.moment import Moment
from saddlepoint.kinds.parted_cloud import PartedCloud
from saddlepoint.kinds.parts import Parts
from saddlepoint.kinds.points import Points
from saddlepoint.kinds.probabilities import Probabilities
from saddlepoint.kinds.record import Record
from saddlepoint.kinds.rig import Rig
from saddlepoint.kinds.row import Row
from saddlepoint.kinds.scan import Scan
from saddlepoint.kinds.series import Series
from saddlepoint.kinds.splats import Splats
from saddlepoint.kinds.tokens import Tokens
from saddlepoint.kinds.viewpoint import Viewpoint
from saddlepoint.kinds.views import Views
from saddlepoint.kinds.volume import Volume

SMALL: dict[str, Kind] = {
    "image": Image(3, 4, 6),
    "mask": Mask(4, 6),
    "label": Label(("cat", "dog")),
    "boxes": Boxes(3, ("cat", "dog")),
    "attributes": Attributes(("red", "large")),
    "points": Points(2),
    "volume": Volume(1, 8, 8, 8),
    "cloud": Cloud(20, 3),
    "camera": Camera(),
    "splats": Splats(12, 1),
    "latent": Latent((2, 5)),
    "probabilities": Probabilities(("cat", "dog", "bird")),
    "figure": Figure("nats"),
    "row": Row(),
    "depth": Depth(4, 6),
    "distances": Distances(8),
    "tokens": Tokens(12, ("<end of text>", "<unknown>", *"abc\n"), "characters"),
    "series": Series(20, 2, 0.0, (0.0, -5.0), (1.0, 5.0)),
    "clip": Clip(5, 1, 6, 8, 8.0),
    "parts": Parts(20, ("leg", "seat")),
    "parted_cloud": PartedCloud(20, ("leg", "seat", "back")),
    "mesh": Mesh(12, 20),
    "record": Record.plain(3),
    "moment": Moment(),
    "views": Views(3, 3, 6, 8),
    "rig": Rig(3),
    "expression": Expression(3),
    "scan": Scan(4, 4, 4, 2, 6, 6),
    "viewpoint": Viewpoint(tuple(Camera().example(3, 0).flatten().tolist())),
}
each = pytest.mark.parametrize("name", kinds.listing())


def test_every_kind_is_tried_here() -> None:
    assert SMALL.keys() == kinds.listing().keys()


@each
def test_examples_have_the_shape_that_is_stated_and_depend_on_the_seed_alone(name: str) -> None:
    kind = SMALL[name]
    values = kind.example(3, 7)
    assert values.shape == (3, *kind.shape)
    assert torch.equal(values, kind.example(3, 7))


@each
def test_a_kind_survives_json(name: str) -> None:
    assert kinds.from_json(json.loads(json.dumps(kinds.to_json(SMALL[name])))) == SMALL[name]


@each
def test_examples_can_be_drawn_and_described(name: str) -> None:
    picture = SMALL[name].picture(SMALL[name].example(5, 0))
    assert min(picture.size) > 10
    assert str(SMALL[name])


@each
def test_every_form_of_file_is_written_and_others_are_refused(name: str, tmp_path: Path) -> None:
    kind, facts = SMALL[name], {"made by": "a model\nof two lines"}
    value = kind.example(1, 0)[0]
    for ending in kind.endings:
        if kind.raster(value) is None or ending in (".npy", ".npz"):
            path = tmp_path / f"value{ending}"
            kind.write(value, path, facts)
            assert path.stat().st_size
    with pytest.raises(ConfigError, match="use \\."):
        kind.write(value, tmp_path / "value.wrong", facts)


@each
def test_many_examples_go_into_one_file(name: str, tmp_path: Path) -> None:
    kind = SMALL[name]
    for ending in kind.sheets:
        if ending != ".png":
            kind.write_sheet(kind.example(3, 0), tmp_path / f"all{ending}", {"made by": "a model\nof two lines"})
            assert (tmp_path / f"all{ending}").stat().st_size
    assert kind.ending in kind.endings
    with pytest.raises(ConfigError, match="use \\."):
        kind.write_sheet(kind.example(3, 0), tmp_path / "all.wrong", {})


def test_a_text_is_read_back_from_its_numbers() -> None:
    kind = SMALL["tokens"]
    assert isinstance(kind, Tokens)
    assert kind.text(kind.parse("abba\nc").float()) == "abba\nc"
    assert kind.document(torch.stack((kind.parse("a"), kind.parse("b")))) == "a\n\nb\n"
    codes = Tokens.of(np.array([[0, 3], [2, 1]]))
    assert codes is not None
    assert codes.text(codes.parse("0 3")) == "0 3"
    assert Tokens.of(np.array([[0, -3]])) is None


def test_a_channel_that_does_not_change_has_a_range_all_the_same() -> None:
    kind = Series.of(np.stack((np.zeros((2, 3)), np.ones((2, 3))), 2).astype(np.float32))
    assert kind is not None
    assert kind.shown(torch.tensor([[[0.0, 1.0]]]), Change()).abs().max() < 1


def test_an_unknown_kind_and_other_measures_are_refused() -> None:
    with pytest.raises(CheckpointError, match="does not know"):
        kinds.from_json({"kind": "smell"})
    with pytest.raises(CheckpointError, match="measures"):
        kinds.from_json({"kind": "image", "sides": 3})


def test_an_array_that_is_of_no_kind_is_refused() -> None:
    with pytest.raises(DataError, match="none of the kinds"):
        Dataset({"image": np.zeros((2, 3, 4, 5, 6, 7), np.uint8)}, "print", "made")


def test_a_field_by_any_name_makes_a_data_set() -> None:
    data = Dataset({"volume": np.ones((5, 1, 4, 4, 4), np.uint8)}, "print", "made")
    assert data.spec().main == Volume(1, 4, 4, 4)
    batch = Loader(data, VolumeBatch, np.arange(5)).read(0, 2)
    assert torch.equal(batch.volume, torch.ones(2, 1, 4, 4, 4))  # type: ignore[attr-defined]


def masked() -> Dataset:
    image = np.arange(4 * 16, dtype=np.uint8).reshape(4, 1, 4, 4)
    return Dataset({"image": image, "mask": (image % 4 < 2).astype(np.uint8)}, "print", "made")


def test_a_mask_of_one_arrives_as_one_and_stays_so_whatever_the_change() -> None:
    for settings in ({}, {"flip": True}, {"jitter": 3}):
        batch = Loader(masked(), MaskedBatch, np.arange(4), **settings).read(0, 4)
        assert set(batch.mask.unique().tolist()) == {0.0, 1.0}  # type: ignore[attr-defined]


def test_a_mask_is_mirrored_with_its_image() -> None:
    batch = Loader(masked(), MaskedBatch, np.arange(4), flip=True, seed=1).read(0, 4)
    image, mask = (batch.tensors()[name] for name in ("image", "mask"))
    assert torch.equal(((image + 1) * 127.5).round() % 4 < 2, mask == 1)


def test_a_camera_is_mirrored_with_its_view() -> None:
    camera = orbit(torch.tensor([0.3]), torch.tensor([0.4]), 4.0, 20.0, 8)
    mirrored = Camera().shown(camera, Change(flip=torch.tensor([True])))
    point = torch.tensor([0.2, -0.4, 0.3, 1.0])
    there = torch.tensor([-0.2, -0.4, 0.3, 1.0])  # the same point of the mirrored world
    first, second = _pixel(camera[0], point), _pixel(mirrored[0], there)
    assert torch.allclose(torch.stack((8 - first[0], first[1])), second, atol=1e-5)


def test_a_rig_is_mirrored_as_its_cameras_are() -> None:
    cameras = orbit(torch.linspace(0, 3, 4), torch.full((4,), 0.4), 4.0, 20.0, 8)
    flip = torch.tensor([False, True])
    mirrored = Rig(2).shown(cameras.unflatten(0, (2, 2)), Change(flip=flip))
    assert torch.equal(mirrored.flatten(0, 1), Camera().shown(cameras, Change(flip=flip.repeat_interleave(2))))
    views = torch.arange(2 * 2 * 3 * 4, dtype=torch.uint8).view(2, 2, 1, 3, 4)
    shown = Views(2, 1, 3, 4).shown(views, Change(flip=flip))
    assert torch.equal(shown[1].flip(-1), Views(2, 1, 3, 4).shown(views, Change())[1])


def test_a_camera_follows_the_window_that_is_cut_out_of_its_view() -> None:
    camera = orbit(torch.tensor([0.3]), torch.tensor([0.4]), 4.0, 20.0, 8)
    point = torch.tensor([0.2, -0.4, 0.3, 1.0])
    moved = Camera().shown(camera, Change(jitter=2, corner=torch.tensor([[1, 2]]), height=8))
    wanted = _pixel(camera[0], point) * 10 / 8 - torch.tensor([2.0, 1.0])
    assert torch.allclose(_pixel(moved[0], point), wanted, atol=1e-4)


def _pixel(camera: torch.Tensor, point: torch.Tensor) -> torch.Tensor:
    x, y, z = (torch.linalg.inv(pose_of(camera)) @ point)[:3]
    fx, fy, cx, cy = camera[16:20]
    return torch.stack((fx * x / z + cx, fy * y / z + cy))


def test_a_camera_looks_at_its_target_upright() -> None:
    pose = looking(torch.tensor([[3.0, 1.0, 2.0], [0.0, 0.0, 5.0]]), torch.zeros(3))
    ahead = pose[:, :3, 2]
    assert torch.allclose(ahead, -pose[:, :3, 3] / pose[:, :3, 3].norm(dim=1, keepdim=True), atol=1e-6)
    assert torch.allclose(torch.linalg.det(pose[:, :3, :3]), torch.ones(2), atol=1e-6)
    assert pose[0, 2, 1] < 0  # down in the picture is down in the world


def test_pairs_of_unequal_size_are_cut_at_the_same_place() -> None:
    small = np.random.default_rng(0).integers(0, 256, (6, 1, 8, 8), dtype=np.uint8)
    large = small.repeat(2, 2).repeat(2, 3)
    data = Dataset({"source": small, "target": large}, "print", "made")
    batch = Loader(data, PairedBatch, np.arange(6), jitter=4).read(0, 6).tensors()
    halved = torch.nn.functional.avg_pool2d(batch["target"], 2)
    assert (halved - batch["source"]).abs().mean() < 0.1  # resized alike, up to how each is interpolated
    away = (halved - batch["source"].roll(1, 3)).abs().mean()
    assert away > 0.3


def test_pairs_whose_sides_are_no_multiples_are_not_cut() -> None:
    fields = {"source": np.zeros((3, 1, 4, 4), np.uint8), "target": np.zeros((3, 1, 6, 6), np.uint8)}
    with pytest.raises(ConfigError, match="whole multiple"):
        Loader(Dataset(fields, "print", "made"), PairedBatch, np.arange(3), jitter=1).read(0, 3)


def test_the_two_sides_of_a_pair_have_kinds_of_their_own() -> None:
    fields = {"source": np.zeros((3, 1, 4, 4), np.uint8), "target": np.zeros((3, 3, 8, 8), np.uint8)}
    spec = Dataset(fields, "print", "made").spec()
    assert spec.image("source") == Image(1, 4, 4)
    assert spec.image() == Image(3, 8, 8)


def test_sixteen_bits_keep_their_depth() -> None:
    stored = np.array([0, 257, 65535], np.uint16).reshape(3, 1, 1, 1)
    data = Dataset({"image": stored}, "print", "made")
    shown = Loader(data, ImageBatch, np.arange(3), flip=True).look(np.arange(3)).tensors()["image"]
    assert torch.allclose(shown.flatten(), torch.tensor([-1.0, 257 / 32767.5 - 1, 1.0]))


def test_a_field_of_another_kind_is_refused_in_words() -> None:
    data = Dataset({"image": np.zeros((3, 1, 4, 4), np.uint8), "camera": np.zeros((3, 22), np.float32)}, "print", "x")
    assert Loader(data, ViewBatch, np.arange(3)).read(0, 3).tensors().keys() == {"image", "camera"}
    wrong = Dataset({"image": np.zeros((3, 22), np.float32), "camera": np.zeros((3, 22), np.float32)}, "print", "x")
    with pytest.raises(ConfigError, match=r"trains on images; x has points.*Use --data scene:"):
        Loader(wrong, ViewBatch, np.arange(3))


def test_a_condition_is_read_from_a_text_by_its_kind(tmp_path: Path) -> None:
    label, attributes, image = Label(("cat", "7", "dog")), Attributes(("red", "large")), Image(3, 4, 6)
    assert [int(label.parse(text)) for text in ("dog", "7", "0")] == [2, 1, 0]
    assert attributes.parse("large, red").tolist() == [1, 1]
    assert attributes.parse("").tolist() == [0, 0]
    assert attributes.parse("large=0.25, red").tolist() == [1, 0.25]
    assert Attributes(("a=b",)).parse("a=b=.5").tolist() == [0.5]
    image.raster(image.example(1, 0)[0]).save(tmp_path / "small.png")
    assert torch.allclose(image.parse(str(tmp_path / "small.png")), image.example(1, 0)[0], atol=0.01)
    camera = Camera().example(2, 0)
    Camera().write(camera[1], tmp_path / "camera.json", {})
    assert torch.allclose(Camera().parse(str(tmp_path / "camera.json")), camera[1])


def test_texts_that_are_no_condition_are_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"no picture")
    Image(1, 5, 5).raster(Image(1, 5, 5).example(1, 0)[0]).save(tmp_path / "small.png")
    bad = [
        (Label(("cat", "dog")), "dgo"), (Label(("cat", "dog")), "2"), (Label(("cat", "dog")), "-1"),
        (Label(("cat", "dog")), "9" * 5000), (Attributes(("red", "large")), "red,larg"),
        (Attributes(("red", "large")), "red=2"), (Attributes(("red", "large")), "red=much"),
        (Image(3, 4, 6), str(tmp_path / "small.png")), (Image(3, 4, 6), str(tmp_path / "broken.png")),
        (Image(3, 4, 6), str(tmp_path / "none.png")), (Image(3, 4, 6), "\0"), (Image(4, 4, 6), "x.png"),
        (SMALL["tokens"], "x"), (SMALL["tokens"], "a" * 13), (Tokens(2, ("0", "1")), "0"),
        (Camera(), str(tmp_path / "none.json")), (Camera(), str(tmp_path / "broken.png")), (Mask(4, 6), "x"),
    ]  # fmt: skip
    for kind, text in bad:
        with pytest.raises(ConfigError):
            kind.parse(text)


def test_an_image_of_no_depth_is_refused() -> None:
    with pytest.raises(ConfigError, match="images have 8, 16, 32 bits a channel, not 12"):
        Image(3, 8, 8, bits=12)


def test_boxes_move_with_their_image_and_are_drawn_and_listed() -> None:
    kind = Boxes(2, ("cat", "dog"))
    value = torch.tensor([[[1.0, 0.9, 0.25, 0.5, 0.2, 0.4], [-1, 0, 0, 0, 0, 0]]])
    mirrored = kind.shown(value, Change(flip=torch.tensor([True])))[0, 0]
    assert mirrored[2].item() == pytest.approx(0.75)
    left = kind.shown(value, Change(jitter=8, corner=torch.tensor([[0, 0]]), height=8))[0, 0]
    assert left.tolist() == pytest.approx([1, 0.9, 0.5, 0.8, 0.4, 0.4])  # twice as large, its lower half cut off
    assert kind.shown(value, Change(jitter=8, corner=torch.tensor([[0, 8]]), height=8))[0, 0, 0] == -1
    assert kind.listing(value[0], (100, 50)) == [
        {"class": "dog", "score": 0.9, "left": 15.0, "top": 15.0, "right": 35.0, "bottom": 35.0}
    ]
    with pytest.raises(ConfigError, match="within the image"):
        kind.checked(torch.tensor([[0, 1, 0.9, 0.5, 0.4, 0.4]]))
    with pytest.raises(ConfigError, match="0 to 1, and -1 for none"):
        kind.checked(torch.tensor([[2, 1, 0.5, 0.5, 0.4, 0.4]]))
