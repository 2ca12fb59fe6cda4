"""Pictures of attention: weights that are those of the layers, between the words of two texts, and over an image."""

from __future__ import annotations

from typing import Any

import torch

from saddlepoint.data.batches import DataSpec
from saddlepoint.kinds.tokens import Tokens
from saddlepoint.methods.abilities import Sampling
from saddlepoint.methods.text.transformer import Transformer
from saddlepoint.nn.layers.encoder_decoder import MultiHead
from saddlepoint.report.attention import across, between, heat_row, over_images, weights_of


def test_kept_weights_are_those_that_the_layer_takes_by() -> None:
    torch.manual_seed(0)
    layer, rows = MultiHead(8, 2), torch.randn(2, 5, 8)
    with weights_of(torch.nn.ModuleDict({"one": layer})) as kept:
        output = layer(rows, layer.offer(rows, rows), causal=True)
    (shares,) = kept["one"]
    assert torch.allclose(shares.sum(3), torch.ones(2, 2, 5))
    assert shares.triu(1).abs().max() == 0
    values = layer.offer(rows, rows)[1]
    assert torch.allclose(layer.out((shares @ values).transpose(1, 2).flatten(2)), output, atol=1e-5)


def test_a_translators_words_look_at_its_source() -> None:
    torch.manual_seed(0)
    text = {"source": Tokens(7, tuple("<>abc"), "words"), "target": Tokens(5, tuple("<>ab"), "words")}
    method = Transformer(layers=2, heads=2, width=8, hidden=8)
    nets = method.networks(DataSpec(text)).eval()
    source = torch.tensor([[2, 3, 4, 0, 0, 0, 0], [4, 4, 2, 3, 2, 3, 0]])
    with weights_of(nets) as kept:
        answers = method.generate(nets, torch.rand(2, 5), Sampling({"source": source}))
    shares: Any = across(kept, 7)
    assert shares.shape[0] == 2
    assert shares.shape[2] == 7
    assert torch.allclose(shares.sum(2), torch.ones(shares.shape[:2]))
    assert shares[0, :, 4:].abs().max() == 0  # nobody looks at what follows the end
    assert answers.shape == (2, 5)
    assert across(kept, 6) is None
    picture = between(shares[0], ["a", "bb"], ["one", "two", "x"])
    assert picture.size == (2 * 6 + 4 + 3 * 14, 3 * 6 + 4 + 2 * 14)
    assert between(shares[0], (), ()).size == (4 + 7 * 14, 4 + shares.shape[1] * 14)


def test_an_image_is_brightest_where_attention_lies() -> None:
    shares = torch.tensor([[[0.0, 1.0], [0.0, 0.0]]])
    shown = over_images(torch.ones(1, 3, 4, 4), shares)
    assert torch.equal(shown[0, 0, :2, 2:], torch.ones(2, 2))
    assert torch.allclose(shown[0, 0, 2:], torch.full((2, 4), -0.5))
    assert heat_row(torch.ones(1, 3, 4, 4), shares).size[0] >= 4
