"""VDN: denoising as inference: of the clean image and of the noise's variance at each pixel. Yue et al. 2019,
arXiv:1908.11314.

Paper             here
y, x, z           source, target, and the clean image that is inferred
mu, m^2           what the denoiser finds: source less mean, and the logarithm of the variance
alpha, beta       what the second network finds, by their logarithms: the inverse Gamma law of the noise's variance
eps_0^2           `spread`: how near the clean image is to the target, as a variance
p                 `noise_window`: side of the window in which the variance of a pair's noise is measured
eq. 11            `evidence_terms`: likelihood, and two divergences

All variances are of values in [0, 1], as in the paper.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any, ClassVar, final

import torch
from torch import Tensor, nn

from saddlepoint.config import Layers, Positive, Range, Width
from saddlepoint.data.batches import DataSpec, PairedBatch
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.image import Image
from saddlepoint.losses.reconstruction import Distance
from saddlepoint.methods.base import Adam, AdamW, Cosine, Networks, Optim, Proof
from saddlepoint.methods.families.restorer import Restorer, same_size
from saddlepoint.nn.backbones.joining_unet import JoiningUNet
from saddlepoint.nn.layers.local_variance import local_variance

_LEAST, _MOST = math.log(1e-8), math.log(1e4)


@final
@dataclass(frozen=True, kw_only=True)
class VDN(Restorer):
    """Blind denoising that says how sure it is, from pairs such as `--data sensor16:FOLDER`."""

    defaults: ClassVar[Mapping[str, Any]] = {"batch": 64, "clip_norm": 1e3}

    loss: ClassVar[Distance] = "mse"  # type: ignore[misc]  # no setting: what is minimised is the evidence
    width: Width = 64
    """channels of the denoiser (a U-Net) at full size, doubled with each halving"""
    depth: Annotated[int, Range(least=1, most=8)] = 4
    """sizes of the denoiser"""
    level_width: Width = 64
    """channels of the network that finds the noise's variance"""
    level_layers: Layers = 5
    """convolutions of that network; at least 2"""
    spread: Positive = 1e-6
    """variance of the clean image around the target; 5e-5 for real photographs, whose targets have noise themselves"""
    noise_window: Annotated[int, Range(least=3, most=31)] = 7
    """side of the window in which a pair's noise is measured; odd"""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.noise_window % 2 == 0 or self.level_layers < 2:
            raise ConfigError("vdn takes an odd --noise-window, and --level-layers of 2 or more.")

    def network(self, source: Image, target: Image) -> nn.Module:
        same_size(source, target, "vdn")
        return JoiningUNet(source.channels, 2 * target.channels, self.width, self.depth, strided=False)

    def networks(self, data: DataSpec) -> Networks:
        channels, own = data.image("source").channels, self.level_width
        widths = [channels, *[own] * (self.level_layers - 1), 2 * channels]
        layers: list[nn.Module] = []
        for one, two in pairwise(widths):
            layers += [nn.Conv2d(one, two, 3, padding=1), nn.LeakyReLU(0.2, inplace=True)]
        return Networks(
            restorer=self.network(data.image("source"), data.image("target")), level=nn.Sequential(*layers[:-1])
        )

    def optimisers(self) -> Mapping[str, Optim]:
        rate, betas = Cosine(self.lr, self.last_lr * self.lr), (self.beta1, self.beta2)
        if self.weight_decay:
            return {"restorer": AdamW("restorer", "level", lr=rate, betas=betas, weight_decay=self.weight_decay)}
        return {"restorer": Adam("restorer", "level", lr=rate, betas=betas)}

    def terms(self, nets: Networks, pair: PairedBatch) -> Mapping[str, Tensor]:
        source, target = (pair.source + 1) / 2, (pair.target + 1) / 2
        variance = local_variance(source - target, self.noise_window)
        return self.evidence_terms(nets.restorer(source), nets.level(source), source, target, variance)

    def evidence_terms(
        self, denoised: Tensor, levels: Tensor, source: Tensor, target: Tensor, variance: Tensor
    ) -> dict[str, Tensor]:
        """The negative lower bound of the evidence in three parts, each a mean over values; in [0, 1].

        denoised: mean of the noise and log-variance, [N, 2 C, H, W]. levels: log alpha and log beta, likewise.
        """
        mean, log_variance = denoised.float().chunk(2, 1)
        log_variance = log_variance.clamp(_LEAST, _MOST)
        log_alpha, log_beta = levels.float().clamp(_LEAST, _MOST).chunk(2, 1)
        alpha = log_alpha.exp()
        prior = torch.full_like(alpha, 0.5 * self.noise_window**2 - 1)
        scale = 0.5 * self.noise_window**2 * variance
        precision = (log_alpha - log_beta).exp()  # the mean of one over the noise's variance
        ratio = log_variance.exp() / self.spread
        gaussian = (mean - (source - target)).square() / self.spread + ratio - 1 - ratio.log()
        gamma = (
            (alpha - prior) * torch.digamma(alpha)
            + torch.lgamma(prior)
            - torch.lgamma(alpha)
            + prior * (log_beta - scale.log())
            + scale * precision
            - alpha
        )
        fit = log_beta - torch.digamma(alpha) + (mean.square() + log_variance.exp()) * precision
        return {
            "likelihood": 0.5 * math.log(2 * math.pi) + 0.5 * fit.mean(),
            "image": 0.5 * gaussian.mean(),
            "noise": gamma.mean(),
        }

    def restore(self, nets: nn.Module, images: Tensor) -> Tensor:
        inside = (images + 1) / 2
        noise: Tensor = nets.get_submodule("restorer")(inside).chunk(2, 1)[0].float()
        return 2 * (inside - noise) - 1


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "paper": {"resolution": 128},  # zsyOAOA/VDNet: patches of 128, batch of 64, Adam 2e-4, 60 epochs of 5000 steps
    "photographs": {"spread": 5e-5, "resolution": 128},  # train_Benchmark.py: SIDD
    "small": {"width": 12, "depth": 3, "level_width": 12, "batch": 16},  # for a processor
}

PROOF = Proof(
    claim="VDN takes a camera's noise of unknown strength away, nearer to the true images than BM3D does.",
    data="sensor40:world:shapes",
    measure="restored",
    share=0.8,
    settings={
        "examples": 128_000,
        "batch": 16,
        "width": 8,
        "depth": 3,
        "level_width": 8,
        "level_layers": 3,
        "lr": 2e-3,
        "spread": 1e-4,
    },
)
