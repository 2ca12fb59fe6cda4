"""What clips must keep from frame to frame: the same things at moved places, and no faster changes than allowed.

Lai et al. 2018, arXiv:1808.00449, eq. 3 and 4 (temporal loss under optical flow). Clips are [N, T, C, H, W].
"""

from __future__ import annotations

from torch import Tensor

from saddlepoint.nn.layers.warp import warped


def warp_distance(clip: Tensor, flow: Tensor, shown: Tensor | None = None) -> Tensor:
    """Mean absolute difference of each frame to the one before, moved along the flow; a scalar.

    flow: [N, T - 1, 2, H, W] in pixels, from each later frame back to the one before. shown: [N, T - 1, 1, H, W], 1
    where a place was to be seen in both; None for everywhere. 0 for a clip that moves as the flow says.
    """
    before = warped(clip[:, :-1].flatten(0, 1), flow.flatten(0, 1)).unflatten(0, flow.shape[:2])
    difference: Tensor = (clip[:, 1:].float() - before.float()).abs()
    if shown is None:
        return difference.mean()
    mean: Tensor = (difference * shown).sum() / (shown.sum() * clip.shape[2]).clamp_min(1)
    return mean


def flicker(clip: Tensor, most: float = 0.0) -> Tensor:
    """How much faster than `most` levels a frame pixels change, a mean over all; 0 for a still clip."""
    return ((clip[:, 1:].float() - clip[:, :-1].float()).abs() - most).clamp_min(0).mean()
