"""Smaller models: what quantising, pruning and distilling do to a model, and when the result is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import conformance
import saddlepoint
from saddlepoint import cli
from saddlepoint.checkpoint.model import Model
from saddlepoint.cli import compress as compressing
from saddlepoint.cli.compress import Candidate, Outcome
from saddlepoint.data.batches import DataSpec
from saddlepoint.deploy.compress import judge as judging
from saddlepoint.deploy.compress.distil import distil, student_of
from saddlepoint.deploy.compress.feed import Feed
from saddlepoint.deploy.compress.imitate import difference
from saddlepoint.deploy.compress.judge import Judge, Limits, Verdict
from saddlepoint.deploy.compress.prune import pruned
from saddlepoint.deploy.compress.quantise import quantised
from saddlepoint.deploy.latency import latencies
from saddlepoint.deploy.parity import by_session, session_of
from saddlepoint.deploy.parts import Part, parts_of
from saddlepoint.errors import CapabilityError, ConfigError
from saddlepoint.methods import load
from saddlepoint.methods.base import Clock
from saddlepoint.metrics.extractors.features import Pixels

NOTHING = Feed({}, {})


def model(name: str, **settings: Any) -> Model:
    torch.manual_seed(0)
    method = load(name)(**settings)
    spec = DataSpec.of((1, 8, 8), (), 9)
    nets = method.networks(spec).eval().requires_grad_(False)
    facts = {"method": name, "options": conformance.config.to_json(method)}
    return Model(method, nets, spec, facts, Clock(), Path("x/y/z"))


def wgan(width: int = 16) -> Model:
    return model("wgan", latent=8, width=width)


def apart(one: Model, other: Model) -> float:
    return float((one.sample(64, seed=9) - other.sample(64, seed=9)).as_subclass(torch.Tensor).abs().mean())


def test_a_student_learns_to_make_what_its_teacher_makes_and_is_smaller() -> None:
    teacher = wgan(16)
    with torch.no_grad():
        for weight in teacher.nets.generator.parameters():
            weight.mul_(3)  # untrained ones all make grey
    before = student_of(teacher, ["width=8"])
    student = distil(teacher, ["width=8"], NOTHING, steps=60, batch=16, lr=3e-3)
    assert apart(student, teacher) < 0.7 * apart(before, teacher)
    assert student.method.width == 8
    assert student.facts["made_from"]["version"] == teacher.version
    assert not any(weight.requires_grad for weight in student.nets.parameters())
    assert not any(module.training for module in student.nets.modules())


def test_a_student_that_is_no_smaller_or_takes_other_latents_is_refused() -> None:
    with pytest.raises(ConfigError, match="smaller settings"):
        distil(wgan(), ["width=32"], NOTHING, steps=1, batch=2, lr=1e-3)
    with pytest.raises(ConfigError, match="leave the length of the latents"):
        student_of(wgan(), ["latent=4"])
    with pytest.raises(ConfigError, match=r"the student of wgan would need .* lower width"):
        student_of(wgan(), ["width=1000000"])
    with pytest.raises(ConfigError, match="did you mean 'width'"):
        student_of(wgan(), ["widht=4"])
    with pytest.raises(ConfigError, match="NAME=VALUE"):
        student_of(wgan(), ["width"])


def test_pruning_leaves_the_share_of_zeros_that_was_asked_for_and_the_folder_does_not_store_them(
    tmp_path: Path,
) -> None:
    whole = wgan(32)
    small = pruned(whole, 0.75, whole, NOTHING, steps=5, batch=8, lr=1e-3)
    weights = [w for w in small.nets.generator.parameters() if w.dim() >= 2 and w.numel() >= 1024]
    assert weights
    for weight in weights:
        assert float((weight == 0).float().mean()) == pytest.approx(0.75, abs=0.01)
    assert not any((weight == 0).any() for weight in whole.nets.generator.parameters() if weight.dim() >= 2)
    sizes = []
    for name, one in (("whole", whole), ("small", small)):
        one.save_pretrained(tmp_path / name)
        sizes.append((tmp_path / name / "model.safetensors").stat().st_size)
        assert saddlepoint.load(tmp_path / name).version == one.version
    assert sizes[1] < 0.45 * sizes[0]
    again = saddlepoint.load(tmp_path / "small")
    assert torch.equal(again.sample(4), small.sample(4))
    assert "pruning of 75%" in (tmp_path / "small" / "README.md").read_text()


def test_batch_norms_of_a_student_average_what_they_see_and_those_of_a_pruned_model_stay() -> None:
    whole = wgan()
    small = pruned(whole, 0.5, whole, NOTHING, steps=3, batch=8, lr=1e-3)
    student = distil(whole, ["width=8"], NOTHING, steps=3, batch=8, lr=1e-3)
    for one, seen in ((small, 0), (student, 3)):
        norms = [module for module in one.nets.generator.modules() if isinstance(module, nn.BatchNorm2d)]
        assert norms
        assert all(int(norm.num_batches_tracked) == seen for norm in norms)


def test_images_are_compared_at_three_sides() -> None:
    flat, fine = torch.zeros(1, 1, 8, 8), torch.ones(1, 1, 8, 8)
    fine[..., ::2] = -1
    assert difference(flat, fine).item() == pytest.approx(1.0)  # it averages out at a half of the side
    assert difference(flat, torch.ones(1, 1, 8, 8)).item() == pytest.approx(3.0)
    assert difference(torch.zeros(2, 5), torch.ones(2, 5)).item() == pytest.approx(1.0)


def linear() -> tuple[Part, bytes]:
    """A part of two layers and its ONNX file, made by hand."""
    import onnx

    draw = np.random.default_rng(0)
    first, last = (draw.normal(0, 0.2, shape).astype(np.float32) for shape in ((8, 64), (64, 16)))
    names = {"latents": onnx.helper.make_tensor_value_info("latents", onnx.TensorProto.FLOAT, ["batch", 8])}
    out = onnx.helper.make_tensor_value_info("images", onnx.TensorProto.FLOAT, ["batch", 16])
    nodes = [
        onnx.helper.make_node("MatMul", ["latents", "first"], ["hidden"], "one"),
        onnx.helper.make_node("MatMul", ["hidden", "last"], ["images"], "two"),
    ]
    weights = [onnx.numpy_helper.from_array(value, name) for name, value in (("first", first), ("last", last))]
    graph = onnx.helper.make_graph(nodes, "g", list(names.values()), [out], weights)
    proto = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 20)])
    onnx.helper.set_model_props(proto, {"model": "by hand"})

    def truth(latents: torch.Tensor) -> torch.Tensor:
        return latents @ torch.from_numpy(first) @ torch.from_numpy(last)

    def given(n: int, seed: int) -> tuple[torch.Tensor, ...]:
        return (torch.randn(n, 8, generator=torch.Generator().manual_seed(seed % 2**32)),)

    return Part("generate", {"latents": ""}, ("images", ""), nn.Identity(), truth, given), proto.SerializeToString()


def test_int8_is_near_the_original_nearer_with_layers_kept_and_says_what_it_is() -> None:
    import onnx

    part, content = linear()
    found = [quantised(part, content, NOTHING, kept) for kept in (0, 1, 2)]
    inputs = part.random_inputs(256, 5)
    errors = [(by_session(part, session_of(one))(inputs) - part.truth(*inputs)).abs().mean() for one in found]
    assert errors[2] < 1e-5 < errors[1] <= errors[0] < 0.05 * part.truth(*inputs).abs().mean()
    kinds = [{weight.data_type for weight in onnx.load_from_string(one).graph.initializer} for one in found]
    assert onnx.TensorProto.INT8 in kinds[0]
    facts = session_of(found[0]).get_modelmeta().custom_metadata_map
    assert facts == {"model": "by hand", "precision": "int8"}


def test_the_judge_lets_the_original_pass_and_noise_not() -> None:
    whole = wgan()
    parts = parts_of(whole)
    real = np.random.default_rng(0).integers(0, 256, (300, 1, 8, 8), np.uint8)
    judge = Judge(parts, NOTHING, real, Pixels, Limits(1.1, 4.0))
    same = judge.verdict({"generate": lambda inputs: parts[0].truth(*inputs)})
    assert (same.fine, same.ratio, same.levels) == (True, pytest.approx(1.0), None)
    assert judge.itself().distance == pytest.approx(same.distance)
    worse = judge.verdict({"generate": lambda inputs: torch.full((len(inputs[0]), 1, 8, 8), -1.0)})
    assert not worse.fine
    assert "300 images of the same latents" in judge.protocol


def test_a_translation_is_judged_by_how_much_it_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = model("cycle_gan", blocks=1, generator_width=4, critic_width=4, halvings=1, pool=1)
    parts, images = parts_of(whole), torch.rand(6, 1, 8, 8) * 2 - 1
    feed = Feed({"a": images, "b": images}, {"a": images, "b": -images})
    assert torch.equal(feed.to_judge(parts[1], 4)[0], -images[:4])
    judge = Judge(parts, feed, np.empty(0), Pixels, Limits(1.1, 4.0))
    runs = {part.name: lambda inputs, part=part: part.truth(*inputs) for part in parts}
    assert judge.verdict(runs).levels == 0
    off = judge.verdict({**runs, parts[0].name: lambda inputs: parts[0].truth(*inputs) * 0 + 1})
    assert not off.fine
    assert off.levels is not None
    assert off.levels > 4
    assert judge.itself().levels == 0
    assert judging.outputs(parts[0].truth, (images,)).dtype == np.uint8


def test_all_ways_are_timed() -> None:
    found = latencies({"short": lambda: None, "long": lambda: sum(range(20_000))}, rounds=3)
    assert 0 <= found["short"] < found["long"]


def test_the_command_prints_one_table_and_refuses_what_is_worse(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SADDLEPOINT_CACHE", str(tmp_path / "cache"))
    settings = {"latent": 8, "width": 16, "images": 64, "batch": 32, "grid_size": 0}
    run = saddlepoint.train("wgan", out=tmp_path / "run", **settings).folder
    words = ["compress", str(run), "--by", "distil", "--student", "width=8", "--steps", "5", "--extractor", "pixels"]
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        cli.main([*words, "--worst", "1e6", "--out", str(tmp_path / "small")])
    assert ended.value.code == 0
    assert "as it is" in capsys.readouterr().out
    assert saddlepoint.load(tmp_path / "small").method.width == 8
    told = json.loads((tmp_path / "small" / "compressed.json").read_text())
    assert [row["name"] for row in told["table"]] == ["as it is", "width=8"]
    worse = Candidate("width=8", Verdict(20.0, 2.0, None, False), 1, {}, None)
    monkeypatch.setattr(compressing, "compress", lambda *rest: Outcome(told["table"], "Measured.", [worse]))
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert "as it is" in said.out
    assert "2.00 times as far from real images as the original, over 1.1: nothing is written" in said.err
    assert not (run / "compressed").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--by", "distil"], "needs --student"),
        (["--by", "int8", "--student", "width=8"], "nothing else takes it"),
        (["--by", "prune", "--share", "1.5"], "more than 0 and less than 1"),
        (["--by", "prune", "--steps", "0"], "--steps must be more than 0"),
    ],
)
def test_settings_that_make_no_sense_are_refused_before_any_work(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["compress", "nowhere", *words])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_points_are_not_compressed() -> None:
    from saddlepoint.cli.compress import _data

    points = model("gan")
    points.spec = DataSpec.of((2,))
    with pytest.raises(CapabilityError, match="makes points"):
        _data(points)
