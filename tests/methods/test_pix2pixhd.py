"""pix2pixHD: the official networks, its losses by hand, its layouts, and an enhancer that adds nothing."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from drive import HandDraw, play
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.data.batches import DataSpec, PairedBatch
from saddlepoint.errors import CapabilityError, ConfigError
from saddlepoint.kinds.image import Image
from saddlepoint.losses.features import feature_matching
from saddlepoint.methods.translation.pix2pixhd import Pix2PixHD
from saddlepoint.nn.backbones.coarse_to_fine import CoarseToFine
from saddlepoint.nn.backbones.feature_critic import FeatureCritic
from saddlepoint.nn.backbones.region_encoder import Looks, RegionEncoder, region_means, regions_of
from saddlepoint.nn.layers.layout import Layout, outlines

TINY = {
    "width": 2, "halvings": 1, "blocks": 1, "enhancer_blocks": 1, "critic_width": 2, "critic_layers": 1, "scales": 2,
    "classes": 3, "looks": 2, "encoder_width": 2, "shape": (3, 16, 16),
}  # fmt: skip
PARITY = Path(__file__).parents[1] / "parity" / "pix2pixhd.npz"


def convolutions(network: nn.Module) -> list[nn.Module]:
    return [each for each in network.modules() if isinstance(each, nn.Conv2d | nn.ConvTranspose2d)]


def copy(file: Any, names: list[str], network: nn.Module) -> None:
    """Weights by order; a bias before a norm, which ours lack, moves into the norm's mean."""
    modules = [each for each in network.modules() if isinstance(each, nn.Conv2d | nn.ConvTranspose2d | nn.BatchNorm2d)]
    bias: Any = 0.0
    with torch.no_grad():
        for name, module in zip(names, modules, strict=True):
            for key, value in module.state_dict().items():
                if f"{name}.{key}" in file:
                    value.copy_(torch.from_numpy(file[f"{name}.{key}"]))
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean -= bias
            elif module.bias is None:
                bias = torch.from_numpy(file[f"{name}.bias"])


@torch.no_grad()
def test_generator_and_critics_equal_the_official_ones() -> None:
    file = np.load(PARITY)
    layers = list(dict.fromkeys(name.rsplit(".", 1)[0] for name in file.files if name.startswith("sd.local")))
    generator = CoarseToFine(5, 3, 4, 2, 2, 1, 2, norm="batch").eval()
    copy(file, layers, generator)
    seg, image = torch.from_numpy(file["in.seg"]).float(), torch.from_numpy(file["in.x"])
    assert np.abs(generator(seg).numpy() - file["out.local"]).max() < 1e-4
    critic = FeatureCritic(8, 6, 3, 2)
    for scale, official in zip(critic.scales, (2, 1)):  # they count from the smallest
        copy(file, [f"sd.D.scale{official}_layer{layer}.0" for layer in range(5)], scale)
    for place, maps in enumerate(critic(torch.cat((seg, image), 1))):
        assert np.abs(maps[2].numpy() - file[f"out.D_real_{place}_f2"]).max() < 1e-4
        assert np.abs(maps[-1].numpy() - file[f"out.D_real_{place}_last"]).max() < 1e-4


def test_maps_are_compared_four_times_their_mean_and_logits_are_not() -> None:
    real = ((torch.zeros(1, 2), torch.zeros(1, 3), torch.zeros(1)), (torch.zeros(1), torch.ones(1), torch.ones(1)))
    fake = ((torch.ones(1, 2), torch.full((1, 3), 2.0), torch.ones(1)), (torch.ones(1), torch.ones(1), torch.zeros(1)))
    assert feature_matching(real, fake).item() == pytest.approx(4 * ((1 + 2) / 2 + (1 + 0) / 2) / 2)


def test_scores_are_summed_over_scales_and_whole_for_the_generator() -> None:
    torch.manual_seed(0)
    method = Pix2PixHD(**{k: v for k, v in TINY.items() if k not in ("shape", "looks")}, edges=False)
    nets = method.networks(pairs(16))
    batch = PairedBatch(*torch.rand(2, 2, 3, 16, 16) * 2 - 1)
    nets.layout.learn(batch.source)
    critic, generator = play(method, nets, HandDraw(batch))
    layout = nets.layout(batch.source)
    image = nets.generator(layout)

    def logits(image: Tensor) -> list[Tensor]:
        return [maps[-1] for maps in nets.critic(torch.cat((layout, image), 1))]

    real = sum((each - 1).square().mean() / 2 for each in logits(batch.target))
    fake = sum(each.square().mean() / 2 for each in logits(image))
    score = sum((each - 1).square().mean() for each in logits(image))
    assert critic.losses["real"].item() == pytest.approx(real.item(), rel=1e-5)  # type: ignore[union-attr]
    assert critic.losses["fake"].item() == pytest.approx(fake.item(), rel=1e-5)  # type: ignore[union-attr]
    assert generator.losses["fake"].item() == pytest.approx(score.item(), rel=1e-5)  # type: ignore[union-attr]


