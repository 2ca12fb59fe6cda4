"""Spectral convolution: Chebyshev's recurrence is the polynomial of the Laplacian's eigenvalues."""

import torch

from saddlepoint.kinds.mesh import Mesh
from saddlepoint.methods.recognition.spectral_mesh import Chebyshev
from saddlepoint.nn.kernels.mesh import laplacian_times, union

TINY = {"shape": (9, 14), "width": 4, "depth": 2, "orders": 3}


def test_a_layer_filters_each_frequency_by_its_polynomial() -> None:
    kind = Mesh(12, 20)
    mesh = union(kind.example(2, 0), kind.vertices)
    n = len(mesh.places)
    laplacian = laplacian_times(mesh, torch.eye(n))
    frequencies, waves = torch.linalg.eigh(laplacian - torch.eye(n))
    layer, values = Chebyshev(2, 3, 4), torch.randn(n, 2)
    angle = frequencies.clamp(-1, 1).acos()
    wanted = sum(waves @ ((order * angle).cos()[:, None] * (waves.T @ values)) @ layer.weight[order] for order in range(4))  # fmt: skip # noqa: E501
    assert torch.allclose(layer(values, mesh), wanted, atol=1e-4)  # type: ignore[arg-type]
