"""Meshes as graphs: half edges, what no move of a mesh changes, Laplacians, geodesics, collapsed edges; odd meshes."""

import math

import numpy as np
import pytest
import torch

from saddlepoint.data.world.bodies import body, mesh
from saddlepoint.errors import ShapeError
from saddlepoint.keyed import numpy_generator
from saddlepoint.kinds.mesh import Mesh
from saddlepoint.nn.kernels.geodesic import polar, steps
from saddlepoint.nn.kernels.mesh import (
    Surface,
    edge_features,
    laplacian_times,
    mean_over,
    normals,
    ring,
    surface,
    union,
    vertex_features,
)
from saddlepoint.nn.layers.mesh_edges import EdgeConv, collapsed


def two() -> tuple[Mesh, np.ndarray]:
    """A box and a ring of world:solid_meshes as tables."""
    parts = [mesh(body(row, tumbled=True), 60, numpy_generator("a mesh", row)) for row in (1, 7)]
    kind = Mesh.holding(parts)
    return kind, np.stack([kind.packed(*part) for part in parts])


KIND, TABLES = two()
PAIR = union(torch.from_numpy(TABLES), KIND.vertices)


def test_a_closed_surface_has_two_faces_at_each_edge_and_eulers_number() -> None:
    assert bool((PAIR.sides >= 0).all())
    v, e, f = len(PAIR.places), len(PAIR.sides), len(PAIR.faces)
    assert v - e + f == 2 + 0  # of a box, and of a ring
    assert bool((ring(PAIR) >= 0).all())
    assert (normals(PAIR)[PAIR.owner == 0] * PAIR.places[PAIR.owner == 0]).sum(1).min() > 0


def test_the_ring_of_an_edge_is_the_other_edges_of_its_faces_and_opposites_share_no_vertex() -> None:
    ends = PAIR.ends.tolist()
    for edge, (a, b, c, d) in enumerate(ring(PAIR).tolist()[:50]):
        first, second = {*ends[a], *ends[b]}, {*ends[c], *ends[d]}
        assert set(ends[edge]) <= first & second
        assert len(first) == len(second) == 3
        assert not set(ends[a]) & set(ends[c])
        assert not set(ends[b]) & set(ends[d])


def test_features_do_not_change_when_a_mesh_is_turned_moved_and_scaled() -> None:
    turn = torch.linalg.qr(torch.randn(3, 3, generator=torch.Generator().manual_seed(1))).Q
    turn = turn * torch.linalg.det(turn)
    moved = Surface(PAIR.places @ turn.T * 2.5 + 1, PAIR.faces, PAIR.owner, 2, PAIR.half, PAIR.sides)
    assert torch.allclose(edge_features(moved), edge_features(PAIR), atol=1e-3)
    assert torch.allclose(vertex_features(moved), vertex_features(PAIR), atol=1e-3)
    missing = vertex_features(PAIR)[:, 1]
    total = torch.stack([missing[PAIR.owner == k].sum() for k in (0, 1)])
    assert total.tolist() == pytest.approx([4 * math.pi, 0], abs=1e-2)  # Gauss and Bonnet


