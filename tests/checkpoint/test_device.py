"""Where a model is loaded to: the best device of the machine, or a named one, refused before anything is read."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import saddlepoint
from saddlepoint.engine.distributed import device_named
from saddlepoint.errors import ConfigError


def test_auto_is_a_device_of_this_machine() -> None:
    assert device_named("auto").type in ("cpu", "cuda", "mps")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_a_device_that_the_machine_has_not_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    for device, text in (("cuda", "no CUDA device; use --device cpu"), ("gpu", "no device is called 'gpu'")):
        with pytest.raises(ConfigError, match=text):
            saddlepoint.load(tmp_path / "none", device=device)
