"""What a trained model can do: small protocols that a method implements beside its training.

The command line, the latent room and the server ask a model for these; nothing downstream knows a method by name.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.label import Label

TruncateBy = Literal["resample", "scale"]
PixelsAs = Literal["binary", "levels", "dequantised", "continuous", "tokens"]
"""what a likelihood is of: pixels that are black or white, or one of several levels of brightness, both of which have a
probability; levels spread evenly over their bins, or numbers of any value, both of which have a density. Tokens
are those of a text, or the levels of a series, and have a probability"""


@dataclass(frozen=True, eq=False)
class Sampling:
    """How a trained model is asked for examples.

    given: what is asked for beside the latents, by the field of the method's batches that says it: labels [n], text,
        layouts, cameras; each tensor has a row for each latent.
    truncation: 1 leaves the latents or styles as they are; less pulls them to what is usual.
    truncate_by: how latents are truncated: by drawing large values anew or by scaling all of them (see `truncated` in
        methods/families/truncation.py). Styles are pulled to their average in either case.
    noise: of layers that add their own: "random" is another for each latent, "constant" one for all.
    temperature: of models that draw from a distribution that they state: 1 is the one that was learnt, less is nearer
        to its peak.
    top_k, top_p: of such models, token by token: the most likely so many, 0 for all; and the fewest most likely ones
        whose probabilities together reach so much, 1 for all.
    """

    given: Mapping[str, Tensor] = field(default_factory=dict)
    truncation: float | Tensor = 1.0
    noise: Literal["random", "constant"] = "random"
    temperature: float = 1.0
    truncate_by: TruncateBy = "resample"
    top_k: int = 0
    top_p: float = 1.0

    def __post_init__(self) -> None:
        """Raises ConfigError for a number that is not finite."""
        for name in ("truncation", "temperature", "top_p"):
            value = getattr(self, name)
            if not isinstance(value, Tensor) and not math.isfinite(value):
                raise ConfigError(f"{name} cannot be {value}: it must be a finite number.")

    @property
    def label(self) -> Tensor | None:
        """The class of each, [n] int64; None where none is asked for."""
        return self.given.get("label")

    def rows(self, part: slice | Tensor) -> Sampling:
        """The same for some of the rows."""
        return replace(self, given={name: values[part] for name, values in self.given.items()})

    def to(self, device: torch.device | str) -> Sampling:
        """The same with what is given on `device`."""
        return replace(self, given={name: values.to(device) for name, values in self.given.items()})


AS_TRAINED = Sampling()
"""nothing is asked for"""


def by_label(label: Tensor | None, **settings: Any) -> Sampling:
    """How examples of chosen classes are asked for. label: [n] int64, or None."""
    return Sampling({} if label is None else {"label": label}, **settings)


@runtime_checkable
class Samples(Protocol):
    """Makes examples from latents."""

    def latents(self, nets: nn.Module, n: int, seed: int, first: int = 0) -> Tensor:
        """Latents number `first` and on, [n, ...] float32 on the CPU; latent i depends on (seed, i) alone."""
        ...

    def conditions(self, nets: nn.Module) -> Mapping[str, Kind]:
        """What must be given for each latent, by field; empty for a model that is asked for nothing."""
        ...

    def generate(self, nets: nn.Module, latents: Tensor, how: Sampling = AS_TRAINED) -> Tensor:
        """Examples [n, ...], images [n, C, H, W] in [-1, 1], float32; row i depends on row i of what it is made from.

        nets: holds at least what generates; in evaluation mode. Raises CapabilityError where something must be given
        and is not, or is given and cannot be used.
        """
        ...


@runtime_checkable
class LatentSpace(Samples, Protocol):
    """Makes examples from latents that can be walked through: near latents make alike examples."""

    prior: Any
    """distribution of each number of a latent: "normal" for N(0, 1), "uniform" for even over [-1, 1]"""


@runtime_checkable
class Completes(Samples, Protocol):
    """Makes the rest of an image whose other part is given."""

    def completions(self, nets: nn.Module) -> Mapping[str, Kind]:
        """What may be given beside the conditions, for `generate` to leave as it is: an image, and a mask that is 1
        where the image is known."""
        ...


@runtime_checkable
class Styles(LatentSpace, Protocol):
    """Makes images through styles: a vector for each layer of the synthesis, from coarse layers to fine ones.

    Beside the latents (z) a style-based generator has styles (w, the same vector for every layer; w+, one each) and
    the layers' own noise.
    """

    def styles(self, nets: nn.Module, latents: Tensor, how: Sampling = AS_TRAINED) -> Tensor:
        """Latents [n, ...] -> styles [n, L, D], alike in a row but for truncation. Can be differentiated."""
        ...

    def synthesise(self, nets: nn.Module, styles: Tensor, noise: Tensor | None = None) -> Tensor:
        """Styles [n, L, D] -> images [n, C, H, W] roughly in [-1, 1], not clamped; can be differentiated.

        noise: [n, P], N(0, 1), P the sum of squares of `noise_sides`; None for the maps that are the same for all.
        """
        ...

    def average_style(self, nets: nn.Module) -> Tensor:
        """The running mean of styles that truncation pulls to.  [D]"""
        ...

    def style_sides(self, nets: nn.Module) -> tuple[int, ...]:
        """The side in pixels of what each of the L layers makes, from coarse to fine."""
        ...

    def noise_sides(self, nets: nn.Module) -> tuple[int, ...]:
        """The side in pixels of each of the layers' noise maps, in the order in which `synthesise` takes them."""
        ...

    def noise_of(self, nets: nn.Module, latents: Tensor) -> Tensor:
        """The noise that `generate` gives these latents.  [n, P]"""
        ...


