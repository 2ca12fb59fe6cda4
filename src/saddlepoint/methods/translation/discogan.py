"""DiscoGAN: how two kinds of images go together, found without pairs. Kim et al. 2017, arXiv:1703.05192, eq. 3 to 8,
with the weights of the authors' code.

Paper        here
G_AB, G_BA   `a2b`, `b2a`
D_A, D_B     `critic_a`, `critic_b`; an output of 1 means real here
L_CONST      `cycle_a`, `cycle_b`: squared difference after there and back

The authors' code adds the squared difference of the critics' mean maps, and weighs r of there and back against 1 - r of
the rest, where r rises from `early` to `late`. A critic learns in every third step, generators in the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Count, Layers, Natural, Positive, Share, Weight, Width
from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.losses.adversarial import Objective, generator_loss
from saddlepoint.losses.features import mean_feature_distance
from saddlepoint.methods.base import Adam, Clock, Draw, Linear, Moves, Networks, Optim, Proof, Update
from saddlepoint.methods.families.two_way import OTHER, Images, TwoWay
from saddlepoint.nn.layers.initialisation import initialise
from saddlepoint.nn.sizes import Sizes


@final
@dataclass(frozen=True, kw_only=True)
class DiscoGAN(TwoWay):
    """Relations between two sets of images that look nothing like each other: bags and shoes, faces and cars."""

    batch_statistics = True
    defaults = {"batch": 64}  # as the authors'

    objective: Objective = "non-saturating"
    """what players and critics minimise"""
    cycle: Weight = 1.0
    """weight of the squared difference after there and back, times the share r"""
    features: Share = 0.9
    """share of the critics' mean maps in what is no there and back; the rest is their verdict's"""
    early: Share = 0.01
    """share r of there and back in the loss at first"""
    late: Share = 0.5
    """and later"""
    late_from: Natural = 10_000
    """steps after which it is late"""
    critic_every: Count = 3
    """the critics learn in one of so many steps, and the generators in the others; 1 for both in every step"""
    width: Width = 64
    """channels of all networks at half the side; they double with each further halving"""
    halvings: Layers = 4
    """layers of all networks that halve: 4 bring 64 pixels to 4"""
    decay_after: Share = 1.0
    """share of the run after which the learning rate falls to 0 in a line; 1 for never"""
    weight_decay: Weight = 1e-5
    """share of each weight that is added to its gradient"""
    lr: Positive = 2e-4
    """learning rate of all (Adam)"""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.halvings < 2:
            raise ConfigError(
                "discogan compares maps between the critics' first layer and last: use --halvings 2 or more."
            )

    def networks(self, data: DataSpec) -> Networks:
        Sizes(multiple=1 << self.halvings).check(*data.size, instead=", or fewer --halvings")
        nets: dict[str, nn.Module] = {}
        for kind, other in OTHER.items():
            nets[f"{kind}2{other}"] = Translator(data.channels, self.width, self.halvings)
            nets[f"critic_{kind}"] = Critic(data.channels, data.size, self.width, self.halvings)
        return Networks(**nets)

    def optimisers(self) -> Mapping[str, Optim]:
        groups = {"generators": ("a2b", "b2a"), "critics": ("critic_a", "critic_b")}
        rate = Linear(self.lr, after=self.decay_after)
        same: dict[str, Any] = {"betas": (self.beta1, 0.999), "weight_decay": self.weight_decay}
        return {name: Adam(*nets, lr=rate, **same) for name, nets in groups.items()}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        image = self.images(draw)
        fake = {other: self.across(nets, image[kind], kind) for kind, other in OTHER.items()}
        every = self.critic_every
        if clock.step % every or every == 1:
            yield self.generators_move(nets, image, fake, clock)
        if clock.step % every == 0:
            yield self.critics_move(nets, image, {kind: one.detach() for kind, one in fake.items()})

    def generators_move(self, nets: Networks, image: Images, fake: Images, clock: Clock) -> Update:
        """The critics' verdicts and mean maps, and there and back."""
        share = self.early if clock.step < self.late_from else self.late
        losses: dict[str, Tensor] = {}
        for kind, other in OTHER.items():
            critic: Any = nets.get_submodule(f"critic_{kind}")
            with torch.no_grad():
                aim = critic.maps(image[kind])
            maps = critic.maps(fake[kind])
            score = (1 - self.features) * generator_loss(self.objective, maps[-1])
            losses[f"fake_{kind}"] = (1 - share) * score
            losses[f"features_{kind}"] = (1 - share) * self.features * mean_feature_distance(aim[1:-1], maps[1:-1])
            back = self.back(nets, fake[other], other)
            losses[f"cycle_{kind}"] = share * self.cycle * F.mse_loss(back, image[kind])
            if self.identity:
                losses[f"identity_{kind}"] = self.identity * F.l1_loss(self.back(nets, image[kind], other), image[kind])
        return Update("generators", losses)


