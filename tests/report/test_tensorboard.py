"""TensorBoard events, read back without TensorBoard."""

import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tensorboardX.proto.event_pb2 import Event

from saddlepoint.engine.trainer import Trainer
from saddlepoint.report.tensorboard import TensorBoard


def _events(folder: Path) -> list[Any]:
    """All events of all files, oldest file first; a record is length, checksum, bytes, checksum."""
    events = []
    for path in sorted((folder / "tensorboard").iterdir(), key=lambda path: path.stat().st_mtime_ns):
        content, at = path.read_bytes(), 0
        while at < len(content):
            (length,) = struct.unpack_from("<Q", content, at)
            events.append(Event.FromString(content[at + 12 : at + 12 + length]))
            at += 16 + length
    return events


def _scalars(events: list[Any]) -> dict[tuple[str, int], float]:
    return {(value.tag, event.step): value.simple_value for event in events for value in event.summary.value}


def test_every_figure_of_every_report_is_an_event(tmp_path: Path, trainer: Callable[..., Trainer]) -> None:
    run = trainer(tmp_path, [TensorBoard()])
    run.fit()
    scalars = _scalars(_events(tmp_path))
    assert sorted({tag for tag, _ in scalars}) == [
        *("critic/fake", "critic/real", "generator/fake", "learning_rate/critic", "learning_rate/generator")
    ]
    assert sorted({step for _, step in scalars}) == [1, *range(5, 61, 5)]
    assert scalars["critic/real", 60] == pytest.approx(run.figures["critic/real"])


def test_a_resumed_run_purges_what_lies_beyond_its_checkpoint(tmp_path: Path, trainer: Callable[..., Trainer]) -> None:
    run = trainer(tmp_path, [TensorBoard()], examples=160)
    run.fit()
    saved = run.state()
    resumed = trainer(tmp_path, [TensorBoard()])
    resumed.restore(*saved)
    resumed.fit()
    starts = [event.step for event in _events(tmp_path) if event.session_log.status == 1]
    assert starts == [41]
    assert ("critic/real", 45) in _scalars(_events(tmp_path))


def test_without_its_package_a_run_has_its_log_alone(
    tmp_path: Path, trainer: Callable[..., Trainer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    trainer(tmp_path, [TensorBoard()]).fit()
    assert not (tmp_path / "tensorboard").exists()
