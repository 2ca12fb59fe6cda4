"""ViT: patches and back, attention by hand, rollout whose rows sum to 1, patches with their places in any order."""

import pytest
import torch
from drive import HandDraw, count
from torch.nn import functional as F

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.image import Image
from saddlepoint.methods.abilities import Attends
from saddlepoint.methods.base import Clock, Networks, Update
from saddlepoint.methods.recognition.vit import ViT
from saddlepoint.nn.backbones.vit import VisionTrunk, patchify, unpatchify, waves_2d
from saddlepoint.nn.layers.attention import Attention, waves
from saddlepoint.nn.layers.attention_weights import rollout, weights, weights_kept

TINY = {"patch": 4, "layers": 1, "heads": 2, "width": 8}


def small(**settings: object) -> tuple[ViT, Networks]:
    method = ViT(**{"patch": 4, "layers": 2, "heads": 2, "width": 8, **settings})  # type: ignore[arg-type]
    torch.manual_seed(0)
    nets = method.networks(DataSpec.of((1, 8, 12), ("a", "b", "c"))).eval()
    torch.nn.init.normal_(nets.head.weight)
    return method, nets


def test_patches_are_cut_row_by_row_and_put_together_again() -> None:
    image = torch.arange(2 * 3 * 4 * 6.0).view(2, 3, 4, 6)
    patches = patchify(image, 2)
    assert patches.shape == (2, 6, 12)
    assert torch.equal(patches[0, 1], image[0, :, :2, 2:4].permute(1, 2, 0).flatten())
    assert torch.equal(unpatchify(patches, 2, (4, 6)), image)
    assert torch.equal(waves_2d(2, 3, 8)[4], torch.cat((waves(3, 4)[1], waves(2, 4)[1])))


def test_patches_may_come_in_any_order_if_their_places_come_with_them() -> None:
    method, nets = small()
    image = torch.randn(2, 1, 8, 12)
    placed = nets.encoder.placed(image)
    order = torch.tensor([3, 1, 5, 0, 2, 4])
    assert torch.allclose(nets.encoder.read(placed[:, order])[:, 0], nets.encoder(image)[:, 0], atol=1e-6)
    swapped = unpatchify(patchify(image, 4)[:, order], 4, (8, 12))
    assert not torch.allclose(method.embed(nets, swapped), method.embed(nets, image), atol=1e-3)


def test_the_loss_is_the_cross_entropy_and_the_parameters_are_as_many_as_the_paper_has() -> None:
    method, nets = small()
    image, label = torch.randn(6, 1, 8, 12), torch.arange(6) % 3
    update = next(method.train_step(nets, HandDraw(image, label=label), Clock()))
    assert isinstance(update, Update)
    assert update.losses["label"].item() == pytest.approx(F.cross_entropy(method.logits(nets, image), label).item())
    with torch.device("meta"):
        base = VisionTrunk(Image(3, 224, 224), 16, layers=12, heads=12, width=768)
    assert count(base) == 85_798_656  # ViT-B/16 without its head


def test_kept_weights_are_those_of_the_fused_call() -> None:
    torch.manual_seed(0)
    layer, input, memory = Attention(8, 2), torch.randn(2, 5, 8), torch.randn(2, 4, 8)
    mask = torch.rand(2, 1, 5, 4) < 0.7
    mask[..., 0] = True
    with weights_kept(layer) as kept:
        outputs = layer(input, causal=True), layer(input, memory, mask=mask)
    for shares, output, source in zip(kept, outputs, (input, memory)):
        values = layer.offer(source).chunk(2, 2)[1].unflatten(2, (2, 4)).transpose(1, 2)
        assert torch.allclose(layer.out((shares @ values).transpose(1, 2).flatten(2)), output, atol=1e-6)
    assert torch.equal(kept[0], weights(layer, input, causal=True))
    assert not layer._forward_hooks


def test_rollout_is_a_product_whose_rows_sum_to_one() -> None:
    layers = [torch.rand(2, 3, 4, 4).softmax(3) for _ in range(3)]
    rolled = rollout(layers)
    assert torch.allclose(rolled.sum(2), torch.ones(2, 4))
    by_hand = torch.eye(4)
    for shares in layers:
        by_hand = (0.5 * shares[0].mean(0) + 0.5 * torch.eye(4)) @ by_hand
    assert torch.allclose(rolled[0], by_hand, atol=1e-6)
    even = rollout([torch.full((1, 1, 4, 4), 0.25)] * 20)
    assert torch.allclose(even, torch.full((1, 4, 4), 0.25), atol=1e-5)


def test_attention_over_the_patches_sums_to_one() -> None:
    method, nets = small()
    assert isinstance(method, Attends)
    shares = method.attended(nets, torch.randn(3, 1, 8, 12))
    assert shares.shape == (3, 2, 3)
    assert torch.allclose(shares.sum((1, 2)), torch.ones(3))


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ConfigError, match="patches of 5 pixels do not divide images of 12x8"):
        small(patch=5)
    with pytest.raises(ConfigError, match="3 heads do not divide"):
        small(heads=3)
    with pytest.raises(ConfigError, match="two or more folders"):
        ViT(patch=4).networks(DataSpec.of((1, 8, 8), ("a",)))
