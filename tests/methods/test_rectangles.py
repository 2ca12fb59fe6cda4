"""Images that are wider or higher than the other way: which methods take them, and what the others say."""

import numpy as np
import pytest

from games import trainer
from saddlepoint import config, methods
from saddlepoint.data.batches import DataSpec, PairedBatch, UnpairedBatch
from saddlepoint.data.dataset import Dataset
from saddlepoint.errors import ConfigError
from saddlepoint.methods.base import Method
from saddlepoint.methods.tasks import tasks
from saddlepoint.nn.backbones.dcgan import DCGANCritic, check_size, small_maps

WIDE = {
    "dcgan": {"generator_width": 2, "critic_width": 2, "latent": 4},
    "wgan": {"width": 2, "latent": 4},
    "wgan_gp": {"layers": "dcgan", "width": 2, "latent": 4},
    "acgan": {"generator_width": 2, "critic_width": 2, "latent": 4},
    "cgan": {"generator_width": 2, "critic_width": 2, "latent": 4},
    "vae": {"layers": "convolutional", "likelihood": "gaussian", "width": 2, "latent": 2},
    "pix2pix": {"generator_width": 2, "critic_width": 2, "halvings": 1},
    "cycle_gan": {"generator_width": 2, "critic_width": 2, "halvings": 1, "blocks": 1},
    "munit": {"generator_width": 2, "critic_width": 2, "blocks": 1, "mlp_width": 4, "scales": 1, "critic_halvings": 1},
}


def small(name: str) -> Method:
    kind = methods.load(name)
    known = set(config.field_kinds(kind))
    return config.from_json(kind, {key: value for key, value in WIDE[name].items() if key in known})


def images(takes: type, height: int, width: int) -> Dataset:
    image = np.random.default_rng(0).integers(0, 256, (16, 3, height, width), dtype=np.uint8)
    if takes is PairedBatch:
        return Dataset({"source": image, "target": image[::-1]}, "print", "made")
    names = ("a", "b") if takes is UnpairedBatch else ("a", "b", "c")
    return Dataset({"image": image, "label": np.arange(16) % len(names)}, "print", "made", names)


@pytest.mark.parametrize("name", WIDE)
@pytest.mark.parametrize("size", [(16, 24), (24, 16)])
def test_a_step_of_training_takes_rectangles_and_gives_them(name: str, size: tuple[int, int]) -> None:
    method = small(name)
    run = trainer(method, images(method.takes, *size), batch=4, examples=4)
    run.fit()
    spec = run.data.spec
    for task in tasks(method, (run.average or run.nets).eval(), spec):
        for kind in task.gives.values():
            if len(kind.shape) == 3:
                assert kind.shape[1:] == size


@pytest.mark.parametrize(
    ("size", "small"), [((64, 64), (4, 4)), ((64, 96), (4, 6)), ((8, 8), (2, 2)), ((8, 12), (2, 3))]
)
def test_the_shorter_side_decides_how_often_both_are_halved(size: tuple[int, int], small: tuple[int, int]) -> None:
    assert check_size(size) == size
    assert small_maps(size) == small
    assert DCGANCritic(1, size, 2, 4).output.in_features % (small[0] * small[1]) == 0


@pytest.mark.parametrize(("size", "mend"), [((64, 100), "96x64"), ((48, 96), "96x32"), ((4, 8), "8x8")])
def test_sizes_that_do_not_fit_are_refused_with_one_that_does(size: tuple[int, int], mend: str) -> None:
    with pytest.raises(ConfigError, match=mend):
        check_size(size)


@pytest.mark.parametrize("name", ["stylegan2", "r3gan", "mnist_gan", "progan"])
def test_methods_that_need_squares_say_so(name: str) -> None:
    with pytest.raises(ConfigError, match="square images"):
        methods.load(name)().networks(DataSpec.of((3, 32, 48), ("a", "b")))
