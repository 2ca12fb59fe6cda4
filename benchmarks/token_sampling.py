"""Sequences made token by token: how much faster with what earlier steps have computed than by whole passes.

    python benchmarks/token_sampling.py [--texts 4] [--length 256]

Networks are new, since no figure depends on what they have learnt; both ways run in one process on one thread, and
seconds are of the processor. The naive way makes a whole pass over all tokens so far for each token.
"""

from __future__ import annotations

import argparse
from functools import partial
from typing import Any

import torch
from cached import alone, finish, row
from torch import Tensor

from saddlepoint.data.batches import DataSpec
from saddlepoint.kinds.series import Series
from saddlepoint.kinds.tokens import Tokens
from saddlepoint.methods.autoregressive.gpt import GPT
from saddlepoint.methods.autoregressive.lstm import LSTM
from saddlepoint.methods.autoregressive.wavenet import WaveNet
from saddlepoint.methods.families.sampled import inverse
from saddlepoint.methods.families.sequential import Sequential


@torch.no_grad()
def whole_passes(method: Sequential, nets: Any, latents: Tensor) -> Tensor:
    """The tokens of `generate` by whole passes over what is there so far."""
    tokens = torch.zeros(latents.shape, dtype=torch.long)
    for time_step in range(latents.shape[1]):
        logits = method.logits(nets, tokens[:, : time_step + 1], {})[:, -1]
        tokens[:, time_step] = inverse(logits, latents[:, time_step])
    return tokens


def main() -> None:
    """Measure, print and record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=4, help="made side by side")
    parser.add_argument("--length", type=int, default=256, help="tokens")
    options = parser.parse_args()
    text = {"text": Tokens(options.length, tuple(map(str, range(65))))}
    series = {"series": Series(options.length, 1)}
    cases: dict[str, tuple[Sequential, dict[str, Any]]] = {
        "gpt, 4 blocks of 128": (GPT(layers=4, heads=4, width=128), text),
        "gpt, rotary": (GPT(layers=4, heads=4, width=128, positions="rotary"), text),
        "wavenet, 10 layers of 32": (WaveNet(rounds=1, skip=128), series),
        "lstm, 256": (LSTM(), text),
    }
    rows = []
    for name, (method, fields) in cases.items():
        alone()
        nets = method.networks(DataSpec(fields)).eval()
        latents = method.latents(nets, options.texts, seed=0)
        ways = partial(Sequential.generate, method, nets, latents), partial(whole_passes, method, nets, latents)
        rows.append(row(name, *ways, "tokens"))
    protocol = (
        f"{options.texts} sequences of {options.length} tokens from the same latents, by new networks: a whole pass"
        " over the tokens so far for each token, against a cache, a queue or a state."
    )
    raise SystemExit(finish("token_sampling", "Sequences made token by token", protocol, rows, "tokens"))


if __name__ == "__main__":
    main()
