"""Frozen weights stay to the bit while the rest learns, and paths that are not there are refused."""

from pathlib import Path
from typing import Any

import pytest
import torch

import saddlepoint
from games import pictures, trainer
from saddlepoint.errors import ConfigError
from saddlepoint.methods.recognition.vit import ViT

TINY = {"patch": 4, "layers": 2, "heads": 2, "width": 8}


def run(*freeze: str) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    made = trainer(ViT(**TINY), pictures(shape=(1, 8, 8)), examples=32, batch=8, freeze=freeze)  # type: ignore[arg-type]
    before = {name: value.clone() for name, value in made.nets.named_parameters()}
    made.fit()
    return before, dict(made.nets.named_parameters())


def test_what_is_frozen_stays_to_the_bit_and_the_rest_learns() -> None:
    before, after = run("encoder.blocks.0", "encoder.embed")
    for name, value in after.items():
        frozen = name.startswith(("encoder.blocks.0.", "encoder.embed."))
        assert torch.equal(value, before[name]) == frozen, name
    before, after = run("encoder")
    assert {name for name in after if not torch.equal(after[name], before[name])} == {"head.weight", "head.bias"}


def test_a_wrong_path_and_freezing_all_are_refused() -> None:
    with pytest.raises(ConfigError, match="did you mean 'encoder'"):
        run("encodr")
    with pytest.raises(ConfigError, match="leaves classifier nothing to learn"):
        run("encoder", "head")


def test_an_encoder_that_has_learnt_without_labels_is_fine_tuned(tmp_path: Path) -> None:
    small: Any = {"examples": 16, "batch": 8, "patch": 4, "layers": 1, "heads": 2, "width": 8}
    decoder: Any = {"decoder_layers": 1, "decoder_heads": 2, "decoder_width": 8, "masked": 0.5}
    first = saddlepoint.train("mae", data="digits", out=tmp_path / "mae", **small, **decoder)
    second = saddlepoint.train(
        "vit",
        data="digits",
        out=tmp_path / "vit",
        start=f"{first.folder}:encoder",
        freeze=["encoder"],
        positions_learn=False,
        **small,
    )
    ours, theirs = (each.model().nets.get_submodule("encoder").state_dict() for each in (second, first))
    assert all(torch.equal(ours[name], value) for name, value in theirs.items())
