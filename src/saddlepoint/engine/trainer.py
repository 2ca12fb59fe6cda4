"""The trainer: performs what a method yields, step after step, and keeps time. Knows no method and no file format."""

from __future__ import annotations

import dataclasses
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, final

import torch
from torch import Tensor, nn

from saddlepoint import config
from saddlepoint.data.loader import Loader
from saddlepoint.engine.anchor import Anchor
from saddlepoint.engine.answers import Answers
from saddlepoint.engine.distributed import Machine
from saddlepoint.engine.draw import PartDraw
from saddlepoint.engine.ema import Average
from saddlepoint.engine.finite import Finite, check_new, check_tensors
from saddlepoint.engine.freezing import freeze
from saddlepoint.engine.hooks import Hook, Json, Log
from saddlepoint.engine.interrupts import interrupts
from saddlepoint.engine.moves import Flow, Mover, Report
from saddlepoint.engine.optim import Group, check_groups
from saddlepoint.engine.run import RunSettings
from saddlepoint.engine.sharding import recompute, shared_as, whole
from saddlepoint.errors import CheckpointError, ConfigError, MethodError, OutOfMemory
from saddlepoint.keyed import key
from saddlepoint.methods.base import Clock, Ema, Method, Networks, Rows, Stage
from saddlepoint.text import counted

_ONE_EXAMPLE = "Expected more than 1 value per channel"
"""what torch's batch norms say of a micro-batch of one example"""
_NO_MEMORY = ("can't allocate memory", "out of memory")
"""what torch says when there is none left, in errors that are no torch.OutOfMemoryError"""


