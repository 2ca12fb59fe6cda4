"""Sample grids through a run."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from saddlepoint.data.batches import PairedBatch, UnpairedBatch
from saddlepoint.data.dataset import Dataset
from saddlepoint.engine.trainer import Trainer
from saddlepoint.kinds.cloud import Cloud
from saddlepoint.kinds.probabilities import Probabilities
from saddlepoint.methods.base import Networks
from saddlepoint.report.grids import CAPTION
from saddlepoint.report.samples import SampleGrids, evaluating, is_due, named, translated

IMAGES = np.zeros((40, 1, 8, 8), np.uint8)


def data(examples: np.ndarray) -> Dataset:
    return Dataset({"image": examples}, "print", "made")


def test_grids_come_early_and_then_each_time_the_run_has_doubled() -> None:
    assert [step for step in range(7000) if is_due(step)] == [50, 200, 400, 800, 1600, 3200, 6400]


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "samples").glob("*"))


def test_a_run_leaves_its_first_its_due_and_its_last_grid(tmp_path: Path, trainer: Callable[..., Trainer]) -> None:
    trainer(tmp_path, [SampleGrids(data(IMAGES))]).fit()
    assert _names(tmp_path) == ["step-00000000.png", "step-00000050.png", "step-00000060.png"]
    with Image.open(tmp_path / "samples" / "step-00000060.png") as picture:
        assert picture.info[CAPTION] == "240 images shown."
        assert picture.size == (3 * 66 + 2,) * 2


def test_the_same_run_makes_the_same_pictures(tmp_path: Path, trainer: Callable[..., Trainer]) -> None:
    for name in ("a", "b"):
        trainer(tmp_path / name, [SampleGrids(data(IMAGES))]).fit()
    for name in _names(tmp_path / "a"):
        assert (tmp_path / "a/samples" / name).read_bytes() == (tmp_path / "b/samples" / name).read_bytes()


def test_looking_does_not_change_the_run(tmp_path: Path, trainer: Callable[..., Trainer]) -> None:
    watched, alone = trainer(tmp_path, [SampleGrids(data(IMAGES))]), trainer(tmp_path, [])
    watched.fit()
    alone.fit()
    for one, other in zip(watched.nets.state_dict().values(), alone.nets.state_dict().values()):
        assert torch.equal(one, other)


def test_samples_come_from_the_averaged_networks_where_there_are_any(
    tmp_path: Path, trainer: Callable[..., Trainer]
) -> None:
    run = trainer(tmp_path, [hook := SampleGrids(data(IMAGES))], averaged=True)
    run.fit()
    path = tmp_path / "samples" / "step-00000060.png"
    before = path.read_bytes()
    with torch.no_grad():
        run.nets.generator[0].weight.zero_()
    hook._write(run)
    assert path.read_bytes() == before
    assert run.average is not None
    with torch.no_grad():
        run.average.generator[0].weight.zero_()
    hook._write(run)
    assert path.read_bytes() != before


def test_every_module_gets_its_own_mode_back() -> None:
    nets = torch.nn.Sequential(torch.nn.BatchNorm1d(2), torch.nn.BatchNorm1d(2).eval())
    with evaluating(nets):
        assert not any(module.training for module in nets.modules())
    assert [module.training for module in nets.modules()] == [True, True, False]


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_a_point_world_is_plotted(dimensions: int, tmp_path: Path, trainer: Callable[..., Trainer]) -> None:
    real = np.random.default_rng(0).normal(0, 1, (40, dimensions)).astype(np.float32)
    trainer(tmp_path, [SampleGrids(data(real))], points=dimensions).fit()
    with Image.open(tmp_path / "samples" / "step-00000060.png") as picture:
        assert (picture.mode, picture.size) == ("RGB", (480, 480))


def test_a_run_may_do_without_samples(tmp_path: Path, trainer: Callable[..., Trainer]) -> None:
    trainer(tmp_path, [SampleGrids(data(IMAGES))], grid_size=0).fit()
    assert not (tmp_path / "samples").exists()


class Darker:
    """Translates by halving; both ways, or from source to target alone."""

    def __init__(self, ways: dict[str, str]) -> None:
        self.ways = ways

    def directions(self) -> dict[str, str]:
        return self.ways

    def translate(self, nets: torch.nn.Module, images: torch.Tensor, origin: str, seed: int = 0) -> torch.Tensor:
        return images / 2


def test_what_is_given_stands_beside_what_becomes_of_it_and_its_truth() -> None:
    pair = PairedBatch(torch.full((9, 1, 64, 64), 0.8), torch.full((9, 1, 64, 64), -1.0))
    picture, words = translated(Darker({"source": "target"}), Networks(), pair, 64)
    assert picture.size == (6 * 66 + 2, 4 * 66 + 2)  # two pairs in a row, so the ninth is left out
    assert [picture.getpixel((30 + 66 * column, 30)) for column in range(3)] == [230, 178, 0]
    assert words == "Columns: source, target made of it, true target, and again."
    two = UnpairedBatch(torch.zeros(3, 1, 64, 64), torch.ones(4, 1, 64, 64))
    for channels in ((4, 3), (9, 3), (1, 3), (2, 1)):
        given, true = (torch.zeros(4, each, 4, 4) for each in channels)
        assert translated(Darker({"source": "target"}), Networks(), PairedBatch(given, true), 64)[0].width > 0
    picture, words = translated(Darker({"a": "b", "b": "a"}), Networks(), two, 64)
    assert picture.size == (4 * 66 + 2, 3 * 66 + 2)
    assert words == "Columns: a, b made of it, b, a made of it."


class Open(Darker):
    """Leaves open how dark an image becomes."""

    def translate(self, nets: torch.nn.Module, images: torch.Tensor, origin: str, seed: int = 0) -> torch.Tensor:
        return images / 2**seed

    def translate_like(
        self, nets: torch.nn.Module, images: torch.Tensor, reference: torch.Tensor, origin: str
    ) -> torch.Tensor:
        return reference


def test_what_is_left_open_is_shown_by_several_seeds() -> None:
    two = UnpairedBatch(torch.full((4, 1, 64, 64), 0.8), torch.full((4, 1, 64, 64), -1.0))
    picture, words = translated(Open({"a": "b", "b": "a"}), Networks(), two, 64)
    assert picture.size == (8 * 66 + 2, 4 * 66 + 2)
    assert [picture.getpixel((30 + 66 * column, 30)) for column in range(8)] == [230, 230, 178, 153, 0, 0, 64, 96]
    assert words == "Columns: a, b made of it by 3 seeds, b, a made of it by 3 seeds."


def test_nothing_is_drawn_after_an_error(tmp_path: Path, trainer: Callable[..., Trainer]) -> None:
    run = trainer(tmp_path, [hook := SampleGrids(data(IMAGES))])
    hook.end(run, ValueError())
    assert not (tmp_path / "samples").exists()


def test_what_is_named_stands_under_its_class_and_the_true_one_where_that_is_another() -> None:
    clouds = Cloud(20).example(10, 0)
    shares = torch.tensor([[0.9, 0.1]]).repeat(10, 1)
    right = named(Cloud(20), clouds, Probabilities(("ball", "ring")), shares, torch.zeros(10, dtype=torch.long))
    wrong = named(Cloud(20), clouds, Probabilities(("ball", "ring")), shares, torch.ones(10, dtype=torch.long))
    assert right.width == wrong.width >= 8 * 132
    assert wrong.height >= right.height > 2 * 132
    assert right.tobytes() != wrong.tobytes()
