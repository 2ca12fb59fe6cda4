"""Exported graphs: they compute what the method does, for any batch, or nothing is written."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch

import conformance
import saddlepoint
from saddlepoint import cli
from saddlepoint.checkpoint.model import Model
from saddlepoint.deploy import parity
from saddlepoint.deploy.export import export, graphs
from saddlepoint.deploy.graph import onnx_of, program_of
from saddlepoint.deploy.parts import Part, parts_of
from saddlepoint.errors import CapabilityError, MissingExtra
from saddlepoint.methods.abilities import Sampling
from saddlepoint.methods.base import Clock


def model(name: str) -> Model:
    torch.manual_seed(0)
    method = conformance.small(name)
    spec = conformance.data_for(name).spec()
    nets = method.networks(spec).eval().requires_grad_(False)
    clock = Clock(stage=len(method.stages()) - 1)
    method.set_phase(nets, clock)
    return Model(method, nets, spec, {"method": name}, clock, Path())


def test_a_generator_of_classes_becomes_onnx_with_label_and_truncation(tmp_path: Path) -> None:
    whole = model("acgan")
    (path, one), *_ = export(whole, "onnx", tmp_path)
    assert one.difference <= 1e-5
    session = parity.session_of(path.read_bytes())
    assert [(given.name, given.shape) for given in session.get_inputs()] == [
        ("latents", ["batch", 8]), ("label", ["batch"]), ("truncation", [])
    ]  # fmt: skip
    latents, labels = whole.method.latents(whole.nets, 5, 1), np.array([0, 1, 2, 0, 1])
    fed = {"latents": latents.numpy(), "label": labels, "truncation": np.array(0.5, np.float32)}
    found = session.run(None, fed)[0]
    assert np.abs(found - whole.sample(5, seed=1, truncation=0.5).numpy()).max() < 1e-5
    facts = session.get_modelmeta().custom_metadata_map
    assert (facts["model"], facts["version"], facts["does"]) == ("acgan", whole.version, "generate")
    assert json.loads(facts["classes"]) == ["a", "b", "c"]
    told = json.loads((tmp_path / "export.json").read_text())
    assert told["files"]["generate.onnx"]["difference"] == one.difference
    names = [weight.name for weight in onnx.load(path).graph.initializer]
    assert not any("critic" in name for name in names)
    assert str(Path(saddlepoint.__file__).parent).encode() not in path.read_bytes()


def test_a_graph_of_pytorch_is_loaded_without_our_code_and_has_its_dropout_constant(tmp_path: Path) -> None:
    whole = model("pix2pix")
    ((path, one),) = export(whole, "torch", tmp_path)
    assert path.name == "translate-source-to-target.pt2"
    assert one.difference <= 1e-5
    images = torch.rand(4, 3, 16, 16) * 2 - 1
    made = torch.export.load(path).module()(images)
    assert torch.allclose(made, whole.translate(images).as_subclass(torch.Tensor), atol=1e-5)
    assert str(Path(saddlepoint.__file__).parent).encode() not in path.read_bytes()


def test_styles_are_truncated_by_an_input(tmp_path: Path) -> None:
    whole = model("stylegan2")
    with torch.no_grad():
        whole.nets.generator.mapping.average.normal_()
    ((part, program),) = graphs(whole)
    latents = whole.method.latents(whole.nets, 5, 1)
    for truncation in (1.0, 0.5):
        made = program.module()(latents, torch.tensor(truncation))
        wanted = whole.method.generate(whole.nets, latents, Sampling(truncation=truncation, noise="constant"))
        assert torch.allclose(made, wanted, atol=1e-5)
    assert list(part.inputs) == ["latents", "truncation"]


def test_all_that_a_model_can_be_asked_is_a_part_with_only_its_networks() -> None:
    names = {name: [part.name for part in parts_of(model(name))] for name in ("sgan", "vae", "cycle_gan")}
    assert names == {
        "sgan": ["generate", "predict"],
        "vae": ["generate", "encode"],
        "cycle_gan": ["translate-a-to-b", "translate-b-to-a"],
    }
    generate, classify = (part.module for part in parts_of(model("sgan")))
    assert {name.split(".")[1] for name, _ in generate.named_parameters()} == {"generator"}
    assert {name.split(".")[1] for name, _ in classify.named_parameters()} == {"critic"}


def test_where_the_code_asks_what_truncation_is_it_is_fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = model("acgan")
    kind = type(whole.method)
    plain = kind.generate

    def asking(self: Any, nets: Any, latents: Any, how: Any) -> Any:
        pulled = latents * how.truncation if how.truncation < 1 else latents
        return plain(self, nets, pulled, dataclasses.replace(how, truncation=1.0))

    monkeypatch.setattr(kind, "generate", asking)
    (part, program), *_ = graphs(whole)
    assert list(part.inputs) == ["latents", "label"]
    assert parity.check(part, lambda inputs: program.module()(*inputs), "a graph") == 0


def test_a_small_constant_is_not_taken_for_nothing() -> None:
    class Root(torch.nn.Module):
        def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
            (x,) = inputs
            return torch.rsqrt(x + 1e-8)  # as style-based layers have it

    def given(n: int, seed: int) -> tuple[torch.Tensor, ...]:
        return (torch.zeros(n, 2),)

    part = Part("generate", {"x": ""}, ("y", ""), Root(), lambda x: torch.rsqrt(x + 1e-8), given)
    session = parity.session_of(onnx_of(part, program_of(part), {}))
    assert parity.parity(part, parity.by_session(part, session)) < 1e-6


@pytest.mark.parametrize("wrong", [0.01, float("nan")])
def test_a_graph_that_differs_is_refused_and_nothing_is_written(
    wrong: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from saddlepoint.deploy import export as exporting

    def off(content: bytes) -> Any:
        runs = torch.export.load(exporting.io.BytesIO(content)).module()
        return lambda inputs: runs(*inputs) + wrong

    monkeypatch.setattr(exporting, "_by_torch", off)
    with pytest.raises(CapabilityError, match=r"differs by .* from the method itself"):
        export(model("gan"), "torch", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_without_its_packages_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    part = parts_of(model("gan"))[0]
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(MissingExtra, match=r"saddlepoint\[export\]"):
        onnx_of(part, program_of(part), {})
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtra, match=r"saddlepoint\[export\]"):
        parity.session_of(b"")


def test_what_the_exporter_of_this_torch_has_no_rule_for_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **more: object) -> None:
        raise torch.onnx.OnnxExporterError("batch norm")  # as torch 2.6 does

    part = parts_of(model("gan"))[0]
    monkeypatch.setattr(torch.onnx, "export", refuse)
    with pytest.raises(CapabilityError, match="cannot write generate as ONNX; a newer torch may"):
        onnx_of(part, program_of(part), {})


def test_a_difference_of_large_numbers_counts_by_their_size() -> None:
    part = dataclasses.replace(parts_of(model("gan"))[0], truth=lambda *inputs: torch.full((len(inputs[0]), 1), 200.0))
    assert parity.parity(part, lambda inputs: torch.full((len(inputs[0]), 1), 201.0)) == pytest.approx(0.005)
    assert parity.parity(part, lambda inputs: torch.zeros(1, 1)) == float("inf")


def test_the_command_says_what_it_wrote(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model("gan").save_pretrained(tmp_path / "model")
    for words in (["--to", "torch"], ["--to", "bundle", "--out", str(tmp_path / "other")]):
        with pytest.raises(SystemExit) as ended:
            cli.main(["export", str(tmp_path / "model"), *words])
        assert ended.value.code == 0
    said = capsys.readouterr().out
    assert "generate.pt2" in said
    assert "Truncation is an input" in said
    assert (tmp_path / "model" / "exported" / "generate.pt2").exists()
    assert saddlepoint.load(tmp_path / "other").version == saddlepoint.load(tmp_path / "model").version
    with pytest.raises(SystemExit) as ended:
        cli.main(["export", str(tmp_path / "model"), "--to", "torch", "--picture", "a.png"])
    assert ended.value.code == 2
    assert "leave it out" in capsys.readouterr().err
