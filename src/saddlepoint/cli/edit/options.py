"""Options that all commands of `edit` share: the model, the class, the file to write; and options of named images."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import tyro
from PIL import Image

from saddlepoint.checkpoint.model import Model, load
from saddlepoint.deploy.classes import class_name, class_number
from saddlepoint.deploy.destination import Destination, check_new, chosen
from saddlepoint.deploy.label import disclosed, write
from saddlepoint.engine.distributed import DEVICE
from saddlepoint.errors import ConfigError
from saddlepoint.latent.addresses import Address, codes_of
from saddlepoint.latent.codes import Code, spaces

Run = Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="RUN")]
Images = Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="IMAGES")]


@dataclass(frozen=True, kw_only=True)
class EditOptions:
    """Options that all commands share."""

    endings: ClassVar[tuple[str, ...]] = (".png",)
    """of the file to write"""

    run: Run
    """folder of a run, RUN/best, of one of its checkpoints or of a saved model, hub:OWNER/NAME or zoo:NAME"""
    out: Path | None = None
    """file to write; by default one under RUN/edited, named after the command and its images"""
    label: str | None = None
    """class of all images, by name or number, for a conditional model; by default those of `saddle sample`"""
    device: str = DEVICE
    """auto (the best that the machine has), cpu, cuda, cuda:1 or mps"""

    def open(self) -> Model:
        """The model. Raises ConfigError for an impossible `out`, CapabilityError for no images from latents."""
        if self.out is not None:
            check_ending(self.out, self.endings)
            check_new(self.out)
        model = load(self.run, device=self.device)
        spaces(model)
        class_number(model, self.label, lambda text: print(text, file=sys.stderr))
        return model

    def class_of(self, model: Model) -> int | None:
        """The number of the chosen class; None for none."""
        return class_number(model, self.label)

    def target(self, model: Model, *words: str, suffix: str = ".png") -> Destination:
        """The file to write: `out`, or one under RUN/edited whose name has these words."""
        return chosen(self.out, under(model, *words, suffix=suffix))


@dataclass(frozen=True, kw_only=True)
class ImageOptions(EditOptions):
    """Options of commands that take images by name."""

    truncation: float = 1.0
    """below 1, styles are pulled to their average: safer and less varied; needs a model with styles"""

    def codes(self, model: Model, addresses: Sequence[Address]) -> tuple[Code, list[str]]:
        """The codes of named images, and a word for each. Raises ConfigError where there is nothing to truncate."""
        if self.truncation != 1 and "w" not in spaces(model):
            raise ConfigError(
                f"{model.name} has no styles to truncate; `saddle edit truncate` shows what it does to latents."
            )
        code = codes_of(model, addresses, label=self.class_of(model), truncation=self.truncation)
        words = [str(address) for address in addresses]
        return code, words if len(words) == len(code) else list(map(str, range(len(code))))  # a file may hold several

    def remark(self, model: Model) -> str:
        """What else a caption must say: truncation and class, where they were chosen."""
        parts = [f"truncation {self.truncation:g}"] if self.truncation != 1 else []
        parts += [] if self.label is None else [f"label {class_name(model, self.class_of(model))}"]
        return "".join(f", {part}" for part in parts)


def under(model: Model, *words: str, suffix: str) -> Path:
    """A file under RUN/edited whose name has these words."""
    stem = re.sub(r"[^A-Za-z0-9.+-]+", "_", "-".join(filter(None, words))).strip("_")
    return model.home / "edited" / f"{stem[:100]}{suffix}"


def check_ending(path: Path, endings: Sequence[str]) -> None:
    """Raises ConfigError for a file name that ends in none of these."""
    if path.suffix.lower() not in endings:
        raise ConfigError(f"{path.name} cannot be written: its name must end with {' or '.join(endings)}.")


def save(picture: Image.Image, target: Destination, model: Model, title: str, of: Sequence[Address]) -> int:
    """Write a PNG, say where it is, and return the exit code.

    of: the images that were edited, which the file's disclosure follows from.
    """
    with target as (file,):
        write(picture, file, disclosed(model, origin(of), {"edit": title}), made_by(model, title, of))
    print(target.path)
    return 0


def origin(of: Sequence[Address]) -> Literal["generated", "modified"]:
    """Whether these images are the model's own, or one of them was found for a given photo."""
    return "modified" if any(address.file for address in of) else "generated"


def made_by(model: Model, title: str, of: Sequence[Address]) -> str:
    """What a file says of where it comes from."""
    return f"{origin(of)} by {model.title}: {title}"


def at_one_label(code: Code) -> Code:
    """The code with the class of its first row in every row: along a way the class stays."""
    label = None if code.label is None else code.label[:1].expand(len(code))
    return Code(code.space, code.values, None, label)
