"""Parts of games from captions to images: augmented conditions, gated convolutions, doubling.

Conditioning augmentation: Zhang et al. 2017 (StackGAN), arXiv:1612.03242, section 3.2. Gated linear units, residual
blocks and attention on words: Xu et al. 2018 (AttnGAN), arXiv:1711.10485, section 3.1.
"""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@final
class Augmented(nn.Module):
    """A sentence [N, inputs] -> mean and log-variance of a condition, [N, outputs] each.

    Gated, so that both can have any sign; StackGAN's code has a ReLU there, under which no mean is less than 0.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.layer = nn.Linear(inputs, 4 * outputs)

    def forward(self, sentence: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_variance = F.glu(self.layer(sentence)).float().chunk(2, 1)
        return mean, log_variance


def condition(mean: Tensor, log_variance: Tensor, noise: Tensor) -> Tensor:
    """A draw from the condition's distribution by noise of N(0, 1).  [N, D]"""
    return mean + (log_variance / 2).exp() * noise


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL of the condition's distribution from N(0, 1), mean over rows and numbers: a scalar."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).mean()


def doubling(inputs: int, outputs: int) -> nn.Sequential:
    """Nearest doubling, 3x3, batch norm, gated: [N, inputs, H, W] -> [N, outputs, 2H, 2W]."""
    return nn.Sequential(
        nn.Upsample(scale_factor=2.0),
        nn.Conv2d(inputs, 2 * outputs, 3, padding=1, bias=False),
        *(nn.BatchNorm2d(2 * outputs), nn.GLU(1)),
    )


