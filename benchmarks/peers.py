"""Training steps of the house against the loops that people run today, in one process, in turn.

    python benchmarks/peers.py [NAME ...] [--pairs 9] [--threads 2] [--precision both|float32|bf16]

The other loop of each row is written from its paper and its authors' public code: the order of passes and backward
calls, gradients frozen or not, torch's Adam as it comes, images normalised batch by batch, channels first. It trains a
copy of the very same networks, with the Trainer's first weights, so that what differs is the step alone. Its float32 is
what both precisions are compared with. A pair is one step of each; the median of the pairs' ratios counts, and is
little disturbed by what else the machine does. Two columns say what a ratio could be: the floor is the time that the
step's convolutions and matrix products would take at the best speed that one of them reaches here alone; the limit is
the ratio if all of our step but its calls of torch's convolutions and matrix products took no time. DCGAN and StyleGAN2
have files of their own (train_step.py, stylegan2_step.py), whose networks are not the same classes.
"""

from __future__ import annotations

import argparse
import copy
import math
import os
import statistics
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, final

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads that spin would take time from other work

import numpy as np
import torch
from record import record
from torch import Tensor, nn
from torch.nn import functional as F
from torch.profiler import ProfilerActivity, profile
from train_step import Step, Turns, peak, trained_operations

from saddlepoint import methods
from saddlepoint.config import from_json
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.loader import Loader
from saddlepoint.engine.distributed import TorchMachine
from saddlepoint.engine.hooks import Hook, Run
from saddlepoint.engine.run import RunSettings
from saddlepoint.engine.trainer import Trainer
from saddlepoint.methods.base import Networks
from saddlepoint.report.tables import print_table

STORED, WARM, LATENT = 64, 2, 64
ARITHMETIC = ("aten::convolution", "aten::convolution_backward", "aten::mm", "aten::addmm", "aten::bmm")
Draw = Callable[[], Tensor]
"""uint8 images of a batch, as float32 in [-1, 1]"""


@final
@dataclass(frozen=True)
class Peer:
    """One row. fields: of the data, all images. bar: ratio in float32 and in bf16 that is the aim."""

    method: str
    side: int
    batch: int
    loop: Callable[[nn.Module, Draw, int], Step]
    settings: Mapping[str, Any]
    fields: tuple[str, ...] = ("image",)
    bars: tuple[float, float] = (1.3, 1.9)


def pix2pix(nets: nn.Module, draw: Draw, batch: int) -> Step:
    """A generator's pass, the critic's move with what it made detached, the generator's with the critic frozen."""
    generator, critic = nets.get_submodule("generator"), nets.get_submodule("critic")
    moves = [torch.optim.Adam(net.parameters(), lr=2e-4, betas=(0.5, 0.999)) for net in (critic, generator)]

    def step() -> None:
        source, target = draw(), draw()
        fake = generator(source)
        critic.requires_grad_(True)
        moves[0].zero_grad()
        scores = critic(torch.cat((source, fake.detach()), 1)), critic(torch.cat((source, target), 1))
        ((_entropy(scores[0], 0.0) + _entropy(scores[1], 1.0)) * 0.5).backward()
        moves[0].step()
        critic.requires_grad_(False)
        moves[1].zero_grad()
        loss = _entropy(critic(torch.cat((source, fake), 1)), 1.0) + 100 * F.l1_loss(fake, target)
        loss.backward()
        moves[1].step()
        _read(loss)

    return step


def cycle_gan(nets: nn.Module, draw: Draw, batch: int) -> Step:
    """Both translations and both ways back, identity passes of their own, then each critic with its pool."""
    a2b, b2a, critic_a, critic_b = (nets.get_submodule(name) for name in ("a2b", "b2a", "critic_a", "critic_b"))
    moves = [
        torch.optim.Adam([*one.parameters(), *other.parameters()], lr=2e-4, betas=(0.5, 0.999))
        for one, other in ((a2b, b2a), (critic_a, critic_b))
    ]
    pools: dict[str, list[Tensor]] = {"a": [], "b": []}

    def pooled(kind: str, image: Tensor) -> Tensor:
        kept = pools[kind]
        if len(kept) < 50:
            kept.append(image.detach().clone())
            return image.detach()
        place = int(torch.randint(2 * len(kept), ()))
        if place >= len(kept):
            return image.detach()
        old = kept[place]
        kept[place] = image.detach().clone()
        return old

    def step() -> None:
        a, b = draw(), draw()
        fake_b, fake_a = a2b(a), b2a(b)
        back_a, back_b = b2a(fake_b), a2b(fake_a)
        for critic in (critic_a, critic_b):
            critic.requires_grad_(False)
        moves[0].zero_grad()
        loss = 5 * (F.l1_loss(a2b(b), b) + F.l1_loss(b2a(a), a)) + 10 * (F.l1_loss(back_a, a) + F.l1_loss(back_b, b))
        loss = loss + _square(critic_b(fake_b), 1.0) + _square(critic_a(fake_a), 1.0)
        loss.backward()
        moves[0].step()
        for critic in (critic_a, critic_b):
            critic.requires_grad_(True)
        moves[1].zero_grad()
        for critic, kind, real, fake in ((critic_a, "a", a, fake_a), (critic_b, "b", b, fake_b)):
            scores = critic(real), critic(pooled(kind, fake))
            (0.5 * (_square(scores[0], 1.0) + _square(scores[1], 0.0))).backward()
        moves[1].step()
        _read(loss)

    return step


