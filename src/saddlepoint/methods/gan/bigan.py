"""BiGAN: an encoder learns beside the generator. Donahue et al. 2017, arXiv:1605.09782; ALI: arXiv:1606.00704.

Paper    here
G, E     generator, encoder: one player ("coder"), against the critic
D        critic, of pairs: an image with its code, or a latent with its image
sigma    ALI's encoder states a normal distribution of codes, `encoding` "normal", and draws from it in training

Both players' gradients are of the same pairs, then both step, as in the code of either. ALI's own networks are
`layers` "ali", for images of 32 pixels: convolutions without padding, and a bias for each number of the image.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, final

import torch
from torch import Tensor, nn

from saddlepoint.config import Decay, Positive, Share, Weight, Width
from saddlepoint.data.batches import DataSpec, ImageBatch
from saddlepoint.errors import ConfigError
from saddlepoint.losses.adversarial import critic_loss, mean_logits
from saddlepoint.methods.base import Adam, Clock, Draw, Moves, Networks, Optim, Proof, Update
from saddlepoint.methods.families.unconditional import Unconditional
from saddlepoint.nn.layers.initialisation import initialise

_DOWN = ((32, 5, 1), (64, 4, 2), (128, 4, 1), (256, 4, 2), (512, 4, 1))  # width, kernel, stride: 32 -> 1
_UP = ((256, 4, 1), (128, 4, 2), (64, 4, 1), (32, 4, 2), (32, 5, 1))  # 1 -> 32


@final
class DenseDecoder(nn.Module):
    """[N, latent] -> images [N, C, H, W] in [-1, 1]: two hidden layers, batch norm on the second, ReLU."""

    def __init__(self, latent: int, width: int, shape: tuple[int, ...]) -> None:
        super().__init__()
        size = int(torch.Size(shape).numel())
        self.layers = nn.Sequential(
            *(nn.Linear(latent, width), nn.ReLU(), nn.Linear(width, width), nn.BatchNorm1d(width), nn.ReLU()),
            *(nn.Linear(width, size), nn.Unflatten(1, shape)),
        )

    def forward(self, latent: Tensor) -> Tensor:
        images: Tensor = self.layers(latent).float()
        return images.tanh()


@final
class DenseEncoder(nn.Module):
    """Images -> [N, outputs]; `features` gives the hidden layer before it, [N, width]."""

    def __init__(self, width: int, shape: tuple[int, ...], outputs: int) -> None:
        super().__init__()
        size = int(torch.Size(shape).numel())
        self.hidden = nn.Sequential(
            *(nn.Flatten(), nn.Linear(size, width), nn.LeakyReLU(0.2)),
            *(nn.Linear(width, width), nn.BatchNorm1d(width), nn.LeakyReLU(0.2)),
        )
        self.output = nn.Linear(width, outputs)

    def features(self, image: Tensor) -> Tensor:
        """[N, width]"""
        hidden: Tensor = self.hidden(image)
        return hidden

    def forward(self, image: Tensor) -> Tensor:
        codes: Tensor = self.output(self.features(image)).float()
        return codes


@final
class DenseCritic(nn.Module):
    """Images and codes [N, latent] together -> [N] logits."""

    def __init__(self, latent: int, width: int, shape: tuple[int, ...]) -> None:
        super().__init__()
        size = int(torch.Size(shape).numel())
        self.layers = nn.Sequential(
            *(nn.Linear(size + latent, width), nn.LeakyReLU(0.2)),
            *(nn.Linear(width, width), nn.BatchNorm1d(width), nn.LeakyReLU(0.2), nn.Linear(width, 1)),
        )

    def forward(self, image: Tensor, code: Tensor) -> Tensor:
        logits: Tensor = self.layers(torch.cat([image.flatten(1), code], 1))
        return logits.squeeze(1).float()


@final
class ALIGenerator(nn.Module):
    """[N, latent] -> images [N, C, 32, 32] in [-1, 1]: transposed convolutions from one place to 32 a side.

    shrink: divides every width.
    """

    def __init__(self, latent: int, channels: int, shrink: int, slope: float) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = latent
        for width, kernel, stride in (*_UP, (32, 1, 1)):
            layers.append(nn.ConvTranspose2d(inputs, width // shrink, kernel, stride, bias=False))
            layers += [nn.BatchNorm2d(width // shrink), nn.LeakyReLU(slope)]
            inputs = width // shrink
        self.layers = nn.Sequential(*layers, nn.ConvTranspose2d(inputs, channels, 1, bias=False))
        self.bias = nn.Parameter(torch.zeros(channels, 32, 32))

    def forward(self, latent: Tensor) -> Tensor:
        images: Tensor = self.layers(latent[:, :, None, None]).float() + self.bias
        return images.tanh()


@final
class ALIEncoder(nn.Module):
    """Images [N, C, 32, 32] -> [N, outputs]; `features` gives the layer before it."""

    def __init__(self, channels: int, outputs: int, shrink: int, slope: float) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = channels
        for width, kernel, stride in (*_DOWN, (512, 1, 1)):
            layers.append(nn.Conv2d(inputs, width // shrink, kernel, stride, bias=False))
            layers += [nn.BatchNorm2d(width // shrink), nn.LeakyReLU(slope)]
            inputs = width // shrink
        self.hidden, self.output = nn.Sequential(*layers), nn.Conv2d(inputs, outputs, 1)

    def features(self, image: Tensor) -> Tensor:
        """[N, 512 / shrink]"""
        hidden: Tensor = self.hidden(image)
        return hidden.flatten(1)

    def forward(self, image: Tensor) -> Tensor:
        codes: Tensor = self.output(self.hidden(image)).flatten(1).float()
        return codes


@final
class ALICritic(nn.Module):
    """Images [N, C, 32, 32] and codes [N, latent], each through layers of its own, then together -> [N] logits."""

    def __init__(self, latent: int, channels: int, shrink: int, slope: float, dropout: float) -> None:
        super().__init__()
        image: list[nn.Module] = []
        inputs = channels
        for number, (width, kernel, stride) in enumerate(_DOWN):
            outputs = width // shrink
            image += [nn.Conv2d(inputs, outputs, kernel, stride, bias=number == 0)]
            image += [*([nn.BatchNorm2d(outputs)] if number else []), nn.LeakyReLU(slope), nn.Dropout(dropout)]
            inputs = outputs
        wide, joint = 512 // shrink, 1024 // shrink
        self.image = nn.Sequential(*image)
        self.code = nn.Sequential(
            *(nn.Linear(latent, wide, bias=False), nn.LeakyReLU(slope), nn.Dropout(dropout)),
            *(nn.Linear(wide, wide, bias=False), nn.LeakyReLU(slope), nn.Dropout(dropout)),
        )
        self.joint = nn.Sequential(
            *(nn.Linear(joint, joint), nn.LeakyReLU(slope), nn.Dropout(dropout)),
            *(nn.Linear(joint, joint), nn.LeakyReLU(slope), nn.Dropout(dropout), nn.Linear(joint, 1)),
        )

    def forward(self, image: Tensor, code: Tensor) -> Tensor:
        logits: Tensor = self.joint(torch.cat([self.image(image).flatten(1), self.code(code)], 1))
        return logits.squeeze(1).float()


@final
@dataclass(frozen=True, kw_only=True)
class BiGAN(Unconditional):
    """Makes images and describes them by codes; ALI is --encoding normal, and its networks --layers ali."""

    takes = ImageBatch
    batch_statistics = True
    compiles = ("generator", "encoder")
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 128}

    latent: Width = 50
    """length of the noise vector and of the code"""
    prior: Literal["normal", "uniform"] = "uniform"
    """distribution of each number of the noise: N(0, 1), or even over [-1, 1]"""
    encoding: Literal["point", "normal"] = "point"
    """what the encoder gives for an image: one code (BiGAN), or a normal distribution that is drawn from (ALI)"""
    layers: Literal["dense", "ali"] = "dense"
    """networks: BiGAN's fully connected ones for small images, or ALI's convolutions for 32 pixels a side"""
    width: Width = 1024
    """units of each hidden dense layer"""
    dropout: Share = 0.2
    """share of the units of ALI's critic (discriminator) left out in training"""
    slope: Positive = 0.1
    """of LeakyReLU under 0 in ALI's networks"""
    lr: Positive = 2e-4
    """learning rate of both players (Adam)"""
    beta1: Decay = 0.5
    """Adam's first beta, for both"""
    weight_decay: Weight = 2.5e-5
    """L2 penalty on the weights, for both"""

    def networks(self, data: DataSpec) -> Networks:
        shape = data.image().shape
        outputs = self.latent * (1 + (self.encoding == "normal"))
        if self.layers == "ali":
            if data.size != (32, 32):
                height, width = data.size
                raise ConfigError(
                    f"ALI's layers are for 32x32, not {width}x{height}: use --resolution 32 or --layers dense."
                )
            nets = Networks(
                generator=ALIGenerator(self.latent, data.channels, 1, self.slope),
                encoder=ALIEncoder(data.channels, outputs, 1, self.slope),
                critic=ALICritic(self.latent, data.channels, 1, self.slope, self.dropout),
            )
            initialise(nets, "normal", 0.01)
            return nets
        nets = Networks(
            generator=DenseDecoder(self.latent, self.width, shape),
            encoder=DenseEncoder(self.width, shape, outputs),
            critic=DenseCritic(self.latent, self.width, shape),
        )
        initialise(nets, "normal", 0.02)
        return nets

    def optimisers(self) -> Mapping[str, Optim]:
        settings: dict[str, Any] = {"lr": self.lr, "betas": (self.beta1, 0.999), "weight_decay": self.weight_decay}
        return {"critic": Adam("critic", **settings), "coder": Adam("generator", "encoder", **settings)}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        image = draw().image  # [N, C, H, W] in [-1, 1]
        latent = self.draw_latents(draw, len(image))
        real = nets.critic(image, self.drawn_code(nets, image, draw))
        fake = nets.critic(nets.generator(latent), latent)
        turned = critic_loss("non-saturating", fake, real)  # the coder would have the labels exchanged
        coder = {"made": turned["real"], "coded": turned["fake"]}
        yield (
            Update("critic", critic_loss("non-saturating", real, fake), watch=mean_logits(real, fake)),
            Update("coder", coder),
        )

    def drawn_code(self, nets: nn.Module, image: Tensor, draw: Draw) -> Tensor:
        """The codes of images in training, [N, latent]: the encoder's own, or drawn from its distribution."""
        codes: Tensor = nets.get_submodule("encoder")(image)
        if self.encoding == "point":
            return codes
        mean, log_deviation = codes.chunk(2, 1)
        return mean + log_deviation.exp() * draw.noise(*mean.shape)

    # -- what a trained one can do ------------------------------------------------------------------------------------

    def encode(self, nets: nn.Module, images: Tensor) -> Tensor:
        """The code of each, or the mean of its distribution.  [n, latent]"""
        codes: Tensor = nets.get_submodule("encoder")(images)
        return codes[:, : self.latent]

    def reconstruct(self, nets: nn.Module, images: Tensor) -> Tensor:
        """The images made again from their codes; nothing in the game compares them with the originals."""
        decoded: Tensor = nets.get_submodule("generator")(self.encode(nets, images))
        return decoded

    def embed(self, nets: nn.Module, examples: Tensor) -> Tensor:
        """The encoder's last hidden layer, which tells more of an image than its code.  [n, D]"""
        encoder: Any = nets.get_submodule("encoder")
        features: Tensor = encoder.features(examples).float()
        return features


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "mnist": {  # github.com/jeffdonahue/bigan, train_mnist.sh: 200 epochs, then 200 with falling rates
        "data": "mnist",
        "images": 12_000_000,
        "batch": 128,
        "ema_images": 0.0,
    },
    "ali-cifar": {  # github.com/IshmaelBelghazi/ALI, experiments/ali_cifar10.py; its critic has maxout
        "resolution": 32,
        "layers": "ali",
        "encoding": "normal",
        "latent": 64,
        "prior": "normal",
        "batch": 100,
        "lr": 1e-4,
        "weight_decay": 0.0,
        "ema_images": 0.0,
    },
    "small": {"width": 256},  # for a processor
}

PROOF = Proof(
    claim="A BiGAN, which never compares an image with what its code becomes, makes digits again nearer than another"
    " image at random is.",
    data="digits",
    measure="remade",
    share=0.85,
    settings={"images": 200_000, "batch": 64, "width": 256, "latent": 16, "held_out": 0.2},
)
