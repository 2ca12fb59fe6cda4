"""Avatar: an expression changes what is seen, of the splats alone; heads of the world do what their expression says."""

from typing import Any

import numpy as np
import pytest
import torch
from rigs import around, check_rigid_motion, first_update, rendered

from saddlepoint.data.batches import DataSpec, ExpressionViewsBatch
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.world.heads import heads, views
from saddlepoint.errors import CapabilityError, ConfigError
from saddlepoint.kinds.expression import Expression
from saddlepoint.kinds.rig import Rig
from saddlepoint.kinds.views import Views
from saddlepoint.methods.abilities import Sampling
from saddlepoint.methods.base import Networks
from saddlepoint.methods.reconstruction.avatar import Avatar

TINY = {"shape": (4, 3, 8, 8), "inputs": 2, "targets": 2, "patch": 4, "width": 16, "layers": 1, "heads": 2,
        "window_side": 4}  # fmt: skip
SMALL: dict[str, Any] = {name: value for name, value in TINY.items() if name != "shape"}
SPEC = DataSpec({"views": Views(4, 3, 8, 8), "rig": Rig(4), "expressions": Expression(3, 4)})


def small() -> tuple[Avatar, Networks]:
    torch.manual_seed(0)
    method = Avatar(**SMALL)
    return method, method.networks(SPEC)


def test_another_expression_is_another_head() -> None:
    method, nets = small()
    rig = around(3, 8)
    fields = {"views": torch.rand(1, 2, 3, 8, 8) * 2 - 1, "rig": rig[:, :2], "camera": rig[:, 2]}
    one, same, other = (
        rendered(method, nets, {**fields, "expression": torch.tensor([values])})
        for values in ([0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [1.0, -1.0, 1.0])
    )
    assert torch.equal(one, same)
    assert not torch.allclose(one, other, atol=1e-4)
    with pytest.raises(CapabilityError, match="expression"):
        method.render(nets, rig[:, 2], Sampling({"views": fields["views"], "rig": rig[:, :2]}))


def test_each_target_is_drawn_with_its_own_expression(monkeypatch: pytest.MonkeyPatch) -> None:
    method, nets = small()
    batch = ExpressionViewsBatch(
        torch.rand(3, 4, 3, 8, 8) * 2 - 1, around(4, 8).expand(3, -1, -1), torch.arange(36.0).view(3, 4, 3)
    )
    codes: list[torch.Tensor] = []
    forward = nets.model.forward

    def watched(rays: torch.Tensor, code: torch.Tensor) -> torch.Tensor:
        codes.append(code)
        numbers: torch.Tensor = forward(rays, code)
        return numbers

    monkeypatch.setattr(nets.model, "forward", watched)
    first_update(method, nets, batch)
    rows = codes[0].view(3, 2, 3)[..., 0] // 3 % 4  # numbers of views
    order = torch.rand(3, 4, generator=torch.Generator().manual_seed(0)).argsort(1)
    assert torch.equal(rows.long(), order[:, 2:])


def test_cameras_that_are_moved_as_one_see_the_same() -> None:
    method, nets = small()
    check_rigid_motion(method, nets, 8, expression=torch.zeros(1, 3))


def test_a_mouth_of_the_world_opens_and_nothing_else_moves() -> None:
    _, rig, _ = heads(np.array([0]), 24)
    camera = rig[0, :1].expand(2, -1)
    shut, opened = views(np.array([0, 0]), camera, torch.tensor([[-1.0, 0, 0], [1.0, 0, 0]]))
    rows = (shut - opened).abs().amax((0, 2))
    assert rows.max() > 0.2
    assert rows[:10].max() == 0  # brows, eyes and hair


def test_an_expression_is_read_from_words() -> None:
    kind = Expression(3)
    assert kind.parse("0.5,-1,0").tolist() == [0.5, -1.0, 0.0]
    assert Expression(2, 4).parse("1,0").shape == (4, 2)
    data = Dataset({"expressions": np.zeros((2, 4, 3), np.float32)}, "print", "made")
    assert data.kinds["expressions"] == Expression(3, 4)
    with pytest.raises(ConfigError, match="3 numbers"):
        kind.parse("1,2")
