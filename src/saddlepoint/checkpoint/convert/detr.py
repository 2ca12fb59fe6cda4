"""Weights of DETR by our names: of its authors (github.com/facebookresearch/detr, detr-r50-e632da11.pth) and of
transformers (facebook/detr-resnet-50, -101), whose trunk has timm's names or, in its own ResNet, others.

Its batch norms are frozen, so they are worked into the convolutions before them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from saddlepoint.checkpoint.convert.imported import Imported
from saddlepoint.checkpoint.convert.renamed import Rest, count
from saddlepoint.errors import CheckpointError
from saddlepoint.kinds.boxes import Boxes
from saddlepoint.kinds.image import Image

ORIGIN = "DETR"
_SIDE = 800  # pixels of the shorter side that its authors train and test with
_EPSILON = 1e-5  # of the batch norms
_HEAD = 32  # numbers of a head
_NAMES = {  # of transformers, as those of the authors
    r"model\.backbone\.(conv_encoder\.)?model\.embedder\.embedder\.convolution\.": "trunk.conv1.",
    r"model\.backbone\.(conv_encoder\.)?model\.embedder\.embedder\.normalization\.": "trunk.bn1.",
    r"model\.backbone\.(conv_encoder\.)?model\.": "trunk.",
    r"backbone\.0\.body\.": "trunk.",
    r"model\.query_position_embeddings\.": "query_embed.",
    r"model\.input_projection\.": "input_proj.",
    r"model\.(encoder|decoder)\.": r"transformer.\1.",
    r"class_labels_classifier\.": "class_embed.",
    r"bbox_predictor\.": "bbox_embed.",
}
_STAGES = (
    (r"trunk\.encoder\.stages\.(\d+)\.layers\.(\d+)\.shortcut\.convolution", r"trunk.layer\1.\2.downsample.0"),
    (r"trunk\.encoder\.stages\.(\d+)\.layers\.(\d+)\.shortcut\.normalization", r"trunk.layer\1.\2.downsample.1"),
    (r"trunk\.encoder\.stages\.(\d+)\.layers\.(\d+)\.layer\.(\d)\.convolution", r"trunk.layer\1.\2.conv\3"),
    (r"trunk\.encoder\.stages\.(\d+)\.layers\.(\d+)\.layer\.(\d)\.normalization", r"trunk.layer\1.\2.bn\3"),
)
_INNER = {
    r"self_attn\.o_proj\.": "self_attn.out_proj.",
    r"encoder_attn\.o_proj\.": "multihead_attn.out_proj.",
    r"encoder_attn\.": "multihead_attn.",
    r"(mlp\.)?fc1\.": "linear1.",
    r"(mlp\.)?fc2\.": "linear2.",
    r"self_attn_layer_norm\.": "norm1.",
    r"encoder_attn_layer_norm\.": "norm2.",
    r"final_layer_norm\.": "last_norm.",
}


def recognised(state: Mapping[str, Tensor]) -> Imported | None:
    """The detector, with what its shapes tell; None where it is none.

    Raises CheckpointError for encoder and decoder of different depths, and for another trunk.
    """
    state = {_as_theirs(name): value for name, value in state.items()}
    if not {"query_embed.weight", "trunk.conv1.weight", "class_embed.weight"} <= state.keys():
        return None
    queries, width = state["query_embed.weight"].shape
    layers = count(state, r"transformer\.encoder\.layers\.(\d+)\.")
    if count(state, r"transformer\.decoder\.layers\.(\d+)\.") != layers or width % _HEAD:
        raise CheckpointError("this DETR is none of the published ones: encoder and decoder differ, or its heads do.")
    first = 0 if any(name.startswith("trunk.layer0.") for name in state) else 1
    blocks = tuple(count(state, rf"trunk\.layer{first + stage}\.(\d+)\.") for stage in range(4))
    if not all(blocks) or "trunk.layer1.0.conv3.weight" not in _from_one(state, first):
        raise CheckpointError("the trunk of this DETR is no ResNet of bottlenecks (50 or 101).")
    classes = state["class_embed.weight"].shape[0] - 1
    trunk_width = state["trunk.conv1.weight"].shape[0]
    hidden = state["transformer.encoder.layers.0.linear1.weight"].shape[0]
    names = tuple(map(str, range(classes)))
    return Imported(
        origin=ORIGIN,
        what=f"detector with {queries} queries, {layers} and {layers} layers, a ResNet of {sum(blocks) * 3 + 2} layers",
        method="detr",
        options={
            "queries": queries,
            "layers": layers,
            "heads": width // _HEAD,
            "width": width,
            "hidden": hidden,
            "trunk": "resnet",
            "trunk_width": trunk_width,
            "blocks": blocks,
        },
        shape=(3, _SIDE, _SIDE),
        weights={"detector": detector(_from_one(state, first), layers, blocks)},
        remarks=(
            f"Images of any size can be looked at: {_SIDE} pixels a side are taken, as the shorter one of its authors."
            " Say --resolution for another.",
        ),
        fields={"image": Image(3, _SIDE, _SIDE), "boxes": Boxes(queries, names)},
    )


def detector(state: Mapping[str, Tensor], layers: int, blocks: tuple[int, ...]) -> dict[str, Tensor]:
    """Its state dict as that of our detector. Raises CheckpointError for a name that is none of it."""
    rest = Rest(state, "a DETR")
    rest.leave(r"trunk\..*num_batches_tracked|trunk\.fc\..*")
    ours = {f"trunk.stem.{leaf}": value for leaf, value in _folded(rest, "trunk.conv1", "trunk.bn1").items()}
    for stage, number in enumerate(blocks):
        for block in range(number):
            theirs, own = f"trunk.layer{stage + 1}.{block}", f"trunk.stages.{stage}.{block}"
            parts = {f"{own}.{name}": (f"conv{n}", f"bn{n}") for n, name in enumerate(("narrow", "across", "wide"), 1)}
            if f"{theirs}.downsample.0.weight" in rest.left:
                parts[f"{own}.past"] = ("downsample.0", "downsample.1")
            for place, (convolution, norm) in parts.items():
                both = _folded(rest, f"{theirs}.{convolution}", f"{theirs}.{norm}")
                ours |= {f"{place}.{leaf}": value for leaf, value in both.items()}
    ours |= rest.layer("input_proj", "project") | rest.layer("class_embed", "label")
    ours["queries.weight"] = rest.take("query_embed.weight")
    for number in range(3):
        ours |= rest.layer(f"bbox_embed.layers.{number}", f"box.{2 * number}")
    for part in ("encoder", "decoder"):
        for number in range(layers):
            theirs, own = f"transformer.{part}.layers.{number}", f"{part}.{number}"
            ours |= _attention(rest, f"{theirs}.self_attn", f"{own}.attention")
            norms = ["attention_norm", "mlp_norm"]
            if part == "decoder":
                ours |= _attention(rest, f"{theirs}.multihead_attn", f"{own}.cross")
                norms.insert(1, "cross_norm")
            for nth, norm in enumerate(norms, 1):
                last = nth == len(norms) and f"{theirs}.last_norm.weight" in rest.left
                ours |= rest.layer(f"{theirs}.{'last_norm' if last else f'norm{nth}'}", f"{own}.{norm}")
            ours |= rest.layer(f"{theirs}.linear1", f"{own}.mlp.0") | rest.layer(f"{theirs}.linear2", f"{own}.mlp.3")
    norm = "norm" if "transformer.decoder.norm.weight" in rest.left else "layernorm"
    ours |= rest.layer(f"transformer.decoder.{norm}", "norm")
    rest.done()
    return ours


def _attention(rest: Rest, theirs: str, ours: str) -> dict[str, Tensor]:
    names = ("question", "key", "value")
    parts = rest.layer(f"{theirs}.out_proj", f"{ours}.out")
    if f"{theirs}.in_proj_weight" in rest.left:
        for leaf in ("weight", "bias"):
            for name, value in zip(names, rest.take(f"{theirs}.in_proj_{leaf}").chunk(3)):
                parts[f"{ours}.{name}.{leaf}"] = value
        return parts
    for name, letter in zip(names, "qkv"):
        parts |= rest.layer(f"{theirs}.{letter}_proj", f"{ours}.{name}")
    return parts


def _folded(rest: Rest, convolution: str, norm: str) -> dict[str, Tensor]:
    """Weight and bias of a convolution and the frozen norm after it."""
    weight = rest.take(f"{convolution}.weight")
    gain, bias, mean, spread = (
        rest.take(f"{norm}.{leaf}") for leaf in ("weight", "bias", "running_mean", "running_var")
    )
    scale = gain / torch.sqrt(spread + _EPSILON)
    return {"weight": weight * scale[:, None, None, None], "bias": bias - mean * scale}


def _as_theirs(name: str) -> str:
    """The authors' name; stages and layers of transformers' own ResNet stay counted from 0."""
    for theirs, other in _NAMES.items():
        name, changed = re.subn(f"^{theirs}", other, name)
        if changed:
            break
    for theirs, other in _STAGES:
        name, changed = re.subn(f"^{theirs}", other, name)
        if changed:
            return name
    match = re.match(r"(transformer\.(?:encoder|decoder)\.layers\.\d+\.)(.*)", name)
    if match is None:
        return name
    inner = match[2]
    for theirs, other in _INNER.items():
        inner, changed = re.subn(f"^{theirs}", other, inner)
        if changed:
            break
    return match[1] + inner


def _from_one(state: Mapping[str, Tensor], first: int) -> dict[str, Tensor]:
    """Names with stages and convolutions counted from 1, where transformers counts them from 0."""
    if first:
        return dict(state)
    renamed = {}
    for name, value in state.items():
        match = re.match(r"trunk\.layer(\d+)\.(\d+)\.(conv|bn|downsample\.)(\d)(.*)", name)
        if match is None:
            renamed[name] = value
            continue
        inner = match[3] + (match[4] if match[3] == "downsample." else str(int(match[4]) + 1))
        renamed[f"trunk.layer{int(match[1]) + 1}.{match[2]}.{inner}{match[5]}"] = value
    return renamed
