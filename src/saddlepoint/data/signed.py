"""Solids on grids: signed distances of meshes, occupancy from them and back, and ternary grids carved by depth maps.

Grids have the axes z, y, x and fill the cube from -1 to 1, whose half side is the unit of distances; a value belongs to
the middle of its voxel, and distances are negative inside.
"""

from __future__ import annotations

import numpy as np
import scipy
import torch
from torch import Tensor

from saddlepoint.kinds.camera import pose_of
from saddlepoint.kinds.distances import middles

FREE, UNKNOWN, OCCUPIED = 0, 1, 2
"""the three states of a voxel of a carved grid"""
_AT_ONCE = 2_000_000  # pairs of a place and a triangle
_NEAREST = 6  # triangles that a place's distance is measured to


def winding_number(places: Tensor, corners: Tensor) -> Tensor:
    """How many times a surface goes around each place: 1 inside a closed mesh, 0 outside, between where it has holes.

    places: [P, 3]. corners: of triangles, [F, 3, 3], anticlockwise seen from outside. Returns [P].
    Source: Jacobson et al. 2013, doi:10.1145/2461912.2461916, with the solid angles of Van Oosterom & Strackee 1983.
    """
    parts = []
    for part in places.split(max(1, _AT_ONCE // max(len(corners), 1))):
        a, b, c = (corners[None, :, k] - part[:, None] for k in range(3))  # [p, F, 3]
        la, lb, lc = a.norm(dim=2), b.norm(dim=2), c.norm(dim=2)
        above = (a * torch.linalg.cross(b, c)).sum(2)
        below = la * lb * lc + (a * b).sum(2) * lc + (b * c).sum(2) * la + (c * a).sum(2) * lb
        parts.append(torch.atan2(above, below).sum(1) / (2 * torch.pi))
    return torch.cat(parts) if parts else places.new_zeros(0)


def distance_to_triangles(places: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """The distance of each place to its own triangle.  [P, 3] and [P, 3, 3] -> [P]

    Nearest to the plane where the foot falls inside, else to the nearest of the three edges.
    """
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    normal = np.cross(b - a, c - a)
    area = np.maximum((normal**2).sum(1), 1e-30)
    inside = np.ones(len(places), bool)
    edges = np.full(len(places), np.inf)
    for start, end in ((a, b), (b, c), (c, a)):
        along, away = end - start, places - start
        inside &= (np.cross(along, away) * normal).sum(1) >= 0
        share = np.clip((away * along).sum(1) / np.maximum((along**2).sum(1), 1e-30), 0, 1)
        edges = np.minimum(edges, np.linalg.norm(away - share[:, None] * along, axis=1))
    plane = np.abs(((places - a) * normal).sum(1)) / np.sqrt(area)
    flat = area > 1e-20
    distance: np.ndarray = np.where(inside & flat, plane, edges)
    return distance


def mesh_distances(corners: np.ndarray, side: int) -> np.ndarray:
    """Signed distances of a mesh on a grid of the cube.  [F, 3, 3], x y z in [-1, 1] -> float32 [side, side, side]

    Each place is measured to the triangles of its nearest points among many on the surface, so distances are exact but
    where a long triangle hides behind another. A place is inside where the mesh winds around it by more than a half,
    whichever way its faces look; so small holes do not matter, while faces that look both ways do.
    """
    places = middles(side).view(-1, 3).double().numpy()
    points, owners = _spread(corners, 1.0 / side)
    near = scipy.spatial.cKDTree(points).query(places, k=min(_NEAREST, len(points)))[1].reshape(len(places), -1)
    distance = np.full(len(places), np.inf)
    for column in range(near.shape[1]):
        distance = np.minimum(distance, distance_to_triangles(places, corners[owners[near[:, column]]]))
    grid = distance.reshape(side, side, side)
    inside = _inside(grid, places, torch.tensor(corners), side)
    signed: np.ndarray = np.where(inside, -grid, grid).astype(np.float32)
    return signed


def _inside(distance: np.ndarray, places: np.ndarray, corners: Tensor, side: int) -> np.ndarray:
    """Which voxels are inside. Neighbours farther than half a voxel from the surface lie on one side of it, so one
    place of each connected region of these is asked for all of it."""

    def within(rows: np.ndarray) -> np.ndarray:
        wound: np.ndarray = winding_number(torch.from_numpy(places[rows]), corners).abs().numpy() > 0.5
        return wound

    regions, count = scipy.ndimage.label(distance > 1.001 / side)
    inside = np.zeros(side**3, bool)
    flat, away = regions.reshape(-1), distance.reshape(-1)
    if count:
        deepest = scipy.ndimage.maximum_position(away, flat, np.arange(1, count + 1))
        inside = np.concatenate(([False], within(np.array([place[0] for place in deepest]))))[flat]
    band = np.flatnonzero(flat == 0)
    inside[band] = within(band)
    return inside.reshape(side, side, side)


def _spread(corners: np.ndarray, apart: float) -> tuple[np.ndarray, np.ndarray]:
    """Points on triangles at most about `apart` from each other, at least one a triangle, with the triangle of each."""
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1) / 2
    longest = np.linalg.norm(corners - np.roll(corners, 1, 1), axis=2).max(1)
    counts = np.clip(np.ceil(area / apart**2 + longest / apart), 1, 4096).astype(int)
    owners = np.repeat(np.arange(len(corners)), counts)
    number = np.arange(len(owners)) - np.repeat(np.cumsum(counts) - counts, counts)
    # The plastic number's sequence covers the unit square evenly; the first point of a triangle is its middle.
    u, v = ((number + 1) * 0.7548776662466927) % 1, ((number + 1) * 0.5698402909980532) % 1
    first = number == 0
    root = np.sqrt(np.where(first, 4 / 9, u))[:, None]
    v = np.where(first, 0.5, v)[:, None]
    a, b, c = corners[owners, 0], corners[owners, 1], corners[owners, 2]
    return (1 - root) * a + root * (1 - v) * b + root * v * c, owners


def occupancy_of(distances: np.ndarray) -> np.ndarray:
    """1 where a signed distance is 0 or less, else 0: uint8 of the same shape."""
    return (distances <= 0).astype(np.uint8)


def distances_of(occupancy: np.ndarray) -> np.ndarray:
    """Signed distances of filled voxels [S, S, S], float32: to the nearest face between filled and empty, nearly.

    The distance to the middle of the nearest voxel of the other state, less half a voxel; a grid of one state alone is
    2 from any surface. True to about half a voxel, the most that filled voxels say.
    """
    filled, side = np.asarray(occupancy) > 0, occupancy.shape[0]
    if filled.all() or not filled.any():
        return np.full(filled.shape, -2.0 if filled.all() else 2.0, np.float32)
    away = scipy.ndimage.distance_transform_edt(~filled) - scipy.ndimage.distance_transform_edt(filled)
    signed: np.ndarray = ((away - 0.5 * np.sign(away)) * (2 / side)).astype(np.float32)
    return signed


def carved(depths: Tensor, cameras: Tensor, side: int) -> Tensor:
    """What depth maps say of each voxel: free, occupied or unknown, uint8 [side, side, side].

    depths: [V, H, W], along the camera's axis, infinite where a view meets nothing. cameras: [V, 22], see
    `kinds.camera`. Free: some view looks through it onto something farther. Occupied: not free, and within half its own
    diagonal of what some view meets. Unknown: no view reaches it.
    """
    places = middles(side).view(-1, 3)
    reach = 3**0.5 / side  # half the diagonal of a voxel
    free = torch.zeros(len(places), dtype=torch.bool)
    surface = torch.zeros_like(free)
    for depth, camera in zip(depths, cameras):
        pose, (fx, fy, cx, cy) = pose_of(camera), camera[16:20]
        x, y, z = ((places - pose[:3, 3]) @ pose[:3, :3]).unbind(1)
        ahead = z > 1e-6
        column = (fx * x / z.clamp_min(1e-6) + cx).floor().long()
        row = (fy * y / z.clamp_min(1e-6) + cy).floor().long()
        ahead &= (column >= 0) & (column < depth.shape[1]) & (row >= 0) & (row < depth.shape[0])
        met = depth[row.clamp(0, depth.shape[0] - 1), column.clamp(0, depth.shape[1] - 1)]
        free |= ahead & (z < met - reach)
        surface |= ahead & ((z - met).abs() <= reach)
    state = torch.where(free, FREE, torch.where(surface, OCCUPIED, UNKNOWN))
    return state.to(torch.uint8).view(side, side, side)
