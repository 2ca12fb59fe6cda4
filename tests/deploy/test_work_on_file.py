"""One image file worked on by a model whose results are of another size than what it is given."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.batches import DataSpec
from saddlepoint.deploy.work_on_file import Translation, translate_file
from saddlepoint.errors import CapabilityError
from saddlepoint.kinds.image import Image as ImageKind
from saddlepoint.methods.base import Clock
from saddlepoint.methods.restoration.srgan import SRGAN
from saddlepoint.methods.translation.pgan_mri import PGANMRI


def test_super_resolution_of_a_file_of_any_size_gives_a_larger_one_without_seams(tmp_path: Path) -> None:
    method = SRGAN(width=4, blocks=1)
    spec = DataSpec({"source": ImageKind(3, 16, 16), "target": ImageKind(3, 32, 32)})
    torch.manual_seed(0)
    nets = method.networks(spec).eval().requires_grad_(False)
    model = Model(method, nets, spec, {"method": "srgan"}, Clock(), Path())
    shades = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    Image.fromarray(shades).resize((50, 37), Image.Resampling.BICUBIC).save(tmp_path / "small.png")
    translate_file(tmp_path / "small.png", tmp_path / "large.png", Translation(model=model, overlap=8))
    translate_file(tmp_path / "small.png", tmp_path / "whole.png", Translation(model=model, window=37, overlap=0))
    tiles, whole = (np.asarray(Image.open(tmp_path / f"{name}.png")).astype(int) for name in ("large", "whole"))
    assert tiles.shape == (74, 100, 3)
    assert np.abs(tiles - whole).mean() < 3


def test_a_model_whose_images_no_single_file_holds_says_so() -> None:
    method = PGANMRI(generator_width=2, blocks=1, before=0, critic_width=2, halvings=1)
    spec = DataSpec({"source": ImageKind(5, 16, 16), "target": ImageKind(3, 16, 16)})
    model = Model(method, method.networks(spec).eval(), spec, {"method": "pgan_mri"}, Clock(), Path())
    with pytest.raises(CapabilityError, match=r"takes 5 channels, not 1 picture: .* --beside, 5 in grey in all"):
        Translation(model=model)
