"""IcGAN: an image's code and attributes, found by two encoders, so that attributes can be changed.

Perarnau et al. 2016, arXiv:1611.06355, section 3 and appendix.

Paper      here
G, D       `generator`, `critic`: a conditional DCGAN; attributes enter the first layer of G and after that of D
E_z        `code_encoder`: learns on images that the generator made, whose latents are known (section 3.2.1)
E_y        `attribute_encoder`: learns on real images (the paper's independent encoders, "IND")
y, y'      attributes as -1 and 1, and those of other images, with which a real image is a fault

The generator learns first, then stands still while the encoders learn. An edited image is G(E_z(x), y) for other
attributes y; `saddle edit attributes` makes the sheet of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Count, Decay, Positive, Width
from saddlepoint.data.batches import AttributeBatch, DataSpec
from saddlepoint.errors import CapabilityError, ConfigError
from saddlepoint.keyed import normal_rows
from saddlepoint.kinds.attributes import Attributes
from saddlepoint.kinds.kind import Kind
from saddlepoint.losses.adversarial import critic_loss, generator_loss, mean_logits
from saddlepoint.methods.abilities import AS_TRAINED, Sampling
from saddlepoint.methods.base import Adam, Clock, Draw, Moves, Networks, Optim, Proof, Stage, Update
from saddlepoint.methods.families.noise import FromNoise
from saddlepoint.methods.families.truncation import truncated
from saddlepoint.nn.backbones.dcgan import DCGANGenerator, Size, check_size, small_maps, widths
from saddlepoint.nn.layers.initialisation import initialise


@final
class AttributeGenerator(nn.Module):
    """[N, latent] and attributes [N, K] of -1 and 1 -> images [N, C, H, W] in [-1, 1]: DCGAN's, of both together."""

    def __init__(self, latent: int, names: tuple[str, ...], channels: int, size: Size, width: int) -> None:
        super().__init__()
        self.names = names
        self.network = DCGANGenerator(latent + len(names), channels, size, width, kernel=4)

    def forward(self, latent: Tensor, signs: Tensor) -> Tensor:
        images: Tensor = self.network(torch.cat([latent, signs], 1))
        return images


@final
class AttributeCritic(nn.Module):
    """Images and attributes [N, K] of -1 and 1 -> [N] logits: DCGAN's, whose second layer sees them as maps."""

    def __init__(self, attributes: int, channels: int, size: Size, width: int) -> None:
        super().__init__()
        maps = widths(size, width)
        self.first = nn.Sequential(nn.Conv2d(channels, maps[0], 4, 2, 1, bias=False), nn.LeakyReLU(0.2))
        layers: list[nn.Module] = []
        for number, (narrow, wide) in enumerate(pairwise(maps)):
            inputs = narrow + attributes * (number == 0)
            layers += [nn.Conv2d(inputs, wide, 4, 2, 1, bias=False), nn.BatchNorm2d(wide), nn.LeakyReLU(0.2)]
        height, width = small_maps(size)
        self.layers = nn.Sequential(*layers)
        self.output = nn.Linear(maps[-1] * height * width, 1, bias=False)
        initialise(self, "normal", 0.02)

    def forward(self, image: Tensor, signs: Tensor) -> Tensor:
        maps = self.first(image)
        beside = signs[:, :, None, None].expand(-1, -1, *maps.shape[2:])
        logits: Tensor = self.output(self.layers(torch.cat([maps, beside], 1)).flatten(1)).squeeze(1)
        return logits.float()


