"""Drawing Gaussians: against the form that looks at every splat in every pixel, and against Monte Carlo."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.special import sph_harm_y
from torch import Tensor

from saddlepoint.errors import ShapeError
from saddlepoint.kinds.camera import orbit, pose_of
from saddlepoint.nn.kernels import splat
from saddlepoint.nn.kernels.harmonics import harmonics
from saddlepoint.nn.kernels.splat import dense, draw, project, rotations, spread

CAMERA = orbit(torch.tensor([0.3]), torch.tensor([0.4]), 4.0, 40.0, 36)[0].double()


def splats(count: int, seed: int = 0) -> list[Tensor]:
    """Places, sizes, turns, colours and opacities."""
    stream = torch.Generator().manual_seed(seed)
    place, scale, turn = (torch.randn(count, n, generator=stream, dtype=torch.float64) for n in (3, 3, 4))
    colour, opacity = torch.rand(count, 3, generator=stream).double(), torch.rand(count, generator=stream).double()
    return [place * 0.7, (scale * 0.3 - 2).exp(), turn, colour, opacity * 0.9 + 0.05]


def picture(parts: list[Tensor], kernel: object, height: int = 30, width: int = 36) -> tuple[Tensor, ...]:
    place, scale, turn, colour, opacity = parts
    projected = project(place, scale, turn, pose_of(CAMERA), CAMERA[16:])
    return kernel(projected, colour, opacity, torch.tensor([1.0, 0.5, 0.0]).double(), height, width)  # type: ignore[operator,no-any-return]


def test_the_list_of_pairs_draws_what_the_dense_form_draws_with_the_same_gradients() -> None:
    listed, full = [[part.requires_grad_() for part in splats(120)] for _ in range(2)]
    slopes = torch.randn(3, 30, 36, dtype=torch.float64), torch.randn(30, 36, dtype=torch.float64)
    for parts, kernel in ((listed, draw), (full, dense)):
        made = picture(parts, kernel)
        sum((one * slope).sum() for one, slope in zip(made, slopes)).backward()  # type: ignore[union-attr]
    with torch.no_grad():
        for one, other in zip(picture(listed, draw)[:2], picture(full, dense)):
            assert torch.allclose(one, other, atol=1e-9)
    for one, other in zip(listed, full):
        assert torch.allclose(one.grad, other.grad, rtol=1e-6, atol=1e-9)  # type: ignore[arg-type]


def test_the_order_of_the_list_changes_nothing() -> None:
    parts = splats(50)
    order = torch.randperm(50)
    assert torch.allclose(picture(parts, draw)[0], picture([part[order] for part in parts], draw)[0], atol=1e-9)


def test_without_splats_there_is_background() -> None:
    made, hidden, depth = picture([part[:0] for part in splats(3)], draw)
    assert torch.allclose(made[:, 0, 0], torch.tensor([1.0, 0.5, 0.0]).double())
    assert hidden.abs().max() == depth.abs().max() == 0


def test_a_small_splat_is_projected_to_the_covariance_of_its_points() -> None:
    place, turn = torch.tensor([[0.2, -0.1, 0.3]]).double(), torch.tensor([[0.9, 0.1, -0.3, 0.2]]).double()
    scale = torch.tensor([[0.02, 0.01, 0.03]]).double()
    found = project(place, scale, turn, pose_of(CAMERA), CAMERA[16:])
    stream = torch.Generator().manual_seed(1)
    points = torch.randn(100_000, 3, generator=stream).double() * scale @ rotations(turn)[0].T + place
    ahead = (points - pose_of(CAMERA)[:3, 3]) @ pose_of(CAMERA)[:3, :3]
    pixels = ahead[:, :2] / ahead[:, 2:] * 40 + 18
    a, b, c = found.conic[0]
    covariance = torch.linalg.inv(torch.stack((torch.stack((a, b)), torch.stack((b, c))))) - 0.3 * torch.eye(2)
    assert torch.allclose(torch.cov(pixels.T), covariance, rtol=0.03, atol=2e-4)
    assert torch.allclose(pixels.mean(0), found.mean[0], atol=5e-3)
    assert float(found.depth) == pytest.approx(float(ahead[:, 2].mean()), abs=1e-3)


def test_what_lies_behind_the_camera_is_not_drawn() -> None:
    behind = pose_of(CAMERA)[None, :3, 3] - 2 * pose_of(CAMERA)[None, :3, 2]
    parts = [behind, *[part[:1] for part in splats(1)[1:]]]
    assert picture(parts, draw)[1].max() == 0


def test_the_harmonics_are_the_real_ones_with_the_condon_shortley_phase() -> None:
    direction = torch.nn.functional.normalize(torch.randn(40, 3, dtype=torch.float64), dim=1)
    polar, azimuth = direction[:, 2].acos().numpy(), torch.atan2(direction[:, 1], direction[:, 0]).numpy()
    values = harmonics(direction, 3)
    for degree in range(4):
        for order in range(-degree, degree + 1):
            whole = sph_harm_y(degree, abs(order), polar, azimuth)
            part = whole.real if order >= 0 else whole.imag
            wanted = torch.from_numpy(part * (math.sqrt(2) if order else 1))
            assert torch.allclose(values[:, degree * degree + degree + order], wanted, atol=1e-12), (degree, order)


def test_first_sizes_are_mean_distances_to_neighbours() -> None:
    line = torch.tensor([[0.0, 0, 0], [1, 0, 0], [2, 0, 0], [3, 0, 0]])
    assert spread(line).tolist() == [2.0, pytest.approx(4 / 3), pytest.approx(4 / 3), 2.0]
    assert len(spread(line[:1])) == 1


def test_a_view_that_would_take_all_memory_is_refused_before_it_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = splats(30)
    assert picture(parts, draw)
    monkeypatch.setattr(splat, "MOST_PAIRS", 10)
    with pytest.raises(ShapeError, match=r"pairs of splats and pixels, more than 10: use a smaller view"):
        picture(parts, draw)


def test_splats_are_projected_as_by_the_public_library() -> None:
    file = np.load(Path(__file__).parents[1] / "parity" / "gsplat.npz")  # of its readable form, on a processor
    values = {name: torch.from_numpy(file[name]) for name in file.files if name != "meta"}
    camera = values["in.camera"]
    ours = project(values["in.place"], values["in.scale"], values["in.turn"], camera[:16].view(4, 4), camera[16:])
    seen = ours.visible
    assert seen.sum() == 39
    assert torch.allclose(ours.mean[seen], values["out.mean"][seen], atol=1e-3)
    assert torch.allclose(ours.depth[seen], values["out.depth"][seen], atol=1e-5)
    assert torch.allclose(ours.conic[seen], values["out.conic"][seen], atol=1e-6)
