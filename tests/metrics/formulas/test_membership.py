"""Membership: planted copies are caught, fresh images give chance, and the stated interval holds it."""

import numpy as np
import pytest

from saddlepoint.metrics.formulas.membership import attack, by_distance


def test_copies_expose_their_members_and_fresh_images_expose_nobody() -> None:
    draw = np.random.default_rng(0)
    members, others = draw.normal(size=(2, 300, 8)).astype(np.float32)
    copied = by_distance((members + 0.01).astype(np.float32), members, others)
    assert copied.area > 0.99
    assert copied.caught > 0.9
    fresh = by_distance(draw.normal(size=(300, 8)).astype(np.float32), members, others)
    assert fresh.interval[0] < 0.5 < fresh.interval[1]
    assert fresh.caught < 0.05


def test_an_interval_of_chance_holds_one_half_in_95_of_100() -> None:
    draw = np.random.default_rng(1)
    held = [
        abs(result.area - 0.5) < 1.96 * result.error
        for result in (attack(*draw.normal(size=(2, 80))) for _ in range(300))
    ]
    assert np.mean(held) == pytest.approx(0.95, abs=0.035)
