"""Does health name what is wrong, and stay silent where nothing is? Planted failures, and the logs of proofs.

    python benchmarks/health.py [--proofs runs ...]

Each failure is planted in a small `gan` on the digits, which is healthy without it. The logs are those of whole runs of
`saddle prove`, whose results were measured: what health named in them may be a false alarm. Where it was that a critic
knows its images by heart, each checkpoint's critic is shown all training and all held-out images. Ends with 1 when a
planted failure is not named, or when the run without one is said to be ill.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
from record import record
from torch import Tensor

from saddlepoint.checkpoint.model import load
from saddlepoint.data.open import open_data
from saddlepoint.engine import plan as plans
from saddlepoint.engine.plan import Plan
from saddlepoint.errors import DivergedError
from saddlepoint.kinds.pixels import pixels
from saddlepoint.methods.families.unconditional import Unconditional
from saddlepoint.metrics.critic_outputs import rated
from saddlepoint.metrics.formulas import monitoring
from saddlepoint.report.tables import print_table
from saddlepoint.runs.train import train_plan

SMALL: dict[str, Any] = {
    "data": "digits", "batch": 64, "images": 96_000, "log_every": 10, "grid_size": 0, "threads": 1, "device": "cpu",
    "precision": "float32", "generator_widths": (64,), "critic_widths": (64,), "latent": 16, "ema_images": 0.0,
}  # fmt: skip


def one_latent(self: Unconditional, draw: Any, n: int) -> Tensor:
    """The same latent for every image."""
    return torch.ones(n, self.latent)


def two_latents(self: Unconditional, draw: Any, n: int) -> Tensor:
    """One of two latents for every image."""
    sign: Tensor = draw.noise(n, 1).sign()
    return sign.expand(n, self.latent).clone()


class Seeded:
    """Noise that is the same at each call, for the latents of a look."""

    def noise(self, n: int, *shape: int) -> Tensor:
        """N(0, 1)."""
        return torch.randn(n, *shape, generator=torch.Generator().manual_seed(0))


@dataclass(frozen=True)
class Planted:
    """A failure: what was changed, in words and in settings, and the trouble that should be named."""

    words: str
    trouble: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    latents: Any = None


FAILURES = (
    Planted("nothing", ""),
    Planted(
        "critic at 20 times the rate, generator at a tenth",
        "critic too strong",
        {"critic_lr": 4e-3, "generator_lr": 2e-5},
    ),
    Planted("critic that hardly learns", "critic too weak", {"critic_lr": 1e-7}),
    Planted("generator with a frozen latent", "mode collapse", latents=one_latent),
    Planted("generator of two images", "mode collapse", latents=two_latents),
    Planted(
        "minimax, with a critic at 100 times the rate",
        "vanishing generator gradients",
        {"objective": "minimax", "critic_lr": 2e-2},
    ),
    Planted(
        "Wasserstein critic of three layers without a bound, at 50 times the rate",
        "divergence",
        {"objective": "wasserstein", "critic_lr": 1e-2, "critic_widths": (64, 64, 64)},
    ),
    Planted(
        "critic with room for the 90 images that are left",
        "memorisation by the critic",
        {"held_out": 0.95, "critic_widths": (256, 256)},
    ),
)


def trained(planted: Planted, folder: Path) -> list[dict[str, Any]]:
    """The log of a run with the failure in it; of one that had to end, up to its end."""
    with ExitStack() as patched:
        if planted.latents:
            latents, same = planted.latents, lambda self, nets, n, seed, first=0: planted.latents(self, Seeded(), n)
            patched.enter_context(patch.object(Unconditional, "draw_latents", latents))
            patched.enter_context(patch.object(Unconditional, "latents", same))
        with suppress(DivergedError):
            train_plan(plans.make("gan", {**SMALL, **planted.settings}), out=folder, quiet=True)
    return list(lines(folder))


def lines(folder: Path) -> Iterator[dict[str, Any]]:
    """The lines of a run's log."""
    for line in (folder / "log.jsonl").read_text(encoding="utf-8").splitlines():
        yield json.loads(line)


def begun(log: list[dict[str, Any]]) -> list[tuple[str, int, str]]:
    """Each trouble that began: its name, after how many images, and the words."""
    said = [line for line in log if "begins" in line.get("health", {})]
    return [(line["health"]["finding"], line["health"]["begins"], line["note"]) for line in said]


