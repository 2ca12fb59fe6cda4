"""What a trained model can be asked: each ability describes itself once, as tasks with inputs and outputs by kind.

Models, exports, cards, sheets, the service and the tests loop over `tasks`; nobody else lists the abilities.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from saddlepoint.data.batches import DataSpec
from saddlepoint.kinds.camera import Camera
from saddlepoint.kinds.depth import Depth
from saddlepoint.kinds.figure import Figure
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.latent import Latent
from saddlepoint.kinds.mask import Mask
from saddlepoint.kinds.moment import Moment
from saddlepoint.kinds.points import Points
from saddlepoint.kinds.tokens import Tokens
from saddlepoint.kinds.views import Views
from saddlepoint.methods.abilities import (
    AS_TRAINED,
    AnySide,
    Attends,
    Builds,
    Completes,
    Corrupts,
    Edits,
    Embeds,
    HasLikelihood,
    HasPatterns,
    Infers,
    LatentSpace,
    MatchesCaptions,
    Predicts,
    Rebuilds,
    Reconstructs,
    Renders,
    RendersMoments,
    Samples,
    Sampling,
    Searches,
    Styles,
    Translates,
    TranslatesLike,
    likelihood_unit,
)
from saddlepoint.methods.base import Method
from saddlepoint.methods.families.sequential import Sequential
from saddlepoint.methods.families.token_by_token import token_by_token

Fields = Mapping[str, Tensor]
Call = Callable[[nn.Module, Fields, Sampling], Mapping[str, Tensor]]


@dataclass(frozen=True, eq=False)
class Task:
    """One thing that a model can be asked.

    name: "generate", "translate-a-to-b". does: the same in words, as a card says it.
    takes, gives: inputs and outputs by name; the first axis of each tensor counts examples.
    call: networks in evaluation mode, inputs, and how examples are asked for where they are sampled -> outputs. What
        is given beside the latents (`Sampling.given`) stands among the inputs.
    examples: networks, how many, a seed -> inputs to try it with.
    truncates: whether `Sampling.truncation` changes anything.
    graph: whether it is a plain function of tensors, which other programs can run.
    exact: whether row i of what it gives depends on row i of its inputs alone, and not on chance.
    """

    name: str
    does: str
    takes: Mapping[str, Kind]
    gives: Mapping[str, Kind]
    call: Call
    examples: Callable[[nn.Module, int, int], dict[str, Tensor]]
    truncates: bool = False
    graph: bool = True
    exact: bool = True


def tasks(method: Method, nets: nn.Module, spec: DataSpec) -> list[Task]:
    """All that a model can be asked, the usual task first; empty for one that only trains.

    nets: on any device. spec: of the data that it was trained on.
    """
    return [task for ability, describe in _ABILITIES.items() if isinstance(method, ability)
            for task in describe(method, nets, spec)]  # fmt: skip


def knows(method: object, word: str) -> bool:
    """Whether a method, or a class of methods, can do something, by a word of `WORDS`; asks no networks."""
    ability = WORDS[word]
    return issubclass(method, ability) if isinstance(method, type) else isinstance(method, ability)


def writes(method: Method) -> bool:
    """Whether a method makes its examples token by token."""
    return isinstance(method, Sequential)


def writing(method: Method, nets: nn.Module, latents: Tensor, how: Sampling) -> Iterator[Tensor]:
    """The tokens that such a method makes of latents, [n] each, as soon as they are there."""
    assert isinstance(method, Sequential), "asked before"
    return token_by_token(method, nets, latents, how)


def task_named(method: Method, nets: nn.Module, spec: DataSpec, name: str) -> Task | None:
    """The task of a name; None where the model has none of it."""
    return next((task for task in tasks(method, nets, spec) if task.name == name), None)


def _from_kinds(takes: Mapping[str, Kind], nets: nn.Module, n: int, seed: int) -> dict[str, Tensor]:
    return {name: kind.example(n, seed) for name, kind in takes.items()}


def _samples(method: Samples, nets: nn.Module, spec: DataSpec) -> Iterator[Task]:
    conditions = method.conditions(nets)
    # The networks know how many classes, or pieces of text, there are; the data what they are called.
    known = {name: kind for name, kind in spec.fields.items() if name in conditions and alike(kind, conditions[name])}
    conditions = {**conditions, **known}

    def call(nets: nn.Module, fields: Fields, how: Sampling) -> Mapping[str, Tensor]:
        values = {name: fields[name] for name in conditions}
        return {spec.main.word: method.generate(nets, fields["latents"], replace(how, given=values))}

    def examples(nets: nn.Module, n: int, seed: int) -> dict[str, Tensor]:
        return {"latents": method.latents(nets, n, seed), **_from_kinds(conditions, nets, n, seed)}

    takes = {"latents": Latent(tuple(method.latents(nets, 1, 0).shape[1:])), **conditions}
    does = f"makes {spec.main.word} " + (f"of a chosen {' and '.join(conditions)}" if conditions else "from noise")
    walks = isinstance(method, LatentSpace)  # latents that cannot be walked through need a loop, which no graph has
    yield Task("generate", does, takes, {spec.main.word: spec.main}, call, examples, truncates=walks, graph=walks)


def _completes(method: Completes, nets: nn.Module, spec: DataSpec) -> Iterator[Task]:
    generate, known = next(_samples(method, nets, spec)), dict(method.completions(nets))
    if not known:
        return
    known |= {name: spec.main for name, kind in known.items() if isinstance(kind, Tokens) and alike(kind, spec.main)}

    def call(nets: nn.Module, fields: Fields, how: Sampling) -> Mapping[str, Tensor]:
        conditions = {name: values for name, values in fields.items() if name != "latents"}
        return {spec.main.word: method.generate(nets, fields["latents"], replace(how, given=conditions))}

    def examples(nets: nn.Module, n: int, seed: int) -> dict[str, Tensor]:
        return {**generate.examples(nets, n, seed), **_from_kinds(known, nets, n, seed)}

    takes = {**generate.takes, **known}
    yield Task(
        "complete",
        f"makes the rest of {spec.main.word} from a part",
        takes,
        generate.gives,
        call,
        examples,
        graph=False,
    )


def alike(kind: Kind, other: Kind) -> bool:
    """Whether two kinds are of one sort and shape."""
    return type(kind) is type(other) and kind.shape == other.shape


def _styles(method: Styles, nets: nn.Module, spec: DataSpec) -> Iterator[Task]:
    def call(nets: nn.Module, fields: Fields, how: Sampling) -> Mapping[str, Tensor]:
        conditions = {name: values for name, values in fields.items() if name != "latents"}
        return {"styles": method.styles(nets, fields["latents"], replace(how, given=conditions))}

    generate = next(_samples(method, nets, spec))
    gives = {"styles": Latent((len(method.style_sides(nets)), *method.average_style(nets).shape))}
    does = "describes what it makes by a style for each layer"
    yield Task("styles", does, generate.takes, gives, call, generate.examples, truncates=True, graph=False)


def _reconstructs(method: Reconstructs, nets: nn.Module, spec: DataSpec) -> Iterator[Task]:
    word, takes = spec.main.word, {spec.main.word: spec.main}
    examples = partial(_from_kinds, takes)
    latents = method.encode(nets, spec.main.example(2, 0).to(next(nets.parameters()).device))
    latent = {"latents": Latent(tuple(latents.shape[1:]))}

    def encode(nets: nn.Module, fields: Fields, how: Sampling) -> Mapping[str, Tensor]:
        return {"latents": method.encode(nets, fields[word])}

    def reconstruct(nets: nn.Module, fields: Fields, how: Sampling) -> Mapping[str, Tensor]:
        return {word: method.reconstruct(nets, fields[word])}

    graph = not isinstance(method, Searches)
    yield Task("encode", f"describes {word} by latents", takes, latent, encode, examples, graph=graph)
    yield Task(
        "reconstruct", f"makes {word} again from their latents", takes, takes, reconstruct, examples, graph=False
    )


def _infers(method: Infers, nets: nn.Module, spec: DataSpec) -> Iterator[Task]:
    encode = next(_reconstructs(method, nets, spec))
    size = encode.gives["latents"]

    def call(nets: nn.Module, fields: Fields, how: Sampling) -> Mapping[str, Tensor]:
        return dict(zip(("mean", "log_variance"), method.posterior(nets, fields[spec.main.word])))

    gives = {"mean": size, "log_variance": size}
    does = "describes them by a distribution of latents"
    yield Task("posterior", does, encode.takes, gives, call, encode.examples, graph=False)


def _edits(method: Edits, nets: nn.Module, spec: DataSpec) -> Iterator[Task]:
    image, attributes = {spec.main.word: spec.main}, {"attributes": method.conditions(nets)["attributes"]}
    known = spec.fields.get("attributes")
    if known is not None and alike(known, attributes["attributes"]):
        attributes = {"attributes": known}
    word = spec.main.word

    def describe(nets: nn.Module, fields: Fields, how: Sampling) -> Mapping[str, Tensor]:
        return {"attributes": method.attributes_of(nets, fields[word])}

    def edit(nets: nn.Module, fields: Fields, how: Sampling) -> Mapping[str, Tensor]:
        return {word: method.edit(nets, fields[word], fields["attributes"])}

    examples = partial(_from_kinds, image)
    yield Task("attributes", f"says which attributes {word} have", image, attributes, describe, examples)
    takes = {**image, **attributes}
    yield Task("edit", f"makes {word} again with other attributes", takes, image, edit, partial(_from_kinds, takes))


def _predicts(method: Predicts, nets: nn.Module, spec: DataSpec) -> Iterator[Task]:
    word, takes = spec.main.word, {spec.main.word: spec.main}
    gives = method.predictions(nets, spec)

    def call(nets: nn.Module, fields: Fields, how: Sampling) -> Mapping[str, Tensor]:
        return method.predict(nets, fields[word])

    says = " and ".join(gives)
    yield Task("predict", f"says the {says} of {word}", takes, gives, call, partial(_from_kinds, takes))


def _embeds(method: Embeds, nets: nn.Module, spec: DataSpec) -> Iterator[Task]:
    word, takes = spec.main.word, {spec.main.word: spec.main}
    size = method.embed(nets, spec.main.example(2, 0).to(next(nets.parameters()).device)).shape[1:]

    def call(nets: nn.Module, fields: Fields, how: Sampling) -> Mapping[str, Tensor]:
        return {"embedding": method.embed(nets, fields[word])}

    does = f"describes {word} by numbers whose distances say how alike they are"
    yield Task("embed", does, takes, {"embedding": Latent(tuple(size))}, call, partial(_from_kinds, takes))


def _matches(method: MatchesCaptions, nets: nn.Module, spec: DataSpec) -> Iterator[Task]:
    takes = {"image": spec.fields["image"], "text": spec.fields["text"]}

    def call(nets: nn.Module, fields: Fields, how: Sampling) -> Mapping[str, Tensor]:
        return {"match": method.matches(nets, fields["image"], fields["text"])}

    does = "says how likely a caption is that of an image"
    yield Task("match", does, takes, {"match": Figure("probability")}, call, partial(_from_kinds, takes), graph=False)


def _translates(method: Translates, nets: nn.Module, spec: DataSpec) -> Iterator[Task]:
    for origin, end in method.directions().items():
        takes = {"images": spec.fields.get(origin, spec.main)}
        gives = {"translated": spec.fields.get(end, spec.main)}

        def call(nets: nn.Module, fields: Fields, how: Sampling, origin: str = origin) -> Mapping[str, Tensor]:
            return {"translated": method.translate(nets, fields["images"], origin)}

        does = f"makes images of {end} from images of {origin}"
        yield Task(f"translate-{origin}-to-{end}", does, takes, gives, call, partial(_from_kinds, takes))


def _translates_like(method: TranslatesLike, nets: nn.Module, spec: DataSpec) -> Iterator[Task]:
    for origin, end in method.directions().items():
        takes = {"images": spec.fields.get(origin, spec.main), "reference": spec.fields.get(end, spec.main)}
        gives = {"translated": takes["reference"]}

        def call(nets: nn.Module, fields: Fields, how: Sampling, origin: str = origin) -> Mapping[str, Tensor]:
            return {"translated": method.translate_like(nets, fields["images"], fields["reference"], origin)}

        does = f"makes images of {end} from images of {origin} in the manner of a reference"
        name = f"translate-{origin}-to-{end}-like"
        yield Task(name, does, takes, gives, call, partial(_from_kinds, takes), graph=False)


def _has_likelihood(method: HasLikelihood, nets: nn.Module, spec: DataSpec) -> Iterator[Task]:
    takes = {spec.main.word: spec.main}

    def call(nets: nn.Module, fields: Fields, how: Sampling) -> Mapping[str, Tensor]:
        return {"log_likelihood": method.log_likelihood(nets, fields[spec.main.word], 1, 0)}

    def examples(nets: nn.Module, n: int, seed: int) -> dict[str, Tensor]:
        values = spec.main.example(n, seed)  # black and white have a probability everywhere
        return {spec.main.word: values if method.pixels_as == "tokens" else values.sign()}

    unit = likelihood_unit(method, "a density" if isinstance(spec.main, Points) else "")
    gives = {"log_likelihood": Figure(unit)}
    yield Task(
        "log-likelihood",
        f"says how likely {spec.main.word} are",
        takes,
        gives,
        call,
        examples,
        graph=False,
        exact=method.exact,
    )


def _renders(method: Renders, nets: nn.Module, spec: DataSpec) -> Iterator[Task]:
    image = spec.main.one if isinstance(spec.main, Views) else spec.main
    assert isinstance(image, Image)
    gives = {"image": image, "depth": Depth(*image.shape[1:]), "opacity": Mask(*image.shape[1:])}

    def call(nets: nn.Module, fields: Fields, how: Sampling) -> Mapping[str, Tensor]:
        given = {name: values for name, values in fields.items() if name != "camera"}
        return method.render(nets, fields["camera"], replace(how, given=given) if given else how)

    def examples(nets: nn.Module, n: int, seed: int) -> dict[str, Tensor]:
        fields = {"camera": method.views(nets, n + seed % 5)[:n]}
        if isinstance(method, Rebuilds):
            fields |= _things(method, nets, spec, n, seed)
        return fields | ({"time": method.moments(nets, n)} if isinstance(method, RendersMoments) else {})

    takes: dict[str, Kind] = {"camera": Camera()}
    does = "makes views from any camera"
    if isinstance(method, RendersMoments):
        takes["time"] = Moment()
        does += " at any moment"
    if isinstance(method, Rebuilds):
        takes |= method.shown(nets, spec)
        does += " of what given views show"
    yield Task("render", does, takes, gives, call, examples, graph=False)


def _things(method: Rebuilds, nets: nn.Module, spec: DataSpec, n: int, seed: int) -> dict[str, Tensor]:
    """Views of `n` things to try a model with, from cameras evenly around each."""
    takes = method.shown(nets, spec)
    views = takes["views"]
    assert isinstance(views, Views)
    around = method.views(nets, views.count).clone()
    across, down = views.width / around[:, 20:21], views.height / around[:, 21:22]
    around[:, 16:] *= torch.cat((across, down, across, down, across, down), 1)  # networks that know no size yet
    around = around.expand(n, -1, -1)
    return {name: around if name == "rig" else kind.example(n, seed) for name, kind in takes.items()}


def _rebuilds(method: Rebuilds, nets: nn.Module, spec: DataSpec) -> Iterator[Task]:
    takes = method.shown(nets, spec)

    def examples(nets: nn.Module, n: int, seed: int) -> dict[str, Tensor]:
        return _things(method, nets, spec, n, seed)

    device = next(nets.parameters()).device
    kind, _ = method.rebuild(nets, {name: values.to(device) for name, values in examples(nets, 1, 0).items()})

    def call(nets: nn.Module, fields: Fields, how: Sampling) -> Mapping[str, Tensor]:
        return {kind.word: method.rebuild(nets, fields)[1]}

    yield Task("rebuild", f"makes {kind} of given views", takes, {kind.word: kind}, call, examples, graph=False)


def _has_patterns(method: HasPatterns, nets: nn.Module, spec: DataSpec) -> Iterator[Task]:
    word = spec.main.word

    def call(nets: nn.Module, fields: Fields, how: Sampling) -> Mapping[str, Tensor]:
        return {word: method.patterns(nets)}

    def examples(nets: nn.Module, n: int, seed: int) -> dict[str, Tensor]:
        return {}

    does = f"shows the patterns that it describes {word} by"
    yield Task("patterns", does, {}, {word: spec.main}, call, examples, graph=False)


def _builds(method: Builds, nets: nn.Module, spec: DataSpec) -> Iterator[Task]:
    kind, _ = method.build(nets)

    def call(nets: nn.Module, fields: Fields, how: Sampling) -> Mapping[str, Tensor]:
        return {kind.word: method.build(nets)[1][None]}

    def examples(nets: nn.Module, n: int, seed: int) -> dict[str, Tensor]:
        return {}

    yield Task("build", f"holds {kind}", {}, {kind.word: kind}, call, examples, graph=False)


WORDS: dict[str, type] = {
    "generate": Samples,
    "walk": LatentSpace,
    "complete": Completes,
    "styles": Styles,
    "render": Renders,
    "rebuild": Rebuilds,
    "translate": Translates,
    "translate-like": TranslatesLike,
    "encode": Reconstructs,
    "posterior": Infers,
    "edit": Edits,
    "predict": Predicts,
    "embed": Embeds,
    "attend": Attends,
    "read-at-side": AnySide,
    "log-likelihood": HasLikelihood,
    "patterns": HasPatterns,
    "build": Builds,
    "corrupt": Corrupts,
}
"""what a method can do, by one word each: that of the task, where it is one. To walk is to have latents whose
neighbours make alike examples; to corrupt is to spoil examples in training, and to learn the clean ones."""
_ABILITIES: dict[type, Callable[[Any, nn.Module, DataSpec], Iterator[Task]]] = {
    Samples: _samples,  # and LatentSpace, which says that the latents can be walked through
    Completes: _completes,
    Styles: _styles,
    Renders: _renders,
    Rebuilds: _rebuilds,
    Translates: _translates,
    TranslatesLike: _translates_like,
    Reconstructs: _reconstructs,
    Infers: _infers,
    Edits: _edits,
    Predicts: _predicts,
    Embeds: _embeds,
    MatchesCaptions: _matches,
    HasLikelihood: _has_likelihood,
    HasPatterns: _has_patterns,
    Builds: _builds,
}


@torch.no_grad()
def trial(task: Task, nets: nn.Module, n: int, seed: int = 0, how: Sampling = AS_TRAINED) -> Mapping[str, Tensor]:
    """What a task gives for `n` examples of its inputs, on the device of the networks."""
    device = next(nets.parameters()).device
    fields = {name: values.to(device) for name, values in task.examples(nets, n, seed).items()}
    return task.call(nets, fields, how)
