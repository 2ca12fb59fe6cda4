"""A mixture of Bernoullis: each component knows how often each pixel is white. A naive density of binary images.

Fitted by expectation and maximisation; see Bishop 2006, Pattern Recognition and Machine Learning, section 9.3.3.
"""

from __future__ import annotations

import numpy as np
from scipy.special import logsumexp

from saddlepoint.keyed import numpy_generator

_ROUNDS = 60


def held_out_nats(train: np.ndarray, held_out: np.ndarray, components: int, seed: int = 0) -> np.ndarray:
    """Minus the log-probability of each held-out image in nats under a mixture fitted to the training images.  [n]

    train, held_out: 0 and 1, [N, ...]. components: 1 knows each pixel for itself and nothing more. One
    training image more of each colour is counted, so that nothing is impossible.
    """
    white = train.reshape(len(train), -1).astype(np.float32)
    draw = numpy_generator(seed, "mixture of bernoullis", components)
    chance = (white[draw.choice(len(white), components)] * 0.5 + 0.25).astype(np.float32)
    log_weight = np.full(components, -np.log(components), np.float32)
    for _ in range(_ROUNDS if components > 1 else 1):
        joint = _joint(white, chance, log_weight)
        share = np.exp(joint - logsumexp(joint, 1, keepdims=True))  # of each component in each image
        counts = share.sum(0)
        chance = (share.T @ white + 1) / (counts[:, None] + 2)
        log_weight = np.log((counts + 1) / (counts.sum() + components))
    nats: np.ndarray = -logsumexp(_joint(held_out.reshape(len(held_out), -1).astype(np.float32), chance, log_weight), 1)
    return nats


def _joint(images: np.ndarray, chance: np.ndarray, log_weight: np.ndarray) -> np.ndarray:
    """log p(image, component), [n, components]."""
    joint: np.ndarray = images @ (np.log(chance) - np.log1p(-chance)).T + np.log1p(-chance).sum(1) + log_weight
    return joint
