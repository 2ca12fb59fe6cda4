"""Detectors of faces: the one that is there, and one of one's own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from saddlepoint.deploy.serve.consent import Cascade, OnnxDetector, check
from saddlepoint.deploy.serve.refusal import Refusal
from saddlepoint.errors import ConfigError


def test_the_cascade_sees_a_face_and_none_in_bricks():
    data = pytest.importorskip("skimage.data")
    detector, portrait = Cascade(), Image.fromarray(data.astronaut())
    assert detector.faces(portrait) == 1
    assert detector.faces(Image.fromarray(data.brick())) == 0
    assert detector.faces(Image.new("RGB", (5, 400))) == 0
    with pytest.raises(Refusal, match="seems to be a face") as refused:
        check(detector, portrait)
    assert refused.value.status == 403


def test_a_detector_of_ones_own_is_asked_at_its_own_size(tmp_path: Path):
    """It says face where the picture is bright."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    given = helper.make_tensor_value_info("image", kind, [1, 3, 12, 16])
    constants = [
        helper.make_tensor("shape", onnx.TensorProto.INT64, [3], [1, 1, 1]),
        helper.make_tensor("none", kind, [1, 1, 1], [0.0]),
    ]
    nodes = [
        helper.make_node("ReduceMean", ["image"], ["mean"], keepdims=0),
        helper.make_node("Reshape", ["mean", "shape"], ["bright"]),
        helper.make_node("Concat", ["none", "bright"], ["scores"], axis=2),
    ]
    scores = helper.make_tensor_value_info("scores", kind, [1, 1, 2])
    graph = helper.make_graph(nodes, "bright", [given], [scores], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    path = tmp_path / "bright.onnx"
    onnx.save(model, path)
    detector = OnnxDetector(path)
    assert [detector.faces(Image.new("RGB", (300, 200), (shade,) * 3)) for shade in (0, 255)] == [0, 1]
    graph.output[0].name = "boxes"
    nodes[-1].output[0] = "boxes"
    wrong = helper.make_graph(
        nodes, "boxes", [given], [helper.make_tensor_value_info("boxes", kind, [1, 1, 2])], constants
    )
    onnx.save(helper.make_model(wrong, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    with pytest.raises(ConfigError, match="no output `scores`"):
        OnnxDetector(path)
    path.write_bytes(np.random.default_rng(0).bytes(100))
    with pytest.raises(ConfigError, match="no detector in ONNX"):
        OnnxDetector(path)
