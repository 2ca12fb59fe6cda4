"""A saved model: one folder, only what use needs, checked when it is read, and the same model when it comes back."""

from __future__ import annotations

import json
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, Protocol

import pytest
import torch
from PIL import Image

import conformance
import saddlepoint
from saddlepoint import cli, methods
from saddlepoint.checkpoint import manifest, pretrained
from saddlepoint.checkpoint.find import find_checkpoint
from saddlepoint.checkpoint.model import Model
from saddlepoint.checkpoint.needed_networks import used_networks
from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import CheckpointError, RunError
from saddlepoint.methods import abilities
from saddlepoint.methods.base import Clock
from saddlepoint.methods.tasks import _ABILITIES

NAMES = [name for name, entry in methods.listing().items() if entry.family != "plug-in"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny run, whose words hold a path of this machine."""
    out = tmp_path_factory.mktemp("runs") / "run"
    settings = {"images": 64, "batch": 32, "generator_width": 8, "critic_width": 8, "grid_size": 0}
    folder = saddlepoint.train("dcgan", out=out, **settings).folder
    facts = json.loads((folder / "run.json").read_text())
    facts["command"] = "saddle train dcgan --data /home/someone/secret/photos --out ../there/run --from hub:a/b"
    facts["dataset"]["skipped"] = [["someone.jpg", "truncated"]]
    (folder / "run.json").write_text(json.dumps(facts))
    return folder


@pytest.fixture
def saved(run: Path, tmp_path: Path) -> Path:
    saddlepoint.load(run).save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def model(name: str, shape: tuple[int, ...] | None = None) -> Model:
    torch.manual_seed(0)
    method = conformance.small(name)
    spec = DataSpec.of(shape, ("a", "b", "c"), 9) if shape else conformance.data_for(name).spec()
    clock = Clock(stage=len(method.stages()) - 1)
    nets = method.networks(spec).eval()
    method.set_phase(nets, clock)
    return Model(method, nets, spec, {"method": name}, clock, Path())


def test_a_saved_model_is_the_model_of_its_run_without_the_critic(run: Path, saved: Path) -> None:
    whole, found = saddlepoint.load(run), saddlepoint.load(saved)
    assert torch.equal(whole.sample(5, seed=2), found.sample(5, seed=2))
    assert [name for name, _ in found.nets.named_children()] == ["generator"]
    assert found.version == whole.version
    assert (found.method, found.spec, found.clock) == (whole.method, whole.spec, whole.clock)
    assert found.facts["dataset"]["fingerprint"] == whole.facts["dataset"]["fingerprint"]


@pytest.mark.parametrize("name", NAMES)
def test_every_method_comes_back_able_to_do_all_it_could(name: str, tmp_path: Path) -> None:
    whole = model(name)
    whole.save_pretrained(tmp_path / "model")
    found = Model.from_pretrained(tmp_path / "model")
    assert found.version == whole.version
    assert used_networks(found.method, found.nets, found.spec) == tuple(n for n, _ in found.nets.named_children())


def test_what_an_ability_asks_is_kept_and_what_none_asks_is_not() -> None:
    kept = {name: tuple(n for n, _ in model(name).needed.named_children()) for name in ("sgan", "vae", "cycle_gan")}
    assert kept == {"sgan": ("generator", "critic"), "vae": ("encoder", "decoder"), "cycle_gan": ("a2b", "b2a")}


def test_every_ability_describes_itself_as_tasks() -> None:
    kinds = (kind for kind in vars(abilities).values() if isinstance(kind, type) and kind is not Protocol)
    known = {kind for kind in kinds if getattr(kind, "_is_protocol", False)}
    helping = {abilities.AnySide, abilities.Mends, abilities.Attends, abilities.GuessesHidden, abilities.Searches}
    assert known == {*_ABILITIES, abilities.LatentSpace, abilities.Corrupts, abilities.RendersMoments, *helping}


def test_the_version_changes_with_a_weight_and_with_a_setting() -> None:
    first, same, other = model("dcgan"), model("dcgan"), model("dcgan")
    with torch.no_grad():
        next(other.nets.generator.parameters()).view(-1)[0] += 1e-3
    assert first.version == same.version
    assert len({first.version, other.version, model("gan").version}) == 3
    assert len(first.version) == 12


def test_the_folder_names_no_path_and_no_single_image(saved: Path) -> None:
    text = "".join(path.read_text() for path in saved.glob("*.json")) + (saved / "README.md").read_text()
    assert "saddle train dcgan --data photos --out run --from hub:a/b" in text
    assert not any(word in text for word in ("secret", "someone", "there/"))


def test_the_card_has_the_hubs_form_and_says_what_a_person_must_add(saved: Path) -> None:
    text = (saved / "README.md").read_text()
    front = text.split("---")[1]
    assert "library_name: saddlepoint" in front
    assert "pipeline_tag: unconditional-image-generation" in front
    assert "- dcgan" in front
    assert "\nlicense:" not in front
    assert all(
        f"## {title}" in text for title in ("How to use it", "What it was trained on", "How good it is", "Limits")
    )
    assert text.count("To be filled in by hand") == 2
    with Image.open(saved / "sample.png") as picture:
        assert picture.size == (4 * 66 + 2, 4 * 66 + 2)


def test_a_card_of_a_translator_shows_nobodys_images_unless_told(tmp_path: Path) -> None:
    translator = model("pix2pix", (1, 8, 8))
    translator.save_pretrained(tmp_path / "without")
    text = (tmp_path / "without" / "README.md").read_text()
    assert "pipeline_tag: image-to-image" in text
    assert not (tmp_path / "without" / "sample.png").exists()
    Image.new("L", (4, 4)).save(tmp_path / "own.png")
    translator.save_pretrained(tmp_path / "with", picture=tmp_path / "own.png")
    assert (tmp_path / "with" / "sample.png").read_bytes() == (tmp_path / "own.png").read_bytes()
    with pytest.raises(CheckpointError, match="cannot be read"):
        translator.save_pretrained(tmp_path / "third", picture=tmp_path / "none.png")
    assert not (tmp_path / "third").exists()


def test_figures_go_along_when_they_are_of_this_very_checkpoint(run: Path, tmp_path: Path) -> None:
    found = {"scores": [], "for a paper": ["fid 12.5; 100 generated"], "warnings": ["few images"], "notes": []}
    for measured, told in (("dcgan after 64 images", True), ("dcgan after 32 images", False)):
        (run / "evaluation.json").write_text(json.dumps({"measured": measured, **found}))
        saddlepoint.load(run).save_pretrained(tmp_path / str(told))
        assert ("fid 12.5" in (tmp_path / str(told) / "README.md").read_text()) == told
    saddlepoint.load(tmp_path / "True").save_pretrained(tmp_path / "again")
    assert "fid 12.5" in (tmp_path / "again" / "README.md").read_text()
    (run / "evaluation.json").unlink()


@pytest.mark.parametrize("name", pretrained.CHECKED)
def test_a_damaged_or_missing_file_is_refused_by_name(name: str, saved: Path) -> None:
    content = bytearray((saved / name).read_bytes())
    content[len(content) // 2] ^= 1
    (saved / name).write_bytes(content)
    with pytest.raises(CheckpointError, match=f"damaged: {name} is not what was written"):
        saddlepoint.load(saved)
    (saved / name).unlink()
    with pytest.raises(CheckpointError, match=f"{name} is missing"):
        saddlepoint.load(saved)


def test_an_edited_card_is_no_damage(saved: Path) -> None:
    (saved / "README.md").write_text("ours")
    assert saddlepoint.load(saved).sample(1).shape == (1, 1, 8, 8)


def test_a_model_of_a_later_release_is_refused(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pretrained, "_FORMAT", 0)
    with pytest.raises(CheckpointError, match="made by a later release"):
        saddlepoint.load(saved)


def test_a_method_that_is_not_installed_is_named_with_its_package(saved: Path) -> None:
    settings = json.loads((saved / "config.json").read_text())
    settings |= {"method": "pearl_gan", "package": "pearls==1.2"}
    (saved / "config.json").write_text(json.dumps(settings))
    prints = json.loads((saved / "checksums.json").read_text())
    prints["files"]["config.json"] = manifest.print_of(saved / "config.json")
    (saved / "checksums.json").write_text(json.dumps(prints))
    with pytest.raises(CheckpointError, match=r"'pearl_gan', which is not installed here: pip install pearls==1\.2"):
        saddlepoint.load(saved)


def test_the_package_of_a_plug_in_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    class Distribution:
        name, version = "pearls", "1.2"

    point = EntryPoint("pearl_gan", "pearls", "saddlepoint.methods")._for(Distribution())  # type: ignore[attr-defined]
    monkeypatch.setattr(pretrained, "entry_points", lambda group: [point])
    assert pretrained.package_of("pearl_gan") == "pearls==1.2"
    assert pretrained.package_of("dcgan") is None


def test_settings_of_another_release_are_refused_in_words(run: Path, tmp_path: Path) -> None:
    facts = json.loads((run / "run.json").read_text())
    other = {**facts, "options": {**facts["options"], "pearls": 3}}
    (run / "run.json").write_text(json.dumps(other))
    with pytest.raises(CheckpointError, match="do not fit dcgan as it is here"):
        saddlepoint.load(run)
    (run / "run.json").write_text(json.dumps(facts))


def test_nothing_is_written_over_and_a_failed_write_leaves_nothing(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = saddlepoint.load(saved)
    with pytest.raises(RunError, match="is there already"):
        found.save_pretrained(saved)

    def full(*rest: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pretrained, "save", full)
    with pytest.raises(RunError, match="the disk is full"):
        found.save_pretrained(tmp_path / "other")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model"]


def test_it_samples_from_the_command_line_and_cannot_be_trained_on(
    saved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["sample", str(saved), "-n", "4"])
    assert ended.value.code == 0
    assert (saved / "sampled" / "seed-0.png").exists()
    assert "sampled" in capsys.readouterr().out
    with pytest.raises(CheckpointError, match="give the folder of its run"):
        find_checkpoint(saved)
