"""Meshes as graphs: a batch of tables becomes one graph of vertices, half edges and edges, with what is measured on it.

A half edge runs along one side of a triangle; half edge h of face f is 3 f + k, from corner k to corner k + 1. Its twin
runs the other way in the face beyond. An edge is a pair of twins, or a half edge at a boundary.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor
from torch.nn import functional as F

from saddlepoint.errors import ShapeError

_TINY = 1e-12


@final
@dataclass(frozen=True)
class Surface:
    """The meshes of a batch side by side.

    places: [V, 3]. faces: [F, 3] int64. owner: [V] int64, the mesh that each vertex is of. examples: how many meshes.
    half: [3 F] the edge that each half edge is of. sides: [E, 2] the half edges of each edge; -1 for none beyond.
    """

    places: Tensor
    faces: Tensor
    owner: Tensor
    examples: int
    half: Tensor
    sides: Tensor

    @property
    def ends(self) -> Tensor:
        """The two vertices of each edge.  [E, 2]"""
        first = self.sides[:, 0]
        return torch.stack((self.faces.flatten()[first], self.faces.flatten()[following(first)]), 1)

    @property
    def edge_owner(self) -> Tensor:
        """The mesh that each edge is of.  [E]"""
        return self.owner[self.ends[:, 0]]


def following(half: Tensor) -> Tensor:
    """The next half edge of the same face; -1 stays -1."""
    return torch.where(half < 0, half, half - half % 3 + (half % 3 + 1) % 3)


def union(tables: Tensor, vertices: int) -> Surface:
    """Tables of meshes [N, 1 + V + F, 3] of `vertices` rows of vertices, as `kinds.mesh` has them, as one surface.

    Raises ShapeError where an edge has three faces or two that run the same way.
    """
    n = len(tables)
    counts = tables[:, 0, :2].round().long()
    has_vertex = torch.arange(vertices, device=tables.device) < counts[:, :1]
    has_face = torch.arange(tables.shape[1] - 1 - vertices, device=tables.device) < counts[:, 1:]
    places = tables[:, 1 : 1 + vertices][has_vertex]
    starts = counts[:, 0].cumsum(0) - counts[:, 0]
    faces = (tables[:, 1 + vertices :].round().long() + starts[:, None, None])[has_face]
    owner = torch.arange(n, device=tables.device).repeat_interleave(counts[:, 0])
    return surface(places, faces, owner, n)


def surface(places: Tensor, faces: Tensor, owner: Tensor, examples: int) -> Surface:
    """Vertices and faces with their half edges joined. Raises ShapeError as `union` does."""
    start, end = faces.flatten(), faces[:, [1, 2, 0]].flatten()
    count = max(len(places), 1)
    directed = start * count + end
    if len(torch.unique(directed)) != len(directed):
        raise ShapeError(
            "a mesh has an edge of three faces, or of two that run the same way, so no inside and outside: mend it, for"
            " instance by merging vertices and turning faces to one side."
        )
    low, high = torch.minimum(start, end), torch.maximum(start, end)
    keys, half = torch.unique(low * count + high, return_inverse=True)
    order = half.argsort(stable=True)
    place = torch.arange(len(order), device=faces.device) - torch.searchsorted(half[order], half[order])
    sides = torch.full((len(keys), 2), -1, dtype=torch.long, device=faces.device)
    sides[half[order], place] = order
    return Surface(places, faces, owner, examples, half, sides)


def ring(mesh: Surface) -> Tensor:
    """The four edges around each edge, a, b of its first face and c, d of the face beyond, each in the order in which
    they follow it: so a and c lie opposite each other, and b and d. -1 beyond a boundary.  [E, 4]"""
    first, second = mesh.sides.unbind(1)
    halves = torch.stack(
        (following(first), following(following(first)), following(second), following(following(second))), 1
    )
    return torch.where(halves < 0, halves, mesh.half[halves.clamp_min(0)])


def edge_features(mesh: Surface) -> Tensor:
    """Of each edge: the angle between its faces (pi where flat), the angles opposite it and the ratios of the heights
    on it to its length, each pair from small to large; a boundary counts its one face twice.  [E, 5]

    Turning, moving and scaling change none of them. Source: Hanocka et al. 2019, arXiv:1809.05910, section 3.1.
    """
    ends, opposite = mesh.places[mesh.ends], []
    flat = mesh.faces.flatten()
    beyond = torch.where(mesh.sides[:, 1] < 0, mesh.sides[:, 0], mesh.sides[:, 1])
    for half in (mesh.sides[:, 0], beyond):
        opposite.append(mesh.places[flat[following(following(half))]])
    along = ends[:, 1] - ends[:, 0]
    length = along.norm(dim=1).clamp_min(_TINY)
    normals, angles, ratios = [], [], []
    for corner in opposite:
        one, other = ends[:, 0] - corner, ends[:, 1] - corner
        cross = torch.linalg.cross(one, other)
        normals.append(F.normalize(cross, dim=1, eps=_TINY))
        angles.append(torch.atan2(cross.norm(dim=1), (one * other).sum(1)))
        ratios.append(cross.norm(dim=1) / length.square())
    # the second face runs v, u, x, so its cross product here points inward
    bend = torch.atan2(torch.linalg.cross(normals[0], -normals[1]).norm(dim=1), -(normals[0] * normals[1]).sum(1))
    dihedral = torch.pi - torch.where(mesh.sides[:, 1] < 0, 0.0, bend)
    pairs = [torch.sort(torch.stack(pair, 1), 1).values for pair in (angles, ratios)]
    return torch.cat((dihedral[:, None], *pairs), 1)


def vertex_features(mesh: Surface) -> Tensor:
    """Of each vertex: distance to the middle over the root mean square of it; how much is missing of a full turn of
    angles; the mean length of its edges over that of all; how much its normal points away from the middle.  [V, 4]

    Turning, moving and scaling change none of them.
    """
    v, device = len(mesh.places), mesh.places.device
    count = torch.bincount(mesh.owner, minlength=mesh.examples).clamp_min(1)[:, None]
    middle = torch.zeros(mesh.examples, 3, device=device).index_add(0, mesh.owner, mesh.places) / count
    away = mesh.places - middle[mesh.owner]
    spread = torch.zeros(mesh.examples, 1, device=device).index_add(0, mesh.owner, away.square().sum(1, True)) / count
    radius = away.norm(dim=1) / spread.sqrt()[mesh.owner, 0].clamp_min(_TINY)
    corners = mesh.places[mesh.faces]
    turned, normal = torch.zeros(v, device=device), torch.zeros(v, 3, device=device)
    for k in range(3):
        one, other = corners[:, (k + 1) % 3] - corners[:, k], corners[:, (k + 2) % 3] - corners[:, k]
        cross = torch.linalg.cross(one, other)
        turned = turned.index_add(0, mesh.faces[:, k], torch.atan2(cross.norm(dim=1), (one * other).sum(1)))
        normal = normal.index_add(0, mesh.faces[:, k], cross)
    ends = mesh.ends
    length = (mesh.places[ends[:, 0]] - mesh.places[ends[:, 1]]).norm(dim=1)
    both = ends.flatten()
    degree = torch.bincount(both, minlength=v).clamp_min(1)
    mean = torch.zeros(v, device=device).index_add(0, both, length.repeat_interleave(2)) / degree
    total = torch.zeros(mesh.examples, device=device).index_add(0, mesh.owner, mean) / count[:, 0]
    facing = (F.normalize(normal, dim=1, eps=_TINY) * F.normalize(away, dim=1, eps=_TINY)).sum(1)
    return torch.stack((radius, 2 * torch.pi - turned, mean / total[mesh.owner].clamp_min(_TINY), facing), 1)


def normals(mesh: Surface) -> Tensor:
    """Outward directions at vertices, the areas of faces as weights.  [V, 3], of length 1"""
    corners = mesh.places[mesh.faces]
    cross = torch.linalg.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    total = torch.zeros_like(mesh.places)
    for k in range(3):
        total = total.index_add(0, mesh.faces[:, k], cross)
    return F.normalize(total, dim=1, eps=_TINY)


def both_ways(mesh: Surface) -> tuple[Tensor, Tensor]:
    """The ends of each edge in both directions: from, to.  [2 E] each"""
    ends = mesh.ends
    return torch.cat((ends[:, 0], ends[:, 1])), torch.cat((ends[:, 1], ends[:, 0]))


def laplacian_times(mesh: Surface, values: Tensor) -> Tensor:
    """The normalised Laplacian of the graph, I - D^-½ A D^-½, times values [V, C]; its eigenvalues lie in [0, 2]."""
    start, end = both_ways(mesh)
    scale = torch.bincount(end, minlength=len(mesh.places)).clamp_min(1).to(values.dtype).rsqrt()[:, None]
    around = torch.zeros_like(values).index_add(0, end, (values * scale)[start])
    return values - around * scale


def mean_over(values: Tensor, owner: Tensor, examples: int) -> Tensor:
    """The mean of rows [R, C] over the mesh that each is of.  [examples, C]"""
    total = values.new_zeros(examples, values.shape[1]).index_add(0, owner, values)
    return total / torch.bincount(owner, minlength=examples).clamp_min(1)[:, None]
