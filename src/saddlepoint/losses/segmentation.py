"""That a translation shows the same regions as its source, by a segmenter that is given. Hoffman et al. 2018,
arXiv:1711.03213, eq. 5 (semantic consistency); Zhang et al. 2018, arXiv:1802.09655 (shape consistency).
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F


def same_regions(translated: Tensor, source: Tensor) -> Tensor:
    """Cross-entropy of the classes of a source by those of its translation, in nats a place; a scalar.

    translated, source: logits [N, classes, ...]; the source's likeliest class counts, without gradients.
    """
    return F.cross_entropy(translated.float(), source.detach().argmax(1))


def impossible_regions(logits: Tensor, allowed: Tensor) -> Tensor:
    """The mean probability of classes at places where they cannot be; 0 where none is there.

    logits: [N, classes, H, W]. allowed: [classes, H, W] or [N, classes, H, W], 1 where a class may be, else 0.
    """
    return (logits.float().softmax(1) * (1 - allowed)).sum(1).mean()
