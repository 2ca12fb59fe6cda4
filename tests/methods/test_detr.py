"""DETR: matching by brute force, overlaps by counting pixels, any order of objects, positions, average precision."""

import itertools

import numpy as np
import pytest
import torch

from saddlepoint.data.batches import DataSpec
from saddlepoint.data.world.objects import rendered
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.boxes import Boxes
from saddlepoint.kinds.image import Image
from saddlepoint.losses.boxes import matched, overlaps
from saddlepoint.methods.base import Clock, Networks
from saddlepoint.methods.recognition.detr import DETR, Dropped, cost, sine_positions
from saddlepoint.metrics.formulas.average_precision import average_precision

TINY = {
    "queries": 4,
    "layers": 1,
    "heads": 2,
    "width": 8,
    "hidden": 12,
    "trunk_width": 4,
    "halvings": 1,
    "dropout": 0.0,
    "shape": (3, 8, 8),
}


def small(**settings: object) -> tuple[DETR, Networks]:
    options = {"queries": 5, "layers": 2, "heads": 2, "width": 8, "hidden": 12, "trunk_width": 4, "halvings": 2}
    method = DETR(**{**options, **settings})  # type: ignore[arg-type]
    torch.manual_seed(0)
    fields = {"image": Image(3, 16, 16), "boxes": Boxes(3, ("a", "b"))}
    return method, method.networks(DataSpec(fields)).eval()


def test_matching_is_the_cheapest_of_all_permutations() -> None:
    torch.manual_seed(0)
    costs, counts = torch.randn(4, 5, 6), (3, 0, 1, 2)
    picked = matched(costs, counts)
    for image, first in ((0, 0), (2, 3), (3, 4)):
        own = costs[image, :, first : first + counts[image]]
        mine = picked[first : first + counts[image]]
        orders = itertools.permutations(range(5), counts[image])
        best = min(float(sum(own[row, k] for k, row in enumerate(order))) for order in orders)
        assert len(set(mine.tolist())) == counts[image]
        assert own[mine, torch.arange(counts[image])].sum().item() == pytest.approx(best)


def test_overlaps_are_those_of_counted_pixels() -> None:
    first, second = torch.tensor([[0.3, 0.4, 0.4, 0.2]]), torch.tensor([[0.5, 0.45, 0.4, 0.3], [0.8, 0.9, 0.2, 0.1]])
    share, general = overlaps(first, second)
    middles = (np.arange(200) + 0.5) / 200

    def inside(x: float, y: float, w: float, h: float) -> np.ndarray:
        return (np.abs(middles - x) < w / 2)[None] & (np.abs(middles - y) < h / 2)[:, None]

    for number, box in enumerate(second.tolist()):
        one, two = inside(*first[0].tolist()), inside(*box)
        both, either = (one & two).sum(), (one | two).sum()
        ys, xs = np.where(one | two)
        outer = (np.ptp(ys) + 1) * (np.ptp(xs) + 1)
        assert share[0, number].item() == pytest.approx(both / either, abs=1e-3)
        assert general[0, number].item() == pytest.approx(both / either - (outer - either) / outer, abs=1e-3)


def test_the_loss_is_the_same_in_any_order_of_objects_and_knows_of_none() -> None:
    method, nets = small()
    truth = Boxes(3, ("a", "b")).example(4, 1)
    truth[0, :, 0] = -1
    logits, boxes = nets.detector(torch.randn(4, 3, 16, 16))
    assert logits.shape == (2, 4, 5, 3)
    losses, _ = method.losses(logits, boxes, truth)
    other, _ = method.losses(logits, boxes, truth[:, [2, 0, 1]])
    for name, value in losses.items():
        assert value.item() == pytest.approx(other[name].item(), rel=1e-6)
    none, known = method.losses(logits, boxes, truth[:1])
    assert none["place"].item() == none["overlap"].item() == known.item() == 0
    own = truth[1][truth[1, :, 0] >= 0]
    by_hand = 5 * (boxes[0, 1, 2] - own[0, 2:]).abs().sum() - logits[0, 1, 2].softmax(0)[int(own[0, 0])]
    by_hand -= 2 * overlaps(boxes[0, 1, 2:3], own[:1, 2:])[1][0, 0]
    assert cost(logits[0, 1], boxes[0, 1], own)[2, 0].item() == pytest.approx(by_hand.item(), rel=1e-5)


def test_positions_are_those_of_the_authors_formula_and_the_rate_drops() -> None:
    positions = sine_positions(3, 5, 8).view(3, 5, 8)
    y, x = 2 / (3 + 1e-6) * 2 * np.pi, 4 / (5 + 1e-6) * 2 * np.pi
    by_hand = [np.sin(y), np.cos(y), np.sin(y / 100), np.cos(y / 100), np.sin(x), np.cos(x)]
    assert torch.allclose(positions[1, 3, :6], torch.tensor(by_hand, dtype=torch.float32), atol=1e-5)
    rate = Dropped(1.0, 0.5)
    assert [rate(Clock(examples=at, total=100)) for at in (0, 49, 50)] == [1.0, 1.0, 0.1]


def test_average_precision_by_hand() -> None:
    truth = [torch.tensor([[0, 1, 0.5, 0.5, 0.2, 0.2], [0, 1, 0.2, 0.2, 0.1, 0.1]]), torch.tensor([[-1.0, *[0] * 5]])]
    good, bad = [0, 0.9, 0.5, 0.5, 0.2, 0.2], [0, 0.8, 0.8, 0.8, 0.1, 0.1]
    guess = [torch.tensor([good, bad, [0, 0.6, 0.2, 0.2, 0.1, 0.1], [0, 0.5, *good[2:]]]), torch.zeros(0, 6)]
    assert average_precision(guess, truth)[0] == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    assert average_precision([guess[0][:1], torch.tensor([good])], truth)[0] == pytest.approx(0.5)


def test_guesses_are_sorted_and_what_cannot_be_guessed_is_refused() -> None:
    method, nets = small()
    rows = method.predict(nets, torch.randn(2, 3, 16, 16))["boxes"]
    assert rows.shape == (2, 5, 6)
    assert (rows[:, 1:, 1] <= rows[:, :-1, 1]).all()
    with pytest.raises(ConfigError, match="3 boxes, and 2 are guessed"):
        small(queries=2)
    with pytest.raises(ConfigError, match="lower --halvings"):
        small(halvings=5)


def test_the_worlds_boxes_lie_around_its_objects() -> None:
    images, boxes = rendered(40, 64)
    for image, rows in zip(images, boxes):
        different = (image != image[:, :1, :1]).any(0)
        covered = np.zeros_like(different)
        for _, _, x, y, w, h in rows[rows[:, 0] >= 0]:
            left, right = int(np.floor((x - w / 2) * 64)), int(np.ceil((x + w / 2) * 64))
            top, bottom = int(np.floor((y - h / 2) * 64)), int(np.ceil((y + h / 2) * 64))
            covered[top:bottom, left:right] = True
            assert different[top + 1 : bottom - 1, left + 1 : right - 1].any()
        assert not (different & ~covered).any()
