"""One move of the game: differentiate what the micro-batches yield, reduce over ranks, step the optimisers."""

from __future__ import annotations

import functools
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor

from saddlepoint.engine.distributed import Machine
from saddlepoint.engine.gradients import differentiate, evaluated
from saddlepoint.engine.hooks import Hook, Run
from saddlepoint.engine.optim import Group
from saddlepoint.engine.sharding import is_shard
from saddlepoint.errors import MethodError
from saddlepoint.methods.base import Update

Flow = Generator[Any, Any, None]
Report = dict[str, Tensor]


@dataclass(frozen=True)
class Layout:
    """What one yield carries: the groups that move and the figures, in order, with their sizes."""

    groups: tuple[str, ...]
    names: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]

    def __str__(self) -> str:
        return ", ".join(f"{name} {list(shape) or ''}".strip() for name, shape in zip(self.names, self.shapes))

    def unpack(self, flat: Tensor) -> Report:
        """Figures by name from their flat form."""
        if not any(self.shapes):
            return dict(zip(self.names, flat.unbind()))
        sizes = [torch.Size(shape).numel() for shape in self.shapes]
        return {n: part.view(s) for n, part, s in zip(self.names, flat.split(sizes), self.shapes)}


@final
class Mover:
    """Performs moves for one trainer."""

    def __init__(self, groups: Mapping[str, Group], machine: Machine, hooks: Sequence[Hook]) -> None:
        self.groups, self.machine, self.hooks = groups, machine, hooks
        self._watches = [h for h in hooks if type(h).before_update is not Hook.before_update]
        self._follows = [h for h in hooks if type(h).after_update is not Hook.after_update]

    def differentiate(self, flows: Sequence[Flow], report: Report | None) -> tuple[Layout, Tensor] | None:
        """Run each micro-batch's flow to its next yield and add its gradients up.

        report: what the last move gave; None at the start. Returns the move's layout and its figures averaged over
        micro-batches, or None when all flows have ended. Graphs are freed one micro-batch at a time.
        """
        layouts: list[Layout | None] = []
        total: Tensor | None = None
        for flow in flows:
            with self.machine.autocast():
                try:
                    item = flow.send(report)
                except StopIteration:
                    layouts.append(None)
                    continue
            layout, flat = self._backward(item, len(flows))
            del item  # and with it what is left of its graph, before the next micro-batch makes its own
            layouts.append(layout)
            total = flat if total is None else total + flat
        if len(set(layouts)) != 1:
            layout_list = " / ".join("nothing more" if layout is None else str(layout) for layout in layouts)
            raise MethodError(f"the micro-batches disagree about a move; they yield {layout_list}.")
        first = layouts[0]
        if first is None or total is None:
            return None
        return first, total / len(flows) if len(flows) > 1 else total

    def _backward(self, item: Any, parts: int) -> tuple[Layout, Tensor]:
        updates = item if isinstance(item, tuple) else (item,)
        if not torch.is_grad_enabled():
            raise MethodError("train_step yields inside torch.no_grad(); end the `with` block before the yield.")
        values: Report = {}
        for place, update in enumerate(updates):
            group = self._checked(update, values)
            figures = dict(update.watch)
            if update.losses:
                losses = {name: loss.float() for name, loss in update.losses.items()}
                total, retain = functools.reduce(Tensor.add, losses.values()), place + 1 < len(updates)
                loss = total / parts if parts > 1 else total
                figures |= differentiate(update, group, loss, parts=parts, retain=retain)
                values |= {f"{update.group}/{name}": loss.detach() for name, loss in losses.items()}
            else:
                figures |= evaluated(update)
            values |= {f"{update.group}/{name}": value.detach().float() for name, value in figures.items()}
        layout = Layout(
            tuple(update.group for update in updates),
            tuple(values),
            tuple(tuple(value.shape) for value in values.values()),
        )
        if all(value.dim() == 0 for value in values.values()):
            return layout, torch.stack([*values.values()])
        return layout, torch.cat([value.reshape(-1) for value in values.values()])

    def _checked(self, update: Any, values: Report) -> Group:
        if not isinstance(update, Update):
            raise MethodError(f"train_step must yield an Update or a tuple of them, not {type(update).__name__}.")
        if update.group not in self.groups:
            raise MethodError(f"an Update names group {update.group!r}; the optimisers are {', '.join(self.groups)}.")
        group = self.groups[update.group]
        if group.closed and update.losses:
            raise MethodError(f"group {update.group} is Closed: it learns from what it watches, without a loss.")
        if not update.losses and not group.closed:
            raise MethodError(f"an Update of {update.group} carries no loss.")
        if not update.losses and not update.watch:
            raise MethodError(f"an Update of {update.group} watches nothing: after_step would have nothing to move by.")
        for name, loss in update.losses.items():
            if not isinstance(loss, Tensor):
                raise MethodError(f"{update.group}/{name} must be a tensor, not {type(loss).__name__}.")
            if loss.dim():
                raise MethodError(f"{update.group}/{name} must be a scalar; its shape is {tuple(loss.shape)}.")
        for name, value in update.watch.items():
            if not isinstance(value, Tensor) and not callable(value):
                kind = type(value).__name__
                raise MethodError(f"{update.group}/{name} must be a tensor, or a callable that gives one, not {kind}.")
        for name in (*update.losses, *update.watch):
            if f"{update.group}/{name}" in values or (name in update.losses and name in update.watch):
                raise MethodError(f"one move carries {update.group}/{name} twice; give each figure its own name.")
        return group

    def move(self, run: Run, layout: Layout, flat: Tensor) -> Report:
        """Step the groups of a reduced move that do not rest; forget all gradients. Returns its figures by name."""
        groups = self._groups(layout)
        report = layout.unpack(flat)
        for group in groups:
            if group.closed or group.name in run.resting:
                continue
            fp16 = group.scaler.is_enabled()
            before = group.scaler.get_scale() if fp16 else 1.0
            group.unscale()
            for hook in self._watches:
                hook.before_update(run, group.name, group.parameters)
            group.clip_gradients()
            group.step()
            if fp16:
                report[f"{group.name}/skipped"] = flat.new_tensor(float(group.scaler.get_scale() < before))
            for hook in self._follows:
                hook.after_update(run, group.name, group.parameters)
        for group in groups:
            for parameter in group.parameters.values():
                parameter.grad = None
        return report

    def reduced(self, layout: Layout, flat: Tensor) -> Tensor:
        """A move's figures, and the gradients in place, averaged over ranks in one collective."""
        if self.machine.world == 1:
            return flat
        groups = self._groups(layout)
        moved = [p.grad for group in groups for p in group.parameters.values() if p.grad is not None]
        moved = [gradient for gradient in moved if not is_shard(gradient)]  # torch has reduced the others
        whole = torch.cat([*(gradient.reshape(-1) for gradient in moved), flat])
        self.machine.sum_(whole)
        whole /= self.machine.world
        *parts, figures = whole.split([*(gradient.numel() for gradient in moved), flat.numel()])
        for gradient, part in zip(moved, parts):
            gradient.copy_(part.view(gradient.shape))  # into `p.grad`: a fused step wants the weight's own strides
        result: Tensor = figures
        return result

    def _groups(self, layout: Layout) -> list[Group]:
        return [self.groups[name] for name in dict.fromkeys(layout.groups)]
