"""Autoencoders whose code is a map of a few whole numbers, each with a prior that makes such maps number by number.

p(x) >= p(x | codes) p(codes), since the codes are a function of the image: a bound of a probability, where the decoder
states a normal distribution cut into the 256 levels of a pixel. Making images is a map from noise: a latent is a
uniform number for each code, and the inverse of each distribution function turns it into one, so that image i depends
on (seed, i) alone. Van den Oord et al. 2017, arXiv:1711.00937, section 3.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Count, Decay, Layers, Positive, Range, Share, Weight, Width
from saddlepoint.data.batches import Batch, DataSpec, ImageBatch, LabelledBatch
from saddlepoint.errors import CapabilityError, ConfigError
from saddlepoint.keyed import normal_rows
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.label import Label
from saddlepoint.losses.discretised_gaussian import discretised_gaussian
from saddlepoint.losses.likelihood import categorical
from saddlepoint.methods.abilities import AS_TRAINED, PixelsAs, Sampling
from saddlepoint.methods.base import Adam, Clock, Closed, Draw, Method, Moves, Networks, Optim, Update
from saddlepoint.methods.families.sampled import inverse, level_value, nearest_level
from saddlepoint.nn.backbones.code_prior import CodePrior
from saddlepoint.nn.layers.codebook import Codebook, FiniteScalars, Quantised
from saddlepoint.nn.layers.masked import Walk

_FIRST = 128  # images whose codes the codebooks begin with
_LEVELS = 256  # of a pixel
_SLOW = 0.99  # of the running error of the decoder


@dataclass(frozen=True, kw_only=True)
class QuantisedAutoencoder(Method, ABC):
    """A method with codebooks, each with a network `prior...`, the coarsest first.

    Networks: `encoder...` and `decoder`, which the optimiser `autoencoder` moves; the maps in `books`, with a prior
    each; and `error`, the running mean square of the decoder.
    """

    takes: ClassVar[type[Batch]] = ImageBatch
    compiles = ("decoder",)
    exact: ClassVar[bool] = False
    books: ClassVar[tuple[str, ...]] = ("codebook",)
    """names of the codebooks, the coarsest first; the prior of "NAME" is "NAME_prior" """

    by_class: bool = False
    """the priors also hear the class, so that images of a chosen class can be made; needs labels"""
    codes: Annotated[int, Range(least=2, most=65_536)] = 512
    """vectors in a codebook (K)"""
    dim: Width = 64
    """length of such a vector (D)"""
    levels: tuple[Count, ...] = ()
    """finite scalar quantisation instead of a codebook: levels of each number of a code, such as 8 5 5 5"""
    rounds: Layers = 1
    """codes of one place, each of which quantises what those before it left over"""
    decay: Decay = 0.99
    """of the running means that codes follow, a step"""
    revive: Share = 0.05
    """a code that less than this share of an even share takes is dead and gets another place; 0 for never"""
    commitment: Weight = 0.25
    """weight of how far the encoder is from its codes (beta)"""
    width: Width = 128
    """channels of encoder and decoder; half of them before the last halving"""
    narrow: Width = 32
    """channels within a residual block"""
    blocks: Layers = 2
    """residual blocks of encoder and decoder"""
    lr: Positive = 3e-4
    """learning rate of encoder and decoder (Adam)"""
    prior_width: Width = 64
    """channels of a prior"""
    prior_blocks: Layers = 6
    """layers of a prior"""
    prior_lr: Positive = 1e-3
    """learning rate of the priors (Adam)"""
    autoencoder_share: Annotated[float, Range(above=0, most=1)] = 0.6
    """share of the run in which the autoencoder learns; the priors learn in all of it, and in the rest from codes that
    move no more"""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.levels and self.rounds > 1:
            raise ConfigError("levels need no second round, since more levels are as fine: leave rounds at 1.")
        if self.levels and min(self.levels) < 2:
            raise ConfigError(f"levels cannot be {self.levels}: each is 2 or more, as in 8 5 5 5.")
        if self.by_class:
            object.__setattr__(self, "takes", LabelledBatch)  # of this method with these settings

    # -- what a method says of its own maps ---------------------------------------------------------------------------

    @abstractmethod
    def quantise(self, nets: Networks | nn.Module, image: Tensor) -> tuple[Quantised, ...]:
        """Images [N, C, H, W] as codes, of each book in their order."""

    @abstractmethod
    def decode(self, nets: Networks | nn.Module, values: tuple[Tensor, ...]) -> Tensor:
        """The values of all books as images, [N, C, H, W] float32, not clamped."""

    def prior_maps(self, nets: nn.Module, book: int, values: tuple[Tensor, ...]) -> Tensor | None:
        """What the prior of a book is given of the values of those before it: maps of its own size."""
        return None

    def new_book(self) -> Codebook | FiniteScalars:
        """A new codebook."""
        if self.levels:
            return FiniteScalars(self.levels)
        return Codebook(self.codes, self.dim, depth=self.rounds, decay=self.decay, revive=self.revive)

    def new_prior(
        self, data: DataSpec, book: Codebook | FiniteScalars, side: tuple[int, int], map_channels: int = 0
    ) -> CodePrior:
        """A new prior of codes of this height and width. map_channels: of what `prior_maps` gives it, 0 for none."""
        if self.by_class and not data.classes:
            raise ConfigError("this data has no labels to hear: leave out by_class, or sort it into a folder a class.")
        classes = len(data.classes) if self.by_class else 0
        shape = (book.depth, *side)
        return CodePrior(
            book.size, shape, self.prior_width, self.prior_blocks, classes=classes, map_channels=map_channels
        )

    # -- training -----------------------------------------------------------------------------------------------------

    def optimisers(self) -> Mapping[str, Optim]:
        closed = {} if self.levels else {book: Closed(book) for book in self.books}
        priors = [f"{book}_prior" for book in self.books]
        return {
            "autoencoder": Adam(*self.learners(), lr=self.lr),
            **closed,
            "prior": Adam(*priors, lr=self.prior_lr),
        }

    @abstractmethod
    def learners(self) -> tuple[str, ...]:
        """The networks that the autoencoder's optimiser moves."""

    def prepare(self, nets: Networks, look: Any) -> None:
        if self.levels:
            return
        image = look(_FIRST).image
        for name in self.books:  # the coarse one first, since what the fine one sees depends on it
            book: Any = nets.get_submodule(name)
            book.begin(input_of(book, lambda: self.quantise(nets, image)))

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        batch = draw()
        image, label = batch.image, batch.label if isinstance(batch, LabelledBatch) else None
        learns = clock.examples < self.autoencoder_share * clock.total or self.autoencoder_share == 1
        with torch.set_grad_enabled(learns):
            quantised = self.quantise(nets, image)
        updates: list[Update] = []
        if learns:
            reconstruction = self.decode(nets, tuple(each.values for each in quantised))
            losses = {"reconstruction": F.mse_loss(reconstruction, image)}
            if not self.levels:
                losses["commitment"] = self.commitment * torch.stack([each.loss for each in quantised]).sum()
            updates.append(Update("autoencoder", losses))
            if not self.levels:
                updates += [Update(name, {}, watch=each.figures) for name, each in zip(self.books, quantised)]
        codes = tuple(each.codes for each in quantised)
        nats = -self.log_codes(nets, codes, label).mean() / sum(each[0].numel() for each in codes)
        updates.append(Update("prior", {"nats_a_code": nats}))
        yield tuple(updates)

    def after_step(self, nets: Networks, report: Mapping[str, Tensor], clock: Clock) -> None:
        if "autoencoder/reconstruction" not in report:
            return
        nets.error.value.lerp_(report["autoencoder/reconstruction"], 1 - _SLOW)
        for name in self.books if not self.levels else ():
            figures = {key.split("/")[1]: value for key, value in report.items() if key.startswith(f"{name}/")}
            nets.get_submodule(name).move(figures)  # type: ignore[operator]

    # -- what a trained one can do ------------------------------------------------------------------------------------

    @property
    def pixels_as(self) -> PixelsAs:
        """What the bound is of: pixels of 256 levels."""
        return "levels"

    def latents(self, nets: nn.Module, n: int, seed: int, first: int = 0) -> Tensor:
        """[n, codes of an image] float32 on the CPU, even over [0, 1); latent i depends on (seed, i) alone."""
        count = sum(math.prod(prior.shape) for prior in self._priors(nets))
        return (normal_rows(n, count, seed, uniform=True, first=first) + 1) / 2

    def conditions(self, nets: nn.Module) -> Mapping[str, Kind]:
        """A label, where the priors hear the class."""
        classes = self._priors(nets)[0].classes
        return {"label": Label(tuple(map(str, range(classes))))} if classes else {}

    @torch.no_grad()
    def generate(self, nets: nn.Module, latents: Tensor, how: Sampling = AS_TRAINED) -> Tensor:
        """Images [n, C, H, W] in [-1, 1]: codes drawn from the priors one after the other, then decoded.

        A temperature under 1 makes likely codes likelier still; 0 takes the likeliest of each. Raises CapabilityError
        for a class that is missing, or that is given and cannot be heard.
        """
        classes = self._priors(nets)[0].classes
        if classes and how.label is None:
            raise CapabilityError("this model makes images of a chosen class: give a label for each latent.")
        if how.label is not None and not classes:
            raise CapabilityError("this model was trained without labels and cannot make a chosen class; give none.")
        values: tuple[Tensor, ...] = ()
        priors = self._priors(nets)
        noise = latents.split([math.prod(prior.shape) for prior in priors], 1)
        for place, prior in enumerate(priors):
            maps = self.prior_maps(nets, place, values)
            codes = drawn(prior, noise[place].view(-1, *prior.shape), how.label, maps, how.temperature)
            values += (self._look(nets, place, codes),)
        return self.decode(nets, values).clamp(-1, 1)

    @torch.no_grad()
    def encode(self, nets: nn.Module, images: Tensor) -> Tensor:
        """The latents that images are made again from, [n, codes]: the middle of what stands for each of their codes.

        Where the priors hear a class, those under the class that makes the codes likeliest. Of a code that the prior
        gives less than about a millionth, rounding may make its neighbour.
        """
        codes = tuple(each.codes for each in self.quantise(nets, images))
        classes = self._priors(nets)[0].classes
        label = self._by_class(nets, codes, classes).argmax(1) if classes else None
        latents: list[Tensor] = []
        values: tuple[Tensor, ...] = ()
        for place, prior in enumerate(self._priors(nets)):
            maps = self.prior_maps(nets, place, values)
            shares = prior(codes[place], label, maps).softmax(1)
            reached = shares.cumsum(1)
            here = codes[place][:, None]
            middle = reached.gather(1, here) - shares.gather(1, here) / 2
            latents.append(middle.flatten(1))
            values += (self._look(nets, place, codes[place]),)
        return torch.cat(latents, 1)

    @torch.no_grad()
    def embed(self, nets: nn.Module, examples: Tensor) -> Tensor:
        """The values of an image's codes, place by place: [n, numbers]."""
        return torch.cat([each.values.flatten(1) for each in self.quantise(nets, examples)], 1)

    @torch.no_grad()
    def reconstruct(self, nets: nn.Module, images: Tensor) -> Tensor:
        """The images made again from their codes."""
        return self.decode(nets, tuple(each.values for each in self.quantise(nets, images))).clamp(-1, 1)

    @torch.no_grad()
    def log_likelihood(self, nets: nn.Module, images: Tensor, samples: int, seed: int) -> Tensor:
        """A lower bound of the log-probability of each image of 256 levels, in nats, [n]; by its own codes alone.

        Neither `samples` nor `seed` changes it. Of priors that hear a class it is the mean over classes. Raises
        CapabilityError for pixels that are not on the levels.
        """
        nearest = level_value(nearest_level(images, _LEVELS), _LEVELS)
        if not torch.allclose(images, nearest, atol=1e-3):
            raise CapabilityError("this likelihood is of pixels of 256 levels: set each to the nearest one.")
        return torch.cat([self._bound(nets, part) for part in nearest.split(256)])

    def _bound(self, nets: nn.Module, images: Tensor) -> Tensor:
        quantised = self.quantise(nets, images)
        codes, classes = tuple(each.codes for each in quantised), self._priors(nets)[0].classes
        if classes:
            prior = self._by_class(nets, codes, classes).logsumexp(1) - math.log(classes)
        else:
            prior = self.log_codes(nets, codes, None)
        error: Any = nets.get_submodule("error")
        deviation = error.value.clamp_min(1e-8).sqrt()
        return prior + discretised_gaussian(images, self.decode(nets, tuple(q.values for q in quantised)), deviation)

    def _by_class(self, nets: nn.Module, codes: tuple[Tensor, ...], classes: int) -> Tensor:
        """log p(codes | class), [n, classes]."""
        every = [torch.full((len(codes[0]),), k, device=codes[0].device) for k in range(classes)]
        return torch.stack([self.log_codes(nets, codes, label) for label in every], 1)

    def log_codes(self, nets: nn.Module, codes: tuple[Tensor, ...], label: Tensor | None) -> Tensor:
        """log p(codes) in nats, [N]; what a prior is given of other books is taken as it is."""
        total, values = torch.zeros(len(codes[0]), device=codes[0].device), tuple[Tensor, ...]()
        for place, prior in enumerate(self._priors(nets)):
            maps = self.prior_maps(nets, place, values)
            total = total + categorical(codes[place], prior(codes[place], label, maps).float())
            values += (self._look(nets, place, codes[place]).detach(),)
        return total

    def _look(self, nets: nn.Module, place: int, codes: Tensor) -> Tensor:
        book: Any = nets.get_submodule(self.books[place])
        values: Tensor = book.look(codes)
        return values

    def _priors(self, nets: nn.Module) -> list[Any]:
        return [nets.get_submodule(f"{book}_prior") for book in self.books]


