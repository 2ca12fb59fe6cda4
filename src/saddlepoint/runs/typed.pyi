"""`saddlepoint.train` as editors and type checkers see it; tests/runs/test_typed.py writes this file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from saddlepoint.engine.hooks import Hook
from saddlepoint.methods.base import Method
from saddlepoint.runs.trained import Trained

def train(
    method: str | Path | type[Method] | Method,
    data: object = "digits",
    *,
    out: str | Path | None = None,
    preset: str | None = None,
    config: str | Path | None = None,
    start: str | Path | None = None,
    hooks: Sequence[Hook] = (),
    images: int = ...,
    examples: int = ...,
    minutes: float | None = ...,
    batch: int = ...,
    accumulate: int = ...,
    seed: int = ...,
    precision: Literal["auto", "float32", "bf16", "fp16"] = ...,
    device: str = ...,
    threads: int | None = ...,
    clip_norm: float | None = ...,
    compile: bool = ...,
    shard: bool = ...,
    recompute: bool = ...,
    freeze: Sequence[str] = ...,
    overfit_one_batch: bool = ...,
    log_every: int = ...,
    grid_size: int = ...,
    checkpoint_every: int = ...,
    keep_checkpoints: int = ...,
    best: str | None = ...,
    score: Sequence[Literal["fid", "fid-infinity", "kid", "is", "precision", "recall", "density", "coverage"]] = ...,
    score_every: int = ...,
    score_images: int = ...,
    track: Sequence[Literal["wandb", "mlflow"]] = ...,
    when_unstable: Literal["nothing", "halve-rates", "skip-leader", "augment", "go-back"] = ...,
    leader_rests: tuple[int, int] = ...,
    patience: int | None = ...,
    data_path: str | Path | None = ...,
    resolution: int | str | None = ...,
    resize: Literal["crop", "pad", "stretch"] = ...,
    channels: Literal[1, 3] | None = ...,
    flip: bool = ...,
    jitter: int = ...,
    swap: bool = ...,
    shape_points: int = ...,
    mesh_faces: int = ...,
    window: int | None = ...,
    tokens: Literal["characters", "words", "bpe"] = ...,
    vocabulary: int | None = ...,
    balanced: bool = ...,
    labels_per_class: int | None = ...,
    held_out: float | None = ...,
    cache: str | Path | None = ...,
    **settings: Any,
) -> Trained: ...
