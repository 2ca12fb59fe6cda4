"""A trained model as one folder that explains itself: what `save_pretrained` writes and what the hub keeps.

model.safetensors    the networks that the model is used with, averaged where the method averages
config.json          method, its settings, what it was told of the data, how far it was trained
preprocessing.json   what an image goes through before the networks, and what their numbers mean
provenance.json      versions, data, command, figures; no path of the machine that it was trained on
checksums.json       sizes and sha256 of these four
README.md            the model card, to be completed by hand, and sample.png beside it
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from saddlepoint.checkpoint import files, manifest
from saddlepoint.checkpoint.commit import commit
from saddlepoint.checkpoint.facts import complete
from saddlepoint.checkpoint.sparse import dense, packed, unpacked
from saddlepoint.errors import CheckpointError, RunError
from saddlepoint.methods.base import Clock
from saddlepoint.storage import documents, whole
from saddlepoint.storage.plain import Unfit, content, judged
from saddlepoint.storage.tensors import Declared, heading, save, tensors
from saddlepoint.version import __version__

WEIGHTS, CONFIG, PREPROCESSING = "model.safetensors", "config.json", "preprocessing.json"
PROVENANCE, CHECKSUMS, CARD, PICTURE = "provenance.json", "checksums.json", "README.md", "sample.png"
CHECKED = (WEIGHTS, CONFIG, PREPROCESSING, PROVENANCE)
FILES = (*CHECKED, CHECKSUMS, CARD, PICTURE)
_FORMAT = 1
_MOST_CARD = 1_000_000
_PATH = re.compile(r"(hub:\S+)|[^\s,:='\"]*/")


@dataclass(frozen=True)
class Packed:
    """What a folder holds, as plain values.

    facts: as of a `run.json`, as far as they are kept. clock: how far it was trained.
    declared: what the weight file says of its tensors, by "network.path". folder: where they are read from.
    """

    facts: dict[str, Any]
    clock: Any
    declared: dict[str, Declared]
    folder: Path

    def tensors(self) -> dict[str, Tensor]:
        """The weights, of the kinds and shapes that are declared."""
        return unpacked(tensors(self.folder / WEIGHTS, within=self.folder))


def is_packed(folder: Path) -> bool:
    """Whether a folder holds a packed model."""
    return (folder / CHECKSUMS).exists()


def write(
    folder: Path,
    config: Mapping[str, Any],
    facts: Mapping[str, Any],
    weights: Mapping[str, Tensor],
    figures: Mapping[str, Any],
    extra: Mapping[str, bytes],
) -> None:
    """Write a folder, whole or not at all.

    config: method, package, options, dataset, clock, version. facts: the whole `run.json`. extra: more files by name.
    Raises RunError when something is there already or the disk will not take it.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RunError(f"{folder} is there already, with a card that may have been edited: choose another folder.")
    with whole.folder(folder) as passing:
        save(passing / WEIGHTS, stored(weights))
        provenance = {"training": without_paths(facts), "figures": dict(figures), "saved_by": _saver()}
        whole.put_json(passing / CONFIG, {"format": _FORMAT, "library": "saddlepoint", **config})
        whole.put_json(passing / PREPROCESSING, _preprocessing(config, facts))
        whole.put_json(passing / PROVENANCE, provenance)
        prints = {name: manifest.print_of(passing / name) for name in CHECKED}
        whole.put_json(passing / CHECKSUMS, {"format": _FORMAT, "files": prints})
        for name, content in extra.items():
            (passing / name).write_bytes(content)


