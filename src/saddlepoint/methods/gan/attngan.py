"""AttnGAN: from a caption to an image, in stages that look at its words. Xu et al. 2018, arXiv:1711.10485, section 3.

Paper                 here
F_ca, c               `augment`: conditioning augmentation (StackGAN, arXiv:1612.03242)
F_0, F_i, G_i         `first`, `further`, `images`: maps of growing side, an image from each
D_i                   `critics`, one a stage: the image with its caption, and the image alone
DAMSM, lambda         `caption_encoder` and `image_encoder`, taught first; `matching_weight`

Captions of other images of the batch are wrong ones, unless they say the same. With one stage no words
are attended to, which is the second form of StackGAN (arXiv:1710.10916). The paper's encoder of images is an Inception
network of photographs, here a small one that learns with that of captions in the first stage of the run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Count, Decay, Layers, Natural, Positive, Weight, Width
from saddlepoint.data.batches import CaptionBatch, DataSpec
from saddlepoint.errors import CapabilityError, ConfigError
from saddlepoint.keyed import normal_rows
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.tokens import Tokens
from saddlepoint.losses.adversarial import critic_loss, generator_loss
from saddlepoint.losses.matching import matching, sentence_scores, word_scores
from saddlepoint.methods.abilities import AS_TRAINED, Sampling
from saddlepoint.methods.base import Adam, Clock, Draw, Moves, Networks, Optim, Proof, Stage, Update
from saddlepoint.methods.families.noise import FromNoise
from saddlepoint.methods.families.truncation import truncated
from saddlepoint.nn.backbones.dcgan import check_side
from saddlepoint.nn.backbones.text_to_image import (
    Augmented,
    CaptionCritic,
    CaptionEncoder,
    FirstStage,
    NextStage,
    condition,
    divergence,
)


@final
class AttnGANGenerator(nn.Module):
    """Noise, words and sentence -> an image of each stage, [N, C, side, side] in [-1, 1], the smallest first."""

    def __init__(
        self,
        latent: int,
        sentence: int,
        conditions: int,
        channels: int,
        side: int,
        stages: int,
        width: int,
        blocks: int,
    ) -> None:
        super().__init__()
        self.augment = Augmented(sentence, conditions)
        self.first = FirstStage(conditions + latent, width, side >> (stages - 1))
        self.further = nn.ModuleList(NextStage(width, sentence, blocks) for _ in range(stages - 1))
        self.images = nn.ModuleList(nn.Conv2d(width, channels, 3, padding=1, bias=False) for _ in range(stages))
        self.latent = latent
        self.length = 0  # of a caption, which a trained one is asked with

    def forward(
        self, noise: Tensor, words: Tensor, sentence: Tensor, there: Tensor
    ) -> tuple[list[Tensor], Tensor, Tensor]:
        """noise: [N, latent + conditions]. words: [N, L, D]. there: [N, L] bool. Also mean and log-variance of c."""
        z, drawn = noise.split([self.latent, noise.shape[1] - self.latent], 1)
        mean, log_variance = self.augment(sentence)
        maps = self.first(torch.cat([condition(mean, log_variance, drawn), z], 1))
        shown = [self.images[0](maps).float().tanh()]
        for stage, image in zip(self.further, list(self.images)[1:]):
            maps = stage(maps, words, there)
            shown.append(image(maps).float().tanh())
        return shown, mean, log_variance


@final
class ImageEncoder(nn.Module):
    """Images [N, C, S, S] -> regions [N, D, R], at 4 pixels each, and codes of whole images [N, D]."""

    def __init__(self, channels: int, width: int, outputs: int) -> None:
        super().__init__()
        self.trunk = nn.Sequential(
            *(nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(width, 2 * width, 3, padding=1), nn.BatchNorm2d(2 * width), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(2 * width, 4 * width, 3, padding=1), nn.BatchNorm2d(4 * width), nn.ReLU()),
        )
        self.regions, self.whole = nn.Conv2d(4 * width, outputs, 1), nn.Linear(4 * width, outputs)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        maps = self.trunk(image)
        return self.regions(maps).flatten(2).float(), self.whole(maps.mean((2, 3))).float()


@final
@dataclass(frozen=True, kw_only=True)
class AttnGAN(FromNoise):
    """Images of 16, 32, 64 pixels a side and so on, for captions; asked by `saddle sample --given text=...`."""

    takes = CaptionBatch
    batch_statistics = True
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 20}

    levels: Layers = 3
    """stages of the generator, each of twice the side of the one before"""
    words: Width = 256
    """numbers of a word and of a sentence; even"""
    embedding: Width = 300
    """numbers of a word before its neighbours are read"""
    condition_width: Width = 100
    """numbers of the augmented condition"""
    width: Width = 32
    """the generator's channels at the image's side"""
    critic_width: Width = 64
    """channels of the discriminators (critics) at half the side; they double inwards"""
    blocks: Natural = 2
    """residual blocks of each further stage"""
    encoder_width: Width = 64
    """channels of the image encoder at the image's side"""
    matching_examples: Count = 100_000
    """images in which captions and images learn to match, before the game"""
    matching_weight: Weight = 5.0
    """weight of that match for the generator: 5 for birds, 50 for COCO"""
    matching_lr: Positive = 2e-3
    """learning rate of the encoders (Adam)"""
    lr: Positive = 2e-4
    """learning rate of generator and critics (Adam)"""
    beta1: Decay = 0.5
    """Adam's first beta, for both"""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.words % 2:
            raise ConfigError(f"words are read from both sides, so --words must be even, not {self.words}.")

    def networks(self, data: DataSpec) -> Networks:
        text = data.fields.get("text")
        if not isinstance(text, Tokens):
            raise ConfigError(f"attngan makes images of captions, which the data lacks. {CaptionBatch.given_by}")
        side, channels = check_side(data.resolution), data.channels
        if side >> (self.levels - 1) < 8:
            raise ConfigError(
                f"{self.levels} stages down from {side} pixels begin under 8: use fewer --levels, or --resolution"
                f" {8 << (self.levels - 1)}."
            )
        sides = [side >> level for level in reversed(range(self.levels))]
        encoder = CaptionEncoder(text.vocabulary, self.words, self.embedding)
        generator = AttnGANGenerator(
            self.latent, self.words, self.condition_width, channels, side, self.levels, self.width, self.blocks
        )
        critics = nn.ModuleList(CaptionCritic(channels, each, self.critic_width, self.words) for each in sides)
        nets = Networks(
            caption_encoder=encoder,
            image_encoder=ImageEncoder(channels, self.encoder_width, self.words),
            generator=generator,
            critics=critics,
        )
        generator.length = text.length
        return nets

    def optimisers(self) -> Mapping[str, Optim]:
        betas = (self.beta1, 0.999)
        return {
            "encoders": Adam("caption_encoder", "image_encoder", lr=self.matching_lr, betas=betas, clip=0.25),
            "critics": Adam("critics", lr=self.lr, betas=betas),
            "generator": Adam("generator", lr=self.lr, betas=betas),
        }

    def stages(self) -> tuple[Stage, ...]:
        return (Stage(examples=self.matching_examples), Stage())

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        batch = draw()
        real, text = batch.image, batch.text  # [N, C, S, S] in [-1, 1], [N, L]
        if clock.stage == 0:
            yield Update("encoders", self._mismatch(nets, real, text, *nets.caption_encoder(text)))
            return
        there = self._there(text)
        with torch.no_grad():
            words, sentence = nets.caption_encoder(text)
            fakes, _, _ = nets.generator(self._noise(draw, len(text)), words, sentence, there)
        losses = {}
        for number, critic in enumerate(nets.critics):
            scaled = F.adaptive_avg_pool2d(real, fakes[number].shape[-1])
            losses[f"side_{scaled.shape[-1]}"] = caption_critic_loss(critic, scaled, fakes[number], sentence)
        yield Update("critics", losses)
        fakes, mean, log_variance = nets.generator(self._noise(draw, len(text)), words, sentence, there)
        losses = {"divergence": divergence(mean, log_variance)}
        for critic, fake in zip(nets.critics, fakes):
            both = [generator_loss("non-saturating", verdict) for verdict in critic(fake, sentence)]
            losses[f"side_{fake.shape[-1]}"] = both[0] + both[1]
        if self.matching_weight:
            mismatch = self._mismatch(nets, fakes[-1], text, words, sentence)
            losses |= {name: self.matching_weight * loss for name, loss in mismatch.items()}
        yield Update("generator", losses)

    def _mismatch(
        self, nets: Networks, image: Tensor, text: Tensor, words: Tensor, sentence: Tensor
    ) -> dict[str, Tensor]:
        """The DAMSM loss of images [N, C, S, S] with their captions; captions that are equal are no wrong ones."""
        regions, code = nets.image_encoder(image)
        same = (text[:, None] == text[None]).all(2)
        by_words = matching(word_scores(regions, words, self._there(text)), same)
        by_sentence = matching(sentence_scores(code, sentence), same)
        return {"words": by_words[0] + by_words[1], "sentences": by_sentence[0] + by_sentence[1]}

    def _there(self, text: Tensor) -> Tensor:
        """Which places of captions [N, L] are no padding; the first one of an empty caption."""
        there = text != 0
        there[:, 0] = True
        return there

    def _noise(self, draw: Draw, n: int) -> Tensor:
        return draw.noise(n, self.latent + self.condition_width)

    # -- what a trained one can do ------------------------------------------------------------------------------------

    def latents(self, nets: nn.Module, n: int, seed: int, first: int = 0) -> Tensor:
        """[n, latent + conditions] float32 on the CPU; latent i depends on (seed, i) alone."""
        return normal_rows(n, self.latent + self.condition_width, seed, first=first)

    def conditions(self, nets: nn.Module) -> Mapping[str, Kind]:
        """A caption, of as many pieces as the encoder knows."""
        encoder: Any = nets.get_submodule("caption_encoder")
        generator: Any = nets.get_submodule("generator")
        pieces = tuple(map(str, range(encoder.embedding.num_embeddings)))
        return {"text": Tokens(generator.length, pieces)}

    def generate(self, nets: nn.Module, latents: Tensor, how: Sampling = AS_TRAINED) -> Tensor:
        """Images [n, C, S, S] in [-1, 1], float32; row i depends on latent i and caption i alone.

        Where no captions are given, as by the tools that walk through latents, all have one and the same.
        """
        self.check_given(how)
        usual = self.conditions(nets)["text"].example(1, 0).to(latents.device).expand(len(latents), -1)
        text = how.given.get("text", usual).long()
        words, sentence = nets.get_submodule("caption_encoder")(text)
        noise = truncated(latents, how, self.prior)
        shown, _, _ = nets.get_submodule("generator")(noise, words, sentence, self._there(text))
        image: Tensor = shown[-1]
        return image

    def check_given(self, how: Sampling) -> None:
        if how.label is not None:
            raise CapabilityError("this model was trained with captions, not classes: give none.")


