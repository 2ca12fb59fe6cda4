"""Images made pixel by pixel: how much faster with a cache than by whole passes, and whether both ways make the same.

    python benchmarks/pixel_sampling.py [--images 4] [--side 28] [--width 32]

Networks are new, since no figure depends on what they have learnt; both ways run in one process on one thread, and
seconds are of the processor. The naive way makes a whole pass over all images for each pixel and reads one place of it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import torch
from record import record
from torch import Tensor

from saddlepoint.data.batches import DataSpec
from saddlepoint.methods.abilities import AS_TRAINED
from saddlepoint.methods.autoregressive.pixelcnn import PixelCNN
from saddlepoint.methods.autoregressive.pixelrnn import PixelRNN
from saddlepoint.methods.families.pixel_by_pixel import PixelByPixel
from saddlepoint.methods.families.sampled import Steps
from saddlepoint.report.tables import print_table

BAR = 5.0
"""times that the cache must be faster"""


def naive(method: PixelByPixel, network: Callable[[Tensor], Tensor], image: Tensor) -> Steps:
    """The steps of `generate` by whole passes, for black and white images of one channel."""
    width = image.shape[3]
    for index in range(image[0].numel()):
        yield index, network(image)[:, :, index // width, index % width].log_softmax(1)


def main() -> None:
    """Measure, print and record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=4, help="made side by side")
    parser.add_argument("--side", type=int, default=28, help="pixels")
    parser.add_argument("--width", type=int, default=32, help="channels of the networks")
    found = parser.parse_args()
    torch.set_num_threads(1)
    methods: dict[str, PixelByPixel] = {
        "pixelcnn, plain, 8 blocks": PixelCNN(shades=2, width=found.width, blocks=8),
        "pixelcnn, gated, 8 layers": PixelCNN(shades=2, width=found.width, blocks=8, layers="gated"),
        "pixelrnn, row, 1 layer": PixelRNN(shades=2, width=found.width, depth=1, recurrence="row"),
        "pixelrnn, diagonal, 1 layer": PixelRNN(shades=2, width=found.width, depth=1, recurrence="diagonal"),
    }
    rows = []
    for name, method in methods.items():
        torch.manual_seed(0)
        nets = method.networks(DataSpec.of((1, found.side, found.side))).eval()
        latents = method.latents(nets, found.images, seed=0)
        begun = time.process_time()
        cached = method.generate(nets, latents)
        middle = time.process_time()
        whole = method.drawn(nets, latents, AS_TRAINED, lambda image, label: naive(method, nets.network, image))  # noqa: B023
        fast, slow = middle - begun, time.process_time() - middle
        row = {"model": name, "naive s": slow, "cached s": fast, "times faster": slow / fast}
        rows.append({**row, "pixels that differ": int((cached != whole).sum())})
        print_table([rows[-1]])
    path = record(
        "pixel_sampling",
        "Images made pixel by pixel",
        f"{found.images} black and white images of {found.side}x{found.side} pixels from the same latents, by new"
        f" networks of {found.width} channels: a whole pass for each pixel, against a walk that keeps what each layer"
        " has computed. Seconds of one processor thread, both ways in one run, so the ratio is what counts.",
        {"": rows},
        notes=[f"The bar is {BAR:g} times faster with the same images."],
    )
    print(path)
    short = [row["model"] for row in rows if row["times faster"] < BAR or row["pixels that differ"]]
    raise SystemExit(f"under the bar: {', '.join(map(str, short))}" if short else 0)


if __name__ == "__main__":
    main()
