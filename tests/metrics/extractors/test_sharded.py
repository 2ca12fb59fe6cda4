"""Two processes come to the figures of one."""

import json

import numpy as np
import torch.distributed as dist
import torch.multiprocessing as processes
from metric_inputs import made_images

from saddlepoint.metrics.extractors.features import Pixels, features
from saddlepoint.metrics.extractors.sharded import all_features, bounds, merged, place
from saddlepoint.metrics.formulas.statistics import Moments, read_statistics, write_statistics
from saddlepoint.metrics.scores.measure import measure
from saddlepoint.metrics.scores.score import Protocol
from saddlepoint.metrics.sets import Rows

METRICS = ("fid", "kid", "precision", "recall")


def figures(rank, world, folder):
    if world > 1:
        dist.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=world)
    real, fake = Rows(made_images(101, 1, 6, 6, "real")), Rows(made_images(90, 1, 6, 6, "fake"))
    known = all_features(Pixels(), real, content=f"kept {folder}")
    scores = measure(METRICS, Pixels(), known, all_features(Pixels(), fake), Protocol("", 0, 0))
    (folder / f"{rank}-of-{world}.json").write_text(json.dumps([score.value for score in scores]))
    moments = Moments()
    for batch in real.stream(*bounds(len(real), *place())):
        moments.add(features(Pixels(), batch))
    write_statistics(folder / f"{rank}-of-{world}.npz", merged(moments).gaussian())
    if world > 1:
        dist.destroy_process_group()


def test_two_processes_equal_one(tmp_path, monkeypatch):
    monkeypatch.setenv("SADDLEPOINT_CACHE", str(tmp_path / "cache"))
    figures(0, 1, tmp_path)
    processes.spawn(figures, (2, tmp_path), nprocs=2)
    alone, first, second = (f"{name}-of-{world}" for name, world in ((0, 1), (0, 2), (1, 2)))
    values = [json.loads((tmp_path / f"{name}.json").read_text()) for name in (alone, first, second)]
    assert values[0] == values[1] == values[2]
    one, two, other = (read_statistics(tmp_path / f"{name}.npz") for name in (alone, first, second))
    assert one.n == two.n == other.n == 101
    np.testing.assert_array_equal(two.covariance, other.covariance)
    np.testing.assert_allclose(two.covariance, one.covariance, atol=1e-14)


def test_parts_are_all_rows_in_order():
    assert [bounds(10, rank, 3) for rank in range(3)] == [(0, 3), (3, 6), (6, 10)]
