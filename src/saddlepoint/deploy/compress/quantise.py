"""int8 by ONNX Runtime: weights and what flows between layers as whole numbers of 8 bits, scaled channel by channel.

Jacob et al. 2018, arXiv:1712.05877. The ranges are measured on the model's own inputs (static quantisation, in the form
of pairs that quantise and dequantise around each layer). The last layer, and then the first, are left as they are where
the whole is not good enough.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from saddlepoint.deploy.compress.feed import Feed
from saddlepoint.deploy.parity import fed
from saddlepoint.deploy.parts import Part
from saddlepoint.errors import MissingExtra

LAYERS = ("Conv", "ConvTranspose", "Gemm", "MatMul")
"""operations of ONNX that are quantised; the rest costs next to nothing"""
VARIANTS = {"int8": 0, "int8, last layer float": 1, "int8, first and last layer float": 2}
"""what is tried, in order: how many layers stay as they are"""
_CALIBRATED, _BATCH = 16, 16  # batches and examples in each that ranges are measured on


def quantised(part: Part, content: bytes, feed: Feed, whole_layers: int) -> bytes:
    """The ONNX file of a part in int8, but for its last layer (`kept` 1), or its first and last (2).

    Raises MissingExtra without the packages.
    """
    try:
        import onnx
        from onnxruntime.quantization import CalibrationDataReader, quantize_static
        from onnxruntime.quantization.shape_inference import quant_pre_process
    except ImportError as error:
        raise MissingExtra("int8 needs packages of its own: pip install 'saddlepoint[export]'.") from error

    class Inputs(CalibrationDataReader):  # type: ignore[misc]
        """Batches that ranges are measured on."""

        def __init__(self) -> None:
            self.left = _inputs(part, feed)

        def get_next(self) -> dict[str, Any] | None:
            return next(self.left, None)

    with tempfile.TemporaryDirectory() as place, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole, ready, small = (Path(place) / name for name in ("whole.onnx", "ready.onnx", "small.onnx"))
        whole.write_bytes(content)
        quant_pre_process(str(whole), str(ready), skip_symbolic_shape=True)  # batch norms go into convolutions
        layers = [node.name for node in onnx.load(ready).graph.node if node.op_type in LAYERS]
        left_out = [*layers[-1:], *layers[:1]][:whole_layers]
        quantize_static(
            str(ready),
            str(small),
            Inputs(),
            per_channel=True,
            reduce_range=True,  # 7 bits for weights: sums of two products overflow 16 bits on processors without VNNI
            op_types_to_quantize=list(LAYERS),
            nodes_to_exclude=left_out,
        )
        model = onnx.load(small)
        known = {entry.key: entry.value for entry in onnx.load_from_string(content).metadata_props}
        onnx.helper.set_model_props(model, {**known, "precision": "int8"})
        written: bytes = model.SerializeToString()
        return written


def _inputs(part: Part, feed: Feed) -> Iterator[dict[str, Any]]:
    for batch in range(_CALIBRATED):
        yield fed(part, feed.inputs(part, _BATCH, "calibrate", batch))
