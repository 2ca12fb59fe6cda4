"""pGAN: one stream is the plain generator, streams read contrasts apart, and what the generator is told."""

from typing import Any

import numpy as np
import pytest
import torch
from drive import HandDraw, play

from saddlepoint.data.batches import DataSpec, PairedBatch
from saddlepoint.data.world.contrasts import WORLD
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.image import Image
from saddlepoint.methods.translation.pgan_mri import PGANMRI
from saddlepoint.nn.backbones.streams import StreamsTranslator

TINY = {
    "blocks": 1, "before": 1, "streams": 3, "generator_width": 2, "critic_width": 2, "halvings": 1,
    "shape": (3, 8, 8),
}  # fmt: skip
SPEC = DataSpec({"source": Image(4, 8, 8), "target": Image(1, 8, 8)})


def test_source_and_target_may_have_other_channels_and_the_l1_is_a_hundredfold() -> None:
    torch.manual_seed(0)
    settings: dict[str, Any] = {key: value for key, value in TINY.items() if key not in ("shape", "streams")}
    method = PGANMRI(**settings, streams=2, l1=100)
    nets = method.networks(SPEC)
    batch = PairedBatch(torch.rand(2, 4, 8, 8), torch.rand(2, 1, 8, 8))
    _, update = play(method, nets, HandDraw(batch))
    wanted = 100 * (nets.generator(batch.source) - batch.target).abs().mean().item()
    assert update.losses["l1"].item() == pytest.approx(wanted, rel=1e-4)  # type: ignore[union-attr]
    assert update.losses.keys() == {"fake", "features", "l1"}


@torch.no_grad()
def test_a_stream_reads_its_own_contrast_alone_and_one_stream_is_all() -> None:
    torch.manual_seed(0)
    network, image = StreamsTranslator(4, 1, 2, 1, 2, 0).eval(), torch.rand(1, 4, 8, 8)
    changed = image.clone()
    changed[:, 2:] = 0
    assert len(network.streams) == 3
    assert torch.equal(network.streams[1](image[:, :2]), network.streams[1](changed[:, :2]))
    assert not torch.equal(network(image), network(changed))
    assert len(StreamsTranslator(4, 1, 2, 1, 1, 0).streams) == 1


def test_what_does_not_go_together_is_refused() -> None:
    with pytest.raises(ConfigError, match="smaller --before"):
        PGANMRI(blocks=2, before=3)
    with pytest.raises(ConfigError, match="4 channels do not make 3"):
        PGANMRI(streams=3).networks(SPEC)


def test_in_the_world_of_contrasts_no_pixel_alone_tells_the_fourth() -> None:
    pairs = WORLD.render(np.arange(60), 16).astype(int)
    given, wanted = pairs[..., :16].transpose(0, 2, 3, 1).reshape(-1, 3), pairs[:, 0, :, 16:].ravel()
    _, place = np.unique(given, axis=0, return_inverse=True)
    common = np.bincount(place.ravel()).argsort()[-8:]
    assert max(np.ptp(wanted[place.ravel() == number]) for number in common) > 60
