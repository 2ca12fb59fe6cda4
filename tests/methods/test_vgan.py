"""VGAN: what lies over what, a background that stands still, and clips that do not halve."""

import pytest
import torch
from drive import HandDraw, play

from saddlepoint.data.batches import ClipBatch, DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.clip import Clip
from saddlepoint.methods.gan.vgan import VGAN, laid

TINY = {"latent": 3, "width": 2, "shape": [4, 1, 16, 16]}
SMALL = VGAN(latent=3, width=2)
SPEC = DataSpec({"clip": Clip(8, 3, 32, 32)})


def test_without_a_mask_a_clip_stands_still() -> None:
    torch.manual_seed(0)
    foreground, mask, background = SMALL.networks(SPEC).generator.eval().streams(torch.randn(2, 3))
    assert (foreground.shape, mask.shape, background.shape) == ((2, 8, 3, 32, 32), (2, 8, 1, 32, 32), (2, 1, 3, 32, 32))
    still = laid(foreground, torch.zeros_like(mask), background)
    assert torch.equal(still, background.expand_as(still))
    assert torch.equal(laid(foreground, torch.ones_like(mask), background), foreground)


def test_the_mask_costs_its_mean() -> None:
    torch.manual_seed(0)
    nets = SMALL.networks(SPEC)
    torch.nn.init.zeros_(nets.generator.mask.weight)
    *_, generator = play(SMALL, nets, HandDraw(ClipBatch(torch.rand(2, 8, 3, 32, 32))))
    assert generator.losses["mask"].item() == pytest.approx(0.1 * 0.5)


def test_clips_that_do_not_halve_are_refused() -> None:
    for shape, words in (((9, 1, 32, 32), "--window 8"), ((8, 1, 20, 20), "--resolution 16")):
        with pytest.raises(ConfigError, match=words):
            SMALL.networks(DataSpec({"clip": Clip(*shape)}))
