"""Graph networks: a graph convolution against its matrix, attention that sums to one, and any order of vertices."""

import pytest
import torch

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.label import Label
from saddlepoint.kinds.mesh import Mesh
from saddlepoint.methods.recognition.graph_mesh import Form, GraphAttention, GraphConvolution, GraphMesh

TINY = {"shape": (9, 14), "width": 4, "depth": 2}
CLASSES = ("a", "b", "c")
START, END = torch.tensor([0, 1, 1, 2]), torch.tensor([1, 0, 2, 1])  # a path of three
NONE = torch.zeros(4, 5)


def test_a_graph_convolution_is_its_matrix() -> None:
    layer, values = GraphConvolution(2, 3), torch.randn(3, 2)
    adjacent = torch.tensor([[1.0, 1, 0], [1, 1, 1], [0, 1, 1]])
    scale = adjacent.sum(1).rsqrt()
    wanted = layer.linear(scale[:, None] * adjacent * scale @ values)
    assert torch.allclose(layer(values, START, END, NONE), wanted, atol=1e-6)


def test_attention_to_equals_gives_what_they_have() -> None:
    layer = GraphAttention(2, 4, 2)
    same = torch.ones(3, 2)
    assert torch.allclose(layer(same, START, END, NONE), layer.linear(same) + layer.bias, atol=1e-6)


@pytest.mark.parametrize("form", ["messages", "convolution", "attention"])
def test_the_order_of_vertices_and_faces_changes_nothing(form: Form) -> None:
    kind = Mesh(12, 20)
    method = GraphMesh(form=form, width=4, depth=2, heads=2)
    nets = method.networks(DataSpec({"mesh": kind, "label": Label(CLASSES)}, CLASSES)).eval()
    tables = kind.example(3, 0)
    places, faces = kind.unpacked(tables[0])
    order = torch.randperm(len(places))
    shuffled = order.argsort()[faces][torch.randperm(len(faces))]
    again = torch.from_numpy(kind.packed(places[order].numpy(), shuffled.roll(1, 1).numpy()))
    shares = method.predict(nets, torch.stack((tables[0], again, tables[1])))["class"]
    assert torch.allclose(shares[0], shares[1], atol=1e-4)


def test_heads_must_divide_the_width() -> None:
    with pytest.raises(ConfigError, match="--heads"):
        GraphMesh(form="attention", width=10, heads=4)
