"""Transformer: torch's own layers with the same weights, the past by Jacobian, padding that changes nothing, steps."""

from typing import Any

import pytest
import torch
from torch import nn
from torch.autograd.functional import jacobian

from saddlepoint.data.batches import DataSpec
from saddlepoint.data.world.sentences import pairs
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.tokens import Tokens
from saddlepoint.methods.abilities import Sampling
from saddlepoint.methods.base import Clock, Networks
from saddlepoint.methods.text.transformer import InverseRoot, Transformer
from saddlepoint.nn.layers.encoder_decoder import Activation, DecoderLayer, EncoderLayer, MultiHead

TINY = {"layers": 1, "heads": 2, "width": 8, "hidden": 12, "dropout": 0.0, "warmup": 2, "shape": (7, 5)}


def small(**settings: object) -> tuple[Transformer, Networks]:
    method = Transformer(**{"layers": 2, "heads": 2, "width": 8, "hidden": 12, **settings})  # type: ignore[arg-type]
    torch.manual_seed(0)
    kinds = {"source": Tokens(9, tuple("<>abc"), "words"), "target": Tokens(6, tuple("<>12"), "words")}
    return method, method.networks(DataSpec(kinds)).eval().double()


def copied(ours: MultiHead, theirs: nn.MultiheadAttention) -> None:
    theirs.in_proj_weight.data = torch.cat([each.weight.data for each in (ours.question, ours.key, ours.value)])
    theirs.in_proj_bias.data = torch.cat([each.bias.data for each in (ours.question, ours.key, ours.value)])
    theirs.out_proj.load_state_dict(ours.out.state_dict())


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_layers_equal_those_of_torch_with_the_same_weights(first: bool, activation: Activation) -> None:
    torch.manual_seed(0)
    ours: tuple[Any, Any] = (
        EncoderLayer(8, 2, 12, activation=activation, first=first).eval(),
        DecoderLayer(8, 2, 12, activation=activation, first=first).eval(),
    )
    options: Any = {"activation": activation, "batch_first": True, "norm_first": first, "dropout": 0.0}
    encoder = nn.TransformerEncoderLayer(8, 2, 12, **options).eval()
    decoder = nn.TransformerDecoderLayer(8, 2, 12, **options).eval()
    theirs: tuple[Any, Any] = (encoder, decoder)
    for own, other in zip(ours, theirs):
        for weight in own.parameters():
            nn.init.normal_(weight, std=0.5)
        copied(own.attention, other.self_attn)
        other.linear1.load_state_dict(own.mlp[0].state_dict())
        other.linear2.load_state_dict(own.mlp[3].state_dict())
        other.norm1.load_state_dict(own.attention_norm.state_dict())
    encoder.norm2.load_state_dict(ours[0].mlp_norm.state_dict())
    copied(ours[1].cross, decoder.multihead_attn)
    decoder.norm2.load_state_dict(ours[1].cross_norm.state_dict())
    decoder.norm3.load_state_dict(ours[1].mlp_norm.state_dict())
    input, memory = torch.randn(3, 5, 8), torch.randn(3, 4, 8)
    mask = torch.tensor([True, True, True, False])[None].expand(3, 4)
    assert torch.allclose(
        ours[0](memory, mask=mask[:, None, None]), encoder(memory, src_key_padding_mask=~mask), atol=1e-5
    )
    later = ~torch.ones(5, 5).tril().bool()
    decoded = decoder(input, memory, tgt_mask=later, memory_key_padding_mask=~mask)
    own = ours[1](input, ours[1].cross.offer(memory, memory), causal=True, mask=mask[:, None, None])
    assert torch.allclose(own, decoded, atol=1e-5)


def test_a_target_token_depends_on_its_past_and_on_the_whole_source() -> None:
    _, nets = small()
    network = nets.network
    memory, before = torch.randn(1, 9, 8).double(), torch.randn(1, 6, 8).double()
    past = jacobian(lambda x: network.decoded_vectors(network.offers(memory), None, x).sum(2)[0], before)
    assert torch.equal(past.abs().sum((1, 3)) > 1e-12, torch.ones(6, 6).tril().bool())
    sight = jacobian(lambda x: network.decoded_vectors(network.offers(x), None, before).sum(2)[0], memory)
    assert (sight.abs().sum((1, 3)) > 1e-12).all()


def test_steps_equal_the_whole_and_what_follows_the_end_of_a_source_changes_nothing() -> None:
    method, nets = small()
    source, target = torch.randint(1, 5, (3, 9)), torch.randint(4, (3, 6))
    source[:, 5:] = 0
    whole = method.logits(nets, target, {"source": source})
    step = method.stepper(nets, 3, {"source": source})
    assert torch.allclose(torch.stack([step(target[:, t - 1] if t else None) for t in range(6)], 1), whole, atol=1e-10)
    assert torch.allclose(method.logits(nets, target, {"source": source[:, :6]}), whole, atol=1e-10)
    texts = method.generate(nets, torch.rand(8, 6), Sampling({"source": torch.randint(5, (8, 9))}))
    assert (texts[(texts == 0).cummax(1).values] == 0).all()


def test_the_rate_is_that_of_the_paper() -> None:
    rate = InverseRoot(512**-0.5, 4000)
    assert rate(Clock(step=3999)) == pytest.approx(512**-0.5 * 4000**-0.5)
    assert rate(Clock(step=1999)) == pytest.approx(rate(Clock(step=3999)) / 2)
    assert rate(Clock(step=15_999)) == pytest.approx(rate(Clock(step=3999)) / 2)
    with pytest.raises(ConfigError, match="choose an even one"):
        small(width=9)


def test_sentences_are_translated_as_their_grammar_says() -> None:
    some = dict(pairs(3000))
    assert len(some) == 3000
    assert pairs(20) == pairs(3000)[:20]
    for source, target in some.items():
        words = target.split()
        assert words[-2] == "esa"
        assert words[-1].endswith("na") == any(f" {verb} " in f" {source} " for verb in _VERBS)
        assert len(words) == len(source.split()) + 1 + target.split().count("le")


_VERBS = ("see", "hear", "love", "find", "follow", "fear")
