"""SeqGAN: a recurrent network writes, a critic reads whole texts, and texts played to their end carry its verdict to
every token. Yu et al. 2017, arXiv:1609.05473, section 3 and algorithm 1; code: github.com/LantaoYu/SeqGAN.

Paper     here
G_theta   network, an LSTM
G_beta    rollout, which plays texts to their end: an average of the network's past weights
D_phi     critic, convolutions over tokens with the largest of each over the text (section 3.3)
Q         what a token is worth: the mean verdict on `rollouts` texts that begin as far as it, eq. 4
N         rollouts

Tokens have no slope, so the generator learns by REINFORCE (eq. 7): the worth of a token times the slope of its
log-probability. It first learns as a language model does, and the critic first learns alone, for spans of the run.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, ClassVar, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Count, Decay, Positive, Weight, Width
from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.methods.base import Adam, Clock, Draw, Moves, Networks, Optim, Proof, Stage, Update
from saddlepoint.methods.families.recurrent import Recurrent
from saddlepoint.methods.families.sampled import inverse


@dataclass(frozen=True)
class Staged:
    """A rate for the first stage, and another from then on."""

    first: float
    later: float

    def __call__(self, clock: Clock) -> float:
        return self.first if clock.stage == 0 else self.later


@final
@dataclass(frozen=True, kw_only=True)
class SeqGAN(Recurrent):
    """An LSTM that writes texts of one length, against a critic of convolutions."""

    batch_statistics = True
    frozen: ClassVar[tuple[str, ...]] = ("rollout",)

    width: Width = 32
    """numbers of a state"""
    lr: Positive = 1e-2
    """learning rate of the generator while it learns from texts alone (Adam)"""
    game_lr: Positive = 1e-2
    """learning rate of the generator in the game"""
    clip: Positive = 5.0
    """longest gradient of the generator: a longer one is scaled down to this length"""
    text_examples: Count = 1_200_000
    """texts shown while the generator learns from texts alone"""
    critic_examples: Count = 1_500_000
    """texts shown then, while the critic learns alone"""
    critic_steps: Count = 15
    """steps of the critic for each of the generator"""
    rollouts: Count = 16
    """texts that are played to their end from each place"""
    keep: Decay = 0.8
    """share of its weights that the network of the rollouts keeps in each step; the rest are the generator's"""
    subtract_mean: bool = False
    """take from the worth of each token the mean over the batch at its place: the slope keeps its direction on average
    and loses noise; the paper does not"""
    critic_width: Width = 64
    """numbers that stand for a token in the critic"""
    widths: tuple[Count, ...] = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 15, 20)
    """tokens that a convolution of the critic sees; those wider than the texts are left out"""
    filters: tuple[Count, ...] = (100, 200, 200, 200, 200, 100, 100, 100, 100, 100, 160, 160)
    """convolutions of each width"""
    critic_dropout: Decay = 0.25
    """share of the critic's numbers that are left out in training"""
    critic_lr: Positive = 1e-4
    """learning rate of the critic (Adam)"""
    smallness: Weight = 0.2
    """weight of half the squares of the critic's last layer; with few convolutions .2 leaves nothing of it"""

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.widths) != len(self.filters) or not self.widths:
            raise ConfigError("--widths and --filters go together: give as many of one as of the other.")

    def recurrent(self) -> nn.RNNBase:
        """torch's LSTM with the first guess of N(0, .1) that the authors take."""
        layers = nn.LSTM(self.width, self.width, self.layers, batch_first=True, dropout=self.dropout)
        for weight in layers.parameters():
            nn.init.normal_(weight, std=0.1)
        return layers

    def networks(self, data: DataSpec) -> Networks:
        network = super().networks(data).network
        if min(self.widths) > network.length:
            raise ConfigError(f"no convolution of the critic fits texts of {network.length} tokens: lower --widths.")
        for weight in (network.tokens.weight, network.head.weight, network.head.bias):
            nn.init.normal_(weight, std=0.1)
        return Networks(
            network=network,
            rollout=deepcopy(network).requires_grad_(False),
            critic=_Critic(network.pieces, network.length, self),
        )

    def optimisers(self) -> Mapping[str, Optim]:
        rate = Staged(self.lr, self.game_lr)
        return {"generator": Adam("network", lr=rate, clip=self.clip), "critic": Adam("critic", lr=self.critic_lr)}

    def stages(self) -> tuple[Stage, ...]:
        return (
            Stage(examples=self.text_examples),
            Stage(examples=self.critic_examples),
            Stage(fresh=("generator",)),
        )

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        if clock.stage == 0:
            tokens = self.tokens(draw())
            nats = -self.log_probabilities(nets, tokens, {}).mean()
            yield Update("generator", {"nats": nats})
            return
        if clock.stage == 1:
            yield self._critic_update(nets, draw)
            return
        texts = self._written(nets, draw, len(self.tokens(draw())))
        worth = self.worth(nets, texts, draw.uniform(len(texts), self.rollouts, texts.shape[1], texts.shape[1]))
        gain = worth - worth.mean(0) if self.subtract_mean else worth
        game = -(self.log_probabilities(nets, texts, {}) * gain).mean()
        yield Update("generator", {"game": game}, watch={"worth": worth[:, -1].mean()})
        for _ in range(self.critic_steps):
            yield self._critic_update(nets, draw)

    def _critic_update(self, nets: Networks, draw: Draw) -> Update:
        real = self.tokens(draw())
        logits = nets.critic(torch.cat((real, self._written(nets, draw, len(real)))))
        target = (torch.arange(len(logits), device=logits.device) < len(real)).float()
        last = nets.critic.last
        small = (last.weight.square().sum() + last.bias.square().sum()) / 2
        right = ((logits.detach() > 0) == (target > 0)).float().mean()
        losses = {"told": F.binary_cross_entropy_with_logits(logits, target), "small": self.smallness * small}
        return Update("critic", losses, watch={"right": right})

    @torch.no_grad()
    def _written(self, nets: Networks, draw: Draw, n: int) -> Tensor:
        """New texts of the generator.  [n, L]"""
        noise = draw.uniform(n, nets.network.length)
        step, texts = nets.network.stepper(n), torch.zeros(noise.shape, dtype=torch.long, device=noise.device)
        for place in range(noise.shape[1]):
            before = texts[:, place - 1] if place else None
            chosen = inverse(step(before).float(), noise[:, place])
            texts[:, place] = _unless_over(chosen, before) if nets.network.ends else chosen
        return texts

    @torch.no_grad()
    def worth(self, nets: nn.Module, texts: Tensor, noise: Tensor) -> Tensor:
        """What each token of the texts is worth: the critic's mean probability of "real" over texts that begin with all
        tokens up to it (eq. 4); the last token's is that of the text itself.

        texts: [N, L] int64. noise: [N, R, L, L], even over [0, 1): of text n, rollout r, begun after place s, the token
        t. Returns [N, L].
        """
        critic, rollout = (_part(nets, name) for name in ("critic", "rollout"))
        n, repeats, length, _ = noise.shape
        played = (
            texts[:, None].repeat(length - 1, 1, repeats, 1).view(-1, length)
        )  # by place begun after, text, rollout
        _, known = rollout.states(rollout.tokens(texts.new_full((n, 1), rollout.pieces)))
        state = tuple(part[:, :0] for part in known)
        for place in range(1, length):
            going = (place - 1) * n * repeats
            output, known = rollout.states(rollout.tokens(texts[:, place - 1 : place]), known)
            outputs = output.repeat_interleave(repeats, 0)
            if going:
                further, state = rollout.states(rollout.tokens(played[:going, place - 1 : place]), state)
                outputs = torch.cat((further, outputs))
            state = tuple(torch.cat((a, b.repeat_interleave(repeats, 1)), 1) for a, b in zip(state, known))
            chance = noise[:, :, :place, place].permute(2, 0, 1).flatten()
            chosen = inverse(rollout.head(outputs[:, 0]).float(), chance)
            before = played[: len(chosen), place - 1]
            played[: len(chosen), place] = _unless_over(chosen, before) if rollout.ends else chosen
        verdicts = critic(played, sure=True).float().sigmoid().view(length - 1, n, repeats).mean(2).T
        return torch.cat((verdicts, critic(texts, sure=True).float().sigmoid()[:, None]), 1)

    @torch.no_grad()
    def after_step(self, nets: Networks, report: Mapping[str, Tensor], clock: Clock) -> None:
        """Let the network of the rollouts follow; while the generator learns from texts it is the same."""
        share = 1.0 if clock.stage == 0 else 1 - self.keep
        for own, other in zip(nets.rollout.parameters(), nets.network.parameters()):
            own.lerp_(other, share)


