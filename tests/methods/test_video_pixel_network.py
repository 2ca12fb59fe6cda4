"""Video Pixel Networks: what a pixel depends on, by Jacobian; the walk equal to the whole; exact probabilities."""

import itertools

import pytest
import torch
from torch import Tensor

from saddlepoint.data.batches import DataSpec
from saddlepoint.data.world import jumps
from saddlepoint.errors import CapabilityError
from saddlepoint.kinds.clip import Clip
from saddlepoint.methods.abilities import Sampling
from saddlepoint.methods.autoregressive.video_pixel_network import VideoPixelNetwork
from saddlepoint.methods.base import Networks
from saddlepoint.nn.layers.masked import Walk

TINY = {"width": 2, "dilations": (1,), "decoder_blocks": 1, "shape": (2, 1, 3, 3)}


def small(clip: Clip, levels: int = 2, **settings: object) -> tuple[VideoPixelNetwork, Networks]:
    method = VideoPixelNetwork(levels=levels, **{"width": 3, "dilations": (1, 2), "decoder_blocks": 2, **settings})  # type: ignore[arg-type]
    torch.manual_seed(0)
    return method, method.networks(DataSpec({"clip": clip})).eval().double()


def logits(nets: Networks, clip: Tensor) -> Tensor:
    """[N, T, K, C, H, W]"""
    made: Tensor = nets.network.decoded(clip.flatten(0, 1), nets.network.contexts(clip).flatten(0, 1))
    by_clip: Tensor = made.unflatten(0, clip.shape[:2])
    return by_clip


def test_a_pixel_depends_on_all_frames_before_and_on_the_pixels_before_it_in_its_own() -> None:
    _, nets = small(Clip(3, 1, 4, 5))
    clip = torch.randn(1, 3, 1, 4, 5, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(logits(nets, clip)[0, 1, :, 0, 2, 2].sum(), clip)
    seen = gradient[0, :, 0].abs() > 0
    assert seen[0].all()
    assert not seen[2].any()
    own = torch.zeros(4, 5).bool()
    own[:2], own[2, :2] = True, True
    assert not (seen[1] & ~own).any()
    assert seen[1, 2, :2].all()
    assert seen[1, 1].sum() >= 4  # masks of 3x3 leave a blind spot to the right, which the frames before make up for


def test_green_depends_on_red_of_its_pixel_and_red_on_nothing_of_it() -> None:
    _, nets = small(Clip(2, 3, 3, 3), width=6)
    clip = torch.randn(1, 2, 3, 3, 3, dtype=torch.float64, requires_grad=True)
    for channel in range(3):
        (gradient,) = torch.autograd.grad(logits(nets, clip)[0, 1, :, channel, 1, 1].sum(), clip)
        assert (gradient[0, 1, :, 1, 1].abs() > 0).tolist() == [before < channel for before in range(3)]


@pytest.mark.parametrize("channels", [1, 3])
def test_a_walk_equals_the_whole(channels: int) -> None:
    _, nets = small(Clip(2, channels, 3, 4), width=6)
    frame = torch.randn(2, channels, 3, 4, dtype=torch.float64)
    context = torch.randn(2, 12, 3, 4, dtype=torch.float64)
    whole, walk = nets.network.decoded(frame, context), Walk(3, 4)
    for walk.row, walk.column in itertools.product(range(3), range(4)):
        place = nets.network.decoded(frame, context, walk)
        assert torch.allclose(place[..., 0, 0], whole[..., walk.row, walk.column], atol=1e-10)


def test_probabilities_of_all_clips_sum_to_one() -> None:
    method, nets = small(Clip(2, 1, 2, 2))
    nets.float()
    every = torch.tensor(list(itertools.product((-1.0, 1.0), repeat=8))).view(-1, 2, 1, 2, 2)
    assert method.log_likelihood(nets, every, 1, 0).exp().sum().item() == pytest.approx(1, abs=1e-6)
    with pytest.raises(CapabilityError, match="pixels of 2 levels"):
        method.log_likelihood(nets, every / 2, 1, 0)


def test_the_first_half_of_a_given_clip_is_gone_on_from() -> None:
    method, nets = small(Clip(4, 1, 3, 3), levels=4)
    nets.float()
    latents, clip = method.latents(nets, 2, 0), Clip(4, 1, 3, 3).example(2, 0)
    made = method.generate(nets, latents, Sampling({"clip": clip}))
    assert torch.equal(made[:, :2], method.on_levels(clip[:, :2]))
    alone = method.generate(nets, latents[:1], Sampling({"clip": clip[:1]}))
    assert torch.equal(made[:1], alone)


def test_the_blocks_of_the_world_keep_their_law() -> None:
    rows, columns = jumps.places(500, 6)
    clips = jumps.drawn(rows, columns)
    assert (clips.sum((2, 3, 4)) == 4 * 255).all()
    steps = abs(columns[:, 1:] - columns[:, :-1])
    assert (steps == 1).all()
    logs = jumps.frame_log_probabilities(clips)
    free = (columns[:, :-1] > 0) & (columns[:, :-1] < jumps.PLACES - 1)
    assert logs[:, 1:][free] == pytest.approx(-0.6931, abs=1e-3)
    assert (logs[:, 1:][~free] == 0).all()
