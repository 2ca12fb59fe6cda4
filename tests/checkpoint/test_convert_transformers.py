"""GPT-2, BERT, ViT, MAE and DETR of transformers, with random weights: the same forward pass under our names."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from saddlepoint.checkpoint.convert.origins import recognise
from saddlepoint.checkpoint.model import Model, load
from saddlepoint.errors import CheckpointError

tool = importlib.import_module("saddlepoint.cli.import")
SIZES = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 1, "intermediate_size": 256}
IMAGES = {"image_size": 16, "patch_size": 4}


def official(name: str, configuration: str, **settings: Any) -> nn.Module:
    """A network of transformers whose weights are larger than those that it begins with, so that errors show."""
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    network: nn.Module = getattr(transformers, name)(getattr(transformers, configuration)(**settings)).eval()
    with torch.no_grad():
        for weight in network.parameters():
            if weight.requires_grad:
                weight.add_(torch.randn_like(weight), alpha=0.08)
    return network


def brought(state: dict[str, Tensor]) -> Model:
    _, imported = recognise({"": state})
    facts = tool._facts((), [], imported, [])
    return tool.model_of(imported, facts, Path("weights.bin"))


def apart(one: Tensor, other: Tensor) -> float:
    return float((one - other).abs().max())


def test_gpt2() -> None:
    theirs = official(
        "GPT2LMHeadModel", "GPT2Config", vocab_size=30, n_positions=12, n_embd=64, n_layer=2, n_head=1,
        bos_token_id=29, eos_token_id=29,
    )  # fmt: skip
    tokens = torch.randint(30, (3, 12))
    with torch.no_grad():
        expected = theirs(torch.cat((torch.full((3, 1), 29), tokens[:, :-1]), 1)).logits
    masks = {"h.0.attn.bias": torch.ones(1, 1, 12, 12), "h.1.attn.masked_bias": torch.tensor(-1e4)}
    old = {name.removeprefix("transformer."): value for name, value in theirs.state_dict().items()}
    for state in (theirs.state_dict(), {**old, **masks}):
        model = brought(state)
        assert apart(model.method.logits(model.nets, tokens, {}), expected) < 1e-4  # type: ignore[attr-defined]


def test_bert() -> None:
    theirs = official("BertForPreTraining", "BertConfig", vocab_size=120, max_position_embeddings=15, **SIZES)
    text = torch.randint(100, (3, 12))
    hidden = torch.zeros_like(text, dtype=torch.bool)
    hidden[:, 4] = True
    shown = text.masked_fill(hidden, 103)
    start, mark = torch.full((3, 1), 101), torch.full((3, 1), 102)
    segment = torch.cat((torch.zeros(3, 8), torch.ones(3, 7)), 1).long()
    with torch.no_grad():
        both = theirs(torch.cat((start, shown[:, :6], mark, shown[:, 6:], mark), 1), token_type_ids=segment)
    model: Any = brought(theirs.state_dict())
    words = both.prediction_logits.log_softmax(2)
    assert (
        apart(model.method.hidden_words(model.nets, text, hidden), torch.cat((words[:, 1:7], words[:, 8:14]), 1)) < 1e-4
    )
    with torch.no_grad():
        asked = torch.cat((start, text[:, :6], mark, text[:, 6:], mark), 1)
        goes_on = theirs(asked, token_type_ids=segment).seq_relationship_logits.softmax(1)[:, 0]
    assert apart(model.method.predict(model.nets, text)["next"][:, 1], goes_on) < 1e-4
    old = {name.replace("LayerNorm.weight", "LayerNorm.gamma"): value for name, value in theirs.state_dict().items()}
    assert brought(old).nets.state_dict().keys() == model.nets.state_dict().keys()


def test_vit() -> None:
    theirs = official("ViTForImageClassification", "ViTConfig", num_labels=5, **SIZES, **IMAGES)
    images = torch.rand(3, 3, 16, 16) * 2 - 1
    with torch.no_grad():
        expected = theirs(images).logits
    for state in (theirs.state_dict(), before_release_5(theirs.state_dict()), as_timm(theirs.state_dict())):
        model: Any = brought(state)
        assert apart(model.method.logits(model.nets, images), expected) < 1e-4
        assert model.spec.classes == ("0", "1", "2", "3", "4")


def test_mae() -> None:
    decoder = {f"decoder_{name}": value for name, value in SIZES.items()} | {
        "decoder_hidden_size": 32,
        "decoder_intermediate_size": 128,
    }
    theirs: Any = official("ViTMAEForPreTraining", "ViTMAEConfig", **SIZES, **IMAGES, **decoder)
    images, noise = torch.rand(3, 3, 16, 16) * 2 - 1, torch.rand(3, 16)
    mean, deviation = (torch.tensor(row)[:, None, None] for row in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    with torch.no_grad():
        patches = theirs(((images + 1) / 2 - mean) / deviation, noise=noise).logits
    colours = patches.unflatten(2, (16, 3)) * deviation.flatten() + mean.flatten()
    for state in (theirs.state_dict(), before_release_5(theirs.state_dict()), as_timm(theirs.state_dict())):
        model: Any = brought(state)
        own, hidden = model.method.mended(model.nets, images, noise.argsort(1))
        assert apart(own, (colours * 2 - 1).flatten(2)) < 1e-4
        assert hidden.sum(1).tolist() == [12, 12, 12]


def test_detr() -> None:
    transformers = pytest.importorskip("transformers")
    trunk = transformers.ResNetConfig(
        embedding_size=4, hidden_sizes=[16, 32, 64, 128], depths=[1, 2, 1, 1], out_features=["stage4"]
    )
    theirs: Any = official(
        "DetrForObjectDetection", "DetrConfig", backbone_config=trunk, use_timm_backbone=False, backbone=None,
        use_pretrained_backbone=False, num_queries=5, d_model=32, encoder_layers=2, decoder_layers=2,
        encoder_attention_heads=1, decoder_attention_heads=1, encoder_ffn_dim=16, decoder_ffn_dim=16, num_labels=4,
    )  # fmt: skip
    for name, value in theirs.named_buffers():
        if name.endswith(("running_mean", "running_var", "normalization.weight", "normalization.bias")):
            value.copy_(torch.rand_like(value) + 0.5)
    images = torch.rand(2, 3, 64, 96) * 2 - 1
    mean, deviation = (torch.tensor(row)[:, None, None] for row in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    with torch.no_grad():
        expected = theirs(((images + 1) / 2 - mean) / deviation)
    model: Any = brought(theirs.state_dict())
    logits, boxes = model.nets.detector(images)
    assert apart(logits[-1], expected.logits) < 1e-4
    assert apart(boxes[-1], expected.pred_boxes) < 1e-4
    authors = brought(as_the_authors(theirs.state_dict()))
    for name, value in model.nets.state_dict().items():
        assert torch.equal(authors.nets.state_dict()[name], value), name


def as_the_authors(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The names of DETR's authors and of torchvision's ResNet, with questions, keys and values in one matrix."""
    words = {
        r"^model\.backbone\.model\.embedder\.embedder\.convolution": "backbone.0.body.conv1",
        r"^model\.backbone\.model\.embedder\.embedder\.normalization": "backbone.0.body.bn1",
        r"^model\.query_position_embeddings": "query_embed", r"^model\.input_projection": "input_proj",
        r"^model\.(en|de)coder\.layers": r"transformer.\1coder.layers", r"encoder_attn\.": "multihead_attn.",
        r"mlp\.fc": "linear", "o_proj": "out_proj", "self_attn_layer_norm": "norm1", "encoder_attn_layer_norm": "norm2",
        r"(transformer\.encoder\S+)final_layer_norm": r"\1norm2", "final_layer_norm": "norm3",
        r"^model\.decoder\.layernorm": "transformer.decoder.norm", "class_labels_classifier": "class_embed",
        "bbox_predictor": "bbox_embed",
    }  # fmt: skip
    renamed = {_in_words(name, words): value for name, value in state.items()}
    for name in [name for name in renamed if ".q_proj." in name]:
        parts = [renamed.pop(name.replace("q_proj", f"{letter}_proj")) for letter in "qkv"]
        renamed[name.replace("q_proj.", "in_proj_")] = torch.cat(parts)
    for name in [name for name in renamed if ".stages." in name]:
        _, stage, block, inner = re.match(r"(.*)stages\.(\d+)\.layers\.(\d+)\.(.*)", name).groups()  # type: ignore[union-attr]
        inner = inner.replace("shortcut.convolution", "downsample.0").replace("shortcut.normalization", "downsample.1")
        inner = re.sub(r"layer\.(\d)\.convolution", lambda match: f"conv{int(match[1]) + 1}", inner)
        inner = re.sub(r"layer\.(\d)\.normalization", lambda match: f"bn{int(match[1]) + 1}", inner)
        renamed[f"backbone.0.body.layer{int(stage) + 1}.{block}.{inner}"] = renamed.pop(name)
    return renamed


