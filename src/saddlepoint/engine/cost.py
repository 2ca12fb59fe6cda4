"""How long a step will take, measured on the networks themselves: for a look at a run before it begins."""

from __future__ import annotations

import time

import torch

from saddlepoint.engine.memory import PROBE
from saddlepoint.engine.trainer import Trainer

_BOUND = 10.0
"""seconds that a whole micro-batch may be measured for; longer ones are judged by a few examples"""


def step_seconds(trainer: Trainer) -> float:
    """Seconds that a step takes on each device, without the optimisers. Nothing is trained, but networks see data.

    A few examples are measured first, and a whole micro-batch where these say that it takes seconds.
    """
    micro = trainer.settings.batch // (trainer.settings.accumulate * trainer.machine.world)
    probe = min(PROBE, micro)
    seconds = _measured(trainer, probe)
    whole = seconds * micro / probe
    if probe < micro and whole < _BOUND:
        whole = _measured(trainer, micro)
    return whole * trainer.settings.accumulate


def _measured(trainer: Trainer, examples: int) -> float:
    flow = trainer.flow(examples, later=1)  # the first one has all penalties that others take now and then
    start = time.perf_counter()
    try:
        report = None
        while (move := trainer.mover.differentiate([flow], report)) is not None:
            report = move[0].unpack(move[1])
    finally:
        flow.close()
    if trainer.machine.device.type == "cuda":
        torch.cuda.synchronize(trainer.machine.device)
    trainer.nets.zero_grad(set_to_none=True)
    return time.perf_counter() - start
