"""Which method, at which size and for how long: rules of thumb from the images and the machine. Pure.

The order of the rules and their numbers are the project's own; where a paper stands behind one, the reason names it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from saddlepoint.data.dataset import HELD_OUT_SHARE
from saddlepoint.errors import ConfigError
from saddlepoint.nn.backbones.patchgan import most_halvings
from saddlepoint.runs.survey import Computer, Images
from saddlepoint.text import counted

FEW = 2_000
"""images under which a critic soon has them by heart (Karras et al. 2020, arXiv:2006.06676, figure 1)"""
ENOUGH_IN_A_CLASS = 100
"""images that a class needs before a generator can be asked for it"""
UNEVEN = 3.0
"""times as many images in the largest class as in the smallest from which classes should take turns"""
COPIES = 0.05
"""share of near-duplicates from which they are worth removing"""
SMALLEST = 8
"""side in pixels that nothing smaller is proposed than"""
NARROW_FROM = 32
"""side in pixels from which a processor is too slow for the papers' widths: 480 processor seconds of a DCGAN on faces
of 64 pixels gave one grey average with the paper's widths, and separate heads with a quarter of them"""
LARGEST = {"": 64, "gpu": 256}
"""side in pixels that is worth beginning with, without and with a GPU"""
SHOWN = {16: 300_000, 32: 1_000_000, 64: 2_000_000, 128: 5_000_000, 256: 10_000_000}
"""images to show, by the largest side that the number is for: enough for a first good result, not for a record"""
SHOWN_NARROW = 250_000
"""the same for the narrow networks of a processor: about what the nearest rows of the tables here were shown"""
SOON = 30.0
"""minutes of a processor under which cheap steps come nearer than good ones: dcgan led after 5 and 10 minutes of one
thread (lsgan, a hair nearer to Fashion-MNIST, shows far fewer kinds), stylegan2 after 40, by far"""
ORDERS = {
    "few": ("stylegan2", "dcgan"),
    "small": ("dcgan",),
    "soon": ("dcgan", "stylegan2", "wgan_gp"),
    "processor": ("stylegan2", "dcgan", "wgan_gp"),
    "gpu": ("stylegan2", "r3gan", "wgan_gp", "dcgan"),
    "pairs": ("pix2pix",),
    "domains": ("cycle_gan", "munit"),
}
"""methods by the case they are for, the best first; the first that is there is taken. The order on a processor is that
of the benchmarks here; on a GPU that of published results, with stylegan2 first, whose authors publish settings for any
resolution and number of images"""
PASSES = 100
"""how often translators are shown the larger domain, or the pairs: half of the papers' 200, for a first good result"""
_NOUNS = {"images": "image", "pairs": "pair", "domains": "image"}
BY_CLASS = ("cgan", "acgan")
"""methods that make images of a chosen class, the best first; before them, the one that is advised in its form for
classes"""


@dataclass(frozen=True)
class Advice:
    """What to train. settings: what differs from the method's defaults. reasons: a sentence each. others: methods to
    try beside it, with why."""

    method: str
    settings: dict[str, Any]
    reasons: tuple[str, ...]
    others: dict[str, str] = field(default_factory=dict)


def advise(
    images: Images,
    computer: Computer,
    known: Collection[str],
    small: Mapping[str, Mapping[str, Any]] | None = None,
    minutes: float = 24 * 60,
) -> Advice:
    """What to train on these images here, in so many minutes.

    known: names of the methods that there are. small: settings of the preset `small` of those that have one, whose
    narrower networks are proposed on a processor.
    """
    side, reasons = _side(images, computer)
    case, why = _case(images, computer, side, minutes)
    method = next((name for name in ORDERS[case] if name in known), None)
    if method is None:
        raise ConfigError(f"none of the methods for {images.form} is installed: {', '.join(ORDERS[case])}.")
    settings: dict[str, Any] = {"resolution": side, **_amounts(images, side)}
    batch = settings["batch"]
    size = "of all there are" if batch >= images.count else "a quarter of the images"
    if images.form != "images":
        size = "as in the paper: each image is translated for itself"
    elif batch >= 64:
        size = "the size that most methods are tuned for"
    if not computer.gpu and side >= NARROW_FROM and method in (small or {}):
        settings |= (small or {})[method]
        if images.form == "images":
            settings["images"] = SHOWN_NARROW
        if settings["batch"] < batch:
            batch, size = settings["batch"], "of the preset"
        settings["batch"] = batch
        reasons.append(
            "networks, batch and rates of the preset `small`: on a processor many cheap steps come nearer than few dear"
            " ones (docs/benchmarks.md)"
        )
        if method == "stylegan2" and images.count >= FEW:
            settings["augment_target"] = 0.0
            reasons.append(f"without augmentation, as it was measured; under {FEW:,} images it would be left on")
        elif method == "stylegan2":
            reasons.append(_augmented(images))
    reasons += [f"{method}: {why}", f"a batch of {batch}, {size}"]
    if "halvings" in settings:
        judged = f"smaller patches than usual, since images have only {side} pixels"
        reasons.append(
            f"the discriminator (critic) halves the side {settings['halvings']} times instead of 3: {judged}"
        )
    return Advice(method, settings, (*reasons, *_warnings(images, method)), _others(images, computer, method, known))


