"""Sequences as they are written: the tokens of `Sequential.generate`, each as soon as it is there."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from saddlepoint.methods.abilities import AS_TRAINED, Sampling
from saddlepoint.methods.families.sampled import inverse
from saddlepoint.methods.families.sequential import Sequential, likeliest


@torch.no_grad()
def token_by_token(
    method: Sequential, nets: nn.Module, latents: Tensor, how: Sampling = AS_TRAINED
) -> Iterator[Tensor]:
    """Token after token, int64 [n] each, until all texts have ended; the first ones are those of a prompt.

    latents, how: as of `Sequential.generate`, whose result they are, column by column.
    """
    step, ends = method.stepper(nets, len(latents), how.given), nets.get_submodule("network").ends
    prompt = how.given.get("prompt", latents.new_zeros(len(latents), 0)).long()
    known = nn.functional.pad(prompt, (0, latents.shape[1] - prompt.shape[1]))
    kept = (known != 0).cummin(1).values
    before: Tensor | None = None
    over = torch.zeros(len(latents), dtype=torch.bool, device=latents.device)
    for place in range(latents.shape[1]):
        logits = likeliest(step(before).float(), how.top_k, how.top_p)
        chosen = torch.where(kept[:, place], known[:, place], inverse(logits, latents[:, place], how.temperature))
        before = chosen.masked_fill(over, 0)
        yield before
        if ends:
            over = over | (chosen == 0)
            if bool(over.all()):
                return
