"""Packed models on the Hugging Face hub, through its own client `huggingface_hub`, an optional extra."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from saddlepoint.checkpoint.pretrained import CARD, FILES, is_packed
from saddlepoint.errors import CheckpointError, ConfigError, MissingExtra, OfflineError, RunError

PREFIX = "hub:"


def fetch(repo: str, revision: str | None = None) -> Path:
    """The folder of a packed model of the hub, fetched once and kept in the client's cache.

    repo: "OWNER/NAME". revision: a branch, tag or commit; None for the newest.
    Raises OfflineError when it cannot be had, ConfigError for what is no name, CheckpointError when it holds no model.
    """
    client = _client()
    try:
        folder = Path(client.snapshot_download(repo, revision=revision, allow_patterns=list(FILES)))
    except ValueError as error:
        raise ConfigError(f"{repo} is no name of a model on the hub, such as OWNER/NAME: {error}") from error
    except Exception as error:  # the client raises its transport's own errors too
        raise OfflineError(
            f"{repo} could not be fetched ({_said(error)}): check its name, the network, `hf auth login`."
        ) from error
    if not is_packed(folder):
        raise CheckpointError(f"{repo} on the hub holds no model that `push_to_hub` of saddlepoint made.")
    return folder


def push(folder: Path, repo: str, *, private: bool, card: bool) -> str:
    """Upload a packed model; the repository is made where there is none. Returns its address.

    card: replace the card that the repository has already. Raises RunError when the hub does not take it.
    """
    api = _client().HfApi()
    try:
        address = api.create_repo(repo, private=private, exist_ok=True)
        ignored = [CARD] if not card and api.file_exists(repo, CARD) else None
        api.upload_folder(
            repo_id=repo,
            folder_path=str(folder),
            allow_patterns=list(FILES),
            ignore_patterns=ignored,
            commit_message="A model trained with Saddlepoint",
        )
    except ValueError as error:
        raise ConfigError(f"{repo} is no name of a model on the hub, such as OWNER/NAME: {error}") from error
    except Exception as error:  # the client raises its transport's own errors too
        raise RunError(
            f"the hub did not take {repo} ({_said(error)}): check its name, the network, `hf auth login`."
        ) from error
    return str(address)


def _said(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0].rstrip(".") or type(error).__name__


def _client() -> Any:
    try:
        import huggingface_hub
    except ImportError as error:
        raise MissingExtra(
            "models of the hub need the package huggingface_hub: pip install 'saddlepoint[hub]'."
        ) from error
    return huggingface_hub
