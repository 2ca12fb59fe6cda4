"""What a model can be asked, each as a function of tensors alone: what is exported, compressed and timed.

Only the networks that are asked for come along. What a model draws from a seed becomes constant, and the noise of
style-based layers is the constant maps: a noise that is keyed by a latent's bits is no function that a graph can hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from saddlepoint.checkpoint.bundle import Model
from saddlepoint.checkpoint.used import asked_for
from saddlepoint.errors import CapabilityError
from saddlepoint.keyed import generator
from saddlepoint.methods.abilities import Classifies, Reconstructs, Samples, Translates, by_label, classes_of
from saddlepoint.methods.base import Networks

Act = Callable[..., Tensor]
"""networks and inputs -> the output"""
TRUNCATIONS = (1.0, 0.7, 0.4, 0.0)
_EXAMPLES = 3  # none of 0 and 1, which a graph would take for fixed


@dataclass(frozen=True, eq=False)
class Part:
    """One thing that a model can be asked.

    name: "generate", "encode", "classify" or "translate-a-to-b". inputs: each one's name with what it holds; the first
    axis counts examples, but of `truncation`, which is one number. output: its name with what it holds.
    module: inputs in order -> output; differentiable code of plain tensors. truth: the same as the method itself says
    it. given: inputs for n random examples from a seed.
    """

    name: str
    inputs: Mapping[str, str]
    output: tuple[str, str]
    module: nn.Module
    truth: Callable[..., Tensor]
    given: Callable[[int, int], tuple[Tensor, ...]]

    def example(self) -> tuple[Tensor, ...]:
        """Inputs to trace with."""
        return self.given(_EXAMPLES, 0)


def parts_of(model: Model, *, adjustable: bool = True) -> list[Part]:
    """All that the model can be asked, the networks on its device and in evaluation mode.

    adjustable: truncation is an input of what generates; else it is fixed at 1.
    Raises CapabilityError for a model that only trains.
    """
    found = []
    if isinstance(model.method, Samples):
        found.append(_generate(model, model.method, adjustable))
    if isinstance(model.method, Translates):
        for origin, end in model.method.directions().items():
            with suppress(CapabilityError):  # a model may hold one way alone
                found.append(_translate(model, model.method, origin, end))
    if isinstance(model.method, Reconstructs):
        found.append(_from_images(model, "encode", model.method.encode, ("latents", "the likeliest for each image")))
    if isinstance(model.method, Classifies):
        told = ("probabilities", "of each class; rows sum to 1")
        found.append(_from_images(model, "classify", model.method.classify, told))
    if not found:
        raise CapabilityError(f"{model.name} makes nothing from latents or images, so there is nothing to export.")
    return found


def _generate(model: Model, method: Samples, adjustable: bool) -> Part:
    by_class = bool(classes_of(method, model.nets))

    def given(n: int, seed: int) -> tuple[Tensor, ...]:
        labels = method.conditions(model.nets)["label"].example(n, seed) if by_class else None
        latents = method.latents(model.nets, n, seed).to(model.device)
        truncation = torch.tensor(TRUNCATIONS[seed % len(TRUNCATIONS)])
        inputs = (latents, *([] if labels is None else [labels.to(model.device)]), truncation)
        return inputs if adjustable else inputs[:-1]

    def split(inputs: tuple[Tensor, ...]) -> tuple[Tensor, Tensor | None, Any]:
        label = inputs[1] if by_class else None
        return inputs[0], label, inputs[-1] if adjustable else 1.0

    def act(nets: Networks, *inputs: Tensor) -> Tensor:
        latents, label, truncation = split(inputs)
        return method.generate(nets, latents, by_label(label, truncation=truncation, noise="constant"))

    def truth(*inputs: Tensor) -> Tensor:
        latents, label, truncation = split(inputs)
        return method.generate(model.nets, latents, by_label(label, truncation=float(truncation), noise="constant"))

    inputs = {"latents": "as the method draws them: numbers from its prior"}
    if by_class:
        inputs["label"] = f"whole numbers from 0 to {classes_of(method, model.nets) - 1}"
    if adjustable:
        inputs["truncation"] = "one number; 1 leaves the latents as they are, 0 gives the average"
    images = len(model.spec.shape) == 3
    output = ("images", "[batch, channels, height, width] in [-1, 1]") if images else ("points", "[batch, numbers]")
    return Part("generate", inputs, output, _module(model, act, given), truth, given)


def _translate(model: Model, method: Translates, origin: str, end: str) -> Part:
    def act(nets: Networks, images: Tensor) -> Tensor:
        return method.translate(nets, images, origin)

    return _from_images(
        model, f"translate-{origin}-to-{end}", act, ("translated", "[batch, channels, height, width] in [-1, 1]")
    )


def _from_images(model: Model, name: str, act: Act, output: tuple[str, str]) -> Part:
    def given(n: int, seed: int) -> tuple[Tensor, ...]:
        made = torch.rand(n, *model.spec.shape, generator=generator(seed, "exported", n)) * 2 - 1
        return (made.to(model.device),)

    def truth(images: Tensor) -> Tensor:
        return act(model.nets, images)

    kind = "[batch, channels, height, width] in [-1, 1]: (byte - 127.5) / 127.5"
    inputs = {"images": kind if len(model.spec.shape) == 3 else "[batch, numbers]"}
    return Part(name, inputs, output, _module(model, act, given), truth, given)


def _module(model: Model, act: Act, given: Callable[[int, int], tuple[Tensor, ...]]) -> nn.Module:
    example = given(_EXAMPLES, 0)
    names = asked_for(model.nets, lambda nets: act(nets, *example))
    nets = Networks(**{name: model.nets.get_submodule(name) for name in names})
    return _Asked(nets, act, example).eval()


@final
class _Asked(nn.Module):
    """Inputs -> output; what the networks draw from a seed was drawn once and is a buffer."""

    def __init__(self, nets: Networks, act: Act, example: tuple[Tensor, ...]) -> None:
        super().__init__()
        self.nets, self._act = nets, act
        with torch.no_grad(), _Draws() as drawn:
            act(nets, *example)
        self._count = len(drawn.made)
        for place, made in enumerate(drawn.made):
            self.register_buffer(f"drawn_{place}", made)

    def forward(self, *inputs: Tensor) -> Tensor:
        with _Draws([self.get_buffer(f"drawn_{place}") for place in range(self._count)]):
            return self._act(self.nets, *inputs)


@final
class _Draws(TorchFunctionMode):
    """Keeps what is drawn from a generator of its own, in `made`; or with `known` gives that instead, in order."""

    def __init__(self, known: list[Tensor] | None = None) -> None:
        super().__init__()
        self.made: list[Tensor] = []
        self._known = None if known is None else iter(known)

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if kwargs.get("generator") is None:
            return func(*args, **kwargs)
        if self._known is not None:
            return next(self._known)
        self.made.append(func(*args, **kwargs))
        return self.made[-1]
