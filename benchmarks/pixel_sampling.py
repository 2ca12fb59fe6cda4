"""Images made pixel by pixel: how much faster with a cache than by whole passes, and whether both ways make the same.

    python benchmarks/pixel_sampling.py [--images 4] [--side 28] [--width 32]

Networks are new, since no figure depends on what they have learnt; both ways run in one process on one thread, and
seconds are of the processor. The naive way makes a whole pass over all images for each pixel and reads one place of it.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial

from cached import alone, finish, row
from torch import Tensor

from saddlepoint.data.batches import DataSpec
from saddlepoint.methods.abilities import AS_TRAINED
from saddlepoint.methods.autoregressive.pixelcnn import PixelCNN
from saddlepoint.methods.autoregressive.pixelrnn import PixelRNN
from saddlepoint.methods.families.pixel_by_pixel import PixelByPixel
from saddlepoint.methods.families.sampled import Steps


def whole_passes(
    method: PixelByPixel, network: Callable[[Tensor], Tensor], image: Tensor, label: Tensor | None
) -> Steps:
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
    options = parser.parse_args()
    methods: dict[str, PixelByPixel] = {
        "pixelcnn, plain, 8 blocks": PixelCNN(shades=2, width=options.width, blocks=8),
        "pixelcnn, gated, 8 layers": PixelCNN(shades=2, width=options.width, blocks=8, layers="gated"),
        "pixelrnn, row, 1 layer": PixelRNN(shades=2, width=options.width, depth=1, recurrence="row"),
        "pixelrnn, diagonal, 1 layer": PixelRNN(shades=2, width=options.width, depth=1, recurrence="diagonal"),
    }
    rows = []
    for name, method in methods.items():
        alone()
        nets = method.networks(DataSpec.of((1, options.side, options.side))).eval()
        latents = method.latents(nets, options.images, seed=0)
        steps = partial(whole_passes, method, nets.network)
        ways = partial(method.generate, nets, latents), partial(method.drawn, nets, latents, AS_TRAINED, steps)
        rows.append(row(name, *ways, "pixels"))
    protocol = (
        f"{options.images} black and white images of {options.side}x{options.side} pixels from the same latents, by new"
        f" networks of {options.width} channels: a whole pass for each pixel, against a walk that keeps what each layer"
        " has computed."
    )
    raise SystemExit(finish("pixel_sampling", "Images made pixel by pixel", protocol, rows, "pixels"))


if __name__ == "__main__":
    main()
