"""R3GAN's official names: weights of our own under them give, converted, what their plain reading gives."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from saddlepoint.checkpoint.convert import r3gan
from saddlepoint.errors import CheckpointError
from saddlepoint.nn.backbones.r3gan import R3GANCritic, R3GANGenerator

WIDTHS, GROUP = (8, 8, 4), 4
TENT = torch.outer(torch.tensor([1.0, 3.0, 3.0, 1.0]), torch.tensor([1.0, 3.0, 3.0, 1.0])) / 64
State = dict[str, Tensor]


def official_block(place: str, width: int, stream: torch.Generator) -> State:
    wide = 2 * width

    def made(*shape: int) -> Tensor:
        return 0.3 * torch.randn(shape, generator=stream)

    return {
        f"{place}.LinearLayer1.Layer.weight": made(wide, width, 1, 1),
        f"{place}.LinearLayer2.Layer.weight": made(wide, GROUP, 3, 3),
        f"{place}.LinearLayer3.Layer.weight": made(width, wide, 1, 1),
        f"{place}.NonLinearity1.Bias": made(wide),
        f"{place}.NonLinearity2.Bias": made(wide),
    }


def official(first_block: int) -> State:
    """A generator's weights (blocks from layer 1 on) or a critic's (from layer 0 on): three sides, two blocks each."""
    stream = torch.Generator().manual_seed(3)
    widths = WIDTHS if first_block else WIDTHS[::-1]
    state: State = {}
    for stage, width in enumerate(widths):
        for block in range(2):
            state |= official_block(f"MainLayers.{stage}.Layers.{block + first_block}", width, stream)
    if first_block:
        state["MainLayers.0.Layers.0.Basis"] = torch.randn(8, 4, 4, generator=stream)
        state["MainLayers.0.Layers.0.LinearLayer.weight"] = torch.randn(8, 5, generator=stream)
        for stage in (1, 2):
            state[f"MainLayers.{stage}.Layers.0.Resampler.Kernel"] = TENT
        state["MainLayers.2.Layers.0.LinearLayer.Layer.weight"] = torch.randn(4, 8, 1, 1, generator=stream)
        state["AggregationLayer.Layer.weight"] = torch.randn(3, 4, 1, 1, generator=stream)
    else:
        state["ExtractionLayer.Layer.weight"] = torch.randn(4, 3, 1, 1, generator=stream)
        for stage in (0, 1):
            state[f"MainLayers.{stage}.Layers.2.Resampler.Kernel"] = TENT
        state["MainLayers.0.Layers.2.LinearLayer.Layer.weight"] = torch.randn(8, 4, 1, 1, generator=stream)
        state["MainLayers.2.Layers.2.Basis.weight"] = torch.randn(8, 1, 4, 4, generator=stream)
        state["MainLayers.2.Layers.2.LinearLayer.weight"] = torch.randn(1, 8, generator=stream)
    return state


def blocks(state: State, stage: int, first_block: int, x: Tensor) -> Tensor:
    for block in range(2):
        own = {name.split(f"Layers.{block + first_block}.")[-1]: value for name, value in state.items()
               if name.startswith(f"MainLayers.{stage}.Layers.{block + first_block}.")}  # fmt: skip
        y = F.conv2d(x, own["LinearLayer1.Layer.weight"]) + own["NonLinearity1.Bias"][:, None, None]
        wide = y.shape[1]
        y = F.conv2d(F.leaky_relu(y, 0.2), own["LinearLayer2.Layer.weight"], padding=1, groups=wide // GROUP)
        y = F.leaky_relu(y + own["NonLinearity2.Bias"][:, None, None], 0.2)
        x = x + F.conv2d(y, own["LinearLayer3.Layer.weight"])
    return x


def test_a_generator_makes_the_same_images() -> None:
    state, latent = official(1), torch.randn(2, 5)
    start = state["MainLayers.0.Layers.0.Basis"]
    x = start * (latent @ state["MainLayers.0.Layers.0.LinearLayer.weight"].T)[..., None, None]
    x = blocks(state, 0, 1, x)
    for stage in (1, 2):
        name = f"MainLayers.{stage}.Layers.0.LinearLayer.Layer.weight"
        x = F.conv2d(x, state[name]) if name in state else x
        spread = torch.zeros(*x.shape[:2], 2 * x.shape[2] + 3, 2 * x.shape[3] + 3)  # zeros between and around
        spread[..., 2:-1:2, 2:-1:2] = x
        x = F.conv2d(spread, 4 * TENT.expand(x.shape[1], 1, 4, 4), groups=x.shape[1])
        x = blocks(state, stage, 1, x)
    wanted = F.conv2d(x, state["AggregationLayer.Layer.weight"])
    ours = R3GANGenerator(5, 3, WIDTHS, 2, GROUP)
    ours.load_state_dict(r3gan.generator(state))
    assert torch.allclose(ours(latent), wanted, rtol=1e-4, atol=1e-4)


def test_a_critic_gives_the_same_logits() -> None:
    state, image = official(0), torch.randn(2, 3, 16, 16)
    x = F.conv2d(image, state["ExtractionLayer.Layer.weight"])
    for stage in (0, 1):
        x = blocks(state, stage, 0, x)
        x = F.conv2d(F.pad(x, (1, 1, 1, 1)), TENT.expand(x.shape[1], 1, 4, 4), stride=2, groups=x.shape[1])
        name = f"MainLayers.{stage}.Layers.2.LinearLayer.Layer.weight"
        x = F.conv2d(x, state[name]) if name in state else x
    x = blocks(state, 2, 0, x)
    x = (x * state["MainLayers.2.Layers.2.Basis.weight"][:, 0]).sum((2, 3))
    wanted = (x @ state["MainLayers.2.Layers.2.LinearLayer.weight"].T)[:, 0]
    ours = R3GANCritic(3, WIDTHS, 2, GROUP)
    ours.load_state_dict(r3gan.critic(state))
    assert torch.allclose(ours(image), wanted, rtol=1e-4, atol=1e-4)


def test_a_network_with_classes_is_refused_by_the_name_of_what_is_too_many() -> None:
    state = {**official(1), "EmbeddingLayer.weight": torch.zeros(5, 10)}
    with pytest.raises(CheckpointError, match=r"EmbeddingLayer\.weight is no part of an unconditional R3GAN generator"):
        r3gan.generator(state)