def classes_of(method: object, nets: nn.Module) -> int:
    """How many classes a method can be asked for; 0 where it makes no examples of a chosen class."""
    kind = method.conditions(nets).get("label") if isinstance(method, Samples) else None
    return len(kind.names) if isinstance(kind, Label) else 0


def in_turn(method: Samples, nets: nn.Module, n: int) -> dict[str, Tensor]:
    """What is given for `n` latents where nothing is chosen: labels 0, 1, ... and around, and so on by their kinds."""
    return {name: kind.example(n, 0) for name, kind in method.conditions(nets).items()}


@runtime_checkable
class Reconstructs(Protocol):
    """Describes a given image by a latent, and makes the image again from it."""

    def encode(self, nets: nn.Module, images: Tensor) -> Tensor:
        """[n, C, H, W] in [-1, 1] (points [n, D]) -> latents [n, ...] float32, the likeliest for each."""
        ...

    def reconstruct(self, nets: nn.Module, images: Tensor) -> Tensor:
        """The images made again from their latents: same shape and range, float32."""
        ...


@runtime_checkable
class Searches(Reconstructs, Protocol):
    """Describes a given example by searching for its latent, step by step, which no graph of another program does."""

    fit_steps: int
    """steps of the search"""


@runtime_checkable
class Infers(Reconstructs, Protocol):
    """Describes a given image by a normal distribution of latents, whose mean is what `encode` returns."""

    def posterior(self, nets: nn.Module, image: Tensor) -> tuple[Tensor, Tensor]:
        """Images [n, C, H, W] in [-1, 1] (points [n, D]) -> mean and log-variance of each number, [n, ...] float32."""
        ...


@runtime_checkable
class Edits(Samples, Protocol):
    """Says which attributes a given image has, and makes it again with others."""

    def attributes_of(self, nets: nn.Module, images: Tensor) -> Tensor:
        """Images [n, C, H, W] in [-1, 1] -> how far each attribute holds, [n, K] from 0 to 1, float32."""
        ...

    def edit(self, nets: nn.Module, images: Tensor, attributes: Tensor) -> Tensor:
        """Images [n, C, H, W] in [-1, 1] made again with attributes [n, K] from 0 to 1: same shape and range, float32.

        Attributes that shall stay are given as `attributes_of` has them.
        """
        ...


@runtime_checkable
class Predicts(Protocol):
    """Says something of a given example: its class, a mask, boxes, a depth."""

    def predictions(self, nets: nn.Module, spec: DataSpec) -> Mapping[str, Kind]:
        """What it says, by name: {"class": Probabilities(("cat", "dog"))}."""
        ...

    def predict(self, nets: nn.Module, examples: Tensor) -> Mapping[str, Tensor]:
        """Examples [n, ...], images [n, C, H, W] in [-1, 1] -> each prediction by name, [n, ...] float32.

        Can be differentiated, where gradients are on. nets: in evaluation mode.
        """
        ...


