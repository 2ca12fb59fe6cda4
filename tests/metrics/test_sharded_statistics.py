"""Two processes come to the statistics of one."""

import numpy as np
import torch.distributed as dist
import torch.multiprocessing as processes
from made import made_images

from saddlepoint.metrics.features import Pixels
from saddlepoint.metrics.sharded import merged, part
from saddlepoint.metrics.statistics import Moments, read_statistics, write_statistics


def measure(rank, world, folder):
    if world > 1:
        dist.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=world)
    moments = Moments()
    moments.add(Pixels().batch(part(made_images(101, 1, 6, 6, "shards"), rank, world)))
    write_statistics(folder / f"{rank}-of-{world}.npz", merged(moments).gaussian())
    if world > 1:
        dist.destroy_process_group()


def test_two_processes_equal_one(tmp_path):
    measure(0, 1, tmp_path)
    processes.spawn(measure, (2, tmp_path), nprocs=2)
    alone, first, second = (read_statistics(tmp_path / f"{name}.npz") for name in ("0-of-1", "0-of-2", "1-of-2"))
    assert first.n == second.n == alone.n == 101
    np.testing.assert_array_equal(first.covariance, second.covariance)
    np.testing.assert_allclose(first.covariance, alone.covariance, atol=1e-14)


def test_parts_are_all_rows_in_order():
    rows = np.arange(10)
    assert [part(rows, rank, 3).tolist() for rank in range(3)] == [[0, 1, 2], [3, 4, 5], [6, 7, 8, 9]]
