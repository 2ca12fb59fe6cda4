"""MeshCNN: a mesh that is turned has the same classes, and levels that do not fit are refused."""

import pytest
import torch

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.label import Label
from saddlepoint.kinds.mesh import Mesh
from saddlepoint.methods.recognition.meshcnn import MeshCNN

TINY = {"shape": (9, 14), "widths": (3, 4), "pools": (15, 12), "hidden": 4}
CLASSES = ("a", "b", "c")


def test_a_turned_mesh_has_the_same_classes() -> None:
    kind = Mesh(12, 20)
    method = MeshCNN(widths=(4, 6), pools=(18, 12), hidden=4)
    nets = method.networks(DataSpec({"mesh": kind, "label": Label(CLASSES)}, CLASSES)).eval()
    table = kind.example(1, 3)
    places, faces = kind.unpacked(table[0])
    turned = torch.from_numpy(kind.packed((places[:, [1, 2, 0]] * 2 + 1).numpy(), faces.numpy()))
    shares = method.predict(nets, torch.stack((table[0], turned)))["class"]
    assert torch.allclose(shares[0], shares[1], atol=1e-3)


def test_widths_and_pools_go_together() -> None:
    with pytest.raises(ConfigError, match="one of each a level"):
        MeshCNN(widths=(4,), pools=(10, 5))
