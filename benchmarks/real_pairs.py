"""pix2pix and CycleGAN on real pairs at 64 pixels, against naive maps.

    python benchmarks/real_pairs.py --pairs FOLDER --unpaired FOLDER [--minutes 3]

--pairs holds train/ and val/ with two images side by side in each file (aerial photograph, map); --unpaired holds
trainA/ and trainB/, the same two kinds that show different places. Both methods are judged by val/: pix2pix from the
photograph to the map, CycleGAN both ways. Each is trained for so many minutes of one processor thread's own time.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from record import record
from timed import Trained, trained

from saddlepoint.data.open import open_data
from saddlepoint.data.settings import DataSettings
from saddlepoint.kinds.pixels import pixels, to_uint8
from saddlepoint.metrics.baselines.translation import ColourTable, mean_image, recoloured
from saddlepoint.metrics.images import Bytes
from saddlepoint.metrics.scores.measure_pairs import measure_pairs
from saddlepoint.metrics.scores.score import Protocol
from saddlepoint.report.tables import print_table

SIDE = 64
SEEN = {"resolution": SIDE, "jitter": 6, "flip": True, "held_out": 0.0, "grid_size": 0}
PIX2PIX = {**SEEN, "batch": 4, "generator_width": 32, "critic_width": 32, "halvings": 2, "decay_after": 0.5}
CYCLE_GAN = {**SEEN, "batch": 2, "blocks": 3, "generator_width": 16, "critic_width": 16, "halvings": 2}


def main() -> None:
    """Trains both, measures them and the naive maps, prints and records."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--pairs", type=Path, required=True, help="folder with train/ and val/")
    parser.add_argument("--unpaired", type=Path, required=True, help="folder with trainA/ and trainB/")
    parser.add_argument("--minutes", type=float, default=3.0, help="minutes of training for each, of one thread")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    seen, judged = (both(f"paired:{asked.pairs / part}") for part in ("train", "val"))
    pairs = f"paired:{asked.pairs / 'train'}"
    unpaired = f"unpaired:{asked.unpaired / 'trainA'},{asked.unpaired / 'trainB'}"
    pix2pix = trained("pix2pix", {**PIX2PIX, "data": pairs}, 60 * asked.minutes, scheduled=True)
    cycle_gan = trained("cycle_gan", {**CYCLE_GAN, "data": unpaired}, 60 * asked.minutes, scheduled=True)
    tables = {
        "photograph to map": table(seen, judged, {"pix2pix": (pix2pix, "source"), "cycle_gan": (cycle_gan, "a")}),
        "map to photograph": table(seen[::-1], judged[::-1], {"cycle_gan": (cycle_gan, "b")}),
    }
    for heading, rows in tables.items():
        print_table(rows, title=heading)
    record(
        "real_pairs",
        "Translation of real pairs",
        f"{len(seen[0])} pairs of an aerial photograph and a map of the same place, at {SIDE} pixels, and"
        f" {len(judged[0])} others to judge by. pix2pix saw the pairs; CycleGAN saw photographs and maps of different"
        f" places. {asked.minutes:g} minutes of one processor thread's own time and one seed each:"
        f" {pix2pix.images:,} images for pix2pix ({told(PIX2PIX)}) and {cycle_gan.images:,} for CycleGAN"
        f" ({told(CYCLE_GAN)}). Mean absolute difference to the true image in levels of 0 to 255, peak"
        " signal-to-noise ratio in dB and SSIM, means over the judged pairs. Figures of pixels reward a blurred mean,"
        " so the mean image is a hard rival where pictures are mostly flat.",
        tables,
        command=f"python benchmarks/real_pairs.py --pairs FOLDER --unpaired FOLDER --minutes {asked.minutes:g}",
    )


def both(words: str) -> tuple[Bytes, Bytes]:
    """Sources and targets of a paired set, uint8 [N, C, S, S]."""
    data = open_data(DataSettings(data=words, resolution=SIDE))
    return data.fields["source"], data.fields["target"]


def table(
    seen: tuple[Bytes, Bytes], judged: tuple[Bytes, Bytes], methods: Mapping[str, tuple[Trained, str]]
) -> list[dict[str, Any]]:
    """A row for each method and naive map, by what it makes of the judged sources."""
    source, truth = judged
    made = {name: translated(found, origin, source) for name, (found, origin) in methods.items()}
    made |= {
        "naive: the source itself": source,
        "naive: the mean target": mean_image(seen[1], len(source)),
        "naive: the colours of the targets": recoloured(source, *seen),
        "naive: each colour for itself, from the pairs": ColourTable(*seen)(source),
    }
    return [{"way": name, **figures(truth, images)} for name, images in made.items()]


def translated(found: Trained, origin: str, source: Bytes) -> Bytes:
    """What a trained method makes of the sources."""
    return to_uint8(found.model.translate(pixels(torch.from_numpy(np.ascontiguousarray(source))), origin)).numpy()


def figures(truth: Bytes, made: Bytes) -> dict[str, float]:
    """The mean of each figure over the pairs."""
    scores = measure_pairs(("mae", "psnr", "ssim"), [(truth, made)], Protocol("", 0, 0))
    return {score.protocol.metric: round(score.value, 3) for score in scores}


def told(settings: Mapping[str, Any]) -> str:
    """Settings that matter here, in words."""
    return ", ".join(f"{key} {value}" for key, value in settings.items() if key not in ("held_out", "samples"))


if __name__ == "__main__":
    main()