@final
class Encoder(nn.Module):
    """Images -> [N, outputs]: four halvings by 5x5 with batch norm and ReLU, a hidden layer, a linear one.

    width: channels of the first halving, doubled by each further one. hidden: units of the hidden layer.
    """

    def __init__(self, channels: int, size: tuple[int, int], width: int, hidden: int, outputs: int) -> None:
        super().__init__()
        height, across = small_maps(size)
        times = (min(size) // min(height, across)).bit_length() - 1
        layers: list[nn.Module] = []
        for level in range(times):
            inputs = channels if level == 0 else width << level - 1
            wide = width << level
            layers += [nn.Conv2d(inputs, wide, 5, 2, 2, bias=False), nn.BatchNorm2d(wide), nn.ReLU()]
        flat = (width << times - 1) * height * across
        self.layers = nn.Sequential(
            *layers,
            *(nn.Flatten(), nn.Linear(flat, hidden, bias=False), nn.BatchNorm1d(hidden), nn.ReLU()),
            nn.Linear(hidden, outputs),
        )

    def forward(self, image: Tensor) -> Tensor:
        codes: Tensor = self.layers(image).float()
        return codes


@final
@dataclass(frozen=True, kw_only=True)
class IcGAN(FromNoise):
    """Makes images of attributes, says which a given image has, and makes it again with others."""

    takes = AttributeBatch
    batch_statistics = True
    compiles = ("generator", "code_encoder", "attribute_encoder")
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 64, "examples": 8_000_000}

    game_examples: Count = 5_000_000
    """images that the generator learns from, before the encoders begin, which have what is left of --examples"""
    width: Width = 64
    """channels of both players at half the image's side; they double inwards, to 8 times"""
    encoder_width: Width = 32
    """channels of both encoders at half the image's side; they double inwards"""
    code_units: Width = 4096
    """units of the hidden layer of the encoder of codes"""
    attribute_units: Width = 512
    """units of the hidden layer of the encoder of attributes"""
    lr: Positive = 2e-4
    """learning rate of players and encoders (Adam)"""
    beta1: Decay = 0.5
    """Adam's first beta, for all of them"""

    def networks(self, data: DataSpec) -> Networks:
        kind = data.fields.get("attributes")
        names = kind.names if isinstance(kind, Attributes) else ()
        if not names:
            raise ConfigError(f"icgan learns from attributes, which the data lacks. {AttributeBatch.given_by}")
        size = check_size(data.size)
        if min(size) < 16:
            raise ConfigError("icgan's critic sees the attributes in its second layer: use --resolution 16 or more.")
        coder = (data.channels, size, self.encoder_width)
        return Networks(
            generator=AttributeGenerator(self.latent, names, data.channels, size, self.width),
            critic=AttributeCritic(len(names), data.channels, size, self.width),
            code_encoder=Encoder(*coder, self.code_units, self.latent),
            attribute_encoder=Encoder(*coder, self.attribute_units, len(names)),
        )

    def optimisers(self) -> Mapping[str, Optim]:
        return {
            name: Adam(name, lr=self.lr, betas=(self.beta1, 0.999))
            for name in ("generator", "critic", "code_encoder", "attribute_encoder")
        }

    def stages(self) -> tuple[Stage, ...]:
        return (Stage(examples=self.game_examples), Stage())

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        batch = draw()
        image, signs = batch.image, signed(batch.attributes)  # [N, C, H, W] in [-1, 1], [N, K] of -1 and 1
        latent = self.draw_latents(draw, len(image))
        if clock.stage == 1:
            with torch.no_grad():
                drawn = as_trained(nets.generator, latent, signs)
            yield (
                Update("code_encoder", {"distance": F.mse_loss(nets.code_encoder(drawn), latent)}),
                Update("attribute_encoder", {"distance": F.mse_loss(nets.attribute_encoder(image), signs)}),
            )
            return
        with torch.no_grad():
            fakes = nets.generator(latent, signs)
        real, fake = nets.critic(image, signs), nets.critic(fakes, signs)
        losses = critic_loss("non-saturating", real, fake)
        wrong = mismatched(nets.critic, image, signs)
        losses = {"real": losses["real"], "fake": losses["fake"] / 2, "wrong": wrong / 2}
        yield Update("critic", losses, watch=mean_logits(real, fake))
        fake = nets.critic(nets.generator(self.draw_latents(draw, len(image)), signs), signs)
        yield Update("generator", {"fake": generator_loss("non-saturating", fake)})

    # -- what a trained one can do ------------------------------------------------------------------------------------

    def conditions(self, nets: nn.Module) -> Mapping[str, Kind]:
        """Which attributes hold."""
        generator: Any = nets.get_submodule("generator")
        return {"attributes": Attributes(generator.names)}

    def latents(self, nets: nn.Module, n: int, seed: int, first: int = 0) -> Tensor:
        """[n, latent] float32 on the CPU; latent i depends on (seed, i) alone, and not on the attributes."""
        return normal_rows(n, self.latent, seed, uniform=self.prior == "uniform", first=first)

    def generate(self, nets: nn.Module, latents: Tensor, how: Sampling = AS_TRAINED) -> Tensor:
        """Images [n, C, H, W] in [-1, 1], float32; row i depends on row i of latents and attributes alone.

        Where no attributes are given, as by the tools that walk through latents, none holds.
        """
        self.check_given(how)
        generator: Any = nets.get_submodule("generator")
        none = latents.new_zeros(len(latents), len(generator.names))
        images: Tensor = generator(truncated(latents, how, self.prior), signed(how.given.get("attributes", none)))
        return images

    def check_given(self, how: Sampling) -> None:
        if how.label is not None:
            raise CapabilityError("this model was trained with attributes, not classes: give --given attributes=... .")

    def encode(self, nets: nn.Module, images: Tensor) -> Tensor:
        """The code of each, which says nothing of its attributes.  [n, latent]"""
        codes: Tensor = nets.get_submodule("code_encoder")(images)
        return codes

    def reconstruct(self, nets: nn.Module, images: Tensor) -> Tensor:
        """The images made again from their codes and attributes."""
        return self.edit(nets, images, self.attributes_of(nets, images))

    def attributes_of(self, nets: nn.Module, images: Tensor) -> Tensor:
        """How far each attribute holds, from 0 to 1.  [n, K]"""
        signs: Tensor = nets.get_submodule("attribute_encoder")(images)
        return (signs / 2 + 0.5).clamp(0, 1)

    def edit(self, nets: nn.Module, images: Tensor, attributes: Tensor) -> Tensor:
        """Images [n, C, H, W] in [-1, 1] made again with these attributes, [n, K] from 0 to 1."""
        again: Tensor = nets.get_submodule("generator")(self.encode(nets, images), signed(attributes))
        return again


