"""BasicSR's generators become models that answer as they do, on images in [0, 1] inside."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

sys.path.append(str(Path(__file__).parents[1] / "methods"))

from official_networks import Official

from saddlepoint import config, methods
from saddlepoint.checkpoint.convert import basicsr
from saddlepoint.errors import CheckpointError


@pytest.mark.parametrize(
    ("prefix", "given", "answer", "method"),
    [
        ("rrdb_x4.", "lr", "rrdb_x4", "esrgan"),
        ("rrdb_x2.", "lr32", "rrdb_x2", "esrgan"),
        ("msrresnet.", "lr", "msrresnet_x4", "srresnet"),
        ("srvgg.", "lr", "srvgg_x4", "srresnet"),
    ],
)
def test_a_generator_answers_as_it_did(prefix: str, given: str, answer: str, method: str) -> None:
    official = Official("basicsr_esrgan")
    imported = basicsr.recognised(official.state(prefix))
    assert imported is not None
    assert imported.method == method
    own = config.from_json(methods.load(method), dict(imported.options))
    nets = own.networks(imported.spec)
    for name, weights in imported.weights.items():
        nets.get_submodule(name).load_state_dict(weights)
    restored = nets.eval().get_submodule(next(iter(imported.weights)))(2 * official.input(given) - 1)
    official.check((restored + 1) / 2, answer)


def test_what_is_none_of_them_is_left_and_a_critic_is_refused() -> None:
    assert basicsr.recognised({"layer.weight": torch.zeros(2, 2)}) is None
    with pytest.raises(CheckpointError, match="critic of Real-ESRGAN"):
        basicsr.recognised(Official("basicsr_esrgan").state("unet_d.") | {"conv0.weight": torch.zeros(1)})
    cut = Official("basicsr_esrgan").state("rrdb_x4.")
    cut.pop("conv_hr.bias")
    with pytest.raises(CheckpointError, match="other shapes"):
        basicsr.recognised(cut)
