"""Saved models that were crafted, damaged or half copied: a sentence each, at once, in little memory."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

import conformance
import saddlepoint
from mutants import mutants
from saddlepoint import methods
from saddlepoint.checkpoint import manifest, networks, pretrained
from saddlepoint.checkpoint.model import Model
from saddlepoint.checkpoint.sparse import PLACES, SHAPE, VALUES
from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import CheckpointError, SaddlepointError
from saddlepoint.methods.base import Clock

NAMES = [name for name, entry in methods.listing().items() if entry.family != "plug-in"]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved model of a few kilobytes."""
    method = conformance.small("dcgan")
    spec = DataSpec.of((1, 8, 8), ("a", "b"), 9)
    nets = method.networks(spec).eval()
    folder = tmp_path_factory.mktemp("original") / "model"
    Model(method, nets, spec, {"method": "dcgan"}, Clock(examples=5), Path()).save_pretrained(folder)
    return folder


@pytest.fixture
def saved(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "model"))


def vouch(folder: Path) -> None:
    """Make the checksums right again, as who crafts a file would."""
    prints = {name: manifest.print_of(folder / name) for name in pretrained.CHECKED}
    (folder / "checksums.json").write_text(json.dumps({"format": 1, "files": prints}))


def edited(folder: Path, name: str, change: Callable[[dict[str, Any]], object]) -> Path:
    values = json.loads((folder / name).read_text())
    change(values)
    (folder / name).write_text(json.dumps(values))
    vouch(folder)
    return folder


def reweighted(folder: Path, change: Callable[[dict[str, torch.Tensor]], object]) -> Path:
    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors")
    vouch(folder)
    return folder


@pytest.mark.parametrize("named", ["/dev/zero", "../../secret", "README.md", "pipe"])
def test_checksums_that_name_anything_else_are_refused_and_it_is_not_opened(saved: Path, named: str) -> None:
    os.mkfifo(saved / "pipe")
    known = json.loads((saved / "checksums.json").read_text())
    known["files"][named] = {"size": 1, "sha256": "0"}
    (saved / "checksums.json").write_text(json.dumps(known))
    with pytest.raises(CheckpointError, match=r"checksums\.json does not name the files that belong there"):
        saddlepoint.load(saved)


def test_checksums_that_leave_a_file_out_are_refused(saved: Path) -> None:
    for files in ({}, {"config.json": manifest.print_of(saved / "config.json")}):
        (saved / "checksums.json").write_text(json.dumps({"format": 1, "files": files}))
        with pytest.raises(CheckpointError, match=r"does not name the files that belong there"):
            saddlepoint.load(saved)


@pytest.mark.parametrize("name", [*pretrained.CHECKED, "checksums.json"])
def test_a_pipe_a_device_a_folder_or_a_link_that_leads_out_is_not_opened(
    saved: Path, name: str, tmp_path: Path
) -> None:
    path, outside = saved / name, tmp_path / name
    path.rename(outside)
    for make in (
        lambda: path.symlink_to(outside),
        lambda: path.symlink_to("/dev/zero"),
        lambda: os.mkfifo(path),
        path.mkdir,
    ):
        make()
        with pytest.raises(
            CheckpointError, match=f"{name} is (a link that leads out of the folder|no plain file)|is a direc"
        ):
            saddlepoint.load(saved)
        path.rmdir() if path.is_dir() else path.unlink()


def test_links_of_the_hubs_cache_are_followed_to_its_own_blobs(saved: Path, tmp_path: Path) -> None:
    cache = tmp_path / "models--a--b"
    (cache / "blobs").mkdir(parents=True)
    (cache / "snapshots" / "rev").mkdir(parents=True)
    for path in saved.iterdir():
        path.rename(cache / "blobs" / f"sha-{path.name}")
        (cache / "snapshots" / "rev" / path.name).symlink_to(Path("../../blobs") / f"sha-{path.name}")
    folder = cache / "snapshots" / "rev"
    assert saddlepoint.load(folder).sample(1).shape == (1, 1, 8, 8)
    assert "saddlepoint" in str(pretrained.card_of(folder))
    (folder / "README.md").unlink()
    (folder / "README.md").symlink_to("/etc/passwd")
    with pytest.raises(CheckpointError, match=r"README\.md is a link that leads out"):
        pretrained.card_of(folder)


SIZES = {
    "wide": lambda config: config["options"].update(generator_width=20_000),
    "latent": lambda config: config["options"].update(latent=10**9),
    "both": lambda config: config["options"].update(critic_width=60_000, generator_width=30_000),
    "shape": lambda config: config["dataset"].update(
        shape=[1, 1 << 20, 1 << 20],
        fields={"image": {"kind": "image", "channels": 1, "height": 1 << 20, "width": 1 << 20}},
    ),
}


@pytest.mark.parametrize("which", SIZES)
def test_settings_that_ask_for_more_than_the_file_holds_are_refused_in_little_memory(saved: Path, which: str) -> None:
    edited(saved, "config.json", SIZES[which])
    with pytest.raises(CheckpointError) as caught:
        saddlepoint.load(saved)
    assert "memory" not in str(caught.value)


