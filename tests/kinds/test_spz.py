"""The .spz form of splats, read back by hand."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
import torch

from saddlepoint.kinds import spz
from saddlepoint.kinds.splats import Splats
from saddlepoint.nn.kernels.harmonics import harmonics


@pytest.mark.parametrize("degree", [0, 1, 3])
def test_the_streams_of_an_spz_hold_what_the_splats_are(degree: int, tmp_path: Path) -> None:
    kind, count = Splats(7, degree), 7
    values = kind.example(1, 0)[0] * 0.5
    values[:, 6:10] = torch.randn(7, 4, generator=torch.Generator().manual_seed(1))
    kind.write(values, tmp_path / "scene.spz", {})
    body = gzip.decompress((tmp_path / "scene.spz").read_bytes())
    assert struct.unpack("<IIIBBBB", body[:16]) == (0x5053474E, 2, 7, degree, 12, 0, 0)
    waves = (degree + 1) ** 2
    assert len(body) == 16 + count * (9 + 1 + 3 + 3 + 3 + 3 * (waves - 1))
    rest = np.frombuffer(body[16:], np.uint8)
    places, rest = rest[: 9 * count].reshape(count, 3, 3).astype(np.int64), rest[9 * count :]
    fixed = places[..., 0] + (places[..., 1] << 8) + (places[..., 2] << 16)
    fixed = np.where(fixed >= 2**23, fixed - 2**24, fixed) / 4096
    assert np.allclose(fixed * [1, -1, -1], values[:, :3], atol=1e-3)
    assert np.allclose(rest[:count] / 255, values[:, 10].sigmoid(), atol=3e-3)
    colour = rest[count : 4 * count].reshape(count, 3)
    assert np.allclose((colour / 255 - 0.5) / 0.15, values[:, 11:14], atol=0.03)
    scale, turn = (rest[begin * count : (begin + 3) * count].reshape(count, 3) for begin in (4, 7))
    assert np.allclose(scale / 16.0 - 10, values[:, 3:6], atol=0.04)
    xyz = turn / 127.5 - 1
    w = np.sqrt(np.maximum(1 - (xyz**2).sum(1), 0))
    unit = torch.nn.functional.normalize(values[:, 6:10], dim=1).numpy() * [1, 1, -1, -1]
    same = np.abs((np.concatenate((w[:, None], xyz), 1) * unit).sum(1))
    assert same.min() > 0.999
    if degree:
        levels = rest[10 * count :].reshape(count, waves - 1, 3)
        assert np.allclose(levels[:, 1] / 128.0 - 1, -values[:, 17:20], atol=0.05)  # of z, which points backwards
        place = torch.nn.functional.normalize(torch.randn(5, 3), dim=1)
        turned = harmonics(place * torch.tensor([1.0, -1, -1]), degree)[:, 1:]
        assert np.allclose(turned, harmonics(place, degree)[:, 1:].numpy() * spz._FLIPPED[: waves - 1], atol=1e-6)