def signed(attributes: Tensor) -> Tensor:
    """0 and 1 as -1 and 1."""
    return 2 * attributes.float() - 1


def as_trained(generator: nn.Module, latent: Tensor, signs: Tensor) -> Tensor:
    """What the generator makes of these alone, by the statistics that its batch norm has gathered."""
    training = generator.training
    images: Tensor = generator.eval()(latent, signs)
    generator.train(training)
    return images


def mismatched(critic: nn.Module, image: Tensor, signs: Tensor) -> Tensor:
    """What a critic loses by real images with the attributes of the next one; those with the same lose nothing.

    Source: the third term of Reed et al. 2016, arXiv:1605.05396, algorithm 1, which the authors' game has too.
    """
    other = signs.roll(-1, 0)
    differ = (other != signs).any(1)
    return (F.softplus(critic(image, other)) * differ).mean()


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "faces": {  # section 4: CelebA, 182,637 images, 25 epochs of the game and 15 of the encoders
        "resolution": 64,
        "batch": 64,
        "game_examples": 4_566_000,
        "examples": 7_306_000,
        "ema_images": 0.0,
    },
    "small": {  # for a processor
        "width": 16,
        "encoder_width": 16,
        "code_units": 256,
        "attribute_units": 64,
        "latent": 16,
        "batch": 32,
        "game_examples": 300_000,
        "examples": 450_000,
    },
}

PROOF = Proof(
    claim="An attribute of a given image is changed by an IcGAN, nearer to what the world would show than the image as"
    " it is, and the others stay.",
    data="world:attributes",
    measure="edited-attributes",
    share=0.6,
    bars={"wanted": 0.75},
    settings={
        "resolution": 16,
        "examples": 460_000,  # at a width of 32 they took 347 seconds of a processor
        "batch": 64,
        "game_examples": 300_000,
        "width": 24,
        "encoder_width": 32,
        "code_units": 512,
        "attribute_units": 128,
        "latent": 16,
        "lr": 1e-3,
    },
)
