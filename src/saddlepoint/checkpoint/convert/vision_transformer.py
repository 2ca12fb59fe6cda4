"""Weights of ViT and of MAE by our names: of transformers (google/vit-*, facebook/vit-mae-*), of timm, and of the
authors of MAE (github.com/facebookresearch/mae), whose names are timm's.

ViT takes images in [-1, 1], as here. MAE and the networks tuned from it take colours less ImageNet's mean and over its
deviation: that is worked into the layer that reads patches and, of MAE, into the one that paints them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from saddlepoint.checkpoint.convert.imported import Imported
from saddlepoint.checkpoint.convert.renamed import Rest, count, heads_of
from saddlepoint.errors import CheckpointError

ORIGIN = "ViT and MAE"
_MEAN, _DEVIATION = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
"""of ImageNet's colours from 0 to 1"""
_BLOCK = {  # names within a block, of both releases of transformers
    r"attention\.(attention\.query|q_proj)\.": "q.",
    r"attention\.(attention\.key|k_proj)\.": "k.",
    r"attention\.(attention\.value|v_proj)\.": "v.",
    r"attention\.(output\.dense|o_proj)\.": "attn.proj.",
    r"(intermediate\.dense|mlp\.fc1)\.": "mlp.fc1.",
    r"(output\.dense|mlp\.fc2)\.": "mlp.fc2.",
    r"layernorm_before\.": "norm1.",
    r"layernorm_after\.": "norm2.",
}
_WHOLE = {
    r"vit\.(encoder\.layer|layers)\.": "blocks.",
    r"decoder\.decoder_layers\.": "decoder_blocks.",
    r"vit\.embeddings\.cls_token": "cls_token",
    r"vit\.embeddings\.position_embeddings": "pos_embed",
    r"vit\.embeddings\.patch_embeddings\.projection\.": "patch_embed.proj.",
    r"vit\.layernorm\.": "norm.",
    r"classifier\.": "head.",
    r"decoder\.decoder_": "decoder_",
    r"decoder\.mask_token": "mask_token",
}


def recognised(state: Mapping[str, Tensor]) -> Imported | None:
    """A ViT that names classes, or an MAE with its decoder; None where it is neither.

    Raises CheckpointError for an encoder alone, and for images that are not square.
    """
    state = {_as_timm(name): value for name, value in state.items()}
    if not {"cls_token", "pos_embed", "patch_embed.proj.weight"} <= state.keys():
        return None
    width, channels, patch, _ = state["patch_embed.proj.weight"].shape
    places = state["pos_embed"].shape[1] - 1
    side = round(places**0.5) * patch
    if (side // patch) ** 2 != places:
        raise CheckpointError(f"{places} patches are of no square image; only square ones can be imported.")
    layers = count(state, r"blocks\.(\d+)\.")
    sizes = f"{layers} blocks, {width} wide, patches of {patch}"
    common = {"patch": patch, "layers": layers, "heads": heads_of(width), "width": width}
    rest = Rest(state, "a vision transformer")
    if "mask_token" in state:
        wide, depth = state["decoder_embed.weight"].shape[0], count(state, r"decoder_blocks\.(\d+)\.")
        return Imported(
            origin="MAE",
            what=f"masked autoencoder of {sizes}",
            method="mae",
            options={
                **common,
                "decoder_layers": depth,
                "decoder_heads": 16 if wide % 16 == 0 and wide >= 256 else max(1, wide // 32),
                "decoder_width": wide,
            },
            shape=(channels, side, side),
            weights=_mae(rest, layers, depth, channels),
            remarks=(
                "A decoder that learnt patches less their own mean (norm_pix_loss) paints no pictures: use the weights"
                " that its authors have made for pictures.",
            ),
        )
    if "head.weight" not in state:
        raise CheckpointError("this is an encoder alone: import a ViT that names classes, or an MAE with its decoder.")
    weights = {"encoder": _trunk(rest, layers), "head": {}}
    for leaf in ("weight", "bias"):
        weights["head"][leaf] = rest.take(f"head.{leaf}")
    rest.done()
    return Imported(
        origin="ViT",
        what=f"classifier of {sizes}",
        method="vit",
        options=common,
        shape=(channels, side, side),
        weights=weights,
        classes=weights["head"]["weight"].shape[0],
    )


def _as_timm(name: str) -> str:
    for theirs, timm in _WHOLE.items():
        name = re.sub(f"^{theirs}", timm, name)
    match = re.match(r"((decoder_)?blocks\.\d+\.)(.*)", name)
    if match is None:
        return name
    inner = match[3]
    for theirs, timm in _BLOCK.items():
        inner, changed = re.subn(f"^{theirs}", timm, inner)
        if changed:
            break
    return match[1] + inner


def _trunk(rest: Rest, layers: int) -> dict[str, Tensor]:
    return {
        "class_token": rest.take("cls_token"),
        "positions": rest.take("pos_embed"),
        **rest.layer("patch_embed.proj", "embed"),
        **_blocks(rest, "blocks", layers),
        **rest.layer("norm", "norm"),
    }


def _blocks(rest: Rest, theirs: str, layers: int) -> dict[str, Tensor]:
    ours: dict[str, Tensor] = {}
    for number in range(layers):
        place, own = f"{theirs}.{number}", f"blocks.{number}"
        ours |= rest.layer(f"{place}.norm1", f"{own}.attention_norm") | rest.layer(f"{place}.norm2", f"{own}.mlp_norm")
        if f"{place}.attn.qkv.weight" in rest.left:
            for leaf in ("weight", "bias"):
                fused = rest.take(f"{place}.attn.qkv.{leaf}")
                third = len(fused) // 3
                ours[f"{own}.attention.question.{leaf}"] = fused[:third]
                ours[f"{own}.attention.offer.{leaf}"] = fused[third:]
        else:
            ours |= rest.layer(f"{place}.q", f"{own}.attention.question")
            ours |= rest.stacked((f"{place}.k", f"{place}.v"), f"{own}.attention.offer")
        ours |= rest.layer(f"{place}.attn.proj", f"{own}.attention.out")
        ours |= rest.layer(f"{place}.mlp.fc1", f"{own}.mlp.0") | rest.layer(f"{place}.mlp.fc2", f"{own}.mlp.2")
    return ours


def _mae(rest: Rest, layers: int, depth: int, channels: int) -> dict[str, dict[str, Tensor]]:
    if channels != 3:
        raise CheckpointError(f"an MAE of its authors reads three colours, and this one {channels} channels.")
    encoder = _trunk(rest, layers)
    scale, shift = 0.5 / _DEVIATION, (0.5 - _MEAN) / _DEVIATION  # from [-1, 1] to what it reads
    weight = encoder["embed.weight"]
    encoder["embed.weight"] = weight * scale[:, None, None]
    encoder["embed.bias"] = encoder["embed.bias"] + (weight * shift[:, None, None]).sum((1, 2, 3))
    decoder = {
        **rest.layer("decoder_embed", "embed"),
        "hole": rest.take("mask_token"),
        "positions": rest.take("decoder_pos_embed"),
        **_blocks(rest, "decoder_blocks", depth),
        **rest.layer("decoder_norm", "norm"),
        **rest.layer("decoder_pred", "pixels"),
    }
    each = len(decoder["pixels.bias"]) // 3  # a patch is [patch, patch, C]
    decoder["pixels.weight"] = decoder["pixels.weight"] / scale.repeat(each)[:, None]
    decoder["pixels.bias"] = (decoder["pixels.bias"] - shift.repeat(each)) / scale.repeat(each)
    rest.done()
    return {"encoder": encoder, "decoder": decoder}