def before_release_5(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The names of files on the hub."""
    words = {
        r"vit\.layers": "vit.encoder.layer", r"attention\.q_proj": "attention.attention.query",
        r"attention\.k_proj": "attention.attention.key", r"attention\.v_proj": "attention.attention.value",
        r"attention\.o_proj": "attention.output.dense", r"mlp\.fc1": "intermediate.dense", r"mlp\.fc2": "output.dense",
    }  # fmt: skip
    return {_in_words(name, words): value for name, value in state.items()}


def as_timm(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The names of timm and of the authors of MAE, with questions, keys and values in one matrix."""
    words = {
        r"vit\.layers": "blocks", r"decoder\.decoder_layers": "decoder_blocks", r"decoder\.decoder_": "decoder_",
        r"decoder\.mask": "mask", r"attention\.o_proj": "attn.proj", "layernorm_before": "norm1",
        "layernorm_after": "norm2", r"vit\.layernorm": "norm", r"vit\.embeddings\.position_embeddings": "pos_embed",
        r"vit\.embeddings\.patch_embeddings\.projection": "patch_embed.proj", r"vit\.embeddings\.cls": "cls",
        "classifier": "head",
    }  # fmt: skip
    renamed = {_in_words(name, words): value for name, value in state.items()}
    for name in [name for name in renamed if ".q_proj." in name]:
        parts = [renamed.pop(name.replace("q_proj", f"{letter}_proj")) for letter in "qkv"]
        renamed[name.replace("attention.q_proj", "attn.qkv")] = torch.cat(parts)
    return renamed


def _in_words(name: str, words: dict[str, str]) -> str:
    for theirs, other in words.items():
        name = re.sub(theirs, other, name)
    return name


def test_a_file_becomes_a_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    theirs = official(
        "GPT2LMHeadModel", "GPT2Config", vocab_size=30, n_positions=6, n_embd=64, n_layer=1, n_head=1,
        bos_token_id=29, eos_token_id=29,
    )  # fmt: skip
    state = {name: value.clone() for name, value in theirs.state_dict().items()}
    save_file(state, tmp_path / "model.safetensors")
    assert tool.main([str(tmp_path / "model.safetensors"), "--out", str(tmp_path / "gpt2")]) == 0
    assert "recognised: GPT-2, language model of 1 blocks, 64 wide" in capsys.readouterr().out
    model = load(tmp_path / "gpt2")
    assert model.sample(2, seed=0).shape == (2, 6)
    tokens = torch.randint(30, (2, 6))
    with torch.no_grad():
        expected = theirs(torch.cat((torch.full((2, 1), 29), tokens[:, :-1]), 1)).logits
    assert apart(model.method.logits(model.nets, tokens, {}), expected) < 1e-4  # type: ignore[attr-defined]


def test_gpt2_writes_words_with_its_tokenizer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    byte_pairs = tokenizers.ByteLevelBPETokenizer()
    byte_pairs.train_from_iterator(["the dog sees the dogs"] * 9, vocab_size=270)
    byte_pairs.add_special_tokens(["<|endoftext|>"])
    table = json.loads(byte_pairs.to_str())
    end = len(table["model"]["vocab"])
    table["model"]["vocab"]["<|endoftext|>"] = end
    (tmp_path / "tokenizer.json").write_text(json.dumps(table), "utf-8")
    theirs = official(
        "GPT2LMHeadModel", "GPT2Config", vocab_size=end + 1, n_positions=9, n_embd=64, n_layer=1, n_head=1,
        bos_token_id=end, eos_token_id=end,
    )  # fmt: skip
    torch.save(theirs.state_dict(), tmp_path / "pytorch_model.bin")
    words = [str(tmp_path / "pytorch_model.bin"), "--out", str(tmp_path / "gpt2"), "--tokenizer"]
    assert tool.main([*words, str(tmp_path / "tokenizer.json")]) == 0
    assert "--prompt" in capsys.readouterr().out
    model: Any = load(tmp_path / "gpt2")
    numbers = byte_pairs.encode("the dog sees").ids
    own = model.spec.main.numbers("the dog sees")
    assert own == [number + 1 for number in numbers]
    assert model.spec.main.text(torch.tensor(own)) == "the dog sees"
    with torch.no_grad():
        expected = theirs(torch.tensor([[end, *numbers[:-1]]])).logits
    logits = model.method.logits(model.nets, torch.tensor([own]), {})
    assert apart(logits, torch.cat((expected[..., -1:], expected[..., :-1]), 2)) < 1e-4
    assert model.spec.main.text(model.sample(1, given={"prompt": "the dog"})[0]).startswith("the dog")
    del table["model"]["vocab"]["<|endoftext|>"]
    (tmp_path / "other.json").write_text(json.dumps(table), "utf-8")
    with pytest.raises(CheckpointError, match="is not the tokenizer of this model"):
        tool.main([words[0], "--out", str(tmp_path / "again"), "--tokenizer", str(tmp_path / "other.json")])


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ({"wpe.weight": (4, 60), "wte.weight": (9, 60), "h.0.attn.c_attn.weight": (60, 180)}, "nobody knows its heads"),
        ({"wpe.weight": (4, 64), "wte.weight": (9, 64), "h.0.attn.c_attn.weight": (64, 192)}, "is not whole"),
        ({"bert.embeddings.token_type_embeddings.weight": (2, 64)}, "has lost the heads"),
        (
            {"cls_token": (1, 1, 64), "pos_embed": (1, 5, 64), "patch_embed.proj.weight": (64, 3, 4, 4)},
            "an encoder alone",
        ),
        (
            {"cls_token": (1, 1, 64), "pos_embed": (1, 7, 64), "patch_embed.proj.weight": (64, 3, 4, 4)},
            "no square image",
        ),
    ],
)
def test_what_is_not_whole_is_refused(state: dict[str, tuple[int, ...]], sentence: str) -> None:
    with pytest.raises(CheckpointError, match=sentence):
        recognise({"": {name: torch.zeros(shape) for name, shape in state.items()}})
