"""Images from codes: what a request for samples, a way, a mixture or an edit means, and what the batches do."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, final

import torch
from PIL import Image
from torch import Tensor

from saddlepoint.data.sources.pictures import as_picture
from saddlepoint.deploy.serve import reconstructing, rendering, schemas
from saddlepoint.deploy.serve.refusal import Refusal
from saddlepoint.deploy.serve.shelf import Served
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.kind import Kind
from saddlepoint.latent.addresses import Address, codes_of, latents_of
from saddlepoint.latent.codes import Code, code_of, joined
from saddlepoint.latent.mixing import layers_named, sides_of, table
from saddlepoint.latent.paths import through


@final
@dataclass(frozen=True, eq=False)
class Made:
    """One image and what it depends on."""

    picture: Image.Image
    made: Literal["generated", "modified"]
    settings: dict[str, Any]
    value: tuple[Kind, Tensor] | None = None
    """of what is no image: the example itself with its kind, beside its drawing"""


@final
@dataclass(frozen=True, eq=False)
class Work:
    """Codes whose images are wanted, a row of settings for each.

    kind: what may share a batch. columns: in a row, where the images are shown side by side; None for a square.
    """

    kind: Hashable
    code: Code
    rows: list[dict[str, Any]]
    columns: int | None
    made: Literal["generated", "modified"] = "generated"

    def items(self) -> list[Code]:
        """The codes one by one."""
        return [self.code.at(slice(row, row + 1)) for row in range(len(self.code))]


class Codes:
    """Where codes of jobs lie, for places such as job:ID."""

    def file(self, job: str, served: Served) -> Path:
        """The file of codes that a job found with this model. Raises Refusal (404)."""
        raise Refusal(404, "no-such-job", f"no job {job} is kept here.")


def count(ask: schemas.OfModel) -> int:
    """How many images a request makes."""
    match ask:
        case schemas.SampleAsk():
            return len(ask.seeds) * ask.n
        case schemas.InterpolateAsk():
            return (len(ask.seeds) - (not ask.closed)) * ask.steps + (not ask.closed)
        case schemas.MixAsk():
            return len(ask.rows) * len(ask.columns)
        case schemas.EditAsk():
            return len(ask.seeds) * len(ask.strengths)
        case schemas.CompleteSettings():
            return ask.n
        case schemas.RenderAsk():
            return len(rendering.numbers(ask)) if ask.cameras is None else len(ask.cameras)
        case schemas.ReconstructSettings():
            return len(reconstructing.numbers(ask))
    return 1


def pixels(served: Served, ask: schemas.OfModel) -> int:
    """How many pixels, or numbers of another example, a request makes."""
    if isinstance(ask, schemas.RenderAsk):
        return rendering.size(served, ask)
    if isinstance(ask, schemas.ReconstructSettings):
        return reconstructing.size(served, ask)
    return count(ask) * math.prod(served.model.spec.shape[1:])


def conditions(served: Served, given: Mapping[str, str]) -> dict[str, Tensor]:
    """What a request gives beside the label, by name: one example each.

    Raises Refusal (422) for a condition that the model does not have, that words cannot say (a path in a request opens
    no file here), or that these words do not say.
    """
    task = served.own.get("complete") or served.own["generate"]
    takes = {name: kind for name, kind in task.takes.items() if name not in ("latents", "label")}
    values: dict[str, Tensor] = {}
    for name, words in given.items():
        if name not in takes or not takes[name].in_words:
            known = [own for own, kind in takes.items() if kind.in_words]
            mend = f"it takes {', '.join(known)}" if known else "leave `given` out; a class is given by `label`"
            raise Refusal(422, "given", f"{served.full_name} takes no {name[:40]!r} in words.", mend)
        if takes[name].sequence(words, 1) is not None:
            text = f"{name} {words!r} names a whole sequence, and every example here has one of its own."
            raise Refusal(422, "given", text, "ask for them one by one, or draw the views with the task `render`")
        try:
            values[name] = takes[name].parse(words)
        except ConfigError as error:
            raise Refusal(422, "given", str(error)[:400], f"it is {takes[name]}") from error
    return values


@torch.no_grad()
def work_for(served: Served, ask: schemas.Ask, codes: Codes) -> Work:
    """The codes that a request means. Raises Refusal or a SaddlepointError for what the model cannot do."""
    match ask:
        case schemas.SampleAsk():
            return _sample(served, ask, codes)
        case schemas.InterpolateAsk():
            return _interpolate(served, ask, codes)
        case schemas.MixAsk():
            return _mix(served, ask, codes)
        case schemas.EditAsk():
            return _edit(served, ask, codes)
    raise AssertionError(ask)


def _sample(served: Served, ask: schemas.SampleAsk, codes: Codes) -> Work:
    firsts = [_address(served, place, codes) for place in ask.seeds]
    label = labelled(served, ask.label)
    if any(first.file for first in firsts):
        if ask.given:
            raise Refusal(422, "given", "a code that a job found has its conditions.", "leave `given` out")
        code = codes_of(served.model, firsts, label=label, truncation=ask.truncation)
        rows = [{**settings_of(served, ask), "seed": str(place)} for place in ask.seeds]
        return Work(("code", code.space, ask.truncation, code.noise is None), code, rows, None, "modified")
    places = [Address(first.seed, first.row + step) for first in firsts for step in range(ask.n)]
    code = latents_of(served.model, places, label)
    given = {"given": dict(ask.given)} if ask.given else {}
    labels: list[int | None] = [None] * len(places) if code.label is None else code.label.tolist()
    rows = [
        {"seed": place.seed, "row": place.row, "truncation": ask.truncation, **_said(served, one), **given}
        for place, one in zip(places, labels)
    ]
    return Work(("sample", ask.truncation, tuple(sorted(ask.given.items()))), code, rows, None)


def _interpolate(served: Served, ask: schemas.InterpolateAsk, codes: Codes) -> Work:
    model, places = served.model, [_address(served, place, codes) for place in ask.seeds]
    label, settings = labelled(served, ask.label), settings_of(served, ask)
    if ask.space in (None, served.spaces[-1]) or any(place.file for place in places):
        code = codes_of(model, places, label=label, truncation=ask.truncation)
    else:
        assert ask.space is not None
        latents = latents_of(model, places, label)
        code = code_of(model, latents.values, ask.space, latents.label)
    along = ask.along or ("great-circle" if code.space == "z" else "line")
    values = through(code.values, ask.steps, along, closed=ask.closed)
    nearest = (torch.arange(len(values)) / ask.steps).round().long() % len(code)  # the class of the nearer end
    noise = None if code.noise is None else through(code.noise, ask.steps, "line", closed=ask.closed)
    way = Code(code.space, values, noise, None if code.label is None else code.label[nearest.to(code.label.device)])
    rows = [{**settings, "seeds": list(map(str, ask.seeds)), "place": i / ask.steps} for i in range(len(way))]
    truncation = ask.truncation if code.space == "z" else 1.0
    return Work(("code", way.space, truncation, noise is None), way, rows, None, _origin(places))


def _mix(served: Served, ask: schemas.MixAsk, codes: Codes) -> Work:
    sides = sides_of(served.model)
    layers = layers_named(ask.layers, sides)
    places = [[_address(served, place, codes) for place in some] for some in (ask.rows, ask.columns)]
    targets, sources = (codes_of(served.model, some, truncation=ask.truncation) for some in places)
    code = Code("w+", table(targets.values, sources.values, layers))
    rows = [{**ask.settings(), "rows": str(one), "columns": str(other)} for one in ask.rows for other in ask.columns]
    kind = ("code", "w+", 1.0, True)
    return Work(kind, code, rows, len(ask.columns), _origin([*places[0], *places[1]]))


def _edit(served: Served, ask: schemas.EditAsk, codes: Codes) -> Work:
    if served.directions is None:
        raise Refusal(422, "no-directions", f"{served.full_name} is served without directions.", "--directions")
    places = [_address(served, place, codes) for place in ask.seeds]
    code = codes_of(served.model, places, label=labelled(served, ask.label), truncation=ask.truncation)
    layers = None if ask.layers is None else layers_named(ask.layers, sides_of(served.model))
    moved = [
        served.directions.moved(code.at(slice(row, row + 1)), ask.direction, strength, layers=layers, off=ask.off)
        for row in range(len(code))
        for strength in ask.strengths
    ]
    settings = settings_of(served, ask)
    rows = [{**settings, "seeds": str(one), "strengths": far} for one in ask.seeds for far in ask.strengths]
    kind = ("code", code.space, ask.truncation if code.space == "z" else 1.0, code.noise is None)
    return Work(kind, joined(moved), rows, len(ask.strengths), _origin(places))


def _address(served: Served, place: int | str, codes: Codes) -> Address:
    if isinstance(place, int):
        return Address(place)
    word, _, rest = place.partition(":")
    if word == "job":
        return Address(file=codes.file(rest, served))
    return Address(int(word), int(rest or 0))


def _origin(places: Sequence[Address]) -> Literal["generated", "modified"]:
    return "modified" if any(place.file for place in places) else "generated"


def labelled(served: Served, label: int | str | None) -> int | None:
    """The place of the class that is asked for, by its name or its place. Raises Refusal (422) for none of the model's.

    A name goes before a place: of classes called 0 to 10, "10" is the one of that name.
    """
    classes = served.classes
    if label is None:
        return None
    if isinstance(label, str):
        if label in classes:
            return classes.index(label)
        place = int(label) if label.isascii() and label.isdigit() and len(label) < 10 else len(classes)
    else:
        place = label
    if place < len(classes):
        return place
    known = f"its classes are 0 to {len(classes) - 1}, {_listed(classes)}" if classes else "it knows no classes"
    near = get_close_matches(str(label), classes, 1)
    mend = f"did you mean {near[0]!r}?" if near else "leave label out"
    raise Refusal(422, "label", f"{served.full_name} has no class {str(label)[:40]!r}: {known}.", mend)


def _listed(classes: Sequence[str]) -> str:
    shown = ", ".join(name[:40] for name in classes[:10])
    return f"called {shown}" + (f" and {len(classes) - 10} more" if len(classes) > 10 else "")


def settings_of(served: Served, ask: schemas.Ask) -> dict[str, Any]:
    """What images depend on, their class by place and by name."""
    label = labelled(served, getattr(ask, "label", None))
    return {**ask.settings(), **_said(served, label)}


def _said(served: Served, label: int | None) -> dict[str, Any]:
    """The class of an image by its place, and by its name where it has one."""
    if label is None:
        return {}
    name = served.classes[label]
    return {"label": label} if name == str(label) else {"label": label, "class": name}


def pictured(images: Sequence[Tensor]) -> list[Image.Image]:
    """uint8 [C, H, W] each as pictures: the first three channels in colour, or the first one in grey."""
    return [as_picture(pixels[: 3 if len(pixels) >= 3 else 1].numpy()) for pixels in images]
