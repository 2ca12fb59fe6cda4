"""What a refusal of a size says to use instead is taken, by every method; windows of translators ask the networks."""

from __future__ import annotations

import re

import pytest

from saddlepoint import methods
from saddlepoint.checkpoint.networks import outline
from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.label import Label
from saddlepoint.methods.base import Method
from saddlepoint.nn.sizes import Sizes

SIZES = [(1, 1), (4, 4), (5, 5), (12, 12), (30, 30), (60, 60), (20, 30), (60, 100), (7, 90)]
BATCHES = ("ImageBatch", "LabelledBatch", "SemiBatch", "PairedBatch", "UnpairedBatch")
OTHER = {"srgan", "srresnet", "esrgan", "context_encoder", "patch_global_inpainting", "hdr_gan", "colourisation"}
"""whose two images of a pair differ in measures"""
IMAGES = [name for name in methods.listing() if name not in OTHER and methods.load(name).takes.__name__ in BATCHES]
SETTINGS = {"wgan_gp": [{"layers": "dcgan"}], "pix2pix": [{"depth": 5}, {"halvings": 0}]}


def spec(kind: type[Method], height: int, width: int) -> DataSpec:
    image, label = Image(3, height, width), Label(("x", "y"))
    names = {"PairedBatch": ("source", "target"), "UnpairedBatch": ("a", "b")}.get(kind.takes.__name__, ("image",))
    labels = {"label": label} if len(names) == 1 else {}
    return DataSpec({**dict.fromkeys(names, image), **labels}, ("x", "y"), 100)


def refusal(method: Method, size: tuple[int, int]) -> str:
    """What the networks of a method say of images of this height and width; nothing where they take them."""
    try:
        outline(method, spec(type(method), *size), 10**6)
    except ConfigError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("name", IMAGES)
def test_a_size_that_a_refusal_says_to_use_is_taken(name: str) -> None:
    kind = methods.load(name)
    for settings in [{}, *SETTINGS.get(name, [])]:
        method = kind(**settings)
        for size in SIZES:
            words = refusal(method, size)
            advice = re.findall(r"--resolution (\d+)(?:x(\d+))?", words)
            assert bool(advice) == bool(words), f"{size}: {words}"
            for width, height in advice:
                assert not refusal(method, (int(height or width), int(width))), words
            for side in re.findall(r"--last-side (\d+)", words):
                assert not refusal(kind(**{**settings, "last_side": int(side)}), size), words


def test_sizes_are_joined_and_the_nearest_is_named() -> None:
    both = Sizes(multiple=4, least=10) & Sizes(multiple=6)
    assert (both.near(1), both.near(30), both.takes(24, 36), both.takes(24, 30)) == (12, 24, True, False)
    with pytest.raises(ConfigError, match="--window 24"):
        both.check(30, 30, option="--window")
