"""Weights of GPT-2 by our names, as transformers keeps them: openai-community/gpt2, -medium, -large, -xl.

Its linear layers are stored as [inputs, outputs]. The token "<|endoftext|>", its last one, stands before the first
token here. Files of weights hold no tokenizer: tokens are numbers, unless its own file is given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from saddlepoint.checkpoint.convert.imported import Imported
from saddlepoint.checkpoint.convert.renamed import Rest, count
from saddlepoint.errors import CheckpointError
from saddlepoint.kinds.tokenizer import END
from saddlepoint.kinds.tokens import Tokens
from saddlepoint.storage import documents
from saddlepoint.storage.plain import judged

ORIGIN = "GPT-2"
_END = "<|endoftext|>"
_HEAD = 64  # numbers of a head, in all published sizes


def recognised(state: Mapping[str, Tensor]) -> Imported | None:
    """The language model, with what its shapes tell; None where it is none."""
    state = {name.removeprefix("transformer."): value for name, value in state.items()}
    if "wpe.weight" not in state or "h.0.attn.c_attn.weight" not in state:
        return None
    (pieces, width), length = state["wte.weight"].shape, state["wpe.weight"].shape[0]
    if width % _HEAD:
        raise CheckpointError(f"a GPT-2 of width {width} is none of the published ones, so nobody knows its heads.")
    layers = count(state, r"h\.(\d+)\.")
    return Imported(
        origin=ORIGIN,
        what=f"language model of {layers} blocks, {width} wide, {pieces:,} tokens, a window of {length:,}",
        method="gpt",
        options={"layers": layers, "heads": width // _HEAD, "width": width, "activation": "tanh"},
        shape=(0, 0, 0),
        weights={"network": network(state, layers)},
        remarks=("Texts are the numbers of its tokens; --tokenizer tokenizer.json makes them words.",),
        fields={"text": Tokens(length, tuple(map(str, range(pieces))))},
    )


def with_tokenizer(imported: Imported, path: Path) -> Imported:
    """The same model of texts instead of numbers. path: the tokenizer.json of transformers, beside its weights.

    "<|endoftext|>", its last token, ends a text here, and is number 0. Raises CheckpointError for a file that is none,
    or of another vocabulary.
    """
    with judged(path, CheckpointError):
        model = documents.table(path)["model"]
        numbers = {str(piece): int(number) for piece, number in model["vocab"].items()}
        merges = tuple(merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"])
    pieces = sorted(numbers, key=numbers.__getitem__)
    text = imported.fields["text"]
    assert isinstance(text, Tokens)
    if pieces[-1:] != [_END] or [*map(numbers.__getitem__, pieces)] != list(range(text.vocabulary)):
        raise CheckpointError(
            f"{path} is not the tokenizer of this model, which has {text.vocabulary:,} tokens, the last of them {_END}."
        )
    weights = dict(imported.weights["network"])
    rows = weights["tokens.weight"][:-1]
    weights["tokens.weight"] = torch.cat((rows[-1:], rows[:-1], rows[-1:]))
    kind = Tokens(text.length, (END, *pieces[:-1]), "bpe", merges)
    return replace(imported, weights={"network": weights}, fields={"text": kind}, remarks=())


def network(state: Mapping[str, Tensor], layers: int) -> dict[str, Tensor]:
    """Its state dict as that of our network. Raises CheckpointError for a name that is none of it."""
    rest = Rest(state, "a GPT-2")
    rest.leave(r"lm_head\.weight|h\.\d+\.attn\.(masked_)?bias")  # the matrix of the tokens again, and masks
    tokens = rest.take("wte.weight")
    ours = {"tokens.weight": torch.cat((tokens, tokens[-1:])), "places.weight": rest.take("wpe.weight")}
    for number in range(layers):
        theirs, own = f"h.{number}", f"blocks.{number}"
        ours |= rest.layer(f"{theirs}.ln_1", f"{own}.attention_norm") | rest.layer(f"{theirs}.ln_2", f"{own}.mlp_norm")
        fused = {leaf: rest.take(f"{theirs}.attn.c_attn.{leaf}") for leaf in ("weight", "bias")}
        width = tokens.shape[1]
        for leaf, value in fused.items():
            value = value.T if leaf == "weight" else value
            ours[f"{own}.attention.question.{leaf}"] = value[:width]
            ours[f"{own}.attention.offer.{leaf}"] = value[width:]
        for name, place in (("attn.c_proj", "attention.out"), ("mlp.c_fc", "mlp.0"), ("mlp.c_proj", "mlp.2")):
            ours[f"{own}.{place}.weight"] = rest.take(f"{theirs}.{name}.weight").T
            ours[f"{own}.{place}.bias"] = rest.take(f"{theirs}.{name}.bias")
    ours |= rest.layer("ln_f", "norm")
    rest.done()
    return {name: value.contiguous() for name, value in ours.items()}