def r3gan(nets: nn.Module, draw: Draw, batch: int) -> Step:
    """Passes of real and of generated images apart, both penalties on the logits that the loss has."""
    generator, critic = nets.get_submodule("generator"), nets.get_submodule("critic")
    moves = [torch.optim.Adam(net.parameters(), lr=2e-4, betas=(0.0, 0.9)) for net in (critic, generator)]

    def slope(images: Tensor, logits: Tensor) -> Tensor:
        (gradient,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
        return gradient.square().sum((1, 2, 3))

    def step() -> None:
        moves[0].zero_grad()
        real = draw().requires_grad_(True)
        fake = generator(torch.randn(batch, LATENT)).detach().requires_grad_(True)
        real_logits, fake_logits = critic(real), critic(fake)
        loss = F.softplus(fake_logits - real_logits).mean()
        loss = loss + 0.5 * (slope(real, real_logits).mean() + slope(fake, fake_logits).mean())
        loss.backward()
        moves[0].step()
        critic.requires_grad_(False)
        moves[1].zero_grad()
        score = critic(generator(torch.randn(batch, LATENT)))
        loss = F.softplus(critic(draw()) - score).mean()
        loss.backward()
        moves[1].step()
        critic.requires_grad_(True)
        _read(loss)

    return step


def vae(nets: nn.Module, draw: Draw, batch: int) -> Step:
    """The method's own networks and loss."""
    encoder, decoder = nets.get_submodule("encoder"), nets.get_submodule("decoder")

    def loss() -> Tensor:
        image = torch.bernoulli((draw() + 1) / 2) * 2 - 1
        mean, log_variance = encoder(image).chunk(2, 1)
        shown = decoder(mean + (0.5 * log_variance).exp() * torch.randn_like(mean))
        shown = shown[0] if isinstance(shown, tuple) else shown
        distance = F.binary_cross_entropy_with_logits(shown.flatten(1), (image.flatten(1) + 1) / 2, reduction="sum")
        divergence: Tensor = -0.5 * (1 + log_variance - mean.square() - log_variance.exp()).sum()
        return (distance + divergence) / batch

    return _minimised(nets, loss)


def dncnn(nets: nn.Module, draw: Draw, batch: int) -> Step:
    """Half the summed squared distance to the true image, as cszn/DnCNN has it."""
    restorer = nets.get_submodule("restorer")
    return _minimised(nets, lambda: F.mse_loss(restorer(draw()), draw(), reduction="sum") / (2 * batch))


def realnvp(nets: nn.Module, draw: Draw, batch: int) -> Step:
    """Nats of an image with noise within its levels, by the flow's own volume."""
    flow = nets.get_submodule("flow")

    def loss() -> Tensor:
        levels = (draw() + 1) * 127.5
        noise, log_det = flow((levels + torch.rand_like(levels)) / 256)
        nats: Tensor = (0.5 * (noise.square() + math.log(2 * math.pi)).sum(1) - log_det).mean()
        return nats

    return _minimised(nets, loss)


PEERS = {
    "pix2pix-1": Peer("pix2pix", 256, 1, pix2pix, {}, ("source", "target")),
    "pix2pix-4": Peer("pix2pix", 256, 4, pix2pix, {}, ("source", "target")),
    "cycle_gan": Peer("cycle_gan", 128, 1, cycle_gan, {"blocks": 6}),
    "r3gan": Peer("r3gan", 32, 32, r3gan, {}),
    "vae": Peer("vae", 32, 64, vae, {}),
    "realnvp": Peer("realnvp", 32, 16, realnvp, {"width": 32, "blocks": 2}),
    "dncnn": Peer("dncnn", 40, 32, dncnn, {}, ("source", "target")),
}


def _minimised(nets: nn.Module, loss: Callable[[], Tensor]) -> Step:
    """The plain loop of one player: zero_grad, backward, step, item."""
    move = torch.optim.Adam(nets.parameters(), lr=1e-3)

    def step() -> None:
        move.zero_grad()
        value = loss()
        value.backward()
        move.step()
        _read(value)

    return step


def _entropy(logits: Tensor, target: float) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))


def _square(logits: Tensor, target: float) -> Tensor:
    return F.mse_loss(logits, torch.full_like(logits, target))


def _read(loss: Tensor) -> float:
    """What every loop does to print its loss."""
    return loss.item()


