"""Geodesic CNN: bins that sum to one, constants that stay, and directions that may count from anywhere."""

import torch

from saddlepoint.kinds.mesh import Mesh
from saddlepoint.methods.recognition.geodesic_cnn import GeodesicConv, Patches, patches
from saddlepoint.nn.kernels.mesh import union

TINY = {"shape": (9, 14), "width": 4, "depth": 2, "rings": 2, "rays": 3, "radius": 1.5}
KIND = Mesh(12, 20)


def test_a_patch_of_a_constant_is_constant() -> None:
    mesh = union(KIND.example(2, 0), KIND.vertices)
    bins = patches(mesh, 2, 4, 2.0)
    total = torch.zeros(len(mesh.places) * 8).index_add(0, bins.place, bins.weight)
    assert torch.allclose(total, torch.ones_like(total), atol=1e-5)
    assert torch.allclose(bins.of(torch.full((len(mesh.places), 1), 3.0)), torch.tensor(3.0), atol=1e-4)


def test_a_turn_of_the_directions_by_a_ray_changes_no_answer() -> None:
    layer, values = GeodesicConv(2, 3, 2, 4), torch.randn(5, 2)
    weight = torch.rand(6, 2, 4)
    middle, other = torch.tensor([0, 0, 1, 2, 3, 4]), torch.tensor([1, 2, 0, 4, 2, 3])
    plain = Patches.of_pairs(middle, other, weight.flatten(1))
    turned = Patches.of_pairs(middle, other, weight.roll(1, 2).flatten(1))
    assert torch.allclose(layer(values, plain), layer(values, turned), atol=1e-5)
