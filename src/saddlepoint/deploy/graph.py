"""A part of a model as a graph that runs without its code: PyTorch's own (torch.export, .pt2), and ONNX.

Both have a batch of any size, and one file that holds all.
"""

from __future__ import annotations

import builtins
import io
import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from typing import Any

import torch
from torch import Tensor
from torch.export import Dim, ExportedProgram
from torch.fx import GraphModule

from saddlepoint.deploy.parts import Part
from saddlepoint.errors import CapabilityError, MissingExtra

OPSET = 20
"""of ONNX: the newest that PyTorch's exporter writes of itself; ONNX Runtime 1.19 and later read it"""
_MOST = 1_900_000_000  # bytes of weights; a single ONNX file ends at 2 GiB


def program_of(part: Part) -> ExportedProgram:
    """The part as a graph of PyTorch. Raises CapabilityError where its code asks what a graph cannot know."""
    example = part.example()
    shapes = tuple({0: Dim.DYNAMIC} if tensor.dim() else {} for tensor in example)
    with torch.no_grad(), warnings.catch_warnings(), _lengths_stay_open():
        warnings.simplefilter("ignore")
        try:
            program = torch.export.export(part.module, example, dynamic_shapes=(shapes,), strict=False)
        except Exception as error:  # the exporter raises many kinds; what they have in common is that it cannot
            reason = str(error).strip().split("\n", 1)[0]
            raise CapabilityError(f"{part.name} of this method cannot be a graph: {reason}") from error
    for module in program.graph_module.modules():
        if isinstance(module, GraphModule):
            for node in module.graph.nodes:  # would carry paths of this machine
                node.meta.pop("stack_trace", None)
    return program


def pt2_of(program: ExportedProgram) -> bytes:
    """A file that `torch.export.load` reads."""
    content = io.BytesIO()
    torch.export.save(program, content)
    return content.getvalue()


def onnx_of(part: Part, program: ExportedProgram, facts: Mapping[str, str]) -> bytes:
    """An ONNX file. facts: its metadata.

    Raises MissingExtra without its packages, CapabilityError for a model too large for one file and for what the
    exporter has no rule for.
    """
    try:
        import onnx
        from onnxscript import optimizer
    except ImportError as error:
        raise MissingExtra("ONNX needs packages of its own: pip install 'saddlepoint[export]'.") from error
    weights = [*part.module.parameters(), *part.module.buffers()]
    if sum(weight.numel() * weight.element_size() for weight in weights) > _MOST:
        raise CapabilityError(f"{part.name} has over {_MOST:,} bytes of weights, more than one ONNX file holds.")
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()), _quiet():
        warnings.simplefilter("ignore")
        try:
            exported: Any = torch.onnx.export(
                program,
                dynamo=True,
                input_names=list(part.inputs),
                output_names=[part.output[0]],
                opset_version=OPSET,
                optimize=False,
                verbose=False,
            )
        except torch.onnx.OnnxExporterError as error:  # torch 2.6 has no rule for batch norm
            raise CapabilityError(
                f"torch {torch.__version__} cannot write {part.name} as ONNX; a newer torch may, and `--to torch`"
                " writes a graph for torch.export.load."
            ) from error
        # The exporter's own `optimize` takes an addition of 1e-8 for one of nothing, and then divides by 0.
        optimizer.inline(exported.model)
        optimizer.fold_constants(exported.model)
        optimizer.remove_unused_nodes(exported.model)
    proto = exported.model_proto
    for node in proto.graph.node:  # stack traces with paths of this machine
        del node.metadata_props[:]
        node.doc_string = ""
    for value in (*proto.graph.input, *proto.graph.output):
        del value.metadata_props[:]
        for axis in value.type.tensor_type.shape.dim:
            if axis.dim_param:
                axis.dim_param = "batch"
    del proto.graph.value_info[:]
    proto.producer_name = "saddlepoint"
    onnx.helper.set_model_props(proto, dict(facts))
    onnx.checker.check_model(proto)
    content: bytes = proto.SerializeToString()
    return content


@contextmanager
def _lengths_stay_open() -> Iterator[None]:
    """`len(tensor)` must be a whole number in Python, which would fix the batch; while tracing it may be a symbol."""
    known = builtins.len

    def length(value: Any) -> Any:
        return value.shape[0] if isinstance(value, Tensor) else known(value)

    builtins.len = length
    try:
        yield
    finally:
        builtins.len = known


@contextmanager
def _quiet() -> Iterator[None]:
    """The exporter logs a line for each pass."""
    loggers = [logging.getLogger(name) for name in ("onnxscript", "onnx_ir", "torch.onnx")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels):
            logger.setLevel(level)
