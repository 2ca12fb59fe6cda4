"""How well captions match images, as a whole and word by word: DAMSM. Xu et al. 2018 (AttnGAN), arXiv:1711.10485, 3.2.

Paper                  here
v, e                   regions of images [N, D, R], words of captions [N, L, D]
gamma 1, 2, 3          `GAMMAS`: of the attention, of the sum over words, of the scores
R(Q, D)                `word_scores`, of every image with every caption
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

GAMMAS = (5.0, 5.0, 10.0)


def attended(regions: Tensor, words: Tensor, there: Tensor, sharpness: float) -> Tensor:
    """What each word takes of the regions of each image, [images, captions, L, D].

    there: [captions, L] bool, not padding. First each region is shared among the words of a caption, then each word
    takes of the regions by these shares (equations 8 and 9).
    """
    scores = torch.einsum("idr,jld->ijrl", regions, words)
    shares = scores.masked_fill(~there[None, :, None, :], -torch.inf).softmax(3)
    taken = (sharpness * shares).softmax(2)  # [images, captions, R, L]
    return torch.einsum("ijrl,idr->ijld", taken, regions)


def word_scores(regions: Tensor, words: Tensor, there: Tensor) -> Tensor:
    """How well each caption fits each image, by the cosine of its words and what they take.  [images, captions]"""
    context = attended(regions, words, there, GAMMAS[0])
    cosine = F.cosine_similarity(words[None], context, dim=3, eps=1e-8)
    return (GAMMAS[1] * cosine).masked_fill(~there[None], -torch.inf).logsumexp(2)


def sentence_scores(images: Tensor, sentences: Tensor) -> Tensor:
    """The cosine of images and sentences [N, D] each.  [images, captions]"""
    return F.cosine_similarity(images[:, None], sentences[None], dim=2, eps=1e-8)


def matching(scores: Tensor, same: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """The cross-entropy of the right caption for each image and of the right image for each caption; scalars.

    scores: [N, N], of image i with caption j; those of i and i are right. same: [N, N] bool, pairs off the diagonal
    that are no fault, since they are of one class or say the same; they are left out.
    """
    scores = GAMMAS[2] * scores
    if same is not None:
        own = torch.eye(len(scores), dtype=torch.bool, device=scores.device)
        scores = scores.masked_fill(same & ~own, -torch.inf)
    right = torch.arange(len(scores), device=scores.device)
    return F.cross_entropy(scores, right), F.cross_entropy(scores.T, right)
