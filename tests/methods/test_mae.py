"""MAE: the encoder never sees what is hidden, what is seen does not count, and its encoder fits ViT."""

import pytest
import torch
from drive import HandDraw

from saddlepoint.data.batches import DataSpec, ImageBatch
from saddlepoint.errors import ConfigError
from saddlepoint.methods.autoencoder.mae import MAE
from saddlepoint.methods.base import Clock, Networks, Update
from saddlepoint.methods.recognition.vit import ViT
from saddlepoint.nn.backbones.vit import patchify

TINY = {
    "patch": 4,
    "layers": 1,
    "heads": 2,
    "width": 8,
    "decoder_layers": 1,
    "decoder_heads": 2,
    "decoder_width": 8,
    "masked": 0.5,
}


def small(**settings: object) -> tuple[MAE, Networks]:
    options = {"patch": 2, "heads": 2, "width": 8, "decoder_heads": 2, "decoder_width": 12, "layers": 2, **settings}
    method = MAE(**{"decoder_layers": 1, **options})  # type: ignore[arg-type]
    torch.manual_seed(0)
    return method, method.networks(DataSpec.of((1, 8, 8))).eval()


def test_the_encoder_sees_a_quarter_and_hidden_pixels_have_no_influence() -> None:
    method, nets = small()
    lengths = []
    handle = nets.encoder.blocks[0].register_forward_hook(lambda layer, inputs, output: lengths.append(output.shape[1]))
    image, order = torch.rand(3, 1, 8, 8) * 2 - 1, torch.rand(3, 16).argsort(1)
    image.requires_grad_()
    patches, hidden = method.mended(nets, image, order)
    handle.remove()
    assert lengths == [4 + 1]
    assert hidden.sum(1).tolist() == [12] * 3
    patches.square().sum().backward()
    assert image.grad is not None
    moved = patchify(image.grad, 2).abs().sum(2) > 0
    assert torch.equal(moved, ~hidden)


def test_patches_stand_in_their_own_places_whatever_the_order_of_what_is_seen() -> None:
    method, nets = small()
    image, order = torch.rand(2, 1, 8, 8), torch.rand(2, 16).argsort(1)
    other = torch.cat((order[:, :4].flip(1), order[:, 4:].roll(1, 1)), 1)
    one, hidden = method.mended(nets, image, order)
    two, same = method.mended(nets, image, other)
    assert torch.equal(hidden, same)
    assert torch.allclose(one, two, atol=1e-5)


def test_only_what_was_hidden_counts_and_targets_may_be_normalised() -> None:
    method, nets = small()
    image = torch.rand(4, 1, 8, 8)
    update = next(method.train_step(nets, HandDraw(ImageBatch(image)), Clock()))
    assert isinstance(update, Update)
    order = HandDraw(ImageBatch(image)).uniform(4, 16).argsort(1)
    patches, hidden = method.mended(nets, image, order)
    by_hand = (patches - patchify(image, 2)).square().mean(2)[hidden].mean()
    assert update.losses["hidden"].item() == pytest.approx(by_hand.item(), rel=1e-5)
    aim = small(normalise=True)[0].aim(image)
    assert torch.allclose(aim.mean(2), torch.zeros(4, 16), atol=1e-5)
    assert torch.allclose(aim.var(2), torch.ones(4, 16), atol=1e-2)


def test_what_is_seen_stays_in_the_picture() -> None:
    method, nets = small()
    image, order = torch.rand(2, 1, 8, 8), torch.arange(16).expand(2, 16)
    filled = method.fill(nets, image, order)
    assert torch.equal(patchify(filled, 2)[:, :4], patchify(image, 2)[:, :4])
    assert not torch.allclose(patchify(filled, 2)[:, 4:], patchify(image, 2)[:, 4:])
    assert torch.isfinite(small(normalise=True)[0].fill(nets, image, order)).all()


def test_a_vit_takes_the_encoder_and_bad_sizes_are_refused() -> None:
    method, nets = small()
    vit = ViT(patch=2, layers=2, heads=2, width=8, positions_learn=False)
    other = vit.networks(DataSpec.of((1, 8, 8), ("a", "b"))).eval()
    other.encoder.load_state_dict(nets.encoder.state_dict())
    image = torch.rand(2, 1, 8, 8)
    assert torch.equal(other.encoder(image), nets.encoder(image))
    assert method.embed(nets, image).shape == (2, 8)
    with pytest.raises(ConfigError, match="none would be left out, or all"):
        small(patch=8)
    with pytest.raises(ConfigError, match="--decoder-width 10 does not fit"):
        small(decoder_width=10)
