"""Weights of BERT with its two heads by our names, as transformers keeps them: google-bert/bert-base-uncased, ...

[CLS], [SEP] and [MASK] are tokens 101, 102 and 103 of all vocabularies of the authors; here they have rows of their own
behind the vocabulary. Files hold no tokenizer, so tokens are numbers.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from saddlepoint.checkpoint.convert.imported import Imported
from saddlepoint.checkpoint.convert.renamed import Rest, count, heads_of
from saddlepoint.errors import CheckpointError
from saddlepoint.kinds.tokens import Tokens

ORIGIN = "BERT"
_START, _MARK, _HOLE = 101, 102, 103  # [CLS], [SEP], [MASK]


def recognised(state: Mapping[str, Tensor]) -> Imported | None:
    """The encoder with the heads of its two tasks; None where it is none. Raises CheckpointError without the heads."""
    state = {_today(name): value for name, value in state.items()}
    if "bert.embeddings.token_type_embeddings.weight" not in state:
        return None
    if "cls.seq_relationship.weight" not in state:
        raise CheckpointError("this BERT has lost the heads that it was trained with: import one for pretraining.")
    pieces, width = state["bert.embeddings.word_embeddings.weight"].shape
    if pieces <= _HOLE:
        raise CheckpointError(f"a BERT of {pieces} tokens is none of its authors', which have [MASK] as token {_HOLE}.")
    length = state["bert.embeddings.position_embeddings.weight"].shape[0] - 3
    layers = count(state, r"bert\.encoder\.layer\.(\d+)\.")
    hidden = state["bert.encoder.layer.0.intermediate.dense.weight"].shape[0]
    return Imported(
        origin=ORIGIN,
        what=f"encoder of {layers} layers, {width} wide, {pieces:,} tokens, a window of {length}",
        method="bert",
        options={"layers": layers, "heads": heads_of(width), "width": width, "hidden": hidden},
        shape=(0, 0, 0),
        weights={"encoder": encoder(state, layers)},
        remarks=("Files of BERT hold no tokenizer: texts are the numbers of its tokens.",),
        fields={"text": Tokens(length, tuple(map(str, range(pieces))))},
    )


def encoder(state: Mapping[str, Tensor], layers: int) -> dict[str, Tensor]:
    """Its state dict as that of our encoder. Raises CheckpointError for a name that is none of it."""
    rest = Rest(state, "a BERT")
    rest.leave(r"cls\.predictions\.decoder\.(weight|bias)|bert\.embeddings\.position_ids")  # the same ones again
    tokens = rest.take("bert.embeddings.word_embeddings.weight")
    ours = {
        "tokens.weight": torch.cat((tokens, tokens[[_HOLE, _START, _MARK]])),
        "places.weight": rest.take("bert.embeddings.position_embeddings.weight"),
        "segments.weight": rest.take("bert.embeddings.token_type_embeddings.weight"),
        **rest.layer("bert.embeddings.LayerNorm", "norm"),
        **rest.layer("bert.pooler.dense", "pooler"),
        **rest.layer("cls.predictions.transform.dense", "word.0"),
        **rest.layer("cls.predictions.transform.LayerNorm", "word.2"),
        "bias": rest.take("cls.predictions.bias"),
    }
    for leaf in ("weight", "bias"):  # two logits, of which the first says that the text goes on
        both = rest.take(f"cls.seq_relationship.{leaf}")
        ours[f"next.{leaf}"] = both[:1] - both[1:]
    parts = {
        "attention.self.query": "attention.question",
        "attention.self.key": "attention.key",
        "attention.self.value": "attention.value",
        "attention.output.dense": "attention.out",
        "attention.output.LayerNorm": "attention_norm",
        "intermediate.dense": "mlp.0",
        "output.dense": "mlp.3",
        "output.LayerNorm": "mlp_norm",
    }
    for number in range(layers):
        for theirs, own in parts.items():
            ours |= rest.layer(f"bert.encoder.layer.{number}.{theirs}", f"layers.{number}.{own}")
    rest.done()
    return ours


def _today(name: str) -> str:
    """The name without the spelling of the first files, whose norms had gamma and beta."""
    return name.replace("LayerNorm.gamma", "LayerNorm.weight").replace("LayerNorm.beta", "LayerNorm.bias")
