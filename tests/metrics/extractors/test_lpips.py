"""LPIPS on random weights against the lpips package 0.1.4."""

import numpy as np
import pytest
import torch
from metric_inputs import made_images, made_weights, noisy

from saddlepoint.errors import DataError, ShapeError
from saddlepoint.metrics.extractors.lpips import lpips, lpips_identity, published_lpips
from saddlepoint.nn.backbones.lpips import LPIPS, TRUNKS

PAIR = made_images(2, 3, 64, 64, "lpips"), noisy(made_images(2, 3, 64, 64, "lpips"), 30)
FIGURES = {
    "alex": (0, [0.10164017230272293, 0.0865912064909935]),
    "squeeze": (1, [0.13737879693508148, 0.13430540263652802]),
    "vgg": (2, [0.13984368741512299, 0.09759709984064102]),
}


def made_trunk(name, seed):
    shapes = {key: tuple(value.shape) for key, value in TRUNKS[name]().features.state_dict().items()}
    return made_weights(shapes, seed)


def made_heads(name):
    draw = torch.Generator().manual_seed(9)
    widths = enumerate(TRUNKS[name].widths)
    return {f"lin{index}.model.1.weight": torch.rand(1, width, 1, 1, generator=draw) for index, width in widths}


def network(name="squeeze"):
    made = LPIPS(TRUNKS[name]())
    made.trunk.load(made_trunk(name, FIGURES[name][0]))
    made.load_heads(made_heads(name))
    return made.eval()


@pytest.mark.parametrize("name", FIGURES)
def test_each_trunk_agrees_with_the_lpips_package(name):
    np.testing.assert_allclose(lpips(network(name), *PAIR), FIGURES[name][1], rtol=1e-5)


def test_equal_images_are_at_no_distance_and_batches_change_nothing():
    made = network()
    np.testing.assert_array_equal(lpips(made, PAIR[0], PAIR[0]), [0, 0])
    np.testing.assert_allclose(lpips(made, *PAIR, size=1), lpips(made, *PAIR), rtol=1e-6)


def test_it_serves_as_a_loss():
    made = network()
    image = torch.zeros(1, 1, 32, 32, requires_grad=True)
    made(image, torch.rand(1, 1, 32, 32)).sum().backward()
    assert image.grad.abs().sum() > 0
    assert all(parameter.grad is None for parameter in made.parameters())


def test_published_files_are_taken_from_given_paths(tmp_path):
    whole = {f"features.{name}": value for name, value in made_trunk("squeeze", 1).items()}
    torch.save(whole | {"classifier.1.weight": torch.zeros(3)}, tmp_path / "trunk.pth")
    torch.save(made_heads("squeeze"), tmp_path / "heads.pth")
    found = published_lpips("squeeze", tmp_path / "trunk.pth", tmp_path / "heads.pth")
    assert lpips_identity(found) == lpips_identity(network())
    with pytest.raises(DataError, match="not the weights of AlexNet"):
        published_lpips("alex", tmp_path / "trunk.pth", tmp_path / "heads.pth")
    with pytest.raises(DataError, match="not the LPIPS heads"):
        published_lpips("squeeze", tmp_path / "trunk.pth", tmp_path / "trunk.pth")


def test_pairs_that_do_not_fit_are_refused():
    with pytest.raises(ShapeError, match="one shape"):
        lpips(network(), PAIR[0][:1], PAIR[1])
    with pytest.raises(ShapeError):
        network()(torch.zeros(1, 3, 32, 32), torch.zeros(1, 3, 32, 33))
    with pytest.raises(ShapeError, match="1 or 3"):
        network()(torch.zeros(1, 2, 32, 32), torch.zeros(1, 2, 32, 32))