@final
class _Critic(nn.Module):
    """Texts [N, L] int64 -> logits of being real [N]: convolutions of several widths, a highway layer, one number."""

    def __init__(self, pieces: int, length: int, settings: SeqGAN) -> None:
        super().__init__()
        fit = [(width, count) for width, count in zip(settings.widths, settings.filters) if width <= length]
        total = sum(count for _, count in fit)
        self.dropout = settings.critic_dropout
        self.tokens = nn.Embedding(pieces, settings.critic_width)
        self.convolutions = nn.ModuleList(nn.Conv1d(settings.critic_width, count, width) for width, count in fit)
        self.carry, self.new, self.last = nn.Linear(total, total), nn.Linear(total, total), nn.Linear(total, 1)
        nn.init.uniform_(self.tokens.weight, -1.0, 1.0)
        for layer in (*self.convolutions, self.carry, self.new, self.last):
            nn.init.trunc_normal_(layer.weight, std=0.1, a=-0.2, b=0.2)
            nn.init.constant_(layer.bias, -2.0 if layer is self.carry else 0.1)

    def forward(self, texts: Tensor, *, sure: bool = False) -> Tensor:
        """sure: leave out nothing by chance, in training as well."""
        vectors = self.tokens(texts).transpose(1, 2)
        features = torch.cat([layer(vectors).relu().amax(2) for layer in self.convolutions], 1)
        gate = self.carry(features).sigmoid()
        features = gate * self.new(features).relu() + (1 - gate) * features
        logits: Tensor = self.last(F.dropout(features, self.dropout, self.training and not sure))[:, 0]
        return logits