def planted_row(planted: Planted, log: list[dict[str, Any]]) -> dict[str, Any]:
    """What was planted, and what was said of it."""
    found = begun(log)
    own = next((one for one in found if one[0] == planted.trouble), None)
    others = dict.fromkeys(name for name, _, _ in found if name != planted.trouble)
    return {
        "planted": planted.words,
        "named": own[0] if own else "nothing" if not found else "not it",
        "after images": own[1] if own else "",
        "words": own[2].removeprefix(f"{own[0]}: ") if own else "",
        "besides": ", ".join(others),
    }


def proof_row(folder: Path) -> dict[str, Any]:
    """What was said of a proof's run."""
    log, facts = list(lines(folder)), json.loads((folder / "run.json").read_text(encoding="utf-8"))
    looks = sum("health/diversity" in line for line in log)
    named = [f"{name} after {images:,}" for name, images, _ in begun(log)]
    return {
        "method": facts["method"],
        "data": facts["data"]["data"],
        "seed": facts["run"]["seed"],
        "images": [line["examples"] for line in log if "note" not in line][-1],
        "looks": looks,
        "named": ", ".join(named) or "nothing",
    }


def critic_rows(folder: Path) -> Iterator[dict[str, Any]]:
    """How often each kept critic of a run takes training images, and images it has never seen, for real.

    The critic works as in training, on 64 images at once, so that batch norm sees what it saw then.
    """
    for checkpoint in sorted((folder / "checkpoints").glob("step-*")):
        model = load(checkpoint)
        dataset = open_data(Plan.read(model.facts).data)
        critic, logits = model.nets.critic.train(), []
        for rows in dataset.split(model.facts["data"]["held_out"]):
            parts = pixels(torch.from_numpy(dataset.images[rows])).split(64)
            with torch.no_grad():
                outputs = [rated(critic, part) for part in parts]
                logits.append(torch.cat([each for each in outputs if each is not None]))
        seen, unseen = ((each > 0).float().mean().item() for each in logits)
        chance = monitoring.known(*logits)
        yield {
            "run": folder.name,
            "images": model.clock.examples,
            "training": seen,
            "held_out": unseen,
            "one over the other": chance,
        }


def main() -> int:
    """Plant each failure, read each log, print both tables and keep them."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--proofs", type=Path, nargs="*", default=[Path("runs")], help="where `saddle prove` ran")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        logs = [trained(planted, Path(folder) / str(number)) for number, planted in enumerate(FAILURES)]
    failures = [planted_row(planted, log) for planted, log in zip(FAILURES, logs)]
    folders = sorted(path.parent for place in asked.proofs for path in place.glob("prove-*/report.html"))
    proofs = [proof_row(folder) for folder in folders]
    doubted = [folder for folder, row in zip(folders, proofs) if "memorisation" in row["named"]]
    critics = [row for folder in doubted for row in critic_rows(folder)]
    tables = {"Planted failures": failures, "Runs of proofs": proofs, "Critics that know images by heart": critics}
    for heading, rows in tables.items():
        if rows:
            print_table(rows, title=heading)
    named = all(row["named"] == (planted.trouble or "nothing") for row, planted in zip(failures, FAILURES))
    silent = sum(row["named"] == "nothing" for row in proofs)
    record(
        "health",
        "Health",
        f"Failures planted in a `gan` with 64 hidden units on the digits, batch 64, {SMALL['images']:,} images, a"
        " report every 10 steps and a look at samples every 100, of which the first three are not judged. Runs of"
        " proofs: their whole logs; a look is possible where a method makes images from latents. Critics that know"
        " images by heart: the share of all training images, and of all held-out ones, that they take for real, and the"
        " chance that they rate one of the former over one of the latter.",
        {heading: rows for heading, rows in tables.items() if rows},
        notes=[
            f"{'Every' if named else 'NOT every'} planted failure was named, and the run without one was"
            f" {'not' if not begun(logs[0]) else 'WRONGLY'} said to be ill.",
            f"Of {len(proofs)} runs of proofs, nothing was named in {silent}.",
        ],
        command="python benchmarks/health.py --proofs runs",
    )
    return 0 if named else 1


if __name__ == "__main__":
    raise SystemExit(main())