@runtime_checkable
class Embeds(Protocol):
    """Describes a given example by numbers whose distances say how alike two examples are."""

    def embed(self, nets: nn.Module, examples: Tensor) -> Tensor:
        """Examples [n, ...], images [n, C, H, W] in [-1, 1] -> [n, D] float32; row i depends on example i alone.

        nets: in evaluation mode.
        """
        ...


@runtime_checkable
class GuessesHidden(Protocol):
    """Says which tokens a text may have where it is hidden, from both sides."""

    def hidden_words(self, nets: nn.Module, text: Tensor, hidden: Tensor) -> Tensor:
        """Texts [n, L] int64 and which of their tokens are not to be seen, [n, L] bool -> log-probabilities of each
        piece at each place, [n, L, pieces] float32.

        nets: in evaluation mode.
        """
        ...


@runtime_checkable
class MatchesCaptions(Protocol):
    """Says whether a caption is that of an image, and which words it may have where they are hidden."""

    def matches(self, nets: nn.Module, images: Tensor, text: Tensor) -> Tensor:
        """Images [n, C, H, W] in [-1, 1] and captions [n, L] int64 -> how likely each fits its image, [n] float32.

        nets: in evaluation mode.
        """
        ...

    def words_of(self, nets: nn.Module, images: Tensor, text: Tensor, hidden: Tensor) -> Tensor:
        """The same, and which words are not to be seen, [n, L] bool -> log-probabilities of each piece at each place,
        [n, L, pieces] float32."""
        ...


@runtime_checkable
class Mends(Embeds, Protocol):
    """Makes again those patches of an image that it is not shown."""

    patch: int
    """pixels of a side of a patch"""
    masked: float
    """share of patches that it is not shown"""

    def fill(self, nets: nn.Module, images: Tensor, order: Tensor) -> Tensor:
        """Images [n, C, H, W] in [-1, 1] with those patches mended that come last in the order; the others stay.

        order: [n, patches], for each image a permutation, of which the first whole 1 - `masked` are shown. nets: in
        evaluation mode.
        """
        ...


@runtime_checkable
class Attends(Protocol):
    """Says which places of an image its answer has taken from, by its attention."""

    def attended(self, nets: nn.Module, examples: Tensor) -> Tensor:
        """Images [n, C, H, W] in [-1, 1] -> the share of each patch, [n, rows, columns], whose sum is 1 for each image.

        nets: in evaluation mode.
        """
        ...


@runtime_checkable
class Translates(Protocol):
    """Makes a given image into another one, of the same size or of another one; restoration too."""

    def directions(self) -> Mapping[str, str]:
        """What becomes what, by the fields of the batches it trains on, the usual one first: {"source": "target"}."""
        ...

    def translate(self, nets: nn.Module, images: Tensor, origin: str, seed: int = 0) -> Tensor:
        """Images [n, C, H, W] in [-1, 1] as what they become, float32 in [-1, 1].

        Size and channels are those of the field that they become in the data; of larger images, as many times those of
        what is given. origin: which kind they are, a key of `directions`. Row i depends on image i and on `seed` alone,
        which draws what the image leaves open, alike for all of them. nets: in evaluation mode.
        """
        ...


@runtime_checkable
class TranslatesLike(Translates, Protocol):
    """Makes a given image into another one in the manner of a third: what the image leaves open is taken from there."""

    def translate_like(self, nets: nn.Module, images: Tensor, reference: Tensor, origin: str) -> Tensor:
        """Images [n, C, H, W] in [-1, 1] as the other kind: same shape and range, float32.

        reference: [n, C, h, w] in [-1, 1], one for each image, of the kind that they become. origin: as in `translate`.
        Row i depends on image i and reference i alone.
        """
        ...


@runtime_checkable
class HasLikelihood(Protocol):
    """Says how likely a given example is."""

    @property
    def exact(self) -> bool:
        """Whether that is the log-likelihood itself, and no bound or estimate of it."""
        ...

    @property
    def pixels_as(self) -> PixelsAs:
        """What it is the likelihood of."""
        ...

    def log_likelihood(self, nets: nn.Module, images: Tensor, samples: int, seed: int) -> Tensor:
        """Log-likelihood of each image in nats, or a lower bound of it that rises with `samples`.  [n] float32

        images: [n, C, H, W] in [-1, 1] (points [n, D]). samples: random ones that an estimate is made from.
        """
        ...


