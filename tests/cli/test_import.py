"""`saddle import`: small networks under their authors' names become models that give the same images."""

from __future__ import annotations

import importlib
import json
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

import saddlepoint
from ports import (
    PortLevel,
    Wrapped,
    example_critic,
    example_generator,
    filled,
    official_critic,
    official_generator,
    persistent_classes,
    port_critic,
    port_translator,
)
from saddlepoint.checkpoint.convert import dcgan_example
from saddlepoint.checkpoint.foreign import state_dicts
from saddlepoint.errors import CapabilityError, SaddlepointError
from saddlepoint.methods.abilities import by_label
from saddlepoint.nn.backbones.dcgan import DCGANCritic

main = importlib.import_module("saddlepoint.cli.import").main
tool = importlib.import_module("saddlepoint.cli.import")


def trained(network: nn.Module, *shape: int) -> nn.Module:
    """With running statistics that are not those it began with."""
    torch.manual_seed(0)
    for parameter in network.parameters():
        nn.init.normal_(parameter, 0.0, 0.1)
    with torch.no_grad():
        network.train()(torch.randn(4, *shape))
    return network.eval()


def u_net(norm: type[nn.Module], widths: list[int]) -> nn.Module:
    whole = Wrapped()
    whole.model = PortLevel(widths, norm)
    return whole


