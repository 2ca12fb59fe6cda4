"""Point GAN: which groups move in which stage, clouds of the data's size, and colours refused; measures of sets."""

from typing import Any

import pytest
import torch
from drive import HandDraw

from saddlepoint.data.batches import CloudBatch, DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.cloud import Cloud
from saddlepoint.methods.base import Clock
from saddlepoint.methods.gan.point_gan import PointGAN
from saddlepoint.metrics.formulas.cloud_sets import chamfer_matrix, coverage, least_distance, nearest_accuracy

TINY = {"shape": (12,), "latent": 4, "code": 5, "width": 2, "pretraining": 24, "critic_steps": 2, "lr": 1e-2}
SPEC = DataSpec({"cloud": Cloud(12)})


@pytest.mark.parametrize(("space", "stages"), [("clouds", [5 * ["critic"] + ["generator"]]), ("codes", [["coder"], 5 * ["critic"] + ["generator"]])])  # fmt: skip # noqa: E501
def test_the_players_move_once_the_autoencoder_has_learnt(space: Any, stages: list[list[str]]) -> None:
    method = PointGAN(space=space, latent=4, code=5, width=2)
    nets = method.networks(SPEC)
    assert len(method.stages()) == len(stages)
    for number, groups in enumerate(stages):
        draw: Any = HandDraw(CloudBatch(torch.randn(6, 12, 3)))
        updates = list(method.train_step(nets, draw, Clock(stage=number)))
        assert [update.group for update in updates] == groups
    clouds = method.generate(nets.eval(), method.latents(nets, 3, 0))
    assert clouds.shape == (3, 12, 3)


def test_colours_are_refused() -> None:
    with pytest.raises(ConfigError, match="without colour"):
        PointGAN().networks(DataSpec({"cloud": Cloud(12, 3)}))


def test_sets_are_compared_as_worked_by_hand() -> None:
    places = torch.tensor([[0.0, 0, 0], [1, 0, 0], [5, 0, 0], [6, 0, 0]])[:, None]
    real, near = places[[0, 2]], places[[1, 3]]
    between = chamfer_matrix(near, real)
    assert between.tolist() == [[2, 32], [72, 2]]
    assert coverage(between) == 1
    assert least_distance(between) == 2
    assert nearest_accuracy(chamfer_matrix(near, near), between, chamfer_matrix(real, real)) == 0
    alike = chamfer_matrix(places[[0, 1]], places[[2, 3]])
    assert coverage(alike) == 0.5
    assert nearest_accuracy(chamfer_matrix(places[:2], places[:2]), alike, chamfer_matrix(places[2:], places[2:])) == 1
