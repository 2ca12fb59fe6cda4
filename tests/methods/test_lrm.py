"""LRM: the official transformer, planes and decoder, what lies outside of the cube, and cameras moved as one."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from drive import count
from rigs import check_rigid_motion, spec
from torch import Tensor

from saddlepoint.methods.reconstruction.lrm import LRM, PRESETS
from saddlepoint.nn.backbones.plane_transformer import JoinedDecoder, PlaneTransformer
from saddlepoint.nn.kernels.triplane import from_planes

TINY = {"shape": (3, 3, 12, 12), "targets": 1, "patch": 4, "encoder_width": 8, "encoder_layers": 1, "encoder_heads": 2,
        "width": 8, "layers": 1, "heads": 2, "side": 4, "plane_width": 4, "code": 6, "coarse": 4, "fine": 2,
        "crop": 8}  # fmt: skip
PARITY = Path(__file__).parents[1] / "parity" / "openlrm.npz"
SMALL: dict[str, Any] = {name: value for name, value in TINY.items() if name != "shape"}


def official() -> tuple[PlaneTransformer, JoinedDecoder, dict[str, Tensor]]:
    file = np.load(PARITY)
    values = {name: torch.from_numpy(file[name]) for name in file.files if name != "meta"}
    lrm = {name.removeprefix("sd.lrm."): value for name, value in values.items() if name.startswith("sd.lrm.")}
    net = PlaneTransformer(12, width=16, heads=2, layers=2, side=4, channels=6, code=10)
    state = {"queries": lrm["pos_embed"]}
    simple = {"camera_embedder.mlp": "camera", "transformer.norm": "norm", "upsampler": "grow"}
    for theirs, ours in simple.items():
        state |= {ours + name.removeprefix(theirs): value for name, value in lrm.items() if name.startswith(theirs)}
    for layer in range(2):
        theirs, ours = f"transformer.layers.{layer}", f"blocks.{layer}"
        for number in range(3):
            for part, own in (("norm", "norm"), ("mlp.1", "lead")):
                for kind in ("weight", "bias"):
                    state[f"{ours}.norms.{number}.{own}.{kind}"] = lrm[f"{theirs}.norm{number + 1}.{part}.{kind}"]
        across, among = f"{theirs}.cross_attn", lrm[f"{theirs}.self_attn.in_proj_weight"]
        state[f"{ours}.across.question.weight"] = lrm[f"{across}.q_proj_weight"]
        state[f"{ours}.across.offer.weight"] = torch.cat([lrm[f"{across}.{key}_proj_weight"] for key in "kv"])
        state[f"{ours}.across.out.weight"] = lrm[f"{across}.out_proj.weight"]
        state[f"{ours}.among.question.weight"], state[f"{ours}.among.offer.weight"] = among[:16], among[16:]
        state[f"{ours}.among.out.weight"] = lrm[f"{theirs}.self_attn.out_proj.weight"]
        for number, place in ((0, 0), (2, 3)):
            for kind in ("weight", "bias"):
                state[f"{ours}.mlp.{number}.{kind}"] = lrm[f"{theirs}.mlp.{place}.{kind}"]
    net.load_state_dict(state)
    decoder = JoinedDecoder(6)
    nets = "synthesizer.decoder.net."
    decoder.layers.load_state_dict(
        {name.removeprefix(nets): value for name, value in lrm.items() if name.startswith(nets)}
    )
    return net, decoder, values


@torch.no_grad()
def test_the_official_model_gives_the_same_tokens_planes_and_places() -> None:
    net, decoder, file = official()
    features, camera = file["in.image_feats"], file["in.source_camera"]
    assert (net.camera(camera) - file["out.camera_embedding"]).abs().max() < 1e-4
    assert (net.tokens(features, camera) - file["out.tokens"]).abs().max() < 1e-4
    planes = net(features, camera)
    assert (planes - file["out.planes"]).abs().max() < 1e-4
    raw, colour = decoder(from_planes(planes, file["in.points"]))
    assert (colour - file["out.points_rgb"]).abs().max() < 1e-4
    inside = file["in.points"].abs().amax(2) <= 1
    density = torch.nn.functional.softplus(raw - 1)
    assert (density - file["out.points_sigma"][..., 0])[inside].abs().max() < 1e-4


def test_the_transformer_has_the_papers_size() -> None:
    with torch.device("meta"):
        net = PlaneTransformer(768, width=1024, heads=16, layers=16, side=32, channels=80, code=1024)
    assert 300e6 < count(net) < 400e6  # with the encoder's 86 million and the rest about the paper's 500
    assert PRESETS["paper"]["layers"] == 16


@torch.no_grad()
def test_outside_of_the_cube_there_is_nothing() -> None:
    method = LRM(**SMALL)
    nets = method.networks(spec(3, 12))
    place = torch.tensor([[[0.0, 0.0, 0.0], [2.0, 0.0, 0.0]]]) * nets.surroundings.radius
    density = method.density(nets, torch.randn(1, 3, 4, 8, 8), place)
    assert density[0, 0] > 0.01
    assert density[0, 1] < 1e-6


def test_cameras_that_are_moved_as_one_see_the_same() -> None:
    torch.manual_seed(0)
    method = LRM(inputs=2, **SMALL)
    nets = method.networks(spec(4, 12))
    torch.nn.init.normal_(nets.planes.grow.weight)
    torch.nn.init.constant_(nets.decoder.layers[-1].bias, 1.0)
    check_rigid_motion(method, nets, 12)


def test_tokens_of_neighbouring_places_begin_alike() -> None:
    torch.manual_seed(0)
    nets = LRM(**SMALL).networks(spec(3, 12))
    near = nets.planes.queries[0].detach().view(3, 4, 4, 8)
    assert torch.allclose(near[0] - near[0, :1, :1], near[2] - near[2, :1, :1], atol=1e-6)
    step, far = ((near[:, :, 0] - near[:, :, at]).norm(dim=-1).mean() for at in (1, 3))
    assert step < far
    patches = nets.encoder.positions[0, 1:].detach()
    assert patches.norm(dim=1).min() > 1