@final
class Trainer:
    """One run of one method. Satisfies `hooks.Run`.

    nets: new networks from `method.networks`; moved to the machine's device here.
    hooks: called in the order given.
    Raises ConfigError where the batch does not fit the data, the ranks or the micro-batches; MethodError where the
    method breaks its contract.
    """

    def __init__(
        self,
        method: Method,
        nets: Networks,
        data: Loader,
        settings: RunSettings,
        machine: Machine,
        folder: Path,
        hooks: Sequence[Hook] = (),
    ) -> None:
        self.method, self.data, self.settings, self.machine, self.folder = method, data, settings, machine, folder
        self.nets = _channels_last(nets.to(machine.device)).train()
        with torch.no_grad():
            method.prepare(self.nets, data.first)
            check_new(self.nets.state_dict(), type(method).__name__)
        spec = method.ema()
        if settings.shard and spec is None:  # hooks of one process alone cannot use networks that lie in several
            spec = Ema(tuple(name for name, _ in self.nets.named_children()), half_life=0.0, ramp=None)
        self._average = Average(self.nets, spec) if spec else None
        self.average = self._average.nets if self._average else None
        self._averages = method.ema() is not None
        if settings.shard:
            machine.shard(self.nets)
        if settings.recompute:
            if not method.checkpoints:
                raise ConfigError(
                    f"{type(method).__name__} names no modules to recompute (`checkpoints`): leave out --recompute."
                )
            recompute(self.nets, method.checkpoints)
        if settings.compile:
            self._compile()
        optimisers = method.optimisers()
        freeze(self.nets, settings.freeze, optimisers)
        self.groups = {n: Group(n, o, self.nets, machine, settings.clip_norm) for n, o in optimisers.items()}
        check_groups(self.groups, self.nets, method.frozen)
        self.hooks = list(hooks)
        self._moves_state = type(method).after_step is not Method.after_step
        self.anchor = self._anchored() if settings.anchor else None
        self.mover = Mover(self.groups, machine, [*self.hooks, *([self.anchor] if self.anchor else [])])
        self.stages = method.stages()
        self.clock = Clock(total=settings.examples)
        self.position = 0
        self.main = machine.rank == 0
        self.unit = data.spec.main.word
        self.reporting = False
        self.figures: dict[str, float] = {}
        self.rate = 1.0
        self.resting: frozenset[str] = frozenset()
        self.stopped: str | None = None
        self._wanted: str | None = None
        self._finite = Finite()
        for stage in self.stages:
            self._check_stage(stage)

    # -- what a hook may ask ------------------------------------------------------------------------------------------

    def stop(self, reason: str) -> None:
        """End the run after this step; with several ranks, at the next report step."""
        self._wanted = self._wanted or reason

    def note(self, text: str, **facts: Any) -> None:
        """Write a sentence into the log."""
        for hook in self.hooks:
            if isinstance(hook, Log):
                hook.write({"step": self.clock.step, "examples": self.clock.examples, "note": text, **facts})

    def check_finite(self) -> None:
        """Raises DivergedError if a loss, a weight or a moment is no longer finite."""
        self._finite.check_losses()
        check_tensors(self.state()[0], self.clock.step)

    def state(self) -> tuple[dict[str, Tensor], Json]:
        """Everything that a resumed run needs: tensors by name ("nets/...", "average/...", "optim/..."), and facts."""
        tensors = {f"nets/{name}": value for name, value in whole(self.nets.state_dict()).items()}
        if self._average and self._averages:
            for network, copied in self._average.copies.items():
                tensors |= {f"average/{network}.{name}": value for name, value in copied.state_dict().items()}
        for group in self.groups.values():
            tensors |= {f"optim/{group.name}/{name}": value for name, value in whole(group.tensors()).items()}
        if self.anchor:
            tensors |= {f"anchor/{name}": value for name, value in self.anchor.tensors().items()}
        facts: Json = {
            "clock": dataclasses.asdict(self.clock),
            "position": self.position,
            "scalers": {name: group.scaler.state_dict() for name, group in self.groups.items()},
            "hooks": {type(hook).__name__: hook.state() for hook in self.hooks},
        }
        return tensors, facts

    def restore(self, tensors: Mapping[str, Tensor], facts: Json) -> None:
        """Take back what `state` gave. Raises CheckpointError naming what does not fit."""
        load_networks(self.nets, under("nets/", tensors))
        if self._average and self._averages:
            load_networks(Networks(**self._average.copies), under("average/", tensors))
        else:
            self.average_anew()
        for group in self.groups.values():
            group.restore(under(f"optim/{group.name}/", tensors))
            if group.scaler.is_enabled():
                group.scaler.load_state_dict(facts["scalers"][group.name])
        if self.anchor:
            self.anchor.take(under("anchor/", tensors))
        self.clock = dataclasses.replace(config.from_json(Clock, facts["clock"]), total=self.settings.examples)
        self.position = facts["position"]
        self._finite = Finite()
        for hook in self.hooks:
            if type(hook).__name__ in facts["hooks"]:
                hook.restore(facts["hooks"][type(hook).__name__])

    def average_anew(self) -> None:
        """Set the averages to the live weights: for a run that starts from trained networks."""
        if self._average:
            for name, copied in self._average.copies.items():
                copied.load_state_dict(whole(self.nets.get_submodule(name).state_dict()))

    # -- the loop -----------------------------------------------------------------------------------------------------

    def fit(self) -> str:
        """Train until the examples are shown, the minutes are over or something asks to stop. Returns the reason.

        The first interrupt (Ctrl-C, SIGTERM) ends the run after the step; a second one at once.
        """
        error: BaseException | None = None
        with interrupts(lambda: self.stop("interrupted"), self._say):
            try:
                self._train()
            except BaseException as raised:
                error = raised
                raise
            finally:
                self._end(error)
        return self.stopped or ""

    def _train(self) -> None:
        start = time.monotonic()
        self._set_phase()
        for hook in (*self.hooks, *([self.anchor] if self.anchor else [])):
            hook.begin(self)
        self._decide()  # a run that is resumed at its end has nothing left to do
        while not self.stopped:
            self._one_step()
            if self.settings.minutes is not None and time.monotonic() - start > 60 * self.settings.minutes:
                self.stop(f"{self.settings.minutes:g} minutes are over")
            self._decide()

    def _end(self, error: BaseException | None) -> None:
        """Every hook's end, also when one of them fails."""
        failed: BaseException | None = None
        for hook in self.hooks:
            try:
                hook.end(self, error)
            except Exception as raised:
                failed = failed or raised
        if failed is not None and error is None:
            raise failed

    def _decide(self) -> None:
        if self.clock.examples >= self.settings.examples:
            self.stopped = "done"
        elif self.machine.world == 1:
            self.stopped = self._wanted
        elif self.reporting:
            votes = torch.tensor([float(self._wanted is not None)], device=self.machine.device)
            self.machine.sum_(votes)
            if votes.item():
                self.stopped = self._wanted or "another process asked to stop"

    def _one_step(self) -> None:
        self._next_stage()
        try:
            report = self._step()
        except RuntimeError as error:
            if isinstance(error, torch.OutOfMemoryError) or any(words in str(error) for words in _NO_MEMORY):
                raise self._no_memory() from error
            raise
        except ValueError as error:
            if _ONE_EXAMPLE not in str(error):
                raise
            raise self._too_few() from error
        self.reporting = self._is_report()
        if self.reporting:
            rates = {f"learning_rate/{name}": group.rate() for name, group in self.groups.items() if not group.closed}
            self.figures = {**_host(report), **rates}
            self._finite.check_losses()
        for hook in self.hooks:
            hook.step(self, report)

    def _step(self) -> Report:
        """One round of the game; ends with side state, averages and clock moved."""
        stage, batch = self.stages[self.clock.stage], self._batch()
        clock = dataclasses.replace(self.clock, fresh=batch)
        # No random state is saved: dropout and its kind start each step from a key.
        self._seed(key(self.settings.seed, clock.step, self.machine.rank))
        self._set_phase(clock)
        for group in self.groups.values():
            group.set_rates(clock, stage.lr_scale * self.rate)
        k = self.settings.accumulate
        parts = k * self.machine.world
        draws = [self._draw(stage, batch, clock, self.machine.rank * k + j, parts) for j in range(k)]
        flows = [self._begun(draw, clock) for draw in draws]
        figures: dict[str, list[Tensor]] = {}
        try:
            report: Report | None = None
            while (move := self.mover.differentiate(flows, report)) is not None:
                layout, flat = move[0], self.mover.reduced(*move)
                self._finite.watch(clock.step + 1, layout, flat)
                report = self.mover.move(self, layout, flat)
                for name, value in report.items():
                    figures.setdefault(name, []).append(value)
        finally:
            for flow in flows:
                flow.close()  # a suspended no_grad block would otherwise stay in force
        if report is None:
            raise MethodError("train_step yielded nothing: there is no update to perform.")
        averaged = {n: torch.stack(v).mean(0) if len(v) > 1 else v[0] for n, v in figures.items()}
        self.position += draws[0].batches
        self._after_step(clock, averaged, batch)
        return averaged

    def _after_step(self, clock: Clock, report: Report, batch: int) -> None:
        skipped = any(name.endswith("/skipped") and bool(value) for name, value in report.items())
        with torch.no_grad():
            if not skipped and self._moves_state:
                self._seed(key(self.settings.seed, clock.step, "after step"))  # of no rank: all must move alike
                self._renew(self.method.after_step(self.nets, report, clock))
            self._average_buffers()
        self.clock = dataclasses.replace(
            clock, step=clock.step + 1, examples=clock.examples + batch, stage_examples=clock.stage_examples + batch
        )
        if self._average:
            self._average.update(batch, self.clock)

    def _renew(self, rows: Rows | None) -> None:
        """Rows of parameters that stand for something else now begin anew: moments, and averages."""
        for name, mask in (rows or {}).items():
            if name not in self.groups:
                raise MethodError(f"after_step renews rows of {name!r}; the optimisers are {', '.join(self.groups)}.")
            for path, own in self.groups[name].forget_rows(mask).items():
                if self._average:
                    self._average.renew(path, own)

    def _average_buffers(self) -> None:
        """Statistics of batch norm drift apart between ranks; their mean is taken once a step.

        Not of a module with a true `per_rank`, whose state each process keeps to itself.
        """
        if self.machine.world == 1:
            return
        shared = [module for module in self.nets.modules() if not getattr(module, "per_rank", False)]
        floats = [b for module in shared for b in module.buffers(recurse=False) if b.is_floating_point()]
        if floats:
            flat = torch.cat([b.reshape(-1) for b in floats])
            self.machine.sum_(flat)
            flat /= self.machine.world
            for buffer, part in zip(floats, flat.split([b.numel() for b in floats])):
                buffer.copy_(part.view(buffer.shape))

    def _draw(self, stage: Stage, batch: int, clock: Clock, part: int, parts: int) -> PartDraw:
        def read(position: int, part: int, parts: int) -> Any:
            where = 0 if self.settings.overfit_one_batch else position
            return self.data.read(where, batch, part=part, parts=parts, stage=clock.stage, resolution=stage.resolution)

        seed, device = self.settings.seed, self.machine.device
        return PartDraw(read, self.position, seed, clock.step, part, parts, device)

    def flow(self, examples: int, later: int = 0) -> Flow:
        """One micro-batch of `examples`, ready to run, as the next step or one `later` would have it: for estimates."""
        clock = dataclasses.replace(self.clock, step=self.clock.step + later, fresh=examples)
        draw = self._draw(self.stages[clock.stage], examples, clock, 0, 1)
        return self._begun(draw, clock)

    def _begun(self, draw: PartDraw, clock: Clock) -> Flow:
        flow = self.method.train_step(self.nets, draw, clock)
        if not isinstance(flow, Generator):
            raise MethodError(
                f"train_step must be a generator, a function with `yield Update(...)` in it; it returned"
                f" a {type(flow).__name__}."
            )
        return flow

    # -- stages -------------------------------------------------------------------------------------------------------

    def _next_stage(self) -> None:
        stage = self.stages[self.clock.stage]
        last = self.clock.stage + 1 == len(self.stages)
        if last or stage.examples is None or self.clock.stage_examples < stage.examples:
            return
        self.clock = dataclasses.replace(self.clock, stage=self.clock.stage + 1, stage_examples=0)
        self.position = 0
        entered = self.stages[self.clock.stage]
        for name in entered.fresh:
            self.groups[name].forget()
        for hook in self.hooks:
            hook.stage(self, entered)

    def _set_phase(self, clock: Clock | None = None) -> None:
        self.method.set_phase(self.nets, clock or self.clock)
        if self.average is not None:
            self.method.set_phase(self.average, clock or self.clock)

    def _batch(self) -> int:
        return self.stages[self.clock.stage].batch or self.settings.batch

    def _check_stage(self, stage: Stage) -> None:
        for name in stage.fresh:
            if name not in self.groups:
                raise MethodError(f"a stage renews group {name!r}; the optimisers are {', '.join(self.groups)}.")
        batch = stage.batch or self.settings.batch
        parts = self.settings.accumulate * self.machine.world
        if batch % parts:
            raise ConfigError(
                f"a batch of {batch} cannot be cut into {parts} equal parts ({self.machine.world} processes x"
                f" {self.settings.accumulate} micro-batches); use a --batch that {parts} divides."
            )
        self.data.batches(batch)

    # -- small things -------------------------------------------------------------------------------------------------

    def _say(self, text: str) -> None:
        if self.main:
            print(text, file=sys.stderr, flush=True)

    def _seed(self, seed: int) -> None:
        if self.machine.device.type == "cpu":
            torch.default_generator.manual_seed(seed)  # the whole torch.manual_seed takes half a millisecond here
        else:
            torch.manual_seed(seed)

    def _is_report(self) -> bool:
        step = self.clock.step
        return step == 1 or step % self.settings.log_every == 0 or self.clock.examples >= self.settings.examples

    def _compile(self) -> None:
        torch._functorch.config.donated_buffer = False  # type: ignore[attr-defined]
        for name in self.method.compiles:
            self.nets.get_submodule(name).compile()

    def _anchored(self) -> Anchor | Answers:
        to, weight = self.settings.anchor_to, self.settings.anchor
        if to != "answers":
            return Anchor(self.groups, to, weight)
        return Answers(self.method, self.nets, self.data, self.settings.batch // self.settings.accumulate, weight)

    def _too_few(self) -> ConfigError:
        """For networks that take statistics over a micro-batch, which one example does not have."""
        batch, parts = self._batch(), self.settings.accumulate * self.machine.world
        cut = next((k for k in range(self.settings.accumulate, 0, -1) if batch % k == 0 and batch // k > 1), 0)
        mend = f"--accumulate {cut}" if cut and parts > 1 else "--batch 2 or more"
        return ConfigError(
            f"a micro-batch of {batch // parts} is too small for this method: its batch norm compares the examples of"
            f" one micro-batch, so it takes 2 or more: use {mend}."
        )

    def _no_memory(self) -> OutOfMemory:
        batch, k = self._batch(), self.settings.accumulate
        fits = next((n for n in range(2 * k, batch + 1) if batch % (n * self.machine.world) == 0), None)
        mend = f"--accumulate {fits} would need less" if fits else "use a smaller --batch or --resolution"
        text = f"the {self.machine.device.type} has no memory left for {counted(batch // k, 'image')} at once; {mend}."
        return OutOfMemory(text, fits)


def under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The entries whose names begin with `prefix`, without it."""
    return {name[len(prefix) :]: value for name, value in tensors.items() if name.startswith(prefix)}


def load_networks(nets: nn.Module, saved: Mapping[str, Tensor], prefix: str = "") -> None:
    """Copy saved weights into networks. Raises CheckpointError as `check_fit` does, names with `prefix` before them."""
    own = nets.state_dict()
    check_fit(*({f"{prefix}{name}": value for name, value in state.items()} for state in (own, saved)))
    nets.load_state_dict({name: shared_as(value, own[name]) for name, value in saved.items()})


class _Shaped(Protocol):
    @property
    def shape(self) -> tuple[int, ...]: ...


def check_fit(own: Mapping[str, Tensor], saved: Mapping[str, _Shaped]) -> None:
    """Raises CheckpointError naming what of the saved weights is missing, too many or of another shape."""
    faults = [f"{name} is missing" for name in own if name not in saved]
    faults += [f"{name} is not in these networks" for name in saved if name not in own]
    faults += [
        f"{name} is {list(saved[name].shape)} there and {list(own[name].shape)} here"
        for name in own
        if name in saved and saved[name].shape != own[name].shape
    ]
    if faults:
        more = f" and {len(faults) - 4} more" if len(faults) > 4 else ""
        raise CheckpointError(f"the saved weights do not fit: {'; '.join(faults[:4])}{more}.")


def _channels_last(nets: Networks) -> Networks:
    """Kernels over images in the layout that convolutions are fast in; volumes and the rest stay as they are."""
    for tensor in (*nets.parameters(), *nets.buffers()):
        if tensor.dim() == 4:
            tensor.data = tensor.data.contiguous(memory_format=torch.channels_last)
    return nets


def _host(report: Mapping[str, Tensor]) -> dict[str, float]:
    """Scalars of a report as Python numbers, in one read."""
    names = [name for name, value in report.items() if value.dim() == 0]
    return dict(zip(names, torch.stack([report[name] for name in names]).tolist())) if names else {}
