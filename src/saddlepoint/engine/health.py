"""Health: watches a run's own figures and says in words when the game goes wrong, as it begins and as it ends.

What is judged, and by which bounds, stands in `diagnosis.py`; what may be done about it in `rescue.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, final

import torch
from torch import Tensor, nn

from saddlepoint.engine.diagnosis import Finding, Signs, findings
from saddlepoint.engine.hooks import Hook, Json, Run
from saddlepoint.methods.base import Method

EVERY = 100
"""steps between two looks at samples, at least: a look costs about half a step"""
EARLY = 300
"""steps in which nothing is judged: every game is uneven at first"""
HOLD = 2
"""looks in a row that must agree before a trouble begins or ends"""

Look = Callable[[Run], Mapping[str, float]]
"""Figures of samples beside real images, from 0 to about 1; each may be left out.

diversity: of the samples, as a share of the real images'. apart: energy distance of the two, as a share. memory: share
of the critic's lead that is lost on real images it was not trained on. known: chance that it rates a training image
over one of those. modes: share of the modes that the samples reach, where they are known.
"""


@final
class Health(Hook):
    """Judges every report of a run, and every hundred steps a look at its samples. Stands before the log.

    look: measures samples, handed in by whoever knows the data; without it only losses, outputs and gradients count.
    modes: how many the data is known to have.
    """

    def __init__(self, look: Look | None = None, modes: int | None = None) -> None:
        self._look, self._modes = look, modes
        self._signs = Signs()
        self._norms: dict[str, Tensor] = {}
        self.looked = 0
        """the step of the last look"""
        self._since: dict[str, int] = {}
        self._doubts: dict[str, int] = {}
        self.well = 0
        """the last step at which a look found nothing at all"""

    @property
    def troubles(self) -> tuple[str, ...]:
        """What is wrong now, the newest last."""
        return tuple(self._since)

    def before_update(self, run: Run, group: str, parameters: Mapping[str, nn.Parameter]) -> None:
        """On report steps, the norm of each network's gradient; it stays on the device."""
        step = run.clock.step + 1
        if step != 1 and step % run.settings.log_every:
            return
        for network in dict.fromkeys(name.split(".")[0] for name in parameters):
            own = [p.grad for name, p in parameters.items() if name.split(".")[0] == network and p.grad is not None]
            if own:
                self._norms[network] = torch.stack(torch._foreach_norm(own)).norm()

    def step(self, run: Run, report: Mapping[str, Tensor]) -> None:
        """On report steps, take the figures in; when a look is due, look and judge."""
        if not run.reporting:
            return
        due = run.clock.step - self.looked >= EVERY
        looked = self._figures_of_a_look(run) if due else {}
        run.figures.update(looked)
        norms = torch.stack([*self._norms.values()]).tolist() if self._norms else []
        gradients = {f"gradient/{network}": norm for network, norm in zip(self._norms, norms)}
        self._norms = {}
        self._signs.add({**run.figures, **gradients})
        if due:
            self.looked = run.clock.step
            self._judge(run)

    def _figures_of_a_look(self, run: Run) -> dict[str, float]:
        figures = self._look(run) if self._look else {}
        if not figures:
            return {}
        values = torch.tensor([*figures.values()], device=run.machine.device)
        run.machine.sum_(values)  # every process must come to the same verdict
        return {f"health/{name}": value for name, value in zip(figures, (values / run.machine.world).tolist())}

    def _judge(self, run: Run) -> None:
        critics, others = players(run.method)
        specs = run.method.optimisers()
        generators = tuple(network for name in others for network in specs[name].networks)
        early = run.clock.step <= EARLY
        present = {} if early else {one.name: one for one in findings(self._signs, critics, generators)}
        if not present:
            self.well = run.clock.step
        for name in dict.fromkeys([*self._since, *self._doubts, *present]):
            if (name in present) == (name in self._since):
                self._doubts.pop(name, None)
                continue
            self._doubts[name] = self._doubts.get(name, 0) + 1
            if self._doubts[name] == HOLD:
                del self._doubts[name]
                self._change(run, name, present.get(name))

    def _change(self, run: Run, name: str, finding: Finding | None) -> None:
        if finding is not None:
            self._since[name] = run.clock.examples
            facts = {"finding": name, "begins": run.clock.examples, **finding.figures}
            run.note(f"{name}: {finding.words}{self._reached(name)}.", health=facts)
        else:
            since = self._since.pop(name)
            run.note(
                f"{name} is no longer flagged, after {run.clock.examples - since:,} {run.unit}{self._reached(name)}.",
                health={"finding": name, "began": since, "ends": run.clock.examples},
            )

    def _reached(self, name: str) -> str:
        """How many of the modes that are known the samples reach now, as the end of a sentence on a collapse."""
        share = self._signs.history.get("health/modes")
        if name != "mode collapse" or self._modes is None or not share:
            return ""
        return f"; {round(share[-1] * self._modes)} of {self._modes} known modes are reached"

    def state(self) -> Json:
        """The figures so far and what is wrong."""
        own = {"looked": self.looked, "since": self._since, "doubts": self._doubts, "well": self.well}
        return {**own, "signs": self._signs.json()}

    def restore(self, state: Json) -> None:
        """Go on where `state` was taken."""
        saved: dict[str, Any] = dict(state)
        self.looked, self.well = saved["looked"], saved["well"]
        self._since, self._doubts = dict(saved["since"]), dict(saved["doubts"])
        self._signs.take(saved["signs"])


def players(method: Method) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The groups that hold a network called critic or critic_..., and the others."""
    specs = method.optimisers()
    critics = tuple(name for name, spec in specs.items() if any(net.startswith("critic") for net in spec.networks))
    return critics, tuple(name for name in specs if name not in critics)
