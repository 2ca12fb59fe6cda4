"""The settings of a run: how long, how large, on what, and what is kept of it. The same for every method."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from saddlepoint.config import Count, Natural, Positive, Range, Threads, Weight, check
from saddlepoint.errors import ConfigError

DISTANCES = ("fid", "fid-infinity", "kid")
"""scores of which less is better"""


@dataclass(frozen=True, kw_only=True)
class RunSettings:
    """How to train."""

    spellings: ClassVar[Mapping[str, str]] = {
        "images": "examples",
        "clip": "clip_norm",
        "samples": "grid_size",
        "keep": "keep_checkpoints",
    }
    """other words for a setting, also those of earlier releases: `images` for what are images, and easier to say"""

    examples: Count = 200_000
    """training length in examples (images, points, ...) seen = size of the data set x epochs; 200,000 at batch 64 are
    3,125 steps. --images is another spelling"""
    minutes: Positive | None = None
    """time limit in minutes: training ends then, even if fewer examples were seen"""
    batch: Count = 64
    """examples per step, over all devices and micro-batches"""
    accumulate: Count = 1
    """micro-batches per step: more fit a batch into less memory"""
    seed: Natural = 0
    """random seed: every random number of the run depends on it"""
    precision: Literal["auto", "float32", "bf16", "fp16"] = "auto"
    """number format of the networks; auto is bf16 on a GPU that is fast in it, else float32"""
    device: str = "auto"
    """cpu, cuda, cuda:1 or mps; auto takes the best available"""
    threads: Threads | None = None
    """processor threads; by default as many as torch chooses. Runs repeat bit for bit with the same number only"""
    clip_norm: Positive | None = None
    """largest gradient norm of each player; larger ones are scaled down. By default only the method's own limit"""
    compile: bool = False
    """compile the networks that the method names: slow to start, a little faster afterwards"""
    shard: bool = False
    """share each network's weights, gradients and moments out over the processes, where one device cannot hold them;
    not for methods with penalties on a slope"""
    recompute: bool = False
    """compute activations again in backward where the method says so (`checkpoints`): less memory, a third more time"""
    freeze: tuple[str, ...] = ()
    """networks, or parts of them, whose weights stay as they are, such as `--freeze encoder` or `encoder.blocks.0`: for
    fine-tuning with --from. Running statistics of batch norms go on"""
    anchor: Weight = 0.0
    """weight of the distance from an anchor, of all weights or of the model's answers, see --anchor-to; 0 for none"""
    anchor_to: Literal["history", "start", "important", "answers"] = "history"
    """history: the mean of all earlier weights, which calms a game that circles; start: the weights that the run begins
    with, so that fine-tuning with --from forgets less; important: the same, and a weight counts by the mean square of
    its gradient in the earlier run (elastic weight consolidation); answers: not the weights, but what the model says of
    examples, or makes of random latents, as it began (learning without forgetting)"""
    overfit_one_batch: bool = False
    """train on one batch over and over, as a test: a method that cannot learn it by heart has a fault"""
    log_every: Count = 20
    """steps between two lines of the log"""
    grid_size: Annotated[int, Range(least=0, most=10_000)] = 64
    """images in a sample grid; 0 for no grids"""
    checkpoint_every: Count = 50_000
    """examples seen between two checkpoints"""
    keep_checkpoints: Count = 3
    """number of latest checkpoints to keep"""
    best: str | None = None
    """logged figure, such as generator/fake, whose lowest checkpoint is kept as RUN/best; with --score by default its
    first distance (fid, kid or fid-infinity)"""
    score: tuple[Literal["fid", "fid-infinity", "kid", "is", "precision", "recall", "density", "coverage"], ...] = ()
    """metrics to compute while training, such as `--score fid kid`; see docs/metrics.md"""
    score_every: Count = 50_000
    """examples seen between two scores"""
    score_images: Count = 2_000
    """number of generated and of real images per score; fewer if there are fewer real ones"""
    track: tuple[Literal["wandb", "mlflow"], ...] = ()
    """programs that get figures and sample grids too, besides log.jsonl and TensorBoard's events: Weights & Biases,
    MLflow; each needs its own package"""
    when_unstable: Literal["nothing", "halve-rates", "skip-leader", "augment", "go-back"] = "nothing"
    """action when the health of the run fails, logged each time: halve-rates (for 5,000 steps), skip-leader (leave out
    steps of the player that leads), augment (show the discriminator stronger augmentation, where the networks can),
    go-back (to the last good checkpoint with half the rates)"""
    leader_rests: tuple[Count, Count] = (1, 2)
    """skip-leader: how many of how many steps of the leading player are left out"""
    patience: Count | None = None
    """end the run when the first metric of --score has not improved for this many examples"""

    def __post_init__(self) -> None:
        check(self)
        if self.batch % self.accumulate:
            raise ConfigError(
                f"a batch of {self.batch} cannot be cut into {self.accumulate} equal micro-batches;"
                f" use --accumulate {_divisor(self.batch, self.accumulate)}."
            )
        if self.anchor and self.shard:
            raise ConfigError("an anchor needs whole weights in each process: leave out --anchor or --shard.")
        if self.patience is not None and not self.score:
            raise ConfigError("patience needs something to wait for: give --score fid as well.")
        if self.best is not None and self.best.startswith("score/"):
            name = self.best.removeprefix("score/")
            if name not in self.score or name not in DISTANCES:
                known = ", ".join(DISTANCES)
                raise ConfigError(
                    f"best cannot be {self.best}: the lowest value is kept, so it must be a distance in --score"
                    f" ({known})."
                )
        rests, of = self.leader_rests
        if not 1 <= rests < of:
            raise ConfigError(
                f"leader_rests cannot be {rests} {of}: the leading player must step sometimes, so give less than all."
            )


def _divisor(batch: int, near: int) -> int:
    """The divisor of `batch` that is the first at or above `near`."""
    return next(k for k in range(near, batch + 1) if batch % k == 0) if near <= batch else batch


@dataclass(frozen=True)
class Folder:
    """Where the parts of a run lie, under its root."""

    root: Path

    @property
    def facts(self) -> Path:
        """The whole configuration and what it was made from."""
        return self.root / "run.json"

    @property
    def log(self) -> Path:
        """Every figure, a line a report."""
        return self.root / "log.jsonl"

    @property
    def samples(self) -> Path:
        """The sample grids."""
        return self.root / "samples"

    @property
    def checkpoints(self) -> Path:
        """One folder a checkpoint, `step-N`."""
        return self.root / "checkpoints"

    @property
    def saved(self) -> Path:
        """An empty file, there once a checkpoint has been complete: so that lost ones are not taken for none."""
        return self.root / ".saved"
