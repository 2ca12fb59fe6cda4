"""vid2vid: films from films of layouts, frame after frame. Wang et al. 2018, arXiv:1808.06601, eq. 3 to 8.

Paper      here
s, x       source and target clips [N, T, C, H, W]
F          `generator`: makes each frame of `past` + 1 layouts and its own `past` frames, nothing before the first
D_I        `critic` of single frames beside their layout, at several scales
D_V        `clip_critic` of three frames in a row
L_W        `motion`: how well the flow moves a true frame to the next

The paper's flows for training come from another network, which does not come with this library: here the flow learns by
where it takes true frames alone. The foreground model and clip critics at longer strides are left out. The VGG loss
needs weights that do not come with this library: `l1`, the mean absolute difference to the true frames, stands in.
Gradients stop at the frames before, as where memory is short in the authors' code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Count, Decay, Layers, LayersOrNone, Positive, Share, Weight, Width
from saddlepoint.data.batches import DataSpec, PairedClipBatch
from saddlepoint.errors import ConfigError
from saddlepoint.losses.adversarial import critic_loss, generator_loss, mean_logits
from saddlepoint.losses.features import Scales, feature_matching
from saddlepoint.methods.base import Adam, Clock, Draw, Linear, Method, Moves, Networks, Optim, Proof, Update
from saddlepoint.nn.backbones.feature_critic import FeatureCritic, feature_critic_sizes
from saddlepoint.nn.backbones.film_generator import FilmGenerator, Frame, film_sizes, no_frames
from saddlepoint.nn.layers.norm import Norm
from saddlepoint.nn.layers.warp import warped

_TOGETHER = 3  # frames that the clip critic sees


@final
@dataclass(frozen=True, kw_only=True)
class Vid2Vid(Method):
    """Films of label maps, outlines or poses into films of photographs, without flicker."""

    takes = PairedClipBatch
    batch_statistics = True
    defaults = {"batch": 1}  # as in the paper

    past: Count = 2
    """frames, and layouts, before a frame that it is made from"""
    width: Width = 128
    """the generator's channels at the full side; they double with each halving"""
    halvings: LayersOrNone = 3
    """how often the generator halves the side"""
    blocks: Layers = 9
    """residual blocks of the generator on each way"""
    norm: Norm = "instance"
    """norm between the generator's layers; the paper's is batch, whose averages are wrong for the first frames of a
    film: these have nothing before them"""
    critic_width: Width = 64
    """the discriminators' (critics') channels in the first layer; they double with each, to at most 8 times"""
    critic_layers: Layers = 3
    """layers of the critics that halve"""
    scales: Layers = 2
    """sizes of a frame that are judged, each half of the one before"""
    features: Weight = 10.0
    """weight of the mean absolute difference of the critics' inner maps to those of the target"""
    l1: Weight = 10.0
    """weight of the mean absolute difference to the true frames, in the place of the paper's VGG loss"""
    motion: Weight = 10.0
    """weight of the mean absolute difference of a true frame, moved along the flow, to the next"""
    lr: Positive = 2e-4
    """learning rate of all (Adam)"""
    decay_after: Share = 0.5
    """share of the run after which the learning rate falls to 0 in a line; 1 for never"""
    beta1: Decay = 0.5
    """Adam's first beta, for all"""

    def networks(self, data: DataSpec) -> Networks:
        (length, inputs, height, width), (frames, channels, *size) = (
            data.fields[name].shape for name in ("source", "target")
        )
        if (length, height, width) != (frames, *size) or length < _TOGETHER:
            raise ConfigError(
                f"sources and targets need as many frames, {_TOGETHER} or more, of the same sides; the data has"
                f" {data.fields['source']} and {data.fields['target']}."
            )
        sizes = film_sizes(self.halvings) & feature_critic_sizes(self.scales)
        sizes.check(height, width, instead=", or fewer --halvings")
        shape = (channels, self.width, self.halvings, self.blocks, self.norm)
        critics = (self.critic_width, self.critic_layers, self.scales)
        return Networks(
            generator=FilmGenerator((self.past + 1) * inputs, self.past * channels, *shape),
            critic=FeatureCritic(inputs + channels, *critics),
            clip_critic=FeatureCritic(_TOGETHER * channels, *critics),
        )

    def optimisers(self) -> Mapping[str, Optim]:
        rate = Linear(self.lr, after=self.decay_after)
        groups = {"generator": ("generator",), "critics": ("critic", "clip_critic")}
        return {name: Adam(*nets, lr=rate, betas=(self.beta1, 0.999)) for name, nets in groups.items()}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        batch = draw()
        channels = batch.target.shape[2]
        frames = self._film(nets.generator, batch.source, channels)
        film = torch.stack([frame.image for frame in frames], 1)
        views = {"critic": self._beside, "clip_critic": self._in_a_row}
        terms: dict[str, Tensor] = {}
        watch: dict[str, Tensor] = {}
        for name, view in views.items():
            critic = nets.get_submodule(name)
            real, fake = critic(view(batch.source, batch.target)), critic(view(batch.source, film.detach()))
            scales = [critic_loss("least-squares", one[-1], other[-1]) for one, other in zip(real, fake)]
            terms |= {f"{word}_{name}": torch.stack([each[word] for each in scales]).sum() for word in scales[0]}
            watch |= {f"{word}_{name}": value for word, value in mean_logits(_flat(real), _flat(fake)).items()}
        yield Update("critics", terms, watch=watch)
        losses: dict[str, Tensor] = {}
        for name, view in views.items():
            critic = nets.get_submodule(name)
            with torch.no_grad():
                aim = critic(view(batch.source, batch.target))
            maps = critic(view(batch.source, film))
            scores = [2 * generator_loss("least-squares", each[-1]) for each in maps]
            losses[f"fake_{name}"] = torch.stack(scores).sum()
            losses[f"features_{name}"] = self.features * feature_matching(aim, maps)
        moved = [warped(batch.target[:, t - 1], frames[t].flow) for t in range(1, len(frames))]
        if self.l1:
            losses["l1"] = self.l1 * F.l1_loss(film, batch.target)
        losses["motion"] = self.motion * F.l1_loss(torch.stack(moved, 1), batch.target[:, 1:])
        yield Update("generator", losses)

    def _film(self, generator: nn.Module, source: Tensor, channels: int) -> list[Frame]:
        """All frames of a film, each from its own before, without gradients through them."""
        layouts = no_frames(source[:, 0], self.past)
        images = no_frames(source[:, 0, :1].expand(-1, channels, -1, -1), self.past)
        frames = []
        for moment in range(source.shape[1]):
            layouts.append(source[:, moment])
            frame = generator(torch.cat(layouts[-self.past - 1 :], 1), torch.cat(images[-self.past :], 1))
            images.append(frame.image.detach())
            frames.append(frame)
        return frames

    def _beside(self, source: Tensor, clip: Tensor) -> Tensor:
        """Each frame beside its layout.  [N T, channels, H, W]"""
        return torch.cat((source, clip), 2).flatten(0, 1)

    def _in_a_row(self, source: Tensor, clip: Tensor) -> Tensor:
        """Each three frames in a row as channels of one image.  [N (T - 2), 3 C, H, W]"""
        parts = [clip[:, start : clip.shape[1] - _TOGETHER + 1 + start] for start in range(_TOGETHER)]
        return torch.cat(parts, 2).flatten(0, 1)

    # -- what a trained one can do ------------------------------------------------------------------------------------

    def directions(self) -> Mapping[str, str]:
        """From source to target."""
        return {"source": "target"}

    def translate(self, nets: nn.Module, images: Tensor, origin: str, seed: int = 0) -> Tensor:
        """Clips of layouts [n, T, C, H, W] in [-1, 1] as films of as many frames; `seed` changes nothing."""
        generator: Any = nets.get_submodule("generator")
        frames = self._film(generator, images, generator.channels)
        return torch.stack([frame.image for frame in frames], 1).clamp(-1, 1)


def _flat(scales: Scales) -> Tensor:
    return torch.cat([maps[-1].flatten() for maps in scales])


# Settings by preset, with where each comes from: github.com/NVIDIA/vid2vid, scripts/street/*.sh.
PRESETS: dict[str, dict[str, Any]] = {
    "512p": {"resolution": "512x256", "window": 12, "flip": True},  # 10 + 10 epochs; clips grow longer every 5
    "small": {"width": 8, "halvings": 2, "blocks": 2, "critic_width": 8},  # for a processor
}

PROOF = Proof(
    claim="vid2vid makes films of label maps into lit ones, nearer to the truth than the mean colour of each class, and"
    " their frames follow the true motion.",
    data="world:films",
    measure="films",
    share=3 / 4,
    settings={
        "examples": 10_000,
        "batch": 8,
        "width": 8,
        "halvings": 1,
        "blocks": 2,
        "critic_width": 8,
        "critic_layers": 2,
        "scales": 1,
        "l1": 30.0,
        "lr": 2e-3,
    },
)
