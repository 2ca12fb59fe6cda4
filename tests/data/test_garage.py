"""The world of toy cars by several views each: all views of a row show one car, whose cameras are known."""

import numpy as np
import torch

from saddlepoint.data.open import open_data
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.world import toys
from saddlepoint.data.world.garage import VIEWS, cars
from saddlepoint.kinds.views import Views


def test_a_car_is_the_one_of_the_toys_from_its_own_cameras() -> None:
    views, rig = cars(np.array([3, 7]), 16)
    assert torch.equal(views[1, 2:3], toys.views(np.array([7]), rig[1, 2:3]))
    assert not torch.equal(rig[0], rig[1])
    assert torch.equal(views[:1], cars(np.array([3]), 16)[0])


def test_the_data_set_says_how_many_views_there_are() -> None:
    data = open_data(DataSettings(data="world:garage", resolution=8))
    assert data.main == Views(VIEWS, 3, 8, 8)
    assert len(data.split()[1]) == 30
    assert data.fields["rig"].shape == (600, VIEWS, 22)