class Share(Hook):
    """Profiles a step after the first ones. found: what the calls of torch's arithmetic take of its time."""

    def __init__(self) -> None:
        self.found, self.record = math.nan, profile(activities=[ProfilerActivity.CPU])

    def step(self, run: Run, report: Mapping[str, Tensor]) -> None:
        """Start after two steps, stop after the next."""
        if run.clock.step == WARM:
            self.record.start()
        if run.clock.step == WARM + 1:
            self.record.stop()
            events = self.record.key_averages()
            arithmetic = sum(each.cpu_time_total for each in events if each.key in ARITHMETIC)
            self.found = arithmetic / sum(each.self_cpu_time_total for each in events)


def networks(peer: Peer, pixels: np.ndarray) -> tuple[Any, Loader, Networks]:
    """The method, a loader of random images, and fresh networks."""
    method = from_json(methods.load(peer.method), dict(peer.settings))
    fields: dict[str, Any] = dict.fromkeys(peer.fields, pixels)
    classes: tuple[str, ...] = ()
    if peer.method == "cycle_gan":
        fields["label"], classes = np.arange(len(pixels)) % 2, ("a", "b")
    data = Dataset(fields, "", "noise", classes=classes)
    loader = Loader(data, method.takes, np.arange(len(data)))
    torch.manual_seed(0)
    return method, loader, method.networks(loader.spec)


def train(peer: Peer, pixels: np.ndarray, precision: str, steps: int, *hooks: Any) -> None:
    """Some steps of the Trainer."""
    method, loader, nets = networks(peer, pixels)
    settings = RunSettings(examples=steps * peer.batch, batch=peer.batch, log_every=10)
    Trainer(method, nets, loader, settings, TorchMachine("cpu", precision), Path(tempfile.gettempdir()), hooks).fit()


def other(peer: Peer, pixels: np.ndarray) -> Step:
    """The other loop, on a copy of the same networks."""
    nets = copy.deepcopy(networks(peer, pixels)[2])
    nets.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    random = np.random.default_rng(0)

    def draw() -> Tensor:
        return torch.from_numpy(pixels[random.integers(0, len(pixels), peer.batch)]).float().div(127.5).sub(1)

    return peer.loop(nets, draw, peer.batch)


def compared(name: str, precisions: Sequence[str], pairs: int) -> list[dict[str, Any]]:
    """A row for each precision."""
    peer, rows = PEERS[name], []
    pixels = np.random.default_rng(0).integers(0, 256, (STORED, 3, peer.side, peer.side), dtype=np.uint8)
    for precision in precisions:
        step = other(peer, pixels)
        turns = Turns(step)
        train(peer, pixels, precision, WARM + pairs, turns)
        timed = turns.pairs[WARM:]
        slow, fast = (statistics.median(column) for column in zip(*timed))
        quickest, share = min(own for _, own in timed), Share()
        train(peer, pixels, precision, WARM + 2, share)
        ratio = statistics.median(theirs / own for theirs, own in timed)
        floor: float | str
        try:
            floor = trained_operations(partial(train, peer, pixels, precision)) / peak(precision)
        except RuntimeError:  # torch cannot count under a penalty on slopes
            floor = "not counted"
        row = {
            "step": f"{peer.method}, {peer.side} px, batch {peer.batch}",
            "precision": precision,
            "other loop: images/s": round(peer.batch / slow, 2),
            "images/s": round(peer.batch / fast, 2),
            "ratio": round(ratio, 2),
            "aim": peer.bars[precision == "bf16"],
            "limit": round(ratio / share.found, 2),
            "floor, share of the step": floor if isinstance(floor, str) else round(floor / quickest, 2),
        }
        print(row, flush=True)
        rows.append(row)
    return rows


def main() -> int:
    """Compare what is asked for, print a table and keep it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("names", nargs="*", choices=[[], *PEERS], help="rows to make; by default all")
    parser.add_argument("--pairs", type=int, default=9, help="steps of each way that are timed")
    parser.add_argument("--threads", type=int, default=2, help="processor threads")
    parser.add_argument("--precision", choices=("both", "float32", "bf16"), default="both")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    precisions = ["float32", "bf16"] if options.precision == "both" else [options.precision]
    if "bf16" in precisions and not torch.cpu.get_capabilities().get("avx512_bf16"):
        print("this processor computes bf16 no faster than float32, so that is left out")
        precisions.remove("bf16")
    rows = [row for name in options.names or PEERS for row in compared(name, precisions, options.pairs)]
    print_table(rows, title="training steps beside the loops of today")
    if options.names == [] and options.precision == "both":
        record(
            "peers",
            "Training steps beside the loops of today",
            f"Both train the same networks from the same weights on random images, in turn, in one process of"
            f" {options.threads} threads; the ratio is the median over {options.pairs} pairs of steps, and above 1 the"
            " Trainer is faster. The other loop is in float32 and written from the paper and the authors' code. The"
            " floor is what the step's convolutions and matrix products would take at the best speed that one of them"
            " reaches here alone; the limit is the ratio if all of the Trainer's step but its calls of torch's"
            " convolutions and matrix products took no time.",
            {"": rows},
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
