"""Attention against a loop, causal by Jacobian, the cache against the whole, and positions whose distance counts."""

import math

import pytest
import torch
from torch import Tensor
from torch.autograd.functional import jacobian

from saddlepoint.nn.layers.attention import Attention, Block, Cache, rotated, waves


def by_loop(layer: Attention, input: Tensor, memory: Tensor, mask: Tensor) -> Tensor:
    """Every place and head for itself.  [N, L, width]"""
    question = layer.question(input).unflatten(2, (layer.heads, -1))
    keys, values = (each.unflatten(2, (layer.heads, -1)) for each in layer.offer(memory).chunk(2, 2))
    rows = []
    for n in range(len(input)):
        for place in range(input.shape[1]):
            heads = []
            for head in range(layer.heads):
                scores = keys[n, :, head] @ question[n, place, head] / math.sqrt(question.shape[3])
                heads.append(scores.masked_fill(~mask[place], -torch.inf).softmax(0) @ values[n, :, head])
            rows.append(torch.cat(heads))
    output: Tensor = layer.out(torch.stack(rows)).view(input.shape)
    return output


@pytest.mark.parametrize("causal", [False, True])
def test_attention_equals_a_loop(causal: bool) -> None:
    torch.manual_seed(0)
    layer, input = Attention(8, 2).double(), torch.randn(3, 5, 8, dtype=torch.float64)
    mask = torch.ones(5, 5).tril().bool() if causal else torch.ones(5, 5).bool()
    assert torch.allclose(layer(input, causal=causal), by_loop(layer, input, input, mask), atol=1e-12)
    mask[2, 1] = False
    other = torch.ones_like(mask)
    other[2, 1] = False
    assert torch.allclose(layer(input, causal=causal, mask=other), by_loop(layer, input, input, mask), atol=1e-12)


def test_cross_attention_takes_from_the_memory_alone() -> None:
    torch.manual_seed(0)
    layer = Attention(8, 2, memory=6).double()
    input, memory = torch.randn(2, 3, 8, dtype=torch.float64), torch.randn(2, 7, 6, dtype=torch.float64)
    mask = torch.ones(3, 7).bool()
    assert torch.allclose(layer(input, memory), by_loop(layer, input, memory, mask), atol=1e-12)


@pytest.mark.parametrize("rotary", [False, True])
def test_a_causal_block_sees_the_past_alone_and_all_of_it(rotary: bool) -> None:
    torch.manual_seed(0)
    block = Block(8, 2, rotary=rotary).double()
    sight = jacobian(lambda x: block(x, causal=True).sum(2)[0], torch.randn(1, 6, 8, dtype=torch.float64))
    assert torch.equal(sight.abs().sum((1, 3)) > 1e-12, torch.ones(6, 6).tril().bool())


@pytest.mark.parametrize("rotary", [False, True])
@pytest.mark.parametrize("parts", [[1] * 6, [4, 2], [1, 3, 2]])
def test_with_a_cache_the_parts_equal_the_whole(rotary: bool, parts: list[int]) -> None:
    torch.manual_seed(0)
    layer, input = Attention(8, 2, rotary=rotary).double(), torch.randn(2, 6, 8, dtype=torch.float64)
    cache = Cache()
    made = torch.cat([layer(part, causal=True, cache=cache) for part in input.split(parts, 1)], 1)
    assert len(cache) == 6
    assert torch.allclose(made, layer(input, causal=True), atol=1e-12)


def test_of_rotated_vectors_and_of_waves_only_distances_count() -> None:
    torch.manual_seed(0)
    one, other = torch.randn(8, dtype=torch.float64), torch.randn(8, dtype=torch.float64)
    a, b = (rotated(each.expand(20, 8)) for each in (one, other))
    products = a @ b.T
    for distance in (-3, 0, 5):
        diagonal = products.diagonal(distance)
        assert torch.allclose(diagonal, diagonal[:1].expand_as(diagonal), atol=1e-6)
    assert torch.allclose(rotated(one.expand(3, 8), 4), rotated(one.expand(7, 8))[4:], atol=1e-6)
    positions = waves(50, 12).double()
    assert positions[3, 4].item() == pytest.approx(math.sin(3 / 10_000 ** (4 / 12)), abs=1e-6)
    assert positions[3, 5].item() == pytest.approx(math.cos(3 / 10_000 ** (4 / 12)), abs=1e-6)
    for distance in (1, 7):
        diagonal = (positions @ positions.T).diagonal(distance)
        assert torch.allclose(diagonal, diagonal[:1].expand_as(diagonal), atol=1e-4)


def test_dropout_is_of_training_alone() -> None:
    layer, input = Attention(8, 2, dropout=0.5), torch.randn(1, 6, 8)
    assert not torch.equal(layer(input), layer(input))
    assert torch.equal(layer.eval()(input), layer(input))