def _amounts(images: Images, side: int) -> dict[str, int]:
    """Batch and images to show; for translation also how often its critic halves the side, where that is less."""
    if images.form == "images":
        training = images.count - int(images.count * HELD_OUT_SHARE)
        shown = next((count for most, count in SHOWN.items() if side <= most), SHOWN[256])
        return {"batch": min(max(2, min(64, images.count // 4)), training), "images": shown}
    largest = max(images.classes.values(), default=images.count)
    most = most_halvings(side)
    return {"batch": 1, "images": PASSES * largest, **({} if most >= 3 else {"halvings": most})}


def resolution(shortest: int, computer: Computer) -> int:
    """The power of two, 8 or more, that these images reach and this machine can begin with."""
    most = min(max(shortest, SMALLEST), LARGEST["gpu" if computer.gpu else ""])
    return int(1 << (most.bit_length() - 1))


def _side(images: Images, computer: Computer) -> tuple[int, list[str]]:
    side = resolution(images.shortest, computer)
    if side * 2 <= images.shortest:
        where = "a GPU" if computer.gpu else "a processor alone"
        return side, [f"resolution {side}, though your images have {images.shortest} pixels: on {where}, begin small"]
    if images.shortest < side:
        return side, [f"resolution {side}, the smallest possible: your images have {images.shortest} and are enlarged"]
    return side, [f"resolution {side}: the largest power of two that 90% of your images have"]


def _case(images: Images, computer: Computer, side: int, minutes: float) -> tuple[str, str]:
    if images.form == "pairs":
        return "pairs", "each image has its target beside it; no other method here learns from pairs"
    if images.form == "domains":
        return "domains", "two domains without pairs, each translated into the other"
    if side <= 16:
        return "small", f"images of {side} pixels need no more than plain convolutions"
    if computer.gpu and images.count < FEW:
        return "few", _augmented(images)
    if computer.gpu:
        return "gpu", (
            "styles for every layer, a GPU that can carry them, and settings that its authors publish for any"
            " resolution (Karras et al. 2020, arXiv:2006.06676)"
        )
    if minutes < SOON:
        return "soon", (
            f"in less than {SOON:.0f} minutes of a processor a cheap step counts for more than the best method: after"
            " ten minutes dcgan was nearest to faces, and after five to Fashion-MNIST, but for lsgan, which shows far"
            " fewer kinds (docs/benchmarks.md)"
        )
    return "processor", (
        "after 40 minutes of one thread it was nearest to Fashion-MNIST and to faces, where dcgan had begun to lose"
        " kinds (docs/benchmarks.md)"
    )


def _augmented(images: Images) -> str:
    """Why few images are shown with augmentation."""
    number = f"{images.count:,} images are" if images.count != 1 else "1 image is"
    return f"{number} few: with augmentation the discriminator (critic) cannot learn them by heart"


def _others(images: Images, computer: Computer, method: str, known: Collection[str]) -> dict[str, str]:
    others = {}
    if images.form == "domains" and "munit" in known and method != "munit":
        others["munit"] = "if one image has many valid translations (day to several nights): it gives several"
    if images.form != "images":
        return others
    smallest = min(images.classes.values(), default=0)
    chosen = next((name for name in (f"{method}_conditional", *BY_CLASS) if name in known), None)
    if len(images.classes) > 1 and smallest >= ENOUGH_IN_A_CLASS and chosen:
        turns = " with --balanced" if images.imbalance >= UNEVEN else ""
        others[chosen] = f"if you want to choose one of the {counted(len(images.classes), 'class')}{turns}"
    if method == "stylegan2" and not computer.gpu and "dcgan" in known:
        others["dcgan"] = (
            f"for a first look: say --minutes 10, or any time under {SOON:.0f}, and it is proposed instead"
        )
    if method == "stylegan2" and computer.gpu and "r3gan" in known:
        others["r3gan"] = (
            "its authors report that it comes nearer to FFHQ and CIFAR-10 than stylegan2, in its presets' sizes"
            " (Huang et al. 2024, arXiv:2501.05441)"
        )
    if "wgan_gp" in known and method != "wgan_gp":
        others["wgan_gp"] = "if training does not settle or modes are missing (five critic steps each, so slower)"
    return others


def _warnings(images: Images, method: str) -> list[str]:
    warnings = []
    if images.count < FEW and method != "stylegan2":
        verb = "is" if images.count == 1 else "are"
        warnings.append(
            f"{counted(images.count, _NOUNS[images.form])} {verb} few; the discriminator (critic) may learn them by"
            " heart: --flip if images may be mirrored, --from a run on similar images, and watch the run's health"
        )
    if images.near_duplicates >= COPIES:
        warnings.append(f"{images.near_duplicates:.0%} of the images have a near-duplicate: remove copies first")
    if images.imbalance >= UNEVEN:
        times = f"{images.imbalance:.0f} times the images of the"
        if images.form == "domains":
            warnings.append(
                f"one domain has {times} other: find more images of the smaller one, or it is learnt by heart"
            )
        else:
            warnings.append(f"the largest class has {times} smallest: rare classes will be learnt worse")
    if images.count < 50 * images.directions:
        warnings.append(
            f"{images.directions} principal components explain 90% of the variance, with"
            f" {images.count / images.directions:.0f} images per component: expect blurry mixtures of rare images"
        )
    return warnings