def caption_critic_loss(critic: CaptionCritic, real: Tensor, fake: Tensor, sentence: Tensor) -> Tensor:
    """What a critic minimises: right images, against made ones and images with the caption of the one after.

    Right ones count half with their captions and half alone; the other three a third each. The last image has no
    caption after it.
    """
    features = critic.trunk(real)
    with_caption, alone = critic.judged(features, sentence), critic.alone(features).flatten().float()
    wrong = critic.judged(features[:-1], sentence[1:]) if len(real) > 1 else with_caption[:0]
    made_with, made_alone = critic(fake, sentence)
    rights = [critic_loss("non-saturating", each, each)["real"] for each in (with_caption, alone)]
    others = [each for each in (made_with, made_alone, wrong) if len(each)]
    faults = [critic_loss("non-saturating", each, each)["fake"] for each in others]
    return sum(rights, start=rights[0].new_zeros(())) / 2 + sum(faults, start=rights[0].new_zeros(())) / 3


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "birds": {
        "resolution": 256,
        "batch": 20,
        "ema_images": 13_860.0,
    },  # taoxugit/AttnGAN, cfg/
    "small": {  # for a processor
        "levels": 2,
        "words": 64,
        "embedding": 32,
        "condition_width": 32,
        "latent": 32,
        "width": 16,
        "critic_width": 16,
        "encoder_width": 16,
        "batch": 32,
    },
}

PROOF = Proof(
    claim="Asked for a shape by a caption, an AttnGAN draws its colour and ground, which another caption's image shows"
    " by chance.",
    data="world:captions",
    measure="captioned-images",
    share=0.6,
    settings={
        "resolution": 16,
        "examples": 100_000,
        "batch": 32,
        "levels": 2,
        "words": 32,
        "embedding": 32,
        "condition_width": 16,
        "latent": 16,
        "width": 8,
        "critic_width": 16,
        "encoder_width": 8,
        "matching_examples": 30_000,
        "lr": 1e-3,
    },
)
