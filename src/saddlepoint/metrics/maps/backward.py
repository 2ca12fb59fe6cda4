"""Maps by the gradient of a verdict: plain, of a deconvnet, and guided. Zeiler & Fergus 2014, arXiv:1311.2901, section
2.1; Springenberg et al. 2015, arXiv:1412.6806, section 3.4.

On the way back a ReLU lets through: of the gradient, where its input was above 0; of a deconvnet, what is above 0 of
the signal, whatever its input was; guided, what both let through. Max-pooling sends the signal to where the maximum
was, and convolutions are transposed, in all three.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, final

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from saddlepoint.errors import CapabilityError
from saddlepoint.metrics.maps.occlusion import Score

Rule = Literal["gradient", "deconvnet", "guided"]

_RELU: tuple[Callable[..., Any], ...] = (F.relu, F.relu_, torch.relu, torch.relu_, Tensor.relu, Tensor.relu_)
_OTHERS: dict[Callable[..., Any], str] = {
    **dict.fromkeys((F.leaky_relu, F.leaky_relu_), "leaky ReLU"),
    **dict.fromkeys((F.elu, F.elu_, F.selu, F.celu), "ELU"),
    **dict.fromkeys((F.gelu,), "GELU"),
    **dict.fromkeys((F.silu, F.mish, F.hardswish), "SiLU"),
    **dict.fromkeys((F.softplus,), "softplus"),
    **dict.fromkeys((F.prelu, F.rrelu, F.relu6, F.hardtanh), "another ReLU"),
    **dict.fromkeys((F.tanh, torch.tanh, Tensor.tanh), "tanh"),
    **dict.fromkeys((F.sigmoid, torch.sigmoid, Tensor.sigmoid), "sigmoid"),
}


def backward(score: Score, images: Tensor, rule: Rule) -> Tensor:
    """What comes back to each number of the images from the score, [n, C, H, W].

    images: [n, C, H, W] in [-1, 1]. Every ReLU follows the rule, whether it is a module, is used twice, or is a
    function. Raises CapabilityError for networks with another non-linearity, for which the two rules mean nothing.
    """
    shown = images.detach().clone().requires_grad_(True)
    with torch.enable_grad():
        if rule == "gradient":
            total = score(shown).sum()
        else:
            with _Rule(rule):
                total = score(shown).sum()
    return torch.autograd.grad(total, shown)[0].detach()


@final
class _Rule(TorchFunctionMode):
    """Within it every ReLU that is called passes signals back by a rule."""

    def __init__(self, rule: Rule) -> None:
        super().__init__()
        self.rule = rule

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func in _RELU:
            return _Passing.apply(args[0], self.rule)
        if func in _OTHERS:
            raise CapabilityError(
                f"a {self.rule} map is of networks with ReLU alone, and this one has {_OTHERS[func]}; use the map"
                " gradient or occlusion."
            )
        return func(*args, **(kwargs or {}))


@final
class _Passing(torch.autograd.Function):
    """ReLU forward; backward by a rule."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, rule: Rule) -> Tensor:  # type: ignore[override]
        ctx.rule = rule
        ctx.save_for_backward(x)
        return x.clamp_min(0)

    @staticmethod
    def backward(ctx: Any, signal: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        (x,) = ctx.saved_tensors
        passed = signal.clamp_min(0)
        return (passed * (x > 0) if ctx.rule == "guided" else passed), None
