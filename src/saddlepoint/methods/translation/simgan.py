"""SimGAN: synthetic images refined until they look real, but no further from themselves than that needs. Shrivastava et
al. 2017, arXiv:1612.07828, eq. 1 to 4 and algorithm 1.

Paper    here
R        `generator`, the refiner, from synthetic images (kind a) to real ones (kind b)
D        `critic`, which judges every place of its map; an output of 1 means real here
lambda   `keep`: weight of the absolute change of an image
B        `pool`, the history of refined images: by an even chance an older one takes the place of a new one
K_g, K_d `generator_moves`, `critic_moves`: in each step

Losses are sums over the map and over pixels, as in the paper, and means over images. The paper names no learning rates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

from torch import Tensor, nn

from saddlepoint.config import Count, Layers, Natural, Weight, Width
from saddlepoint.data.batches import DataSpec, UnpairedBatch
from saddlepoint.errors import ConfigError
from saddlepoint.losses.adversarial import Objective, critic_loss, generator_loss, mean_logits
from saddlepoint.methods.base import Clock, Draw, Moves, Networks, Proof, Update
from saddlepoint.methods.families.one_way import OneWay
from saddlepoint.nn.layers.image_pool import ImagePool
from saddlepoint.nn.layers.initialisation import initialise
from saddlepoint.nn.sizes import Sizes


@final
@dataclass(frozen=True, kw_only=True)
class SimGAN(OneWay):
    """Refinement of rendered images, whose labels still fit afterwards: eyes and hands to train recognition on."""

    defaults = {"batch": 512}  # as in the authors' experiments
    batch_statistics = True  # the history

    objective: Objective = "non-saturating"
    """what the two players minimise: the paper's cross-entropy"""
    width: Width = 64
    """channels of the refiner, which keeps the image's side"""
    blocks: Layers = 4
    """residual blocks of the refiner"""
    critic_width: Width = 96
    """the discriminator's (critic's) channels in the first layer; then 2/3 and 1/3 of them"""
    keep: Weight = 0.5
    """weight of the absolute change of an image, summed over its pixels"""
    pool: Natural = 2_560
    """refined images that are kept to show to the critic again; 0 for none"""
    alone: Natural = 1_000
    """steps at the start in which the refiner learns to keep images as they are"""
    critic_alone: Natural = 200
    """steps after these in which the critic learns alone"""
    generator_moves: Count = 2
    """updates of the refiner in a step"""
    critic_moves: Count = 1
    """updates of the critic in a step"""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.objective == "relativistic":
            raise ConfigError("the pool shows a critic other images than the pair needs; use another objective.")

    def networks(self, data: DataSpec) -> Networks:
        Critic.sizes.check(*data.size)
        return Networks(
            generator=Refiner(data.channels, self.width, self.blocks),
            critic=Critic(data.channels, self.critic_width),
            pool=ImagePool(self.pool, data.shape),
        )

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        critic_only = self.alone <= clock.step < self.alone + self.critic_alone
        for _ in range(0 if critic_only else self.generator_moves):
            batch = draw()
            image = nets.generator(batch.a)
            if clock.step < self.alone:
                yield Update("generator", self.constraint(nets, batch, image, draw))
            else:
                yield self.generator_move(nets, batch, image, draw)
        for _ in range(0 if clock.step < self.alone else self.critic_moves):
            batch = draw()
            image = nets.generator(batch.a).detach()
            yield self.critic_move(nets, batch, nets.pool(image, draw.uniform(len(image), 2)))

    def critic_move(self, nets: Networks, batch: UnpairedBatch, image: Tensor) -> Update:
        """Real images against refined ones, some of them of the history."""
        real, fake = nets.critic(batch.b), nets.critic(image)
        losses = critic_loss(self.objective, real, fake)
        places = real[0].numel()
        return Update("critic", {name: places * loss for name, loss in losses.items()}, watch=mean_logits(real, fake))

    def generator_move(self, nets: Networks, batch: UnpairedBatch, image: Tensor, draw: Draw) -> Update:
        """The score summed over places, and the change of the image."""
        fake = nets.critic(image)
        score = fake[0].numel() * generator_loss(self.objective, fake)
        return Update("generator", {"fake": score} | dict(self.constraint(nets, batch, image, draw)))

    def constraint(self, nets: Networks, batch: UnpairedBatch, image: Tensor, draw: Draw) -> Mapping[str, Tensor]:
        """The absolute change of an image, summed over its pixels."""
        return {"keep": self.keep * (image - batch.a).abs().flatten(1).sum(1).mean()}


@final
class Refiner(nn.Module):
    """Images [N, C, H, W] in [-1, 1] -> the same, float32: residual blocks of two 3x3 at the full side, no norm."""

    def __init__(self, channels: int, width: int, blocks: int) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(channels, width, 3, padding=1), nn.ReLU())
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Conv2d(width, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, width, 3, padding=1))
            for _ in range(blocks)
        )
        self.last = nn.Conv2d(width, channels, 1)
        initialise(self, "glorot")

    def forward(self, image: Tensor) -> Tensor:
        x = self.first(image)
        for block in self.blocks:
            x = (x + block(x)).relu()
        images: Tensor = self.last(x).float().tanh()
        return images


@final
class Critic(nn.Module):
    """Images [N, C, H, W] -> logits [N, 1, h, w], at about a quarter of the side."""

    sizes = Sizes(least=8)

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        half, third = max(2 * width // 3, 1), max(width // 3, 1)
        self.layers = nn.Sequential(
            *(nn.Conv2d(channels, width, 3, 2, 1), nn.ReLU(), nn.Conv2d(width, half, 3, 2, 1), nn.ReLU()),
            *(nn.MaxPool2d(3, 1, 1), nn.Conv2d(half, third, 3, padding=1), nn.ReLU()),
            *(nn.Conv2d(third, third, 1), nn.ReLU(), nn.Conv2d(third, 1, 1)),
        )
        initialise(self, "he")

    def forward(self, image: Tensor) -> Tensor:
        logits: Tensor = self.layers(image)
        return logits


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "gaze": {"resolution": "55x35", "batch": 512},  # section 3.1, MPIIGaze
    "small": {"width": 16, "critic_width": 24, "batch": 32, "alone": 200, "critic_alone": 50},  # for a processor
}

PROOF = Proof(
    claim="SimGAN, shown scenes with orange discs and scenes of others with blue ones, refines the disc and leaves the"
    " rest as it is, nearer to the hidden truth than naive maps that were shown as much.",
    data="world:discs",  # on world:camera, where all of the image changes, it painted the camera's noise
    measure="crossing",
    share=3 / 4,
    settings={
        "resolution": 16,
        "images": 84_000,
        "batch": 16,
        "width": 12,
        "blocks": 1,
        "critic_width": 24,
        "keep": 0.02,  # of 768 values a fifth has to change
        "pool": 320,
        "alone": 30,
        "critic_alone": 20,
        "lr": 1e-3,
    },
)