def exactness(method: HasLikelihood) -> str:
    """What a method's log-likelihoods are: "exact", "bound" or "estimate".

    What is not exact is a bound, unless the method calls it something else by `inexact`: with a partition function that
    is estimated, as a rule too small, the figure is an estimate and may be too good.
    """
    return "exact" if method.exact else getattr(method, "inexact", "bound")


def likelihood_unit(method: HasLikelihood, what: str = "") -> str:
    """The unit of a method's log-likelihoods with what they are of: figures of two units are never compared.

    what: of what they are, where it is neither pixels nor tokens.
    """
    of = what or ("tokens" if method.pixels_as == "tokens" else f"{method.pixels_as} pixels")
    return f"nats ({exactness(method)}, {of})"


@runtime_checkable
class Renders(Protocol):
    """Makes views of what it holds, or of what is given, from any camera."""

    def render(self, nets: nn.Module, camera: Tensor, how: Sampling = AS_TRAINED) -> Mapping[str, Tensor]:
        """Cameras [n, 22] of one size -> "image" [n, C, H, W] in [-1, 1], "depth" and "opacity" [n, 1, H, W], float32.

        See `kinds.camera` for the numbers of a camera. nets: in evaluation mode.
        """
        ...

    def views(self, nets: nn.Module, n: int) -> Tensor:
        """`n` cameras once around what there is to see, at the size of the views that it was trained on.  [n, 22]"""
        ...


@runtime_checkable
class RendersMoments(Renders, Protocol):
    """Makes views of what moves: `render` is given "time", [n] from 0 to 1, for each camera."""

    def moments(self, nets: nn.Module, n: int) -> Tensor:
        """`n` moments from the first to the last.  [n] in [0, 1]"""
        ...


@runtime_checkable
class Rebuilds(Renders, Protocol):
    """Makes a scene of photographs that are given with their cameras: `render` is given "views" and "rig" for each
    camera, and stands in the frame of these cameras."""

    def shown(self, nets: nn.Module, spec: DataSpec) -> Mapping[str, Kind]:
        """What a scene is made of: "views", [k, C, H, W] in [-1, 1], "rig", [k, 22], and whatever else is asked for."""
        ...

    def rebuild(self, nets: nn.Module, given: Mapping[str, Tensor]) -> tuple[Kind, Tensor]:
        """The scenes of what is given, [n, ...] each, as files of other programs hold them: their kind, and values
        [n, ...] of it. The first camera of each stands on the negative y axis, level, and looks at the origin."""
        ...


@runtime_checkable
class Corrupts(Protocol):
    """Spoils examples in training itself, and learns to make the clean ones."""

    def corrupt(self, images: Tensor, seed: int) -> Tensor:
        """Images [n, C, H, W] in [-1, 1] (points [n, D]) as training shows them, spoilt by random numbers of `seed`."""
        ...


@runtime_checkable
class HasPatterns(Protocol):
    """Puts examples together from patterns of its own, or looks for them: atoms of a dictionary, filters."""

    def patterns(self, nets: nn.Module) -> Tensor:
        """All of them, [K, ...] of the shape of an example, each with its largest value at 1 or -1, float32."""
        ...


@runtime_checkable
class Builds(Protocol):
    """Holds one thing that files of other programs can hold too: a scene of splats, a mesh, a grid."""

    def build(self, nets: nn.Module) -> tuple[Kind, Tensor]:
        """What it is, and its values: `Kind.write` makes the file."""
        ...


@runtime_checkable
class AnySide(Protocol):
    """Holds or makes functions of place, which can be read as finely as one likes."""

    def at_side(self, nets: nn.Module, side: int, latents: Tensor | None = None) -> tuple[Kind, Tensor]:
        """What is read at `side` places along the longest axis: its kind, and values [n, ...] of it, float32.

        latents: [n, ...], of what to make, in evaluation mode; None for what the model holds, where n is 1.
        """
        ...
