"""The measure of scenes that were never trained on: what is asked of a model, and the baselines beside it."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from saddlepoint.data.dataset import Dataset
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.camera import Camera, orbit
from saddlepoint.kinds.rig import Rig
from saddlepoint.kinds.views import Views
from saddlepoint.metrics.proofs import measure


def scenes() -> Dataset:
    """Twenty scenes of one colour each, four views, all from the same four places."""
    shade = np.linspace(0, 240, 20).astype(np.uint8)
    views = np.broadcast_to(shade[:, None, None, None, None], (20, 4, 3, 12, 12)).copy()
    views[:, :, 0] += np.array([0, 4, 8, 12], np.uint8)[None, :, None, None]  # and each view a tint of its own
    rig = orbit(torch.arange(4.0), torch.full((4,), 0.4), 3.0, 20.0, 12).expand(20, -1, -1)
    return Dataset({"views": views, "rig": rig.numpy().copy()}, "print", "made")


class Painter:
    """A model that paints the first given view, or what it is handed."""

    def __init__(self, given: int, picture: Tensor | None = None) -> None:
        self.name, self.facts, self.picture = "painter", {"data": {"held_out": 0.1}}, picture
        takes = {"camera": Camera(), "views": Views(given, 3, 12, 12), "rig": Rig(given)}
        self.known = SimpleNamespace(takes=takes)

    def task(self, name: str) -> Any:
        return self.known if name == "render" else None

    def do(self, name: str, fields: dict[str, Tensor], batch: int) -> dict[str, Tensor]:
        assert len(fields["camera"]) == len(fields["views"]) == len(fields["rig"]) == 4  # two views of two scenes
        assert torch.equal(fields["views"][0], fields["views"][1])
        return {"image": fields["views"][:, 0] if self.picture is None else self.picture}


def test_the_truth_has_no_error_and_the_given_view_that_of_its_baseline() -> None:
    data, compare = scenes(), measure("unseen-scenes")
    held_out = data.split(0.1)[1]
    truth = torch.from_numpy(np.array(data.fields["views"])[held_out][:, -2:]).flatten(0, 1).float() / 127.5 - 1
    table = compare(Painter(1, truth), data, 0)  # type: ignore[arg-type]
    assert table.row("generated")["rmse"] < 1e-3
    copied = compare(Painter(1), data, 0).row("generated")["rmse"]  # type: ignore[arg-type]
    rows = {row["name"]: row["rmse"] for row in table.rows}
    assert rows["naive: the given view that is nearest"] == pytest.approx(copied, abs=1e-3)
    assert rows["naive: the trained scene most like it"] == pytest.approx(12, abs=2)  # the next shade, the right tint
    assert rows["naive: the mean view"] > 20
    assert table.row("baseline")["rmse"] == min(value for name, value in rows.items() if name.startswith("naive"))


def test_too_few_views_are_refused() -> None:
    with pytest.raises(ConfigError, match="too few"):
        measure("unseen-scenes")(Painter(3), scenes(), 0)  # type: ignore[arg-type]
