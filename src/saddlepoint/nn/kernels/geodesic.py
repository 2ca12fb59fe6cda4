"""Distances along a surface and places in polar coordinates around each vertex. Masci et al. 2015, arXiv:1501.06297."""

from __future__ import annotations

import numpy as np
import torch
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra
from torch import Tensor
from torch.nn import functional as F

from saddlepoint.nn.kernels.mesh import Surface, both_ways, following, normals

_TINY = 1e-12


def steps(mesh: Surface) -> tuple[Tensor, Tensor, Tensor]:
    """Straight ways along the surface: edges, and from one far corner of two neighbouring faces to the other where the
    line between them, with both faces laid flat, meets their edge. From, to, length, both ways.  [S] each"""
    start, end = both_ways(mesh)
    length = (mesh.places[start] - mesh.places[end]).norm(dim=1)
    inner = mesh.sides[mesh.sides[:, 1] >= 0]
    flat = mesh.faces.flatten()
    u, v = flat[inner[:, 0]], flat[following(inner[:, 0])]
    near, far = (flat[following(following(inner[:, k]))] for k in (0, 1))
    axis = mesh.places[v] - mesh.places[u]
    span = axis.norm(dim=1).clamp_min(_TINY)
    axis = axis / span[:, None]
    along, high = [], []
    for corner in (near, far):
        away = mesh.places[corner] - mesh.places[u]
        along.append((away * axis).sum(1))
        high.append((away - along[-1][:, None] * axis).norm(dim=1))
    across = along[0] + (along[1] - along[0]) * high[0] / (high[0] + high[1]).clamp_min(_TINY)
    meets = (across > 0) & (across < span)
    way = torch.hypot(along[0] - along[1], high[0] + high[1])[meets]
    near, far = near[meets], far[meets]
    return torch.cat((start, near, far)), torch.cat((end, far, near)), torch.cat((length, way, way))


@torch.no_grad()
def polar(mesh: Surface, radius: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Pairs (i, j) of vertices not more than `radius` apart along the surface, j = i among them, with the distance and
    the direction of j as seen from i, an angle in the plane that touches there: [P] each, sorted by i.

    radius: of each mesh in mean lengths of its edges. Distances come in the same unit. Directions count from an
    arbitrary one at each vertex.
    """
    source, target, length = (part.cpu().numpy() for part in steps(mesh))
    ends = mesh.ends
    lengths = (mesh.places[ends[:, 0]] - mesh.places[ends[:, 1]]).norm(dim=1)
    count = torch.bincount(mesh.edge_owner, minlength=mesh.examples).clamp_min(1)
    unit = torch.zeros(mesh.examples, device=lengths.device).index_add(0, mesh.edge_owner, lengths) / count
    scaled = length / unit[mesh.owner].cpu().numpy()[source].clip(_TINY)
    order = np.lexsort((scaled, target, source))
    source, target, scaled = source[order], target[order], scaled[order]
    first = np.ones(len(source), bool)
    first[1:] = (source[1:] != source[:-1]) | (target[1:] != target[:-1])  # the shortest of several ways
    sizes = torch.bincount(mesh.owner, minlength=mesh.examples).tolist()
    owner = mesh.owner.cpu().numpy()[source]
    parts, begin = [], 0
    for number, size in enumerate(sizes):
        own = first & (owner == number)
        graph = csr_matrix((scaled[own], (source[own] - begin, target[own] - begin)), (size, size))
        distance = dijkstra(graph, limit=radius)
        i, j = np.nonzero(distance <= radius)
        parts.append(np.stack((i + begin, j + begin, distance[i, j])))
        begin += size
    joined = np.concatenate(parts, 1)
    device = mesh.places.device
    i, j = (torch.from_numpy(joined[k].astype(np.int64)).to(device) for k in (0, 1))  # type: ignore[assignment]
    away = mesh.places[j] - mesh.places[i]
    up = normals(mesh)
    helper = torch.eye(3, device=device)[up.abs().argmin(1)]
    right = F.normalize(torch.linalg.cross(helper, up), dim=1)
    ahead = torch.linalg.cross(up, right)
    angle = torch.atan2((away * ahead[i]).sum(1), (away * right[i]).sum(1))
    return i, j, torch.from_numpy(joined[2]).float().to(device), angle  # type: ignore[return-value]
