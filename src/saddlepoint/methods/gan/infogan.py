"""InfoGAN: codes that can be read back from the image. Chen et al. 2016, arXiv:1606.03657, sections 4 and 5.

Paper   here
z       noise, the first `latent` numbers of a latent
c       codes: one of `categories`, and `numbers` even over [-1, 1]
Q(c|x)  `recogniser`, on the last features of the critic's trunk
L_I     "information": the lower bound of the mutual information of codes and images, in nats (eq. 5)
lambda  information_weight

A latent holds `categories` numbers of the prior beside the noise, of which the largest names the category: so all its
numbers are alike and independent, and each category is as likely as another. In the authors' code both players
minimise -L_I, from one set of fakes, and the density of a number has a deviation of 1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Decay, Natural, Positive, Weight, Width
from saddlepoint.data.batches import DataSpec, ImageBatch
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import normal_rows
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.probabilities import Probabilities
from saddlepoint.losses.adversarial import critic_loss, generator_loss, mean_logits
from saddlepoint.methods.base import Adam, Clock, Draw, Moves, Networks, Optim, Proof, Update
from saddlepoint.methods.families.unconditional import Unconditional
from saddlepoint.nn.layers.initialisation import initialise


@final
class InfoGANGenerator(nn.Module):
    """[N, latent + categories + numbers] -> images [N, C, H, W] in [-1, 1]: two dense layers, two doublings."""

    def __init__(self, latent: int, categories: int, numbers: int, shape: tuple[int, int, int], width: int) -> None:
        super().__init__()
        channels, height, width_in_pixels = shape
        self.latent, self.categories, self.small = latent, categories, (2 * width, height // 4, width_in_pixels // 4)
        size, inputs = math.prod(self.small), latent + categories + numbers
        self.dense = nn.Sequential(
            *(nn.Linear(inputs, 16 * width, bias=False), nn.BatchNorm1d(16 * width), nn.ReLU()),
            nn.Linear(16 * width, size, bias=False),
        )
        self.maps = nn.Sequential(
            *(nn.BatchNorm2d(2 * width), nn.ReLU(), nn.ConvTranspose2d(2 * width, width, 4, 2, 1, bias=False)),
            *(nn.BatchNorm2d(width), nn.ReLU(), nn.ConvTranspose2d(width, channels, 4, 2, 1, bias=False)),
        )

    def codes(self, latent: Tensor) -> tuple[Tensor, Tensor]:
        """The category, [N] int64 in [0, categories), and the numbers, [N, numbers], that a latent stands for."""
        choice = latent[:, self.latent : self.latent + self.categories]
        return choice.argmax(1), latent[:, self.latent + self.categories :]

    def forward(self, latent: Tensor) -> Tensor:
        category, numbers = self.codes(latent)
        hot = F.one_hot(category, self.categories).to(latent.dtype)
        return self.decode(torch.cat([latent[:, : self.latent], hot, numbers], 1))

    def decode(self, coded: Tensor) -> Tensor:
        """Noise, one-hot category and numbers together, [N, latent + categories + numbers] -> images."""
        images: Tensor = self.maps(self.dense(coded).unflatten(1, self.small)).float()
        return images.tanh()


@final
class InfoGANCritic(nn.Module):
    """Images [N, C, H, W] -> [N] logits; `features` gives the [N, 16 width] that the recogniser reads."""

    def __init__(self, shape: tuple[int, int, int], width: int, slope: float) -> None:
        super().__init__()
        channels, height, width_in_pixels = shape
        self.trunk = nn.Sequential(
            *(nn.Conv2d(channels, width, 4, 2, 1, bias=False), nn.LeakyReLU(slope)),
            *(nn.Conv2d(width, 2 * width, 4, 2, 1, bias=False), nn.BatchNorm2d(2 * width), nn.LeakyReLU(slope)),
            nn.Flatten(),
            nn.Linear(2 * width * (height // 4) * (width_in_pixels // 4), 16 * width, bias=False),
            *(nn.BatchNorm1d(16 * width), nn.LeakyReLU(slope)),
        )
        self.output = nn.Linear(16 * width, 1)

    def features(self, image: Tensor) -> Tensor:
        """[N, 16 width]"""
        features: Tensor = self.trunk(image)
        return features

    def forward(self, image: Tensor) -> Tensor:
        logits: Tensor = self.output(self.features(image)).squeeze(1)
        return logits


@final
class Recogniser(nn.Module):
    """Features [N, 16 width] -> logits of the category [N, categories], mean and log-variance of the numbers.

    learnt: whether the variance of each number is learnt; otherwise it is 1 and the log-variance 0.
    """

    def __init__(self, width: int, categories: int, numbers: int, slope: float, *, learnt: bool) -> None:
        super().__init__()
        self.hidden = nn.Sequential(
            nn.Linear(16 * width, 2 * width, bias=False), nn.BatchNorm1d(2 * width), nn.LeakyReLU(slope)
        )
        self.category = nn.Linear(2 * width, categories)
        self.mean = nn.Linear(2 * width, numbers) if numbers else None
        self.log_variance = nn.Linear(2 * width, numbers) if numbers and learnt else None

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        hidden = self.hidden(features)
        mean = hidden.new_empty(len(hidden), 0) if self.mean is None else self.mean(hidden).float()
        spread = torch.zeros_like(mean) if self.log_variance is None else self.log_variance(hidden).float()
        return self.category(hidden).float(), mean, spread


@final
@dataclass(frozen=True, kw_only=True)
class InfoGAN(Unconditional):
    """Finds classes and ways of varying in images without labels; sides that 4 divides, 28 as in the paper too."""

    takes = ImageBatch
    batch_statistics = True
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 128}

    latent: Width = 62
    """length of the noise beside the codes"""
    prior: Literal["normal", "uniform"] = "uniform"
    """distribution of each number of the noise: N(0, 1), or even over [-1, 1]; the codes' numbers have it too"""
    categories: Width = 10
    """values of the code that is a choice"""
    numbers: Natural = 2
    """codes that are numbers; 0 for none"""
    information_weight: Weight = 1.0
    """weight of the codes' log-likelihood, for both players"""
    learn_variance: bool = False
    """learn how sure the recogniser is of each number, in place of the authors' deviation of 1"""
    width: Width = 64
    """channels of both players at half the image's side; dense layers have 16 times as many units"""
    slope: Positive = 0.01
    """of the LeakyReLU under 0: .01 in the authors' code, .1 in the paper"""
    generator_lr: Positive = 1e-3
    """learning rate of the generator (Adam)"""
    critic_lr: Positive = 2e-4
    """learning rate of the discriminator (critic) and the recogniser (Adam)"""
    beta1: Decay = 0.5
    """Adam's first beta, for both"""

    def networks(self, data: DataSpec) -> Networks:
        shape = data.image().shape
        if shape[1] % 4 or shape[2] % 4:
            raise ConfigError(
                f"infogan halves images twice, so both sides must be multiples of 4, not {shape[2]}x{shape[1]}: use"
                f" --resolution {max(4, min(shape[1:]) // 4 * 4)}."
            )
        nets = Networks(
            generator=InfoGANGenerator(self.latent, self.categories, self.numbers, shape, self.width),
            critic=InfoGANCritic(shape, self.width, self.slope),
            recogniser=Recogniser(self.width, self.categories, self.numbers, self.slope, learnt=self.learn_variance),
        )
        initialise(nets, "normal", 0.02)
        return nets

    def optimisers(self) -> Mapping[str, Optim]:
        betas = (self.beta1, 0.999)
        return {
            "critic": Adam("critic", "recogniser", lr=self.critic_lr, betas=betas),
            "generator": Adam("generator", lr=self.generator_lr, betas=betas),
        }

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        image = draw().image  # [N, C, H, W] in [-1, 1]
        latent = self.draw_latents(draw, len(image))
        fakes = nets.generator(latent)
        real, features = nets.critic(image), nets.critic.features(fakes.detach())
        fake = nets.critic.output(features).squeeze(1)
        losses = critic_loss("non-saturating", real, fake) | self._unknown(nets, features, latent)
        yield Update("critic", losses, watch=mean_logits(real, fake))
        features = nets.critic.features(fakes)
        unknown = self._unknown(nets, features, latent)
        fake = generator_loss("non-saturating", nets.critic.output(features).squeeze(1))
        weight = self.information_weight or 1.0
        bound = self._entropy() - sum(unknown.values(), start=torch.zeros_like(fake)).detach() / weight
        watch = {"information": bound} if self.information_weight else {}
        yield Update("generator", {"fake": fake, **unknown}, watch=watch)

    def draw_latents(self, draw: Draw, n: int) -> Tensor:
        """Noise and codes for `n` images of a training step.  [n, latent + categories + numbers]"""
        length = self._length()
        return draw.uniform(n, length) * 2 - 1 if self.prior == "uniform" else draw.noise(n, length)

    def latents(self, nets: nn.Module, n: int, seed: int, first: int = 0) -> Tensor:
        """[n, latent + categories + numbers] float32 on the CPU; latent i depends on (seed, i) alone."""
        return normal_rows(n, self._length(), seed, uniform=self.prior == "uniform", first=first)

    def predictions(self, nets: nn.Module, spec: DataSpec) -> Mapping[str, Kind]:
        """The category that the recogniser reads; what it stands for, training has chosen."""
        return {"class": Probabilities(tuple(f"code {number}" for number in range(self.categories)))}

    def predict(self, nets: nn.Module, examples: Tensor) -> Mapping[str, Tensor]:
        """Images [n, C, H, W] in [-1, 1] -> the probability of each category, [n, categories]."""
        critic: Any = nets.get_submodule("critic")
        category = nets.get_submodule("recogniser")(critic.features(examples))[0]
        return {"class": category.softmax(1)}

    def _length(self) -> int:
        return self.latent + self.categories + self.numbers

    def _entropy(self) -> float:
        """H(c) in nats: of an even choice, and of numbers of the prior."""
        each = math.log(2) if self.prior == "uniform" else 0.5 * math.log(2 * math.pi * math.e)
        return math.log(self.categories) + self.numbers * each

    def _unknown(self, nets: Networks, features: Tensor, latent: Tensor) -> dict[str, Tensor]:
        """-log Q(c|x) of the codes that made the features' images, weighted; nothing at weight 0."""
        if not self.information_weight:
            return {}
        category, numbers = nets.generator.codes(latent)
        logits, mean, log_variance = nets.recogniser(features)
        terms = {"category": self.information_weight * F.cross_entropy(logits, category)}
        if self.numbers:
            terms["numbers"] = self.information_weight * unlikelihood(numbers, mean, log_variance)
        return terms


def unlikelihood(values: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """Minus the log-density of values [N, K] under normal distributions, summed over K, mean over N: a scalar."""
    square = (values - mean).square() / log_variance.exp()
    return 0.5 * (square + log_variance + math.log(2 * math.pi)).sum(1).mean()


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "mnist": {  # github.com/openai/InfoGAN, launchers/run_mnist_exp.py: 50 epochs of 100 steps
        "data": "mnist",
        "images": 640_000,
        "batch": 128,
        "ema_images": 0.0,
    },
    "small": {"width": 16},  # for a processor
}

PROOF = Proof(
    claim="Told nothing of classes, the recogniser of an InfoGAN names those of real digits; the same network without"
    " the game does not.",
    data="digits",
    measure="discovered-classes",
    share=0.5,
    bars={"accuracy": 0.55},  # k-means on the pixels has .76; the first seed .69
    settings={
        "images": 200_000,
        "batch": 64,
        "width": 16,
        "latent": 16,
        "numbers": 1,
    },
)
