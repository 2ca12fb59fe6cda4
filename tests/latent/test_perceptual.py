"""The perceptual distance: which one is taken, and what the pyramid sees."""

from pathlib import Path

import pytest
import torch

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError, OfflineError
from saddlepoint.latent.perceptual import Pyramid, distance
from saddlepoint.nn.backbones import weights
from saddlepoint.nn.backbones.lpips import HEADS, TRUNKS

CPU = torch.device("cpu")


def spec(side: int, channels: int = 3) -> DataSpec:
    return DataSpec.of((channels, side, side), (), 100)


def test_without_weights_the_pyramid_is_taken_and_no_network_is_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SADDLEPOINT_CACHE", str(tmp_path))
    monkeypatch.setattr(weights, "_fetch", lambda *_: pytest.fail("the network was tried"))
    assert distance("auto", spec(256), CPU).name == "Laplacian pyramid"


def test_with_weights_in_the_cache_lpips_is_taken_for_large_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trunk, heads = TRUNKS["alex"](), {}
    for index, width in enumerate(trunk.widths):
        heads[f"lin{index}.model.1.weight"] = torch.ones(1, width, 1, 1)
    folder = tmp_path / "weights"
    folder.mkdir()
    for name, state in ((TRUNKS["alex"].published.name, trunk.state_dict()), (HEADS["alex"].name, heads)):
        torch.save(state, folder / name)
    monkeypatch.setenv("SADDLEPOINT_CACHE", str(tmp_path))
    assert distance("auto", spec(64), CPU).name == "LPIPS (AlexNet)"
    assert distance("auto", spec(32), CPU).name == "Laplacian pyramid"
    assert distance("auto", spec(64, channels=4), CPU).name == "Laplacian pyramid"
    found = distance("lpips", spec(64), CPU)
    images = torch.rand(2, 3, 64, 64) * 2 - 1
    torch.testing.assert_close(found(images, images), torch.zeros(2))


def test_lpips_that_cannot_be_had_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*_: object) -> None:
        raise OfflineError("it cannot be fetched")

    monkeypatch.setenv("SADDLEPOINT_CACHE", str(tmp_path))
    monkeypatch.setattr(weights, "_fetch", offline)
    with pytest.raises(OfflineError, match="cannot be fetched"):
        distance("lpips", spec(64), CPU)
    with pytest.raises(ConfigError, match="--distance pyramid"):
        distance("lpips", spec(64, channels=4), CPU)


def test_the_pyramid_of_a_constant_difference_is_its_size_in_the_last_band_alone() -> None:
    a = torch.zeros(2, 1, 16, 16)
    found = Pyramid()(a, a + torch.tensor([0.5, 0.0]).view(2, 1, 1, 1))
    torch.testing.assert_close(found, torch.tensor([0.5 / 3, 0.0]))  # 16, 8 and the rest of 4: three bands


def test_the_pyramid_forgives_what_is_fine_more_than_what_is_coarse() -> None:
    fine = torch.ones(1, 1, 32, 32)
    fine[..., ::2, ::2] = fine[..., 1::2, 1::2] = -1  # a checkerboard, as large in each pixel as the constant
    zero, coarse = torch.zeros(1, 1, 32, 32), torch.zeros(1, 1, 32, 32)
    coarse[..., :16] = 1.0
    coarse[..., 16:] = -1.0
    pyramid = Pyramid()
    assert pyramid(zero, fine).item() == pytest.approx(0.25)  # the finest of four bands
    assert pyramid(zero, coarse).item() > 0.25


def test_the_pyramid_can_be_differentiated() -> None:
    a = torch.rand(1, 3, 12, 12, requires_grad=True)
    Pyramid()(a, torch.zeros(1, 3, 12, 12)).sum().backward()
    assert a.grad is not None
    assert bool((a.grad != 0).any())