@final
class GatedBlock(nn.Module):
    """Two 3x3 with batch norm, the first gated, added to the input: [N, width, H, W] -> the same."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *(nn.Conv2d(width, 2 * width, 3, padding=1, bias=False), nn.BatchNorm2d(2 * width), nn.GLU(1)),
            *(nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)),
        )

    def forward(self, x: Tensor) -> Tensor:
        output: Tensor = x + self.layers(x)
        return output


@final
class WordAttention(nn.Module):
    """Words [N, L, inputs] for each place of maps [N, width, H, W] -> what each place takes, [N, width, H, W].

    The padding of caption i is left out for image i alone; in the authors' code it reaches other images of the batch.
    """

    def __init__(self, width: int, inputs: int) -> None:
        super().__init__()
        self.words = nn.Linear(inputs, width, bias=False)

    def shares(self, maps: Tensor, words: Tensor, there: Tensor) -> Tensor:
        """What each place takes of each word; rows sum to 1.  [N, H W, L]. there: [N, L] bool, not padding."""
        scores = maps.flatten(2).transpose(1, 2) @ self.words(words).transpose(1, 2)
        shares: Tensor = scores.masked_fill(~there[:, None, :], -torch.inf).softmax(2)
        return shares

    def forward(self, maps: Tensor, words: Tensor, there: Tensor) -> Tensor:
        taken: Tensor = self.shares(maps, words, there) @ self.words(words)  # [N, H W, width]
        output: Tensor = taken.transpose(1, 2).unflatten(2, maps.shape[2:])
        return output


@final
class FirstStage(nn.Module):
    """Condition and noise [N, inputs] -> maps [N, width, side, side]: dense to 4x4, then doublings, all gated."""

    def __init__(self, inputs: int, width: int, side: int) -> None:
        super().__init__()
        times = side.bit_length() - 3
        widest = width << times
        self.start = widest
        self.dense = nn.Sequential(
            nn.Linear(inputs, 2 * widest * 16, bias=False), nn.BatchNorm1d(2 * widest * 16), nn.GLU(1)
        )
        self.doublings = nn.Sequential(*(doubling(widest >> level, widest >> level + 1) for level in range(times)))

    def forward(self, x: Tensor) -> Tensor:
        maps: Tensor = self.doublings(self.dense(x).unflatten(1, (self.start, 4, 4)))
        return maps


@final
class NextStage(nn.Module):
    """Maps and what they take of the words -> maps of twice the side: residual blocks on both, then a doubling."""

    def __init__(self, width: int, words: int, blocks: int) -> None:
        super().__init__()
        self.attention = WordAttention(width, words)
        self.blocks = nn.Sequential(*(GatedBlock(2 * width) for _ in range(blocks)))
        self.upsample = doubling(2 * width, width)

    def forward(self, maps: Tensor, words: Tensor, there: Tensor) -> Tensor:
        taken = self.attention(maps, words, there)
        output: Tensor = self.upsample(self.blocks(torch.cat([maps, taken], 1)))
        return output


@final
class CaptionCritic(nn.Module):
    """Images [N, C, S, S] and sentences [N, D] -> verdicts on images with their captions and on images alone, [N] each.

    The image is halved to 4x4, and channels over 8 times the width are brought back to that; the sentence joins there,
    at every place. both: whether the image alone is judged as well. compressed: to how many numbers the critic brings a
    sentence first; 0 for none.
    """

    def __init__(
        self, channels: int, side: int, width: int, sentence: int, *, both: bool = True, compressed: int = 0
    ) -> None:
        super().__init__()
        times = side.bit_length() - 3
        layers: list[nn.Module] = [nn.Conv2d(channels, width, 4, 2, 1, bias=False), nn.LeakyReLU(0.2)]
        for level in range(1, times):
            wide = width << level
            layers += [nn.Conv2d(wide // 2, wide, 4, 2, 1, bias=False), nn.BatchNorm2d(wide), nn.LeakyReLU(0.2)]
        deepest = width << max(0, times - 1)
        while deepest > 8 * width:
            deepest //= 2
            layers += [nn.Conv2d(2 * deepest, deepest, 3, padding=1, bias=False)]
            layers += [nn.BatchNorm2d(deepest), nn.LeakyReLU(0.2)]
        self.trunk = nn.Sequential(*layers)
        self.compress = (
            nn.Sequential(nn.Linear(sentence, compressed), nn.LeakyReLU(0.2)) if compressed else nn.Identity()
        )
        self.joint = nn.Sequential(
            nn.Conv2d(deepest + (compressed or sentence), deepest, 3, padding=1, bias=False),
            *(nn.BatchNorm2d(deepest), nn.LeakyReLU(0.2)),
        )
        self.with_caption = nn.Conv2d(deepest, 1, 4)
        self.alone = nn.Conv2d(deepest, 1, 4) if both else None

    def judged(self, features: Tensor, sentence: Tensor) -> Tensor:
        """The verdict on features [N, deepest, 4, 4] with a caption.  [N]"""
        tiled = self.compress(sentence)[:, :, None, None].expand(-1, -1, 4, 4)
        verdict: Tensor = self.with_caption(self.joint(torch.cat([features, tiled], 1)))
        return verdict.flatten().float()

    def verdicts(self, image: Tensor, sentence: Tensor) -> tuple[list[Tensor], Tensor]:
        """The verdicts, and the features of the images that they were made of."""
        features = self.trunk(image)
        alone = [] if self.alone is None else [self.alone(features).flatten().float()]
        return [self.judged(features, sentence), *alone], features

    def forward(self, image: Tensor, sentence: Tensor) -> list[Tensor]:
        return self.verdicts(image, sentence)[0]


@final
class CaptionEncoder(nn.Module):
    """Captions [N, L] int64, 0 for what follows their end -> words [N, L, width] and sentences [N, width].

    An LSTM from both sides; the sentence is its last states. width: even. length: the most pieces of a caption.
    """

    def __init__(self, pieces: int, length: int, width: int, embedding: int) -> None:
        super().__init__()
        self.length = length
        self.embedding = nn.Embedding(pieces, embedding)
        self.layers = nn.LSTM(embedding, width // 2, batch_first=True, bidirectional=True)

    def forward(self, text: Tensor) -> tuple[Tensor, Tensor]:
        lengths = (text != 0).sum(1).clamp_min(1)
        rows = torch.nn.utils.rnn.pack_padded_sequence(
            self.embedding(text), lengths.cpu(), batch_first=True, enforce_sorted=False
        )
        packed, (last, _) = self.layers(rows)
        words, _ = torch.nn.utils.rnn.pad_packed_sequence(packed, batch_first=True, total_length=text.shape[1])
        return words, last.transpose(0, 1).flatten(1)


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
