"""What images of the physical world owe it: terrain that water can leave, and tissues in the order of their density.

Pure functions that are 0 where the relation holds, to be added to a generator's loss with a weight. None of them is a
model of erosion or of a scanner: they penalise what certainly is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F


def steepness(height: Tensor, spacing: float, most: float) -> Tensor:
    """The mean square by which slopes of terrain pass `most`, a rise by run such as .7 for loose ground (35 degrees).

    height: [N, 1, H, W], in the unit of `spacing`, the distance of two pixels. Slopes are central differences, as
    Horn 1981, doi:10.1109/PROC.1981.11918, without his weights.
    """
    across = (height[:, :, 1:-1, 2:] - height[:, :, 1:-1, :-2]) / (2 * spacing)
    down = (height[:, :, 2:, 1:-1] - height[:, :, :-2, 1:-1]) / (2 * spacing)
    slope = (across.square() + down.square() + 1e-12).sqrt()
    return F.relu(slope - most).square().mean()


def pits(height: Tensor) -> Tensor:
    """The mean depth of single cells of terrain under the lowest of their eight neighbours, where water would stay.

    height: [N, 1, H, W]; the border drains. Source: O'Callaghan & Mark 1984, doi:10.1016/S0734-189X(84)80011-0 (water
    leaves a cell to the lowest of eight). Wider hollows, of several cells, are not seen.
    """
    around = F.unfold(height, 3).unflatten(1, (9, -1))  # [N, 9, cells]
    middle = around[:, 4]
    others = torch.cat((around[:, :4], around[:, 5:]), 1)
    return F.relu(others.amin(1) - middle).mean()


def downhill(height: Tensor, course: Tensor) -> Tensor:
    """The mean rise of terrain from each place of a river's course to the next, which water does not climb.

    height: [N, 1, H, W]. course: [N, P, 2], rows and columns from spring to mouth, whole numbers.
    """
    row, column = course.long().unbind(2)
    along = height[torch.arange(len(height), device=height.device)[:, None], 0, row, column]  # [N, P]
    return F.relu(along[:, 1:] - along[:, :-1]).mean()


def density_order(image: Tensor, tissue: Tensor, order: Sequence[int], margin: float = 0.0) -> Tensor:
    """How far the mean values of tissues fall short of their order by density, in the unit of the image.

    image: [N, 1, ...]. tissue: whole numbers of the same shape. order: tissues from thin to dense, such as air, fat,
    water, muscle, bone in X-ray tomography. margin: by which each must pass the one before. Tissues that an image
    lacks are left out. 0 where all are in order.
    """
    means = _means(image, tissue, order)  # [N, tissues], NaN where there is none
    terms = []
    for each in means:
        shown = each[~each.isnan()]
        terms.append(F.relu(shown[:-1] + margin - shown[1:]).sum())
    return torch.stack(terms).mean()


def density_range(image: Tensor, tissue: Tensor, ranges: Mapping[int, tuple[float, float]]) -> Tensor:
    """The mean distance of values to the range of their tissue, in the unit of the image; other tissues are free.

    ranges: least and most of a tissue, such as its Hounsfield units, 1000 (mu - mu_water) / mu_water: air about -1000,
    fat -120 to -90, water 0, muscle 35 to 55, compact bone 300 and more. image and tissue: as in `density_order`.
    """
    total, count = image.new_zeros(()), image.new_zeros(())
    for number, (least, most) in ranges.items():
        inside = (tissue == number).to(image.dtype)
        total = total + ((F.relu(least - image) + F.relu(image - most)) * inside).sum()
        count = count + inside.sum()
    return total / count.clamp_min(1)


def _means(image: Tensor, tissue: Tensor, order: Sequence[int]) -> Tensor:
    columns = []
    for number in order:
        inside = (tissue == number).to(image.dtype).flatten(1)
        columns.append((image.flatten(1) * inside).sum(1) / inside.sum(1).where(inside.sum(1) > 0, torch.nan))
    return torch.stack(columns, 1)