def sparse(shape: list[int], places: int, values: int) -> Callable[[dict[str, torch.Tensor]], None]:
    def change(weights: dict[str, torch.Tensor]) -> None:
        name = "generator.project.weight"
        del weights[name]
        weights[name + SHAPE] = torch.tensor(shape)
        weights[name + PLACES] = torch.zeros(places, dtype=torch.uint8)
        weights[name + VALUES] = torch.zeros(values)

    return change


@pytest.mark.parametrize(
    ("shape", "places", "values"),
    [([4_000_000_000], 1, 0), ([2**40, 2**40], 1, 0), ([-8, -1], 1, 0), ([64, 8], 64, 9), ([64, 8], 63, 0)],
)
def test_sparse_weights_that_say_more_than_their_places_are_refused(
    saved: Path, shape: list[int], places: int, values: int
) -> None:
    reweighted(saved, sparse(shape, places, values))
    with pytest.raises(CheckpointError):
        saddlepoint.load(saved)


KINDS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "nan": lambda value: value * float("nan"),
    "infinite": lambda value: value / 0,
    "whole": lambda value: value.long(),
    "bool": lambda value: value.bool(),
    "float8": lambda value: value.to(torch.float8_e4m3fn),
    "complex": lambda value: value.to(torch.complex64),
    "overflowing": lambda value: value.double() * 1e300,
    "another shape": lambda value: value[None],
}


@pytest.mark.parametrize("kind", KINDS)
def test_weights_that_cannot_be_used_are_refused_by_name(saved: Path, kind: str) -> None:
    def change(weights: dict[str, torch.Tensor]) -> None:
        name = "generator.project.weight"
        weights[name] = KINDS[kind](weights[name]).contiguous()

    reweighted(saved, change)
    with pytest.raises(CheckpointError, match=r"generator\.project\.weight"):
        saddlepoint.load(saved)


def test_weights_in_half_precision_are_taken(saved: Path) -> None:
    reweighted(
        saved,
        lambda weights: weights.update(
            {name: value.half() for name, value in weights.items() if value.is_floating_point()}
        ),
    )
    assert saddlepoint.load(saved).sample(2).dtype == torch.float32


DEEP = "[" * 100_000 + "]" * 100_000


@pytest.mark.parametrize("name", ["config.json", "provenance.json", "checksums.json"])
@pytest.mark.parametrize(
    "text", [DEEP, '{"a":' * 5000 + "1" + "}" * 5000, "[]", "null", "1e999", "", "\ufeff{}", '{"format": 1']
)
def test_json_that_is_deep_cut_or_of_another_kind_is_refused(saved: Path, name: str, text: str) -> None:
    (saved / name).write_text(text)
    if name != "checksums.json":
        vouch(saved)
    with pytest.raises(CheckpointError):
        saddlepoint.load(saved)


WRONG: tuple[Any, ...] = (None, [], {}, "x", -1, 1e308, 10**40, True, [[]], {"a": []}, "\x1b[2J")


@pytest.mark.parametrize("name", ["config.json", "provenance.json"])
def test_entries_that_are_missing_or_of_a_wrong_kind_are_refused_or_harmless(saved: Path, name: str) -> None:
    text = (saved / name).read_text()
    values = json.loads(text)
    places = [(key,) for key in values] + [
        (key, inner) for key in values if isinstance(values[key], dict) for inner in values[key]
    ]
    source = random.Random(0)
    loaded = 0
    for place in places:
        for wrong in ("missing", *source.sample(WRONG, 1)):
            changed = json.loads(text)
            part = changed if len(place) == 1 else changed[place[0]]
            if wrong == "missing":
                del part[place[-1]]
            else:
                part[place[-1]] = wrong
            (saved / name).write_text(json.dumps(changed))
            vouch(saved)
            with suppress(SaddlepointError):
                model = saddlepoint.load(saved)
                loaded += 1
                assert model.version
                assert "of" in repr(model) or model.name
                if name == "provenance.json" and wrong != "missing":
                    model.save_pretrained(saved.parent / f"again-{loaded}", picture=saved / "sample.png")
    assert loaded


@pytest.mark.parametrize("name", ["config.json", "provenance.json", "model.safetensors"])
def test_files_that_were_changed_at_random_give_a_model_or_a_sentence(saved: Path, name: str) -> None:
    content = (saved / name).read_bytes()
    for changed in mutants(content, 60, seed=len(name)):
        (saved / name).write_bytes(changed)
        vouch(saved)
        with suppress(SaddlepointError):
            saddlepoint.load(saved).sample(1)


@pytest.mark.parametrize("name", NAMES)
def test_every_methods_networks_are_drawn_without_their_numbers(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    method = conformance.small(name)
    spec = conformance.data_for(name).spec()
    whole = method.networks(spec)
    largest = max(value.numel() for value in whole.parameters())
    monkeypatch.setattr(networks, "_SMALL", min(64, largest - 1))
    with networks._Drawing(networks._CALLS):
        drawn = method.networks(spec)
    assert any(value.is_meta for value in drawn.parameters())
    assert not any(networks._is_constant(module) for module in drawn.modules())
    assert {key: value.shape for key, value in drawn.state_dict().items()} == {
        key: value.shape for key, value in whole.state_dict().items()
    }


def test_loading_leaves_the_random_numbers_of_the_program_alone(original: Path) -> None:
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    saddlepoint.load(original)
    assert torch.equal(torch.rand(2), expected)
