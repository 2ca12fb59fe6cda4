"""What all methods that write token by token share: ends, prompts, and drawing among the likeliest."""

from collections.abc import Mapping

import pytest
import torch
from torch import Tensor, nn

from saddlepoint.data.batches import DataSpec
from saddlepoint.methods.abilities import Sampling
from saddlepoint.methods.base import Networks, Optim
from saddlepoint.methods.families.sequential import Sequential, Stepper, likeliest, said

LOGITS = torch.tensor([[0.1, 0.4, 0.2, 0.3]]).log()


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        ({}, [0, 1, 2, 3]),
        ({"top_k": 2}, [1, 3]),
        ({"top_k": 9}, [0, 1, 2, 3]),
        ({"top_p": 0.39}, [1]),
        ({"top_p": 0.41}, [1, 3]),
        ({"top_p": 0.71}, [1, 2, 3]),
        ({"top_p": 1e-9}, [1]),
        ({"top_p": 0.95, "top_k": 1}, [1]),
    ],
)
def test_the_likeliest_tokens_stay(settings: dict[str, float], kept: list[int]) -> None:
    left = likeliest(LOGITS, **settings)  # type: ignore[arg-type]
    assert left.isfinite()[0].nonzero().flatten().tolist() == kept
    assert torch.equal(left[:, kept], LOGITS[:, kept])


def test_a_text_is_over_after_its_last_token_and_one_end() -> None:
    tokens = torch.tensor([[3, 0, 2, 0, 0], [0, 0, 0, 0, 0], [1, 1, 1, 1, 1]])
    assert said(tokens).int().tolist() == [[1, 1, 1, 1, 0], [1, 0, 0, 0, 0], [1, 1, 1, 1, 1]]


class Cycle(nn.Module):
    """Says that token t + 1 is one more than token t, modulo 4, beginning with 1."""

    length, ends = 6, True


class Cycling(Sequential):
    """The rest of `Sequential` around it."""

    def networks(self, data: DataSpec) -> Networks:
        return Networks(network=Cycle())

    def optimisers(self) -> dict[str, Optim]:
        return {}

    def logits(self, nets: nn.Module, tokens: Tensor, given: Mapping[str, Tensor]) -> Tensor:
        return torch.zeros(*tokens.shape, 4)

    def stepper(self, nets: nn.Module, n: int, given: Mapping[str, Tensor]) -> Stepper:
        def step(before: Tensor | None) -> Tensor:
            following = torch.ones(n, dtype=torch.long) if before is None else (before + 1) % 4
            return nn.functional.one_hot(following, 4).float() * 100

        return step


def test_a_prompt_stays_and_is_gone_on_from_and_a_text_ends() -> None:
    method, nets = Cycling(), Networks(network=Cycle())
    prompt = torch.tensor([[0, 0, 0], [2, 0, 0], [3, 2, 0], [1, 1, 1]])
    texts = method.generate(nets, torch.rand(4, 6), Sampling({"prompt": prompt}))
    assert texts.tolist() == [[1, 2, 3, 0, 0, 0], [2, 3, 0, 0, 0, 0], [3, 2, 3, 0, 0, 0], [1, 1, 1, 2, 3, 0]]
