"""The measures of proofs, on stand-ins for models whose figures are known."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.batches import DataSpec
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.world.grid import world as grid_of
from saddlepoint.data.world.ring import world as ring_of
from saddlepoint.errors import ConfigError
from saddlepoint.methods.base import Clock
from saddlepoint.methods.gan.cgan import CGAN
from saddlepoint.methods.gan.gan import GAN
from saddlepoint.methods.gan.sgan import SGAN
from saddlepoint.metrics.proofs import measure, names


class StandIn:
    """A model that samples what it is told to and finds every image equally likely."""

    name = "stand-in"

    def __init__(self, samples: Tensor, method: Any = None, nats: float = 0.0) -> None:
        self.samples, self.method, self.nats = samples, method or GAN(), nats
        self.facts = {"data": {"held_out": 0.5}}
        self.nets = self.method.networks(DataSpec.of((1, 8, 8), ("a", "b", "c")))

    def sample(self, n: int, **_: Any) -> Tensor:
        return self.samples[torch.arange(n) % len(self.samples)]

    def log_likelihood(self, images: Tensor, **_: Any) -> Tensor:
        assert set(images.unique().tolist()) <= {-1.0, 1.0}
        return torch.full((len(images),), self.nats)


def test_a_mode_of_the_grid_counts_from_twenty_of_five_thousand_points() -> None:
    world = grid_of(25)
    assert world is not None
    data = Dataset({"image": world.sample(2000, 0)[0]}, "print", "world:grid25")
    # The first 20 modes get 200 points each, four get 20, the last one 19, and the rest lie nowhere.
    rows = np.concatenate([np.repeat(np.arange(20), 200), np.repeat(np.arange(20, 24), 20), np.full(19, 24)])
    points = np.full((5000, 2), 9.0)
    points[: len(rows)] = world.centres[rows]
    found = measure("grid")(StandIn(torch.from_numpy(points).float()), data, 0)  # type: ignore[arg-type]
    assert found.row("generated")["modes"] == 24
    assert found.row("generated")["high_quality"] == pytest.approx(len(rows) / 5000)
    assert found.row("real")["high_quality"] > 0.99
    assert "reached by 20 such points" in found.protocol


def test_one_wide_gaussian_reaches_no_mode_of_the_ring() -> None:
    """With one point of 10,000 as enough it reached all eight."""
    ring = ring_of(8)
    data = Dataset({"image": ring.sample(2000, 0)[0]}, "print", "world:ring8")
    table = measure("mixture")(StandIn(torch.from_numpy(ring.sample(5000, 1)[0])), data, 0)  # type: ignore[arg-type]
    assert (table.row("generated")["modes"], table.row("real")["modes"], table.row("baseline")["modes"]) == (8, 8, 0)
    assert "reached by 125 such points" in table.protocol


def test_a_measure_is_found_by_its_file_and_says_which_way_its_figures_are_better() -> None:
    assert {"answers", "frechet", "held-out-bound", "mixture"} <= set(names())
    assert sorted(names()) == list(names())
    for name in names():
        assert measure(name).key in measure(name).figures
    with pytest.raises(ConfigError, match="did you mean 'frechet'"):
        measure("freshet")
    for name in ("modes", "verdict", "base", "../frechet", ""):
        with pytest.raises(ConfigError, match="no measure is called"):
            measure(name)


def test_data_of_another_kind_is_refused() -> None:
    points = Dataset({"image": np.zeros((9, 2), np.float32)}, "print", "made")
    with pytest.raises(ConfigError, match="needs data with the field `image`, images; made has `image`"):
        measure("frechet")(StandIn(torch.zeros(1)), points, 0)  # type: ignore[arg-type]


def test_the_held_out_bound_is_compared_with_pixels_that_know_their_own_mean() -> None:
    half = Dataset({"image": np.tile(np.array([0, 255], np.uint8), (200, 1, 4, 2))}, "print", "made")
    found = measure("held-out-bound")(StandIn(torch.zeros(1), nats=-7.0), half, 0)  # type: ignore[arg-type]
    assert found.row("generated")["nats"] == 7
    # Each pixel is always white or always black; with one image more of each colour that costs log(102 / 101) nats.
    assert found.row("baseline")["nats"] == pytest.approx(16 * math.log(102 / 101), rel=1e-4)
    assert "100 held-out images" in found.protocol


@pytest.mark.parametrize(("shift", "right"), [(0, 1.0), (1, 0.0)])
def test_the_conditional_measure_asks_for_the_classes_in_turn(
    shift: int, right: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    # dark, grey and bright are soon told apart
    monkeypatch.setattr("saddlepoint.metrics.extractors.classifier._SEEN", 64 * 30)
    label = np.arange(150) % 3
    images = np.random.default_rng(0).integers(0, 40, (150, 1, 8, 8)).astype(np.uint8)
    images += (100 * label[:, None, None, None]).astype(np.uint8)
    data = Dataset({"image": images, "label": label}, "print", "made", ("a", "b", "c"))
    made = StandIn(torch.from_numpy(images).roll(shift, 0).float() / 127.5 - 1, CGAN())
    found = measure("conditional")(made, data, 0)  # type: ignore[arg-type]
    assert found.row("generated")["accuracy"] == found.row("generated")["least_class"] == right
    assert found.row("baseline")["accuracy"] == 1
    assert found.row("other")["accuracy"] < 0.6


def test_a_method_without_classes_has_no_conditional_accuracy() -> None:
    data = Dataset({"image": np.zeros((9, 1, 8, 8), np.uint8), "label": np.zeros(9, np.int64)}, "print", "made", ("a",))
    with pytest.raises(ConfigError, match="no images of a chosen class"):
        measure("conditional")(StandIn(torch.zeros(1)), data, 0)  # type: ignore[arg-type]


def test_few_labels_are_compared_with_the_same_network_that_sees_nothing_else() -> None:
    """Two classes, black and white: whoever learns from one label of each names all; the model names none rightly."""
    shade = np.repeat(np.array([0, 255], np.uint8), 50)
    fields = {"image": np.tile(shade[:, None, None, None], (1, 1, 4, 4)), "label": (shade > 0).astype(np.int64)}
    data = Dataset(fields, "print", "made", ("a", "b"))
    method = SGAN(critic_widths=(8,), generator_width=8, noise_input=0.0, noise_hidden=0.0)
    facts = {"method": "sgan", "data": {"held_out": 0.5, "labels_per_class": 1}, "run": {"seed": 0}}
    nets = method.networks(data.spec())
    nets.critic.forward = lambda images: images.mean((1, 2, 3))[:, None] * torch.tensor([1.0, -1.0])
    found = measure("semi-supervised")(Model(method, nets.eval(), data.spec(), facts, Clock(), Path()), data, 0)
    assert [found.row(kind)["error"] for kind in ("generated", "baseline", "real")] == [1, 0, 0]
    assert "2 labels" in found.row("baseline")["name"]
    assert "50 held-out images" in found.protocol
