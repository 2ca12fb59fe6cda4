"""Models of the hub, with a stand-in for the network: a folder that plays the hub."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

import saddlepoint
from saddlepoint.checkpoint.model import Model
from saddlepoint.errors import CheckpointError, ConfigError, MissingExtra, OfflineError, RunError


class Hub:
    """The few things that are asked of the hub; repositories are folders."""

    def __init__(self, root: Path) -> None:
        self.root, self.private, self.asked = root, None, []

    def create_repo(self, repo: str, *, private: bool, exist_ok: bool) -> str:
        assert exist_ok
        (self.root / repo).mkdir(parents=True, exist_ok=True)
        self.private = private
        return f"https://huggingface.co/{repo}"

    def file_exists(self, repo: str, name: str) -> bool:
        return (self.root / repo / name).exists()

    def upload_folder(
        self, *, repo_id: str, folder_path: str, allow_patterns: Sequence[str], ignore_patterns: Sequence[str] | None,
        commit_message: str,
    ) -> None:  # fmt: skip
        for path in Path(folder_path).iterdir():
            if path.name in allow_patterns and path.name not in (ignore_patterns or ()):
                shutil.copy(path, self.root / repo_id / path.name)

    def snapshot_download(self, repo: str, *, revision: str | None, allow_patterns: Sequence[str]) -> str:
        self.asked.append((repo, revision))
        if repo.count("/") != 1:
            raise ValueError("Repo id must be in the form 'owner/name'.")
        if not (self.root / repo).exists():
            raise FileNotFoundError("Got: ConnectError: Name or service not known\nAn error happened")
        return str(self.root / repo)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    import huggingface_hub

    found = Hub(tmp_path / "hub")
    monkeypatch.setattr(huggingface_hub, "HfApi", lambda: found)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", found.snapshot_download)
    return found


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    out = tmp_path_factory.mktemp("runs") / "run"
    settings = {"images": 64, "batch": 32, "generator_width": 8, "critic_width": 8, "grid_size": 0}
    return saddlepoint.load(saddlepoint.train("dcgan", out=out, **settings).folder)


def test_a_model_goes_to_the_hub_and_comes_back(model: Model, hub: Hub) -> None:
    assert model.push_to_hub("someone/digits", private=True) == "https://huggingface.co/someone/digits"
    assert hub.private is True
    by_name, by_word = Model.from_pretrained("someone/digits", revision="v1"), saddlepoint.load("hub:someone/digits")
    assert hub.asked == [("someone/digits", "v1"), ("someone/digits", None)]
    assert by_name.version == by_word.version == model.version
    assert torch.equal(by_name.sample(3), model.sample(3))
    assert by_word.home == Path()  # nothing is made inside the client's cache


def test_a_card_on_the_hub_stays_unless_an_edited_one_goes_there(model: Model, hub: Hub, tmp_path: Path) -> None:
    model.push_to_hub("someone/digits")
    card = hub.root / "someone" / "digits" / "README.md"
    card.write_text("written on the hub")
    model.push_to_hub("someone/digits")
    assert card.read_text() == "written on the hub"
    model.save_pretrained(tmp_path / "mine")
    (tmp_path / "mine" / "README.md").write_text("license: mit")
    (tmp_path / "mine" / "notes.txt").write_text("not for others")
    Model.from_pretrained(tmp_path / "mine").push_to_hub("someone/digits")
    assert card.read_text() == "license: mit"
    assert not (card.parent / "notes.txt").exists()


def test_what_the_hub_does_not_have_or_take_is_said_in_one_sentence(
    model: Model, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(
        OfflineError, match=r"someone/none could not be fetched \(Got: ConnectError: Name .* not known\)"
    ):
        saddlepoint.load("hub:someone/none")
    with pytest.raises(ConfigError, match="is no name of a model on the hub"):
        saddlepoint.load("hub:digits")
    (hub.root / "someone" / "other").mkdir(parents=True)
    with pytest.raises(CheckpointError, match="holds no model"):
        saddlepoint.load("hub:someone/other")

    def refuse(*rest: Any, **more: Any) -> str:
        raise OSError("401 Client Error. (Request ID: x)\n\nInvalid username or password.")

    monkeypatch.setattr(hub, "create_repo", refuse)
    with pytest.raises(RunError, match=r"did not take someone/digits \(401 Client Error.*hf auth login"):
        model.push_to_hub("someone/digits")


def test_a_damaged_file_of_the_hub_is_refused(model: Model, hub: Hub) -> None:
    model.push_to_hub("someone/digits")
    weights = hub.root / "someone" / "digits" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(CheckpointError, match=r"model\.safetensors is not what was written"):
        saddlepoint.load("hub:someone/digits")


def test_without_its_client_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(MissingExtra, match=r"saddlepoint\[hub\]"):
        saddlepoint.load("hub:someone/digits")
