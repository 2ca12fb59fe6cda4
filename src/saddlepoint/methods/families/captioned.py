"""Games from captions to images: encoders that learn first which captions and images match, and critics that know both.

Zhang et al. 2017 (StackGAN), arXiv:1612.03242, and Xu et al. 2018 (AttnGAN), arXiv:1711.10485, whose match (DAMSM)
stands here for the text encoder of the former, which was learnt beforehand from the same pairs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from saddlepoint.config import Count, Positive, Width
from saddlepoint.data.batches import CaptionBatch, DataSpec
from saddlepoint.errors import CapabilityError, ConfigError
from saddlepoint.keyed import normal_rows
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.tokens import Tokens
from saddlepoint.losses.adversarial import critic_loss, generator_loss
from saddlepoint.losses.matching import matching, sentence_scores, word_scores
from saddlepoint.methods.abilities import AS_TRAINED, Sampling
from saddlepoint.methods.base import Adam, Draw, Networks
from saddlepoint.methods.families.noise import FromNoise
from saddlepoint.methods.families.truncation import truncated
from saddlepoint.nn.backbones.text_to_image import CaptionCritic, CaptionEncoder, ImageEncoder


@dataclass(frozen=True, kw_only=True)
class Captioned(FromNoise, ABC):
    """A method whose images are made of captions; its noise holds that of the augmented condition, at its end."""

    takes = CaptionBatch
    batch_statistics = True

    words: Width = 256
    """numbers of a word and of a sentence; even"""
    embedding: Width = 300
    """numbers of a word before its neighbours are read"""
    condition_width: Width = 100
    """numbers of the augmented condition"""
    encoder_width: Width = 64
    """channels of the image encoder at the image's side"""
    matching_examples: Count = 100_000
    """images in which captions and images learn to match, before the game"""
    matching_lr: Positive = 2e-3
    """learning rate of the encoders (Adam)"""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.words % 2:
            raise ConfigError(f"words are read from both sides, so --words must be even, not {self.words}.")

    @abstractmethod
    def drawn(self, nets: nn.Module, noise: Tensor, text: Tensor) -> Tensor:
        """Noise [n, latent + condition_width] and captions [n, L] -> the largest images, in [-1, 1]."""

    def encoders(self, data: DataSpec) -> dict[str, nn.Module]:
        """The networks that learn first. Raises ConfigError for data without captions."""
        text = data.fields.get("text")
        if not isinstance(text, Tokens):
            raise ConfigError(f"this method makes images of captions, which the data lacks. {CaptionBatch.given_by}")
        return {
            "caption_encoder": CaptionEncoder(text.vocabulary, text.length, self.words, self.embedding),
            "image_encoder": ImageEncoder(data.channels, self.encoder_width, self.words),
        }

    def encoders_optimiser(self) -> Adam:
        return Adam("caption_encoder", "image_encoder", lr=self.matching_lr, betas=(0.5, 0.999), clip=0.25)

    def mismatch(
        self, nets: Networks, image: Tensor, text: Tensor, words: Tensor, sentence: Tensor
    ) -> dict[str, Tensor]:
        """The DAMSM loss of images [N, C, S, S] with their captions; captions that are equal are no wrong ones."""
        regions, code = nets.image_encoder(image)
        same = (text[:, None] == text[None]).all(2)
        by_words = matching(word_scores(regions, words, there(text)), same)
        by_sentence = matching(sentence_scores(code, sentence), same)
        return {"words": by_words[0] + by_words[1], "sentences": by_sentence[0] + by_sentence[1]}

    def noise(self, draw: Draw, n: int) -> Tensor:
        """Noise of a step, that of the condition at its end.  [n, latent + condition_width]"""
        return draw.noise(n, self.latent + self.condition_width)

    # -- what a trained one can do ------------------------------------------------------------------------------------

    def latents(self, nets: nn.Module, n: int, seed: int, first: int = 0) -> Tensor:
        """[n, latent + conditions] float32 on the CPU; latent i depends on (seed, i) alone."""
        return normal_rows(n, self.latent + self.condition_width, seed, first=first)

    def conditions(self, nets: nn.Module) -> Mapping[str, Kind]:
        """A caption, of as many pieces as the encoder knows."""
        encoder: Any = nets.get_submodule("caption_encoder")
        return {"text": Tokens(encoder.length, tuple(map(str, range(encoder.embedding.num_embeddings))))}

    def generate(self, nets: nn.Module, latents: Tensor, how: Sampling = AS_TRAINED) -> Tensor:
        """Images [n, C, S, S] in [-1, 1], float32; row i depends on latent i and caption i alone.

        Where no captions are given, as by the tools that walk through latents, all have one and the same.
        """
        self.check_given(how)
        usual = self.conditions(nets)["text"].example(1, 0).to(latents.device).expand(len(latents), -1)
        return self.drawn(nets, truncated(latents, how, self.prior), how.given.get("text", usual).long())

    def check_given(self, how: Sampling) -> None:
        if how.label is not None:
            raise CapabilityError("this model was trained with captions, not classes: give none.")

    def resemblance(self, nets: nn.Module, images: Tensor, text: Tensor) -> Tensor:
        """The cosine of each image [n, C, S, S] with each caption [m, L], by the encoders.  [n, m]"""
        _, code = nets.get_submodule("image_encoder")(images)
        _, sentence = nets.get_submodule("caption_encoder")(text)
        return sentence_scores(code, sentence)


def there(text: Tensor) -> Tensor:
    """Which places of captions [N, L] are no padding; the first one of an empty caption."""
    places = text != 0
    places[:, 0] = True
    return places


def caption_critic_loss(critic: CaptionCritic, real: Tensor, fake: Tensor, condition: Tensor) -> Tensor:
    """What a critic minimises: right images, against made ones and images with the caption of the one after.

    Right ones with their captions and, where the critic judges them, alone count together as much as all others, which
    are made ones in the same forms and the wrong pairs. The last image has no caption after it.
    condition: [N, D], what the critic is told of each caption.
    """
    rights, features = critic.verdicts(real, condition)
    others = critic(fake, condition)
    wrong = [critic.judged(features[:-1], condition[1:])] if len(real) > 1 else []
    right = [critic_loss("non-saturating", each, each)["real"] for each in rights]
    faults = [critic_loss("non-saturating", each, each)["fake"] for each in (*others, *wrong)]
    return torch.stack(right).mean() + torch.stack(faults).sum() / (len(right) + 1)


def fooling(critic: CaptionCritic, fake: Tensor, condition: Tensor) -> Tensor:
    """What a generator minimises for its images before one critic, in all forms that this judges: a scalar."""
    return torch.stack([generator_loss("non-saturating", verdict) for verdict in critic(fake, condition)]).sum()
