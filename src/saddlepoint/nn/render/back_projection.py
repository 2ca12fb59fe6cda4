"""Features of views, brought to the voxels that they show. Dai and Nießner 2018, arXiv:1803.10409, section 3.2."""

from __future__ import annotations

import torch
from torch import Tensor

from saddlepoint.kinds.camera import pose_of
from saddlepoint.nn.full_precision import in_full


@in_full
def shown_at(place: Tensor, depth: Tensor, camera: Tensor, reach: float) -> tuple[Tensor, Tensor, Tensor]:
    """Which pixel of each view shows each place, and whether it does.

    place: [P, 3]. depth: [n, V, h, w] along the axis, 0 where nothing is. camera: [n, V, 22] of views of that size.
    reach: how far the depth of a pixel may be from that of the place. Returns rows, columns and whether, [n, V, P].
    """
    pose, lens = pose_of(camera), camera[..., 16:]
    x, y, z = ((place - pose[..., None, :3, 3]) @ pose[..., :3, :3]).unbind(-1)
    ahead = z > 1e-3
    far = z.clamp_min(1e-3)
    column = (lens[..., 0, None] * x / far + lens[..., 2, None]).floor().long()
    row = (lens[..., 1, None] * y / far + lens[..., 3, None]).floor().long()
    height, width = depth.shape[2:]
    within = ahead & (column >= 0) & (column < width) & (row >= 0) & (row < height)
    row, column = row.clamp(0, height - 1), column.clamp(0, width - 1)
    met = depth.flatten(2).gather(2, row * width + column)
    return row, column, within & (met > 0) & ((met - z).abs() <= reach)


def back_projected(features: Tensor, row: Tensor, column: Tensor, shows: Tensor, times: int) -> Tensor:
    """The largest feature that any view shows of each place; 0 where none shows it.  [n, C, P]

    features: [n, V, C, h / times, w / times]. row, column, shows: [n, V, P] of `shown_at`.
    """
    index = (row // times) * features.shape[4] + column // times
    each = features.flatten(3).gather(3, index[:, :, None].expand(-1, -1, features.shape[2], -1))
    each = torch.where(shows[:, :, None], each, torch.full_like(each, -torch.inf)).amax(1)
    return torch.where(shows.any(1)[:, None], each, torch.zeros_like(each))
