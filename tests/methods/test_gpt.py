"""GPT: causal, cached steps equal to the whole also across a slide, exact probabilities, tied weights, prompts."""

import itertools

import pytest
import torch
from torch.autograd.functional import jacobian

from saddlepoint.data.batches import DataSpec
from saddlepoint.data.world import markov
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.tokens import Tokens
from saddlepoint.methods.abilities import Sampling
from saddlepoint.methods.autoregressive.gpt import GPT, _Network
from saddlepoint.methods.base import Clock, Networks, WarmUp
from saddlepoint.metrics.proofs.text_nats import by_counts

TINY = {"layers": 1, "heads": 2, "width": 8, "shape": (8, 6)}


def small(length: int = 8, pieces: int = 5, **settings: object) -> tuple[GPT, Networks]:
    method = GPT(**{"layers": 2, "heads": 2, "width": 8, **settings})  # type: ignore[arg-type]
    torch.manual_seed(0)
    kind = Tokens(length, tuple(f"<{number}>" for number in range(pieces)), "words")
    nets = method.networks(DataSpec({"text": kind})).eval().double()
    for weight in nets.parameters():
        torch.nn.init.normal_(weight, std=0.5)  # far from the even distribution that it begins with
    return method, nets


@pytest.mark.parametrize("positions", ["learnt", "rotary"])
def test_a_token_depends_on_all_before_it_and_on_none_after(positions: str) -> None:
    _, nets = small(positions=positions)
    network: _Network = nets.network

    def of_vectors(hidden: torch.Tensor) -> torch.Tensor:
        for block in network.blocks:
            hidden = block(hidden, causal=True)
        scores: torch.Tensor = network.norm(hidden).square().sum(2)[0]
        return scores

    sight = jacobian(of_vectors, torch.randn(1, 8, 8, dtype=torch.float64)).abs().sum((1, 3))
    assert torch.equal(sight > 1e-12, torch.ones(8, 8).tril().bool())
    tokens = torch.randint(5, (1, 8))
    other = tokens.clone()
    other[0, 5] = (other[0, 5] + 1) % 5
    one, two = (network(each)[0] for each in (tokens, other))
    assert torch.allclose(one[:6], two[:6])  # its own logits do not know it
    assert not torch.allclose(one[6], two[6])


@pytest.mark.parametrize("positions", ["learnt", "rotary"])
def test_cached_steps_equal_the_whole_also_once_the_window_has_slid(positions: str) -> None:
    method, nets = small(positions=positions)
    network: _Network = nets.network
    tokens = torch.randint(5, (3, 21))
    step = method.stepper(nets, 3, {})
    logits = [step(tokens[:, t - 1] if t else None) for t in range(21)]
    assert torch.allclose(torch.stack(logits[:8], 1), network(tokens[:, :8]), atol=1e-10)
    begin = 0  # of the window: it holds 7 tokens after the start, then the last 4 of them
    for time in range(21):
        if time - begin > 7:
            begin = time - 4
        window = torch.cat((torch.full((3, 1), 5), tokens[:, begin:time]), 1)
        assert torch.allclose(logits[time], network.after(window)[:, -1], atol=1e-10)


def test_probabilities_of_all_texts_sum_to_one_when_nothing_ends() -> None:
    method, nets = GPT(layers=1, heads=2, width=8), None
    torch.manual_seed(0)
    nets = method.networks(DataSpec({"text": Tokens(4, tuple("012"))}))
    every = torch.tensor(list(itertools.product(range(3), repeat=4)))
    assert method.log_likelihood(nets, every, 1, 0).exp().sum().item() == pytest.approx(1, abs=1e-5)
    assert method.completions(nets) == {}


def test_probabilities_of_all_ended_texts_sum_to_one() -> None:
    method, nets = small(length=3, pieces=3)
    every = {
        tuple((*text[: text.index(0)], 0, 0, 0)[:3]) if 0 in text else text
        for text in itertools.product(range(3), repeat=3)
    }
    logs = method.log_likelihood(nets, torch.tensor(sorted(every)), 1, 0)
    assert logs.exp().sum().item() == pytest.approx(1, abs=1e-6)


def test_the_matrix_of_tokens_is_used_twice_and_counted_once() -> None:
    method, nets = small()
    names = [name for name, _ in nets.named_parameters()]
    assert len(names) == len(set(names))
    assert not any("head" in name for name in names)
    tokens = torch.randint(1, 5, (2, 8))
    method.log_probabilities(nets, tokens, {}).sum().backward()
    unused = sorted(set(range(5)) - set(tokens.flatten().tolist()))
    gradient = nets.network.tokens.weight.grad
    assert (gradient[unused].abs().sum(1) > 0).all()  # of the output alone
    assert (gradient[5].abs().sum() > 0).item()  # of the start alone


def test_a_prompt_is_gone_on_from_and_a_text_may_be_longer_than_the_window() -> None:
    method, nets = small()
    prompt = torch.tensor([[3, 2, 0, 0, 0, 0, 0, 0]]).expand(4, 8)
    texts = method.generate(nets, torch.rand(4, 20), Sampling({"prompt": prompt}))
    assert texts.shape == (4, 20)
    assert (texts[:, :2] == torch.tensor([3, 2])).all()
    greedy = method.generate(nets, torch.rand(2, 8), Sampling(top_k=1))
    assert torch.equal(greedy, method.generate(nets, torch.rand(2, 8), Sampling(temperature=0.0)))


def test_the_rate_rises_and_settings_that_do_not_fit_are_refused() -> None:
    rate = WarmUp(2.0, 0.1)
    assert [rate(Clock(examples=at, fresh=10, total=1000)) for at in (0, 40, 90, 500)] == [0.2, 1.0, 2.0, 2.0]
    with pytest.raises(ConfigError, match="3 heads do not divide a width of 8"):
        GPT(heads=3, width=8)
    with pytest.raises(ConfigError, match="even number a head"):
        GPT(heads=2, width=6, positions="rotary")


def test_the_worlds_law_is_the_one_that_counts_come_near_to() -> None:
    texts = markov.tokens(4000, 32).astype(int)
    truth = -markov.log_probability(texts[:500]).mean() / 32
    counted = [by_counts(texts[500:], texts[:500], order, markov.SYMBOLS) for order in range(3)]
    assert counted[0] > counted[1] > counted[2] > truth - 0.01
    assert counted[2] == pytest.approx(truth, abs=0.02)
