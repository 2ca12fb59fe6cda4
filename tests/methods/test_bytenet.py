"""ByteNet: the target's past and the whole source by Jacobian, cached steps equal to the whole, ends that end."""

import pytest
import torch
from torch.autograd.functional import jacobian

from saddlepoint.data.batches import DataSpec
from saddlepoint.data.world.numbers import words
from saddlepoint.errors import CapabilityError
from saddlepoint.kinds.tokens import Tokens
from saddlepoint.methods.abilities import Sampling
from saddlepoint.methods.autoregressive.bytenet import ByteNet, _Network

TINY = {"width": 6, "dilations": (1, 2), "rounds": 1, "shape": (7, 5)}


def small(source: int = 9, target: int = 6, **settings: object) -> tuple[ByteNet, _Network, object]:
    method = ByteNet(**{"width": 5, "dilations": (1, 2), "rounds": 1, **settings})  # type: ignore[arg-type]
    torch.manual_seed(0)
    kinds = {"source": Tokens(source, tuple("<>abc"), "words"), "target": Tokens(target, tuple("<>12"), "words")}
    nets = method.networks(DataSpec(kinds)).eval().double()
    return method, nets.network, nets


def test_a_target_token_depends_on_the_whole_source_and_on_its_own_past() -> None:
    _, network, _ = small(decoder_kernel=3)
    encoded, before = (torch.randn(1, 6, 10, dtype=torch.float64) for _ in range(2))
    past = jacobian(lambda x: network.decoded_vectors(encoded, x).sum(2)[0], before).abs().sum((1, 3))
    assert torch.equal(past > 0, torch.ones(6, 6).tril().bool())  # column t is the token before token t
    sight = jacobian(lambda x: network.encoded_vectors(x).sum(2)[0], torch.randn(1, 9, 10, dtype=torch.float64))
    assert (sight.abs().sum((1, 3))[:, :6] > 0).all()


def test_no_time_leaks_through_the_norms() -> None:
    _, network, _ = small(dilations=(1,), encoder_kernel=3)
    sight = jacobian(lambda x: network.encoded_vectors(x).sum(2)[0], torch.randn(1, 9, 10, dtype=torch.float64))
    seen = sight.abs().sum((1, 3))[3] > 0
    assert seen.tolist() == [False, False, True, True, True, *[False] * 4]


def test_steps_with_queues_equal_the_whole() -> None:
    method, _, nets = small()
    source, target = torch.randint(5, (3, 9)), torch.randint(4, (3, 6))
    step = method.stepper(nets, 3, {"source": source})  # type: ignore[arg-type]
    by_steps = [step(target[:, t - 1] if t else None) for t in range(6)]
    whole = method.logits(nets, target, {"source": source})  # type: ignore[arg-type]
    assert torch.allclose(torch.stack(by_steps, 1), whole, atol=1e-10)


def test_what_follows_the_end_of_a_text_says_nothing() -> None:
    method, _, nets = small()
    target = torch.tensor([[2, 3, 0, 0, 0, 0], [2, 3, 2, 3, 2, 3]])
    logs = method.log_probabilities(nets, target, {"source": torch.zeros(2, 9).long()})  # type: ignore[arg-type]
    assert (logs != 0).tolist() == [[True, True, True, False, False, False], [True] * 6]
    texts = method.generate(nets, torch.rand(64, 6), Sampling({"source": torch.randint(5, (64, 9))}))  # type: ignore[arg-type]
    ended = (texts == 0).cummax(1).values
    assert (texts[ended] == 0).all()


def test_a_source_may_be_shorter_than_its_target() -> None:
    method, _, nets = small(source=3)
    assert method.logits(nets, torch.zeros(2, 6).long(), {"source": torch.ones(2, 3).long()}).shape == (2, 6, 4)  # type: ignore[arg-type]
    with pytest.raises(CapabilityError, match="give a source for each"):
        method.generate(nets, torch.rand(2, 6))  # type: ignore[arg-type]


def test_numbers_are_written_as_one_says_them() -> None:
    said = {0: "zero", 7: "seven", 13: "thirteen", 40: "forty", 99: "ninety nine", 1000: "one thousand"}
    said |= {2021: "two thousand twenty one", 9300: "nine thousand three hundred", 105: "one hundred five"}
    assert {number: words(number) for number in said} == said
    assert len({words(number) for number in range(10_000)}) == 10_000
