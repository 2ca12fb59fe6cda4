"""How strange images are by their likelihood, alone and less what their complexity explains.

A density may rate images higher that are simpler than those it was trained on: Nalisnick et al. 2019, arXiv:1810.09136.
So what an image costs in a general compressor is taken away: Serrà et al. 2020, arXiv:1909.11480, eq. 1.
"""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from saddlepoint.metrics.images import Bytes

Figures = NDArray[np.float64]


def complexity(images: Bytes) -> Figures:
    """Bits that each image takes as the deflate of PNG compresses it, without the headers of a file.  [N]

    images: uint8 [N, C, H, W]. The least of plain bytes and of differences from the left and from above, in the order
    of pixels and in that of channels.
    """
    return np.array([_bits(image) for image in images], np.float64)


def _bits(image: Bytes) -> int:
    left, up = image.copy(), image.copy()
    left[:, :, 1:] -= image[:, :, :-1]
    up[:, 1:] -= image[:, :-1]
    forms = [form for each in (image, left, up) for form in (each, each.transpose(1, 2, 0))]
    return 8 * min(_deflated(np.ascontiguousarray(form).tobytes()) for form in forms)


def _deflated(content: bytes) -> int:
    compressor = zlib.compressobj(9, wbits=-15)
    return len(compressor.compress(content) + compressor.flush())


def corrected(bits: Figures, complexity: Figures) -> Figures:
    """How many bits more the model needs than the compressor: higher is stranger, whatever the complexity.  [N]"""
    return bits - complexity


def auroc(usual: Figures, strange: Figures) -> float:
    """The probability that a strange image has the higher score of two; .5 for scores that say nothing."""
    truth = np.concatenate((np.zeros(len(usual)), np.ones(len(strange))))
    return float(roc_auc_score(truth, np.concatenate((usual, strange))))
