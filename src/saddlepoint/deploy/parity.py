"""Whether an exported graph computes what the method does: on random inputs, in batches of several sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from saddlepoint.deploy.parts import Part
from saddlepoint.errors import CapabilityError, MissingExtra

LIMIT = 1e-3
"""largest difference that is let pass, where images span -1 to 1: an eighth of one of their 255 levels. Of what is
larger than 1 it is a share of the largest"""
BATCHES = (1, 2, 7, 16)
"""batch sizes that are tried, each with inputs of its own"""

Runs = Callable[[tuple[Tensor, ...]], Tensor]
"""inputs in order -> the output of a graph, on the CPU"""


@torch.no_grad()
def parity(part: Part, runs: Runs) -> float:
    """The largest difference over all batches, as `LIMIT` counts it; not a number where an output is none."""
    worst = 0.0
    for seed, n in enumerate(BATCHES):
        inputs = part.random_inputs(n, seed)
        expected = part.truth(*inputs).float().cpu()
        output = runs(inputs)
        if output.shape != expected.shape:
            return float("inf")
        worst = max(worst, float((output - expected).abs().max()) / max(1.0, float(expected.abs().max())), key=_badness)
    return worst


def check(part: Part, runs: Runs, what: str, limit: float = LIMIT) -> float:
    """`parity` itself. Raises CapabilityError where it is over the limit, and for what is not a number."""
    difference = parity(part, runs)
    if not difference <= limit:
        raise CapabilityError(
            f"{part.name} as {what} differs by {difference:.2g} from the method itself, more than {limit:g}: nothing is"
            " written."
        )
    return difference


def session_of(content: bytes, threads: int = 1) -> Any:
    """ONNX Runtime's session of a file, on the CPU. Raises MissingExtra without the package."""
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingExtra("ONNX needs packages of its own: pip install 'saddlepoint[export]'.") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = threads
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def by_session(part: Part, session: Any) -> Runs:
    """An ONNX file as `parity` asks it."""

    def runs(inputs: tuple[Tensor, ...]) -> Tensor:
        output: np.ndarray = session.run(None, fed(part, inputs))[0]
        return torch.from_numpy(output)

    return runs


def fed(part: Part, inputs: tuple[Tensor, ...]) -> dict[str, np.ndarray]:
    """Inputs by name, as ONNX Runtime takes them."""
    return {name: value.cpu().numpy() for name, value in zip(part.inputs, inputs)}


def _badness(difference: float) -> float:
    return difference if difference == difference else float("inf")
