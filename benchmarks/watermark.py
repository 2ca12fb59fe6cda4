"""What the watermark survives, what it costs, and how often it is seen where there is none.

    python benchmarks/watermark.py [--images 24] [--clean 2000] [--photos FOLDER ...]

Marked pictures are textures of noise (all sizes, as photographs have it), coloured shapes, and squares cut from
photographs where a folder of them is given. Each is marked, changed, and read again. Unmarked pictures of the same
kinds give the false alarms.
"""

from __future__ import annotations

import argparse
import io
import math
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from record import record

from saddlepoint.data.world.shapes import factors, render
from saddlepoint.deploy import pattern
from saddlepoint.deploy.pattern import trace
from saddlepoint.deploy.watermark import BITS, ENOUGH, Mark, find, mark
from saddlepoint.report.tables import print_table

Picture = Image.Image
_SMOOTH = Image.Resampling.BICUBIC


def texture(side: int, seed: int) -> Picture:
    """Noise in octaves, coloured, with an average that differs from image to image."""
    rng = np.random.default_rng(seed)
    made = np.full((side, side, 3), 1.0) * rng.uniform(60, 200, 3)
    contrast, fall = rng.uniform(15, 60), rng.uniform(0.5, 1.2)
    for cells in (4, 8, 16, 32, 64, 128, side):
        for channel in range(3):
            coarse = Image.fromarray(rng.normal(0, contrast * (4 / cells) ** fall, (cells, cells)).astype(np.float32))
            made[..., channel] += np.asarray(coarse.resize((side, side), _SMOOTH))
    return Image.fromarray(np.clip(made, 0, 255).astype(np.uint8))


def shape(side: int, seed: int) -> Picture:
    """A coloured shape on a plain ground: flat colours and sharp edges."""
    return Image.fromarray(render(factors(np.array([seed])), side)[0].transpose(1, 2, 0))


class Photographs:
    """Squares cut from the photographs of some folders."""

    def __init__(self, folders: Sequence[Path]) -> None:
        found = (path for folder in folders for path in folder.rglob("*.*"))
        self.files = sorted(path for path in found if path.suffix in (".jpg", ".png"))

    def __call__(self, side: int, seed: int) -> Picture:
        """Number `seed` of the squares, in the file's own pixels where it has enough of them."""
        rng = np.random.default_rng(seed)
        with Image.open(self.files[seed % len(self.files)]) as opened:
            photo = opened.convert("RGB")
        if min(photo.size) < side:
            factor = side / min(photo.size)
            photo = photo.resize((math.ceil(photo.width * factor), math.ceil(photo.height * factor)), _SMOOTH)
        left, top = (int(rng.integers(0, length - side + 1)) for length in photo.size)
        return photo.crop((left, top, left + side, top + side))


def jpeg(quality: int) -> Callable[[Picture], Picture]:
    """Saved as a JPEG of this quality and read again."""

    def change(picture: Picture) -> Picture:
        content = io.BytesIO()
        picture.save(content, "JPEG", quality=quality)
        return Image.open(content)

    return change


def brighter(picture: Picture) -> Picture:
    """Every value 5 % higher."""
    return picture.point(lambda value: min(255, round(value * 1.05)))