def test_features_of_a_tetrahedron_worked_by_hand() -> None:
    places = torch.tensor([[1.0, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    faces = torch.tensor([[0, 1, 2], [0, 3, 1], [0, 2, 3], [1, 3, 2]])
    features = edge_features(surface(places, faces, torch.zeros(4).long(), 1))
    wanted = [math.acos(1 / 3), math.pi / 3, math.pi / 3, math.sqrt(3) / 2, math.sqrt(3) / 2]
    assert torch.allclose(features, torch.tensor(wanted).expand(6, 5), atol=1e-4)


def test_the_laplacian_is_the_dense_one() -> None:
    n = len(PAIR.places)
    adjacent = torch.zeros(n, n)
    u, v = PAIR.ends.unbind(1)
    adjacent[u, v] = adjacent[v, u] = 1
    scale = adjacent.sum(1).rsqrt()
    dense = torch.eye(n) - scale[:, None] * adjacent * scale
    values = torch.randn(n, 3)
    assert torch.allclose(laplacian_times(PAIR, values), dense @ values, atol=1e-5)
    spectrum = torch.linalg.eigvalsh(dense)
    assert -1e-5 < spectrum[0] < spectrum[-1] < 2 + 1e-5
    assert mean_over(torch.ones(n, 1), PAIR.owner, 2).tolist() == [[1.0], [1.0]]


def test_open_surfaces_have_a_rim_and_odd_ones_are_refused() -> None:
    square = torch.tensor([[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
    faces, owner = torch.tensor([[0, 1, 2], [0, 2, 3]]), torch.zeros(4).long()
    sheet = surface(square, faces, owner, 1)
    assert int((sheet.sides[:, 1] < 0).sum()) == 4
    assert edge_features(sheet)[sheet.sides[:, 1] >= 0][0, 0].item() == pytest.approx(math.pi)
    with pytest.raises(ShapeError, match="three faces"):
        surface(square, torch.tensor([[0, 1, 2], [0, 1, 3]]), owner, 1)


def test_along_a_flat_sheet_distances_are_straight_where_faces_allow_it() -> None:
    line = torch.arange(5.0)
    x, y = torch.meshgrid(line, line, indexing="ij")
    number = torch.arange(25).view(5, 5)
    a, b, c, d = (part.flatten() for part in (number[:-1, :-1], number[1:, :-1], number[1:, 1:], number[:-1, 1:]))
    faces = torch.cat((torch.stack((a, b, c), 1), torch.stack((a, c, d), 1)))
    sheet = surface(torch.stack((x, y, torch.zeros(5, 5)), 2).view(-1, 3), faces, torch.zeros(25).long(), 1)
    start, end, length = steps(sheet)
    assert torch.allclose(length, (sheet.places[start] - sheet.places[end]).norm(dim=1), atol=1e-5)
    assert len(start) > 2 * len(sheet.sides)
    i, j, distance, angle = polar(sheet, 1.3)
    unit = (sheet.places[sheet.ends[:, 0]] - sheet.places[sheet.ends[:, 1]]).norm(dim=1).mean()
    middle = (i == 12) & (j != 12)
    away = sheet.places[j[middle]] - sheet.places[12]
    assert torch.allclose(distance[middle] * unit, away.norm(dim=1), atol=1e-4)
    seen = torch.atan2(away[:, 1], away[:, 0]) - angle[middle]
    assert (torch.remainder(seen - seen[0] + 1, 2 * math.pi) - 1).abs().max() < 1e-4


def test_collapsing_keeps_surfaces_closed_and_means_of_constants() -> None:
    edges = len(PAIR.sides)
    smaller, values = collapsed(PAIR, torch.ones(edges, 2), 120)
    left = torch.bincount(smaller.edge_owner, minlength=2)
    assert left.max() <= 120
    assert bool((smaller.sides >= 0).all())
    for k, euler in ((0, 2), (1, 0)):
        faces = int((smaller.owner[smaller.faces[:, 0]] == k).sum())
        vertices = len(torch.unique(smaller.faces[smaller.owner[smaller.faces[:, 0]] == k]))
        assert vertices - int(left[k]) + faces == euler
    assert torch.allclose(values, torch.ones_like(values))
    same, again = collapsed(PAIR, torch.arange(edges * 1.0)[:, None], 10_000)
    assert torch.equal(again[:, 0], torch.arange(edges * 1.0))
    assert torch.equal(same.faces, PAIR.faces)


def test_an_edge_convolution_does_not_depend_on_which_face_is_first() -> None:
    layer, values, around = EdgeConv(2, 3), torch.randn(len(PAIR.sides), 2), ring(PAIR)
    assert torch.allclose(layer(values, around), layer(values, around[:, [2, 3, 0, 1]]), atol=1e-6)