def _unless_over(chosen: Tensor, before: Tensor | None) -> Tensor:
    """Tokens [N], but 0 for texts that have ended with the one before."""
    return chosen if before is None else chosen * (before != 0)


def _part(nets: nn.Module, name: str) -> Any:
    return nets.get_submodule(name)


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "small": {  # short texts of few tokens, a processor
        "widths": (1, 2, 3, 4),
        "filters": (32, 32, 32, 32),
        "critic_width": 32,
        "critic_lr": 1e-3,
        "critic_steps": 5,
        "smallness": 1e-4,
        "game_lr": 1e-3,
        "subtract_mean": True,
        "text_examples": 200_000,
        "critic_examples": 50_000,
    },
}

PROOF = Proof(
    claim="SeqGAN writes texts that the network which wrote the data finds likelier than those of a language model that"
    " learnt from as many texts.",
    data="world:oracle",
    measure="oracle-nats",
    difference=0.1,
    settings={
        "examples": 211_200,
        "batch": 64,
        "text_examples": 96_000,
        "critic_examples": 96_000,
        "game_lr": 1e-3,
        "smallness": 1e-4,
        "critic_width": 32,
        "widths": (1, 2, 3, 4),
        "filters": (32, 32, 32, 32),
        "critic_lr": 1e-3,
        "critic_steps": 2,
        "rollouts": 8,
        "subtract_mean": True,
        "held_out": 0.1,
    },
)
