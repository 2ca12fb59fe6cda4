"""Codebooks: vectors become the nearest of a few codes. Van den Oord et al. 2017, arXiv:1711.00937, section 3.

Paper  here
e_j    `Codebook.codes`
N_j    `Codebook.share`: of all vectors, the running share that takes code j (a count there)
m_j    `Codebook.total`: the running sum of these vectors, likewise divided by the number of all
sg[]   detach

Finite scalar quantisation is Mentzer et al. 2024, arXiv:2309.15505, section 3.1; residual quantisation is Lee et al.
2022, arXiv:2203.01941, equation 3.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple, final

import torch
from sklearn.cluster import KMeans
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.errors import ConfigError
from saddlepoint.nn.full_precision import in_full

_LEAST = 1e-6
"""running share below which a code is left where it is: a mean over so few vectors says nothing"""
_REACH = 1e-3
"""by how much of their span bounded numbers go beyond the outermost levels, which they would else only near"""


class Quantised(NamedTuple):
    """What a codebook makes of vectors."""

    values: Tensor
    """[N, D, H, W]: the codes; backward as if the vectors had been left as they are (straight through)"""
    codes: Tensor
    """[N, depth, H, W] int64: the number of the code of each round"""
    loss: Tensor
    """the commitment loss: mean square over all numbers, summed over rounds; 0 where there is nothing to commit to"""
    figures: Mapping[str, Tensor]
    """what `move` learns from, as shares of the batch: for the `watch` of an Update"""


@final
class Codebook(nn.Module):
    """`codes` vectors of `dim` numbers for each of `depth` rounds, which follow the running means of what takes them.

    depth: rounds of residual quantisation; each quantises what the rounds before left over.
    decay: of the running means, a step. revive: a code whose running share is less than this share of an even one is
        dead and gets another place; 0 for never.

    A dead code begins anew near one that is in use, drawn by the squared error of all the vectors that take it, at a
    distance as these have from it: the draw of a vector from what the batch looks like. (Others take a vector of the
    batch itself, which several processes would not agree on.)
    """

    codes: Tensor
    share: Tensor
    total: Tensor

    def __init__(self, codes: int, dim: int, *, depth: int = 1, decay: float = 0.99, revive: float = 0.05) -> None:
        super().__init__()
        self.size, self.dim, self.depth, self.decay, self.revive = codes, dim, depth, decay, revive
        self.register_buffer("codes", torch.empty(depth, codes, dim))
        self.register_buffer("share", torch.empty(depth, codes))
        self.register_buffer("total", torch.empty(depth, codes, dim))
        self.start(torch.randn(depth, codes, dim) / math.sqrt(dim))

    @torch.no_grad()
    def start(self, codes: Tensor) -> None:
        """Begin with these codes, [depth, K, D] or one round's.

        Each counts as if an even share took it: with counts that begin at 0 the first steps would divide by nothing.
        """
        self.codes.copy_(codes)
        self.share.fill_(1 / self.size)
        self.total.copy_(self.codes / self.size)

    @in_full
    def forward(self, z: Tensor) -> Quantised:
        """Vectors [N, D, H, W] as codes."""
        vectors = z.float().movedim(1, -1)  # [N, H, W, D]
        left, chosen, taken = vectors, torch.zeros_like(vectors), []
        loss = vectors.new_zeros(())
        figures: dict[str, list[Tensor]] = {"share": [], "total": [], "error": []}
        for codes in self.codes:
            index = nearest(left.detach(), codes)
            code = codes[index]
            loss = loss + F.mse_loss(left, code)
            member = F.one_hot(index.flatten(), self.size).to(left)  # [P, K]
            flat = left.detach().flatten(0, -2)
            figures["share"].append(member.mean(0))
            figures["total"].append(member.T @ flat / len(flat))
            figures["error"].append(member.T @ (flat - code.flatten(0, -2)).square() / len(flat))
            chosen, left = chosen + code, left - code
            taken.append(index)
        values = vectors + (chosen - vectors).detach()
        stacked = {name: torch.stack(parts) for name, parts in figures.items()}
        return Quantised(values.movedim(-1, 1), torch.stack(taken, 1), loss, stacked)

    def look(self, index: Tensor) -> Tensor:
        """The codes of [N, depth, H, W] int64, summed over rounds.  [N, D, H, W]"""
        rounds = [codes[index[:, place]] for place, codes in enumerate(self.codes)]
        return torch.stack(rounds).sum(0).movedim(-1, 1)

    @torch.no_grad()
    def begin(self, z: Tensor, seed: int = 0) -> None:
        """Put the codes where vectors [N, D, H, W] gather: k-means on at most 8,192 of them, in each round.

        With fewer vectors than codes the rest of the codes lie around them by chance.
        """
        left = z.float().movedim(1, -1).flatten(0, -2)
        left = left[torch.linspace(0, len(left) - 1, min(len(left), 8192), device=left.device).long()]
        for place in range(self.depth):
            clusters = min(self.size, len(left.unique(dim=0)))
            clustering = KMeans(clusters, n_init=1, random_state=seed).fit(left.cpu().numpy())
            centres = torch.as_tensor(clustering.cluster_centers_).to(left)
            spare = torch.arange(self.size - clusters, device=left.device) % clusters
            around = centres[spare] + left.std() * 0.1 * torch.randn(len(spare), self.dim).to(left)
            self.codes[place] = torch.cat([centres, around])
            left = left - self.codes[place][nearest(left, self.codes[place])]
        self.start(self.codes.clone())

    @torch.no_grad()
    def move(self, figures: Mapping[str, Tensor]) -> None:
        """Follow the figures of a step, averaged over the whole batch; revive dead codes."""
        self.share.lerp_(figures["share"], 1 - self.decay)
        self.total.lerp_(figures["total"], 1 - self.decay)
        used = self.share > _LEAST
        mean = self.total / self.share.clamp_min(_LEAST)[:, :, None]
        self.codes.copy_(torch.where(used[:, :, None], mean, self.codes))
        for place in range(self.depth):
            self._revive(place, figures["share"][place], figures["error"][place])

    def _revive(self, place: int, share: Tensor, error: Tensor) -> None:
        dead = self.share[place] < self.revive / self.size
        # Random numbers are drawn whether a code is dead or not, so that every step draws equally many.
        noise = torch.randn(self.size, self.dim).to(error)
        chance = torch.rand(self.size).to(error)
        spread = error.sum(1).cumsum(0)
        if not bool(dead.any()) or not float(spread[-1]) > 0:
            return
        crowded = torch.searchsorted(spread, chance * spread[-1]).clamp_max(self.size - 1)
        deviation = (error / share.clamp_min(_LEAST)[:, None]).sqrt()[crowded]
        self.codes[place] = torch.where(
            dead[:, None], self.codes[place][crowded] + deviation * noise, self.codes[place]
        )
        self.share[place] = torch.where(dead, 1 / self.size, self.share[place])
        self.total[place] = self.codes[place] * self.share[place][:, None]


@final
class FiniteScalars(nn.Module):
    """Each of `len(levels)` numbers is bounded and rounded to one of so many levels; a code is their combination.

    There is no table to learn, no code that dies, and no loss beside the decoder's. Levels lie evenly from -1 to 1,
    with as many on either side: for an even number of them the paper shifts them so that one lies at 0, which leaves a
    number of 2 levels at one of them for good.
    levels: of each number, 2 or more; 8, 5, 5, 5 makes a thousand codes.
    """

    middle: Tensor
    places: Tensor

    def __init__(self, levels: tuple[int, ...]) -> None:
        super().__init__()
        if not levels or min(levels) < 2:
            raise ConfigError(f"levels cannot be {levels}: give one or more numbers from 2 on, such as 8 5 5 5.")
        self.size, self.dim, self.depth = math.prod(levels), len(levels), 1
        self.register_buffer("middle", (torch.tensor(levels) - 1) / 2, persistent=False)
        self.register_buffer("places", torch.tensor([math.prod(levels[:n]) for n in range(self.dim)]), persistent=False)

    def forward(self, z: Tensor) -> Quantised:
        """Numbers [N, D, H, W], each as the nearest of its levels, from -1 to 1."""
        bounded = z.float().movedim(1, -1).tanh() * self.middle * (1 + _REACH) + self.middle  # -reach to L - 1 + reach
        place = torch.minimum(bounded.detach().round().clamp_min(0), 2 * self.middle)
        values = (bounded + (place - bounded).detach()) / self.middle - 1
        index = (place.long() * self.places).sum(-1)[:, None]
        return Quantised(values.movedim(-1, 1), index, z.new_zeros(()), {})

    def look(self, index: Tensor) -> Tensor:
        """The values of codes [N, 1, H, W] int64.  [N, D, H, W]"""
        place = index[:, 0, :, :, None] // self.places % (2 * self.middle + 1).long()
        return (place / self.middle - 1).movedim(-1, 1)


def nearest(vectors: Tensor, codes: Tensor) -> Tensor:
    """The number of the code that is nearest to each vector: [..., D] and [K, D] -> [...] int64."""
    flat = vectors.flatten(0, -2)
    distance = codes.square().sum(1) - 2 * flat @ codes.T  # without the vector's own square, which is the same for all
    index: Tensor = distance.argmin(1).view(vectors.shape[:-1])
    return index


@torch.no_grad()
def perplexity(share: Tensor) -> Tensor:
    """How many codes equally in use would be as many: the exponential of the entropy of shares [..., K] that sum to 1.

    Of one batch it is lower than of all data: give shares of a whole held-out set.
    """
    number: Tensor = torch.special.entr(share / share.sum(-1, keepdim=True)).sum(-1).exp()
    return number