@torch.no_grad()
def test_an_enhancer_whose_maps_are_nothing_passes_the_coarse_ones_on() -> None:
    torch.manual_seed(0)
    network = CoarseToFine(3, 3, 2, 1, 1, 1, 1).eval()
    network.finer[0].down[0][0].weight.zero_()  # type: ignore[index]
    network.finer[0].down[1][0].weight.zero_()  # type: ignore[index]
    layout = torch.rand(1, 3, 16, 16)
    coarse = network.coarse(F.avg_pool2d(layout, 3, 2, 1, count_include_pad=False))
    assert torch.allclose(network(layout), network.last(network.finer[0].up(coarse)).tanh(), atol=1e-6)  # type: ignore[operator]


def test_classes_are_the_frequent_colours_and_edges_are_where_they_meet() -> None:
    labels = torch.tensor([[0.0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 1], [-1, -1, 0, 1]])[None, None]
    layout = Layout(1, 2, edges=True)
    layout.learn(labels)
    maps = layout(labels)
    assert maps[0, 0].tolist() == (labels[0, 0] < 0.5).float().tolist()  # the rare colour counts for the nearest
    assert maps[0, 1].tolist() == (labels[0, 0] > 0.5).float().tolist()
    edge = outlines(labels)[0, 0]
    assert edge.tolist() == [[0, 0, 1, 1], [0, 0, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1]]
    assert torch.equal(maps[:, 2:], outlines(labels))


def pairs(side: int) -> DataSpec:
    return DataSpec({"source": Image(3, side, side), "target": Image(3, side, side)})


def test_a_side_that_cannot_be_halved_so_often_is_refused_with_the_mend() -> None:
    with pytest.raises(ConfigError, match="--resolution 64, or fewer --halvings"):
        Pix2PixHD().networks(pairs(48))


@torch.no_grad()
def test_the_encoder_equals_the_official_one() -> None:
    file = np.load(PARITY)
    names = list(dict.fromkeys(name.rsplit(".", 1)[0] for name in file.files if name.startswith("sd.encoder")))
    encoder = RegionEncoder(3, 3, 4, 2).eval()
    copy(file, names, encoder)
    regions = torch.from_numpy(file["in.inst"])[:, 0].long().unique(return_inverse=True)[1]
    features = encoder(torch.from_numpy(file["in.x"][:1]), regions)
    assert np.abs(features.numpy() - file["out.encoder"]).max() < 1e-4


def test_a_region_is_one_colour_of_one_image_and_has_one_mean() -> None:
    layout = torch.tensor([[[[0.0, 0, 1]]], [[[0, 1, 1]]]])  # [2, 1, 1, 3]
    regions = regions_of(layout)
    assert regions.unique().numel() == 4
    means = region_means(torch.tensor([[[[1.0, 3, 5]]], [[[1, 3, 5]]]]), regions)
    assert means.flatten().tolist() == [2, 2, 5, 1, 4, 4]


def test_looks_are_kept_by_class_and_drawn_or_taken_from_a_reference() -> None:
    torch.manual_seed(0)
    method = Pix2PixHD(**{k: v for k, v in TINY.items() if k != "shape"})
    nets = method.networks(pairs(16))
    colours = torch.tensor([-1.0, 0, 1])[torch.randint(3, (2, 1, 16, 16))].expand(-1, 3, -1, -1)
    batch = PairedBatch(colours, torch.rand(2, 3, 16, 16) * 2 - 1)
    nets.layout.learn(batch.source)
    _, generator = play(method, nets, HandDraw(batch))
    sums = method.figures(nets, batch)["looks"]
    assert sums[:, 0].sum().item() == pytest.approx(1)
    assert torch.allclose(generator.watch["looks"], sums)  # type: ignore[arg-type]
    kept = Looks(3, 2)
    kept.move(sums, 1.0)
    looks = nets.encoder(batch.target, regions_of(batch.source))
    where = nets.layout.numbers(batch.source) == 1
    assert torch.allclose(kept.mean[1], looks.movedim(1, -1)[where].mean(0), atol=1e-6)
    kept.move(torch.zeros_like(sums), 1.0)  # classes that are not there stay
    assert torch.allclose(kept.mean[1], looks.movedim(1, -1)[where].mean(0), atol=1e-6)
    one, other = (method.translate(nets, batch.source, "source", seed=seed) for seed in (0, 1))
    assert not torch.equal(one, other)
    like = method.translate_like(nets, batch.source, batch.target, "source")
    assert torch.allclose(like, method.imitate(nets, batch, HandDraw(batch)), atol=1e-6)


def test_looks_need_classes_and_a_model_without_them_takes_no_reference() -> None:
    with pytest.raises(ConfigError, match="--classes"):
        Pix2PixHD(looks=3)
    with pytest.raises(CapabilityError, match="--looks 3"):
        Pix2PixHD().translate_like(nn.Module(), torch.zeros(1), torch.zeros(1), "source")