def read(folder: Path) -> Packed:
    """What a folder holds. Raises CheckpointError when a file is missing or damaged, or made by a later release."""
    wrong = manifest.fault(folder, CHECKSUMS, CHECKED, CHECKED)
    if wrong:
        raise CheckpointError(f"the model in {folder} is damaged: {wrong}. Fetch or copy it again.")
    config, provenance = (documents.table(folder / name, within=folder) for name in (CONFIG, PROVENANCE))
    release = config.get("format")
    if type(release) is not int or release > _FORMAT:
        raise CheckpointError(
            f"the model in {folder} was made by a later release than {__version__}: update saddlepoint."
        )
    training, dataset = provenance.get("training"), config.get("dataset")
    if not isinstance(training, dict) or not isinstance(dataset, dict):
        raise Unfit("it does not say what it was made from")
    known = training.get("dataset")
    facts = {
        **training,
        **{name: config.get(name) for name in ("method", "options", "package")},
        "dataset": {**(known if isinstance(known, dict) else {}), **dataset},
        "figures": provenance.get("figures", {}),
    }
    path = folder / WEIGHTS
    declared = dense(heading(path, within=folder).tensors, lambda name: tensors(path, [name], within=folder)[name])
    return Packed(complete(facts), config.get("clock"), declared, folder)


def card_of(folder: Path) -> str | None:
    """The model card, perhaps edited; None where there is none. Raises CheckpointError for what is no plain file."""
    if not (folder / CARD).exists():
        return None
    with judged(f"the card of {folder.name}", CheckpointError):
        return content(folder / CARD, _MOST_CARD, within=folder).decode("utf-8", "replace")


def stored(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors as the weight file holds them: on the CPU, and without the zeros of what was pruned."""
    return packed({name: files.plain(value) for name, value in tensors.items()})


def version_of(config: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> str:
    """Twelve hex digits that change with any weight, setting, class or moment of training."""
    described = {**config, "clock": _as_first_written(config["clock"])}
    digest = hashlib.sha256(json.dumps(described, sort_keys=True).encode())
    for name, tensor in sorted(tensors.items()):
        value = files.plain(tensor)
        digest.update(f"{name} {value.dtype} {list(value.shape)}\n".encode())
        digest.update(value.flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()[:12]


def _as_first_written(clock: Mapping[str, Any]) -> dict[str, Any]:
    """A clock in the words of the first release, so that a model keeps its version."""
    words = {today: first for first, today in Clock.spellings.items()}
    return {words.get(name, name): value for name, value in clock.items()}


def without_paths(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of a run without folders of the machine and names of single images, which others need not know."""
    public = dict(facts)
    for name in ("command", "start"):
        if public.get(name):
            public[name] = _PATH.sub(lambda match: match[1] or "", public[name])
    if isinstance(public.get("origin"), dict) and "file" in public["origin"]:
        public["origin"] = {**public["origin"], "file": Path(str(public["origin"]["file"])).name}
    if public.get("data"):
        source = _PATH.sub(lambda match: match[1] or "", str(public["data"].get("data", "")))
        public["data"] = {**public["data"], "data": source, "data_path": None, "cache": None}
    if "dataset" in public:
        data = {name: value for name, value in public["dataset"].items() if name != "skipped"}
        public["dataset"] = {**data, "source": _PATH.sub(lambda match: match[1] or "", str(data.get("source", "")))}
    return public


def _preprocessing(config: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    """For people and for other programs; our own reads the same from the configuration."""
    shape = config["dataset"]["shape"]
    if len(shape) != 3:
        return {"kind": "points", "numbers": shape[0]}
    return {
        "kind": "images",
        "channels": shape[0],
        "height": shape[1],
        "width": shape[2],
        "resize": facts.get("data", {}).get("resize"),
        "reduce": "lanczos",
        "enlarge": "bicubic",
        "values": "(byte - 127.5) / 127.5",
        "range": [-1, 1],
        "layout": "NCHW",
    }


def _saver() -> dict[str, str | None]:
    return {"saddlepoint": __version__, "torch": torch.__version__, "commit": commit()}


def package_of(method: str) -> str | None:
    """The installed package and release that a plug-in method comes from; None for one of our own."""
    for point in entry_points(group="saddlepoint.methods"):
        if point.name == method and point.dist is not None:
            return f"{point.dist.name}=={point.dist.version}"
    return None
