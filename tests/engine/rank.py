"""One process of a run on several: trains the norm-free game and writes what it came to. See test_ranks.py."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from games import Game, Reports, both, trainer
from saddlepoint.checkpoint import files
from saddlepoint.checkpoint.hook import Checkpoints
from saddlepoint.engine.distributed import TorchMachine
from saddlepoint.errors import MethodError
from saddlepoint.methods.base import Adam, Ema, Networks, Update


class Own(nn.Module):
    """State that each process keeps to itself, as a pool of images."""

    per_rank = True

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("last", torch.zeros(2))


def make(data: Any) -> Networks:
    generator = nn.Sequential(nn.Linear(3, 16), nn.Tanh(), nn.Linear(16, 2))
    critic = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 1))
    critic.register_buffer("mean", torch.zeros(2))
    critic.register_buffer("drift", torch.zeros(2))  # as batch norm's statistics: moved by each process's own data
    return Networks(generator=generator, critic=critic, own=Own())


def step(nets: Networks, draw: Any, clock: Any) -> Iterator[Any]:
    """Two critic moves with noise, a lazy term and a tuple; the mean of the data goes out in `watch`."""
    for _ in range(2):
        real = draw().image
        shown.extend(map(tuple, real.tolist()))
        nets.critic.drift.lerp_(real.mean(0), 0.1)
        nets.own.last.copy_(real.mean(0))
        with torch.no_grad():
            fake = nets.generator(draw.noise(len(real), 3))
        losses = {"real": -nets.critic(real).sigmoid().mean(), "fake": nets.critic(fake).sigmoid().mean()}
        if clock.every(2):
            losses["size"] = nets.critic(real).square().mean()
        yield Update("critic", losses, watch={"mean": real.mean(0)})
    score = nets.critic(nets.generator(draw.noise(len(real), 3))).sigmoid().mean()
    yield Update("generator", {"score": -score}), Update("critic", {"against": score})


def penalised(nets: Networks, draw: Any, clock: Any) -> Iterator[Any]:
    """A critic's move with a penalty on its slope, which is differentiated twice."""
    real = draw().image.requires_grad_()
    slope = torch.autograd.grad(nets.critic(real).sum(), real, create_graph=True)[0]
    yield Update("critic", {"penalty": slope.square().sum(1).mean()}, watch={"mean": real.detach().mean(0)})


def after_step(nets: Networks, report: dict[str, Tensor], clock: Any) -> None:
    nets.critic.mean.lerp_(report["critic/mean"], 0.5)


shown: list[tuple[float, ...]] = []


def main(folder: Path, accumulate: int, shard: bool, resumed: bool, penalty: bool) -> None:
    torch.set_num_threads(1)
    machine = TorchMachine("cpu", "float32")
    seen = Reports()
    moves = penalised if penalty else step
    game = Game(step=moves, make=make, moves=both(Adam, lr=0.01), after=after_step, average=Ema(("generator",), 50.0))
    hooks = [seen, Checkpoints()]
    run = trainer(
        game,
        hooks=hooks,
        machine=machine,
        folder=folder,
        examples=8 * 10,
        checkpoint_every=40,
        accumulate=accumulate,
        clip_norm=0.5,
        shard=shard,
    )
    if resumed:
        run.restore(*files.read(folder / "checkpoints" / "step-00000005"))
    try:
        run.fit()
    except MethodError as error:
        (folder / f"rank-{machine.rank}.txt").write_text(str(error))
        machine.close()
        return
    tensors = {name: value.contiguous() for name, value in run.state()[0].items()}
    save_file(tensors, folder / f"rank-{machine.rank}.safetensors")
    (folder / f"rank-{machine.rank}.json").write_text(json.dumps({"figures": seen.figures(), "shown": shown}))
    machine.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), *(word in sys.argv for word in ("shard", "resumed", "penalty")))