def smaller_and_back(picture: Picture) -> Picture:
    """To three quarters of the side and back."""
    return picture.resize((picture.width * 3 // 4, picture.height * 3 // 4), _SMOOTH).resize(picture.size, _SMOOTH)


CHANGES: dict[str, Callable[[Picture], Picture]] = {
    "PNG": lambda picture: picture,
    "JPEG 95": jpeg(95),
    "JPEG 80": jpeg(80),
    "JPEG 60": jpeg(60),
    "JPEG 40": jpeg(40),
    "grey, JPEG 80": lambda picture: jpeg(80)(picture.convert("L")),
    "5 % brighter": brighter,
    "to 3/4 of its side and back": smaller_and_back,
    "twice the side": lambda picture: picture.resize((picture.width * 2, picture.height * 2), _SMOOTH),
    "last 32 rows cut off": lambda picture: picture.crop((0, 0, picture.width, picture.height - 32)),
    "first 16 columns cut off": lambda picture: picture.crop((16, 0, picture.width, picture.height)),
    "192x192 cut out": lambda picture: picture.crop((37, 51, 229, 243)),
    "128x128 cut out": lambda picture: picture.crop((37, 51, 165, 179)),
    "half the side": lambda picture: picture.resize((picture.width // 2, picture.height // 2), _SMOOTH),
    "edges cut off, 2/3 of the side, JPEG 80": lambda picture: jpeg(80)(
        picture.crop((13, 21, picture.width - 19, picture.height - 11)).resize(
            ((picture.width - 32) * 2 // 3, (picture.height - 32) * 2 // 3), _SMOOTH
        )
    ),
    "mirrored": lambda picture: picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "turned by 2 degrees": lambda picture: picture.rotate(2, _SMOOTH),
}


def bits(found: Mark | None) -> int:
    """Bits that agree; a picture that is now too small to carry a mark counts as chance."""
    return len(BITS) // 2 if found is None else found.matched


def score(found: pattern.Trace | None) -> float:
    """How far the pattern stands out; 0 for a picture that is now too small for it."""
    return 0.0 if found is None else found.score


def survival(kinds: dict[str, Callable[[int, int], Picture]], images: int) -> Iterator[dict[str, object]]:
    """A row for each kind, side and change: how many are found, and the bits that agree on average and at worst."""
    for kind, make in kinds.items():
        for side in (256, 512):
            marked = [mark(make(side, 1_000_000 + seed)) for seed in range(images)]
            for name, change in CHANGES.items():
                changed = [change(picture) for picture in marked]
                agree, scores = [bits(find(each)) for each in changed], [score(trace(each)) for each in changed]
                found = sum(n >= ENOUGH or each >= pattern.ENOUGH for n, each in zip(agree, scores))
                yield {
                    "kind": kind, "side": side, "change": name, "found": f"{found} of {images}",
                    "bits of 64, mean": statistics.mean(agree), "worst": min(agree),
                    "pattern, mean": statistics.mean(scores), "pattern, worst": min(scores),
                }  # fmt: skip


def cost(kinds: dict[str, Callable[[int, int], Picture]], images: int) -> Iterator[dict[str, object]]:
    """A row for each kind and side: how far pixels move, and the time that marking and looking take."""
    for kind, make in kinds.items():
        for side in (256, 512):
            decibels, greatest, marking, looking, tracing = [], 0, [], [], []
            for seed in range(images):
                picture = make(side, 1_000_000 + seed)
                start = time.perf_counter()
                marked = mark(picture)
                marking.append(time.perf_counter() - start)
                start = time.perf_counter()
                find(marked)
                looking.append(time.perf_counter() - start)
                start = time.perf_counter()
                trace(marked)
                tracing.append(time.perf_counter() - start)
                moved = np.asarray(marked).astype(int) - np.asarray(picture)
                decibels.append(10 * math.log10(255**2 / max((moved**2).mean(), 1e-9)))
                greatest = max(greatest, int(abs(moved).max()))
            yield {
                "kind": kind, "side": side, "PSNR, median": statistics.median(decibels), "PSNR, worst": min(decibels),
                "largest change of a byte": greatest, "mark, ms": 1e3 * statistics.median(marking),
                "find, ms": 1e3 * statistics.median(looking), "pattern, ms": 1e3 * statistics.median(tracing),
            }  # fmt: skip


def alarms(kinds: dict[str, Callable[[int, int], Picture]], clean: int) -> Iterator[dict[str, object]]:
    """A row for each kind of unmarked picture of 256x256: how the agreement spreads beside that of coins."""
    for kind, make in kinds.items():
        agree, scores = [], []
        for seed in range(clean):
            picture = make(256, seed)
            agree.append(bits(find(picture)))
            scores.append(score(trace(picture)))
        yield {
            "unmarked": kind, "images": clean, "false alarms": sum(n >= ENOUGH for n in agree),
            "of the pattern": sum(each >= pattern.ENOUGH for each in scores), "largest score": max(scores),
            "bits of 64, mean": statistics.mean(agree), "spread": statistics.pstdev(agree), "most": max(agree),
            "coins, spread": math.sqrt(len(BITS)) / 2,
        }  # fmt: skip


def main() -> None:
    """Measures, prints the tables and keeps them."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--images", type=int, default=24, help="marked pictures of each kind and side")
    parser.add_argument("--clean", type=int, default=2000, help="unmarked pictures of each kind")
    parser.add_argument("--photos", type=Path, nargs="*", default=[], help="folders of photographs")
    asked = parser.parse_args()
    kinds: dict[str, Callable[[int, int], Picture]] = {"textures": texture, "shapes": shape}
    if asked.photos:
        kinds["photographs"] = Photographs(asked.photos)
    tables = {
        "What it survives": list(survival(kinds, asked.images)),
        "What it costs": list(cost(kinds, asked.images)),
        "False alarms": list(alarms(kinds, asked.clean)),
    }
    for heading, rows in tables.items():
        print_table(rows, heading)
    chance = Mark(ENOUGH, len(BITS)).chance
    record(
        "watermark",
        "The watermark",
        f"{asked.images} pictures of each kind and side are marked, changed and read again; found means {ENOUGH} bits "
        f"of {len(BITS)} or more, or a pattern that stands out by {pattern.ENOUGH:g} standard deviations. Unmarked "
        "pictures are other ones of the same kinds. One thread, in one process; the machine had other work, so the "
        "times are medians and rough.",
        tables,
        notes=[
            f"Tosses of a coin would agree in {ENOUGH} bits or more in 1 of {1 / chance:.1e} pictures. The bits of a "
            "picture are not quite coins: compare the spreads.",
            "The bits do not survive another size or columns cut off on the left; the pattern does, from half to twice "
            "the size. Neither survives mirroring, turning or stretching.",
        ],
        command="python benchmarks/watermark.py" + (" --photos FOLDER" if asked.photos else ""),
    )


if __name__ == "__main__":
    main()