def drawn(prior: Any, noise: Tensor, label: Tensor | None, maps: Tensor | None, temperature: float = 1.0) -> Tensor:
    """Codes that uniform numbers [N, depth, H, W] in [0, 1) stand for under a prior, one after the other; int64."""
    codes = torch.zeros(noise.shape, dtype=torch.int64, device=noise.device)
    walk = Walk(*noise.shape[2:])
    for number in range(walk.height * walk.width):
        walk.row, walk.column = divmod(number, walk.width)
        for place in range(noise.shape[1]):
            logits = prior(codes, label, maps, walk)[:, :, place, 0, 0]
            uniform = noise[:, place, walk.row, walk.column]
            codes[:, place, walk.row, walk.column] = inverse(logits, uniform, temperature)
    return codes


def input_of(network: nn.Module, act: Callable[[], object]) -> Tensor:
    """What the network is given when `act` calls it."""
    inputs: list[Tensor] = []
    hook = network.register_forward_pre_hook(lambda _, arguments: inputs.append(arguments[0]))
    act()
    hook.remove()
    return inputs[0]


def halved(size: tuple[int, int], halvings: int) -> tuple[int, int]:
    """Height and width after so many halvings. Raises ConfigError where they cannot be halved so often."""
    times = 2**halvings
    if size[0] % times or size[1] % times:
        side = max(times, min(size) // times * times)
        raise ConfigError(
            f"images of {size[1]}x{size[0]} pixels cannot be halved {halvings} times: use --resolution {side}, or fewer"
            " halvings."
        )
    return size[0] // times, size[1] // times