@final
class Translator(nn.Module):
    """Images [N, C, H, W] in [-1, 1] -> the same, float32: halved and doubled again, without skips.

    4x4 convolutions of stride 2 with LeakyReLU .2 on the way down and ReLU on the way up; batch norm in all but the
    first and the last, which has tanh where the authors, whose images lie in [0, 1], have a sigmoid.
    """

    def __init__(self, channels: int, width: int, halvings: int) -> None:
        super().__init__()
        widths = [width << level for level in range(halvings)]
        layers: list[nn.Module] = [nn.Conv2d(channels, width, 4, 2, 1, bias=False), nn.LeakyReLU(0.2)]
        for inputs, outputs in pairwise(widths):
            layers += [nn.Conv2d(inputs, outputs, 4, 2, 1, bias=False), nn.BatchNorm2d(outputs), nn.LeakyReLU(0.2)]
        for inputs, outputs in pairwise(widths[::-1]):
            up = nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=False)
            layers += [up, nn.BatchNorm2d(outputs), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.ConvTranspose2d(width, channels, 4, 2, 1, bias=False))
        initialise(self, "normal", 0.02)

    def forward(self, image: Tensor) -> Tensor:
        images: Tensor = self.layers(image).float().tanh()
        return images


@final
class Critic(nn.Module):
    """Images [N, C, H, W] -> logits [N, 1]; `maps` gives the maps of each layer too. As DCGAN's."""

    def __init__(self, channels: int, size: tuple[int, int], width: int, halvings: int) -> None:
        super().__init__()
        widths = [width << level for level in range(halvings)]
        layers: list[nn.Module] = [nn.Sequential(nn.Conv2d(channels, width, 4, 2, 1, bias=False), nn.LeakyReLU(0.2))]
        for inputs, outputs in pairwise(widths):
            conv = nn.Conv2d(inputs, outputs, 4, 2, 1, bias=False)
            layers.append(nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.LeakyReLU(0.2)))
        side = (size[0] >> halvings, size[1] >> halvings)
        last = nn.Sequential(nn.Conv2d(widths[-1], 1, side, bias=False), nn.Flatten())
        self.layers = nn.ModuleList([*layers, last])
        initialise(self, "normal", 0.02)

    def forward(self, image: Tensor) -> Tensor:
        return self.maps(image)[-1]

    def maps(self, image: Tensor) -> list[Tensor]:
        """Of each layer, the logits last."""
        maps = [image]
        for layer in self.layers:
            maps.append(layer(maps[-1]))
        return maps[1:]


# Settings by preset, with where each comes from: github.com/SKTBrain/DiscoGAN, image_translation.py.
PRESETS: dict[str, dict[str, Any]] = {
    "authors": {"resolution": 64, "batch": 64},
    "small": {"width": 16, "late_from": 1_000},  # for a processor
}

PROOF = Proof(
    claim="DiscoGAN, shown two styles that never show the same scene, finds the map between them, both ways, nearer to"
    " the hidden truth than naive maps that were shown as much.",
    data="world:styles",
    measure="crossing",
    share=3 / 4,
    settings={
        "resolution": 16,
        "images": 32_000,
        "batch": 16,
        "width": 32,
        "halvings": 2,  # down to 4 pixels, as in the paper; one pixel, after four, does not hold where things are
        "late_from": 0,
        "cycle": 20.0,  # squares of small differences are small
        "features": 0.5,
        "identity": 2.0,  # of eight colours that are equally frequent any permutation would do
        "decay_after": 0.5,
        "lr": 1e-3,
    },
)