class Example(nn.Module):
    """The DCGAN example's own forward."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.main = network.main

    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = self.main(x)
        return made


NETWORKS = {
    "residual-instance": (
        port_translator(2, nn.InstanceNorm2d),
        (3, 16, 16),
        "cycle_gan",
        "2 blocks, 4 wide, instance",
    ),
    "residual-batch": (port_translator(1, nn.BatchNorm2d, True), (3, 16, 16), "cycle_gan", "1 blocks, 4 wide, batch"),
    "u-net-batch": (u_net(nn.BatchNorm2d, [3, 4, 8, 16, 32, 32]), (3, 32, 32), "pix2pix", "5 halvings, 4 wide, batch"),
    "u-net-instance": (
        u_net(nn.InstanceNorm2d, [3, 4, 8, 16, 32, 32]),
        (3, 32, 32),
        "pix2pix",
        "5 halvings, 4 wide, instance",
    ),
    "example": (Example(example_generator()), (5, 1, 1), "dcgan", "16x16 images with 1 channels, from 5 numbers"),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_is_recognised_and_gives_the_same_images(name, tmp_path, capsys) -> None:
    torch.manual_seed(1)
    network, shape, method, words = NETWORKS[name]
    given = torch.randn(3, *shape).clamp(-1, 1)
    with torch.no_grad():
        wanted = trained(network, *shape)(given)
    torch.save(network.state_dict(), tmp_path / "net.pth")
    np.savez(tmp_path / "reference.npz", input=given.numpy(), output=wanted.numpy())
    out = tmp_path / "model"
    side = ["--resolution", "32"] if method == "cycle_gan" else []
    arguments = [str(tmp_path / "net.pth"), "--out", str(out), "--check", str(tmp_path / "reference.npz"), *side]
    assert main(arguments) == 0
    said = capsys.readouterr().out
    assert words in said
    assert "the same images as the reference" in said
    model = saddlepoint.load(out)
    assert model.name == method
    assert model.facts["imported"]["files"] == ["net.pth"]
    assert tool.difference(model, tmp_path / "reference.npz") < 5e-5
    card = (out / "README.md").read_text(encoding="utf-8")
    assert "their training is not known" in card
    assert str(tmp_path) not in card + (out / "provenance.json").read_text(encoding="utf-8")


def test_a_stylegan2_is_taken_out_of_its_authors_pickle_and_the_averaged_one_at_that(
    tmp_path, capsys, monkeypatch
) -> None:
    weights, network = filled(dict(official_generator(classes=0))), persistent_classes(monkeypatch)
    content = {
        "G": network({**weights, "synthesis.b4.torgb.bias": torch.ones(3)}),
        "D": network(filled(dict(official_critic()))),
        "G_ema": network(weights),
    }
    (tmp_path / "net.pkl").write_bytes(pickle.dumps(content))
    assert main([str(tmp_path / "net.pkl"), "--out", str(tmp_path / "a")]) == 0
    assert "stylegan2-ada-pytorch, generator of 16x16 images from 4 numbers" in capsys.readouterr().out
    model = saddlepoint.load(tmp_path / "a")
    assert (model.method.base, model.method.most, model.method.latent) == (32, 4, 4)  # type: ignore[attr-defined]
    assert model.facts["imported"]["files"] == ["net.pkl (G_ema)"]
    assert torch.equal(model.nets.generator.synthesis.images[0].bias, weights["synthesis.b4.torgb.bias"])
    assert model.sample(2, truncation=0.5).shape == (2, 3, 16, 16)
    assert main([str(tmp_path / "net.pkl"), "--network", "G", "--out", str(tmp_path / "b")]) == 0
    assert saddlepoint.load(tmp_path / "b").nets.generator.synthesis.images[0].bias.tolist() == [1, 1, 1]


def test_a_stylegan2_of_classes_becomes_a_model_that_makes_a_chosen_one(tmp_path, capsys, monkeypatch) -> None:
    content = {"G_ema": persistent_classes(monkeypatch)(filled(dict(official_generator())))}
    (tmp_path / "net.pkl").write_bytes(pickle.dumps(content))
    assert main([str(tmp_path / "net.pkl"), "--out", str(tmp_path / "a")]) == 0
    said = capsys.readouterr().out
    assert "generator of 16x16 images from 4 numbers, of 2 classes" in said
    assert said.rstrip().endswith("-n 64 --label 0")
    model = saddlepoint.load(tmp_path / "a")
    assert (model.name, model.spec.classes, model.method.latent) == ("stylegan2_conditional", ("0", "1"), 4)  # type: ignore[attr-defined]
    latents, label = torch.linspace(-1, 1, 8).view(2, 4), torch.tensor([0, 1])
    images = model.method.generate(model.nets, latents, by_label(label, noise="constant"))  # type: ignore[attr-defined]
    # As the official forward has it, see tests/checkpoint/test_stylegan2_ada.py.
    assert images[0, :, 5, 9].tolist() == pytest.approx([-0.638656, 0.155218, 0.007780], abs=1e-4)
    assert images[1, :, 12, 3].tolist() == pytest.approx([-0.055831, 0.349636, -0.429014], abs=1e-4)
    assert torch.equal(model.sample(2, label=1)[1], model.sample(2)[1])
    assert not torch.equal(model.sample(2, label=1)[0], model.sample(2)[0])
    with pytest.raises(CapabilityError, match="the classes are 0 to 1"):
        model.sample(2, label=2)
    sample = importlib.import_module("saddlepoint.cli.sample").main
    assert sample([str(tmp_path / "a"), "-n", "2", "--label", "1", "--out", str(tmp_path / "one.png")]) == 0
    assert Image.open(tmp_path / "one.png").size[0] > 16


def test_a_reference_of_a_model_of_classes_has_labels_too(tmp_path, capsys) -> None:
    net, out = tmp_path / "net.pth", tmp_path / "model"
    torch.save(filled(dict(official_generator())), net)
    main([str(net), "--out", str(out)])
    model, latents = saddlepoint.load(out), torch.randn(3, 4)
    label = torch.tensor([1, 0, 1])
    made = model.method.generate(model.nets, latents, by_label(label, noise="constant")).numpy()  # type: ignore[attr-defined]
    for name, labels in {
        "right": {"label": label},
        "bare": {},
        "other": {"label": 1 - label},
        "odd": {"label": label + 1},
    }.items():
        np.savez(tmp_path / f"{name}.npz", input=latents, output=made, **labels)
    assert main([str(net), "--out", str(tmp_path / "b"), "--check", str(tmp_path / "right.npz")]) == 0
    assert "the same images as the reference" in capsys.readouterr().out
    for name, words in {
        "bare": "has no array 'label': numpy.savez.FILE, input=..., output=..., label=...",
        "other": "differ from the reference",
        "odd": "label must be a number from 0 to 1 for each input",
    }.items():
        refused(words, net, "--out", tmp_path / "c", "--check", tmp_path / f"{name}.npz")
    assert not (tmp_path / "c").exists()


def test_two_files_are_the_two_ways_of_one_cyclegan_and_one_file_is_one_way(tmp_path, capsys) -> None:
    for name in "ab":
        torch.save(trained(port_translator(1, nn.InstanceNorm2d), 3, 16, 16).state_dict(), tmp_path / f"{name}.pth")
    both = [str(tmp_path / "a.pth"), str(tmp_path / "b.pth")]
    assert main([*both, "--out", str(tmp_path / "both"), "--resolution", "32"]) == 0
    assert main([both[0], "--out", str(tmp_path / "one")]) == 0
    assert "256 pixels are taken" in capsys.readouterr().err
    image = torch.rand(1, 3, 32, 32)
    two, one = saddlepoint.load(tmp_path / "both"), saddlepoint.load(tmp_path / "one")
    assert (two.spec.resolution, one.spec.resolution) == (32, 256)
    assert torch.equal(two.translate(image, "a"), one.translate(image))
    assert two.translate(image, "b").shape == image.shape
    with pytest.raises(CapabilityError, match="one direction only"):
        one.translate(image, "b")
    config = json.loads((tmp_path / "one" / "config.json").read_text(encoding="utf-8"))
    assert config["options"]["norm"] == "instance"


def test_an_imported_translator_translates_files(tmp_path) -> None:
    torch.save(trained(u_net(nn.BatchNorm2d, [3, 4, 8, 16, 32, 32]), 3, 32, 32).state_dict(), tmp_path / "net.pth")
    main([str(tmp_path / "net.pth"), "--out", str(tmp_path / "model")])
    Image.fromarray(np.zeros((30, 21, 3), np.uint8)).save(tmp_path / "in.png")
    translate = importlib.import_module("saddlepoint.cli.translate").main
    assert translate([str(tmp_path / "model"), str(tmp_path / "in.png"), str(tmp_path / "out.png")]) == 0
    assert Image.open(tmp_path / "out.png").size == (21, 30)


CRITICS = {
    "PatchGAN": port_critic(nn.InstanceNorm2d).state_dict(),
    "DCGAN": example_critic().state_dict(),
    "StyleGAN2": filled(dict(official_critic())),
    "R3GAN": {"ExtractionLayer.Layer.weight": torch.zeros(1)},
}


@pytest.mark.parametrize("name", CRITICS)
def test_a_critic_is_refused_as_one(name, tmp_path) -> None:
    torch.save(CRITICS[name], tmp_path / "net.pth")
    with pytest.raises(SaddlepointError, match=f"critic.*{name}|{name} critic"):
        main([str(tmp_path / "net.pth"), "--out", str(tmp_path / "model")])
    assert not (tmp_path / "model").exists()


def test_the_examples_critic_gives_the_same_verdicts() -> None:
    network, image = example_critic(), torch.randn(3, 1, 16, 16)
    network = trained(Example(network), 1, 16, 16)
    ours = DCGANCritic(1, 16, 2, 4)
    ours.load_state_dict(dcgan_example.critic(network.state_dict()))
    assert torch.allclose(ours.eval()(image).sigmoid(), network(image).flatten(), atol=1e-6)


def refused(words: str, *arguments: object) -> None:
    with pytest.raises(SaddlepointError) as error:
        main(list(map(str, arguments)))
    assert re.search(words, str(error.value)), error.value


def test_what_cannot_be_imported_is_said(tmp_path: Path) -> None:
    net, out = tmp_path / "net.pth", tmp_path / "model"
    torch.save(trained(Example(example_generator()), 5, 1, 1).state_dict(), net)
    np.savez(tmp_path / "other.npz", input=np.zeros((2, 5)), output=np.ones((2, 1, 16, 16)))
    np.savez(tmp_path / "lacking.npz", input=np.zeros((2, 5)))
    np.savez(tmp_path / "wrong.npz", input=np.zeros((2, 7)), output=np.ones((2, 1, 16, 16)))
    refused("differ from the reference by .*nothing was written", net, "--out", out, "--check", tmp_path / "other.npz")
    refused("has no array 'output'", net, "--out", out, "--check", tmp_path / "lacking.npz")
    refused(r"input \[2, 7\] does not fit dcgan", net, "--out", out, "--check", tmp_path / "wrong.npz")
    refused("none.npz cannot be read", net, "--out", out, "--check", net.with_name("none.npz"))
    refused("make images of 16 pixels: leave out --resolution", net, "--out", out, "--resolution", 32)
    refused("holds no network 'G'", net, "--out", out, "--network", "G")
    refused("takes a file, or two", "--out", out)
    refused("two ways of one CycleGAN", net, net, "--out", out)
    torch.save({"stem.weight": torch.ones(1)}, tmp_path / "other.pth")
    refused(
        "no network of the DCGAN example.* has such names and shapes: stem.weight",
        tmp_path / "other.pth",
        "--out",
        out,
    )
    weights = state_dicts(net)[""]
    torch.save({**weights, "main.3.weight": torch.ones(4, 4, 4, 4)}, tmp_path / "odd.pth")
    refused("do not fit: generator.layers.2.weight is", tmp_path / "odd.pth", "--out", out)
    torch.save({**weights, "main.3.weight": weights["main.3.weight"] * float("nan")}, tmp_path / "nan.pth")
    refused("main.3.weight|layers.2.weight holds numbers that are not finite", tmp_path / "nan.pth", "--out", out)
    torch.save(port_translator(1, nn.BatchNorm2d).state_dict() | {"model.15.weight": torch.ones(1)}, tmp_path / "x.pth")
    refused("model.15.weight|is no part of|do not fit", tmp_path / "x.pth", "--out", out)
    assert not out.exists()
    out.mkdir()
    (out / "mine.txt").write_text("words", encoding="utf-8")
    refused("is there already", net, "--out", out)
