"""Style transfer: any image in the style of any other, at once. Huang & Belongie 2017, arXiv:1703.06868, eq. 8 to 14.

Paper     here
f         `encoder`, which stays as it is: VGG-19 to relu4_1, or one of random weights
g         `decoder`
AdaIN     `restyled` of losses/perceptual.py
t         the encoder's map of the content, with the style's means and deviations
L_c, L_s  `content` and `style`; lambda is `style_weight`
alpha     `strength`

An encoder of random weights sees texture and colour too (Ustyuzhaninov et al. 2016, arXiv:1606.00021), once its
channels are brought to one scale over the images, but not what things are; `encoder` "vgg19" fetches the weights of the
paper's. One image, by optimisation: `latent/restyle.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, final

import torch
from torch import Tensor, nn

from saddlepoint.config import Count, Positive, Share, Weight, Width
from saddlepoint.data.batches import Batch, DataSpec, UnpairedBatch
from saddlepoint.errors import ConfigError
from saddlepoint.losses.perceptual import content_distance, restyled, statistics, statistics_distance
from saddlepoint.methods.base import Adam, Clock, Draw, Method, Moves, Networks, Optim, Proof, Update
from saddlepoint.nn.backbones.style_codec import VGG19, StyleDecoder, StyleEncoder
from saddlepoint.nn.backbones.weights import load_weights
from saddlepoint.nn.sizes import Sizes

_PIXELS = 1 << 20
"""of each kind that random layers are calibrated on, at most"""


@final
@dataclass(frozen=True, kw_only=True)
class StyleTransfer(Method):
    """Images of kind a in the style of images of kind b: photographs as paintings, of any painter."""

    takes = UnpairedBatch
    frozen = ("encoder",)
    compiles = ("encoder", "decoder")
    defaults = {"batch": 8}  # as in the authors' code

    encoder: Literal["random", "vgg19"] = "random"
    """weights of the encoder: random ones, or those of VGG-19, which are fetched (550 MB) and need a width of 64"""
    width: Width = 64
    """channels of encoder and decoder at the full side"""
    depth: Literal[1, 2, 3, 4] = 4
    """how far the encoder looks: 4 halve three times, as relu4_1; fewer hold more of the places of small images"""
    style_weight: Weight = 10.0
    """weight of the style beside the content"""
    strength: Share = 1.0
    """how much of the style a translation takes; 0 leaves the content's own"""
    bank: Count = 16
    """styles of the training images that are kept, of which a seed draws one where no reference is given"""
    lr: Positive = 1e-4
    """learning rate (Adam)"""
    slower: Weight = 5e-5
    """the rate is divided by 1 and so much for each step"""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.encoder == "vgg19" and self.width != 64:
            raise ConfigError(
                f"VGG-19 has a width of 64, not {self.width}: leave out --width, or use --encoder random."
            )

    def networks(self, data: DataSpec) -> Networks:
        (StyleEncoder.sizes & Sizes(multiple=1 << (self.depth - 1), least=16)).check(*data.size)
        if self.encoder == "vgg19" and data.channels != 3:
            raise ConfigError("VGG-19 looks at images in colour: use --encoder random.")
        return Networks(
            encoder=StyleEncoder(data.channels, self.width, self.depth),
            decoder=StyleDecoder(data.channels, self.width, self.depth),
            styles=Styles(self.bank, self.width << (self.depth - 1)),
        )

    def optimisers(self) -> Mapping[str, Optim]:
        return {"decoder": Adam("decoder", lr=lambda clock: self.lr / (1 + self.slower * clock.step))}

    def prepare(self, nets: Networks, look: Callable[[int], Batch]) -> None:
        """Fetch the encoder's weights, or calibrate random ones, and keep some styles."""
        looked = look(max(8 * self.bank, 128)).tensors()
        if self.encoder == "vgg19":
            nets.encoder.load(load_weights(VGG19))
        else:
            few = max(4, _PIXELS // looked["a"][0, 0].numel())  # maps of many large images would fill the memory
            nets.encoder.calibrate(torch.cat([looked["a"][:few], looked["b"][:few]]))
        nets.styles.learn(nets.encoder(looked["b"][: self.bank])[-1])

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        batch = draw()
        with torch.no_grad():
            style = nets.encoder(batch.b)
            aim = restyled(nets.encoder(batch.a)[-1], *statistics(style[-1]))
        maps = nets.encoder(self._drawn(nets, aim))
        content = content_distance(maps[-1:], [aim])
        yield Update("decoder", {"content": content, "style": self.style_weight * statistics_distance(maps, style)})

    # -- what a trained one can do ------------------------------------------------------------------------------------

    def directions(self) -> Mapping[str, str]:
        """Contents in the style of b."""
        return {"a": "b"}

    def translate(self, nets: nn.Module, images: Tensor, origin: str, seed: int = 0) -> Tensor:
        """Images [n, C, H, W] in [-1, 1] in one of the styles that were kept, which `seed` draws."""
        styles: Any = nets.get_submodule("styles")
        return self._painted(nets, images, *styles(seed))

    def translate_like(self, nets: nn.Module, images: Tensor, reference: Tensor, origin: str) -> Tensor:
        """Images [n, C, H, W] in [-1, 1], each in the style of its reference [n, C, h, w]."""
        return self._painted(nets, images, *statistics(nets.get_submodule("encoder")(reference)[-1]))

    def _painted(self, nets: nn.Module, images: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
        content = nets.get_submodule("encoder")(images)[-1]
        aim = restyled(content, mean, deviation)
        return self._drawn(nets, content + self.strength * (aim - content)).clamp(-1, 1)

    def _drawn(self, nets: nn.Module, maps: Tensor) -> Tensor:
        """Images of an encoder's last maps; by tanh for random layers, which do not mind colours out of range."""
        images: Tensor = nets.get_submodule("decoder")(maps)
        return images if self.encoder == "vgg19" else images.tanh()


@final
class Styles(nn.Module):
    """Means and deviations of some styles."""

    def __init__(self, count: int, width: int) -> None:
        super().__init__()
        self.register_buffer("means", torch.zeros(count, width, 1, 1))
        self.register_buffer("deviations", torch.ones(count, width, 1, 1))

    def learn(self, maps: Tensor) -> None:
        """Take those of maps [n, width, h, w], again and again where there are fewer than are kept."""
        means, deviations = self.get_buffer("means"), self.get_buffer("deviations")
        rows = torch.arange(len(means), device=maps.device) % len(maps)
        mean, deviation = statistics(maps)
        means[:], deviations[:] = mean[rows], deviation[rows]

    def forward(self, number: int) -> tuple[Tensor, Tensor]:
        """One style by number: [1, width, 1, 1] each."""
        place = number % len(self.get_buffer("means"))
        return self.get_buffer("means")[place : place + 1], self.get_buffer("deviations")[place : place + 1]


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "paper": {"encoder": "vgg19", "resolution": 256, "batch": 8, "images": 1_280_000},  # naoto0804/pytorch-AdaIN
    "small": {"width": 8},  # for a processor
}

PROOF = Proof(
    claim="Style transfer brings images nearer to the style of others, as the encoder sees it, than the colours of the"
    " style do, and keeps what they show.",
    data="world:styles",
    measure="restyling",
    share=0.8,
    bars={"structure": 0.6},  # half way from the true drawing's, .41, to another image's, .74
    settings={
        "resolution": 32,
        "images": 50_000,
        "batch": 12,
        "width": 16,
        "depth": 2,  # at 4, which leaves 4 of 32 pixels, what was where is lost, and at 3 with some seeds
        "style_weight": 0.4,
        "lr": 2e-3,
    },
)
