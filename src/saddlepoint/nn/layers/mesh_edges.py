"""MeshCNN's layers: a convolution over the four edges around an edge, and pooling that collapses edges.
Hanocka et al. 2019, arXiv:1809.05910, section 4.
"""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn

from saddlepoint.nn.kernels.mesh import Surface, surface


@final
class EdgeConv(nn.Module):
    """[E, C] -> [E, D]: of an edge e and the ring a, b, c, d around it a linear map of e, a + c, b + d, |a - c| and
    |b - d|, which does not depend on which of its faces is the first. What is beyond a boundary counts as 0."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.linear = nn.Linear(5 * inputs, outputs)

    def forward(self, values: Tensor, ring: Tensor) -> Tensor:
        """ring: [E, 4], see `nn.kernels.mesh.ring`."""
        padded = torch.cat((values, values.new_zeros(1, values.shape[1])))
        a, b, c, d = (padded[ring[:, k]] for k in range(4))  # -1 is the row of zeros
        joined = torch.cat((values, a + c, b + d, (a - c).abs(), (b - d).abs()), 1)
        return self.linear(joined)  # type: ignore[no-any-return]


def collapsed(mesh: Surface, values: Tensor, most: int) -> tuple[Surface, Tensor]:
    """Meshes with at most about `most` edges each, and what their edges have: [E', C], means of what was joined.

    The edge of the smallest norm goes first. Where an edge (u, v) goes, v becomes u, its two faces vanish, and of each
    of these faces the two other edges become one, with the mean of both and of the edge itself. An edge at a boundary,
    or one whose ends have more than two neighbours in common, stays, since the surface would fold onto itself.
    """
    order = values.detach().square().sum(1).argsort().tolist()
    ends, owner = mesh.ends.tolist(), mesh.edge_owner.tolist()
    left = torch.bincount(mesh.edge_owner, minlength=mesh.examples).tolist()
    inner = (mesh.sides[:, 1] >= 0).tolist()
    around: list[dict[int, int]] = [{} for _ in range(len(mesh.places))]  # of each vertex the edge to each other
    for edge, (u, v) in enumerate(ends):
        around[u][v] = around[v][u] = edge
    rim = {vertex for edge, pair in enumerate(ends) if not inner[edge] for vertex in pair}
    current = [tuple(pair) for pair in ends]
    alive = [True] * len(ends)
    members: list[list[int]] = [[edge] for edge in range(len(ends))]
    goes_to = list(range(len(mesh.places)))
    for edge in order:
        if not alive[edge] or left[owner[edge]] <= most:
            continue
        u, v = current[edge]
        if u in rim or v in rim:
            continue
        of_u, of_v = around[u], around[v]
        common = of_u.keys() & of_v.keys()
        if len(common) != 2 or any(len(around[x]) <= 3 for x in common):
            continue
        del of_u[v], of_v[u]
        for x in common:
            kept, gone = of_u[x], of_v.pop(x)
            del around[x][v]
            members[kept] += [*members[gone], *members[edge]]
            alive[gone] = False
        for x, moved in of_v.items():
            del around[x][v]
            of_u[x] = around[x][u] = moved
            current[moved] = (u, x)
        around[v] = {}
        alive[edge] = False
        goes_to[v] = u
        left[owner[edge]] -= 3
    return _rebuilt(mesh, values, goes_to, around, members)


def _rebuilt(
    mesh: Surface, values: Tensor, goes_to: list[int], around: list[dict[int, int]], members: list[list[int]]
) -> tuple[Surface, Tensor]:
    """The surface after vertices have become others, and the means of the members of each edge."""
    final_vertex = list(range(len(goes_to)))
    for vertex in range(len(goes_to)):
        last = vertex
        while goes_to[last] != last:
            last = goes_to[last]
        final_vertex[vertex] = last
    device = values.device
    faces = torch.tensor(final_vertex, device=device)[mesh.faces]
    whole = (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 2] != faces[:, 0])
    smaller = surface(mesh.places, faces[whole], mesh.owner, mesh.examples)
    edges = [around[u][v] for u, v in smaller.ends.tolist()]
    source = torch.tensor([member for edge in edges for member in members[edge]], device=device)
    target = torch.tensor([row for row, edge in enumerate(edges) for _ in members[edge]], device=device)
    total = values.new_zeros(len(edges), values.shape[1]).index_add(0, target, values[source])
    return smaller, total / torch.bincount(target, minlength=len(edges))[:, None]
