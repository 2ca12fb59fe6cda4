"""Real spherical harmonics up to degree 3, in the order and with the signs of 3D Gaussian splatting's files.

Kerbl et al. 2023, arXiv:2308.04079 (utils/sh_utils.py): degree by degree from order -l to l, with the Condon-Shortley
phase.
"""

from __future__ import annotations

import torch
from torch import Tensor

_C0 = 0.28209479177387814
_C1 = 0.4886025119029199
_C2 = (1.0925484305920792, -1.0925484305920792, 0.31539156525252005, -1.0925484305920792, 0.5462742152960396)
_C3 = (-0.5900435899266435, 2.890611442640554, -0.4570457994644658, 0.3731763325901154, -0.4570457994644658,
       1.445305721320277, -0.5900435899266435)  # fmt: skip


def harmonics(direction: Tensor, degree: int) -> Tensor:
    """The values of all harmonics up to `degree`, 0 to 3, in unit directions.  [n, 3] -> [n, (degree + 1)^2]"""
    x, y, z = direction.unbind(-1)
    values = [torch.full_like(x, _C0)]
    if degree > 0:
        values += [-_C1 * y, _C1 * z, -_C1 * x]
    if degree > 1:
        a, b, c, d, e = _C2
        values += [a * x * y, b * y * z, c * (2 * z * z - x * x - y * y), d * x * z, e * (x * x - y * y)]
    if degree > 2:
        p, q, r, s, t, u, v = _C3
        values += [p * y * (3 * x * x - y * y), q * x * y * z, r * y * (4 * z * z - x * x - y * y)]
        values += [s * z * (2 * z * z - 3 * x * x - 3 * y * y), t * x * (4 * z * z - x * x - y * y)]
        values += [u * z * (x * x - y * y), v * x * (x * x - 3 * y * y)]
    return torch.stack(values, -1)
