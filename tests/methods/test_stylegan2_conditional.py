"""Class-conditional StyleGAN2: where the label goes in, whose label a fake has, one average over all classes."""

from typing import Any

import pytest
import torch
from drive import HandDraw
from torch import Tensor, nn

from saddlepoint.data.batches import DataSpec, LabelledBatch
from saddlepoint.errors import CapabilityError
from saddlepoint.methods.abilities import Styles, by_label, classes_of
from saddlepoint.methods.base import Clock, Networks, Update
from saddlepoint.methods.gan import stylegan2
from saddlepoint.methods.gan.stylegan2_conditional import PRESETS, ConditionalStyleGAN2
from saddlepoint.nn.layers.pixel_norm import pixel_norm

TINY = {"shape": (3, 8, 8), "latent": 8, "style": 8, "base": 32, "most": 8}
LABEL = torch.tensor([2, 0, 1, 1, 2, 2])


def tiny(**settings: Any) -> tuple[ConditionalStyleGAN2, Networks]:
    torch.manual_seed(0)
    method = ConditionalStyleGAN2(latent=8, style=8, base=32, most=8, **settings)
    return method, method.networks(DataSpec.of((1, 8, 8), ("a", "b", "c")))


def played(method: ConditionalStyleGAN2, nets: Networks, label: Tensor = LABEL) -> list[Update]:
    draw = HandDraw(torch.randn(6, 1, 8, 8, generator=torch.Generator().manual_seed(1)).clamp(-1, 1), label=label)
    return list(method.train_step(nets, draw, Clock(fresh=6)))


def labels_given(network: nn.Module) -> list[Tensor]:
    """What the network is given beside its first input, call by call."""
    seen: list[Tensor] = []
    network.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[1]))
    return seen


def test_it_takes_labels_and_has_classes_and_styles() -> None:
    method, nets = tiny()
    assert method.takes is LabelledBatch
    assert isinstance(method, Styles)
    assert classes_of(method, nets) == 3
    plain = stylegan2.StyleGAN2(latent=8, style=8, base=32, most=8)
    unlabelled = plain.networks(DataSpec.of((1, 8, 8), ("a", "b", "c")))  # labels that it leaves alone
    assert classes_of(plain, unlabelled) == unlabelled.generator.classes == 0


def test_every_term_gives_both_players_the_labels_of_the_batch_and_mixing_keeps_them() -> None:
    method, nets = tiny()
    mapped, judged = labels_given(nets.generator.mapping), labels_given(nets.critic)
    assert [(update.group, *update.losses) for update in played(method, nets)] == [
        ("generator", "fake"),
        ("generator", "path"),
        ("critic", "real", "fake"),
        ("critic", "r1"),
    ]
    # Two noise vectors each for a fake, for half a batch of path lengths, and for another fake.
    assert [label.tolist() for label in mapped] == [LABEL.tolist()] * 2 + [[2, 0, 1]] * 2 + [LABEL.tolist()] * 2
    assert [label.tolist() for label in judged] == [LABEL.tolist()] * 4  # fake; fake, real; real under R1


def test_all_losses_change_with_the_labels() -> None:
    method, nets = tiny(r1_weight=1.0)
    with torch.no_grad():
        for layer in nets.generator.synthesis.layers:
            layer.affine.weight.mul_(20)
    one, other = (
        {f"{u.group}/{k}": v.item() for u in played(method, nets, label) for k, v in u.losses.items()}
        for label in (LABEL, 2 - LABEL)
    )
    assert len(one) == 5
    assert all(abs(one[name] - other[name]) > 1e-6 for name in one), (one, other)


def test_the_generators_mapping_normalises_noise_and_label_each_by_itself() -> None:
    mapping = tiny()[1].generator.mapping
    seen: list[Tensor] = []
    mapping.layers[0].register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    latent, label = torch.randn(2, 8), torch.tensor([1, 2])
    mapping(latent, label)
    embedded = mapping.embed.weight.T[label] / 3**0.5 + mapping.embed.bias
    torch.testing.assert_close(seen[0], torch.cat([pixel_norm(latent), pixel_norm(embedded)], 1))


def test_the_critics_verdict_is_the_product_of_its_features_with_the_mapped_label() -> None:
    critic = tiny()[1].critic
    features: list[Tensor] = []
    critic.output.register_forward_hook(lambda module, inputs, output: features.append(output))
    logits = critic(torch.rand(6, 1, 8, 8), LABEL)
    directions = critic.mapping(torch.empty(6, 0), LABEL)
    assert features[0].shape == (6, 8)
    torch.testing.assert_close(logits, (features[0] * directions).sum(1) / 8**0.5)
    assert len(critic.mapping.layers) == 8
    assert "average" not in dict(critic.mapping.named_buffers())


def test_there_is_one_average_style_over_all_classes() -> None:
    method, nets = tiny(mixing=0.0)
    generator, *_ = played(method, nets)
    watched = generator.watch["style"]
    report = {"generator/style": watched, "critic/sign": torch.tensor(0.0)}
    method.after_step(nets, report, Clock(step=1, fresh=6))
    torch.testing.assert_close(nets.generator.mapping.average, 0.005 * watched)
    latents = method.latents(nets, 3, seed=1)
    images = method.generate(nets, latents, by_label(torch.arange(3), truncation=0.0, noise="constant"))
    torch.testing.assert_close(images[1:], images[:1].expand(2, -1, -1, -1))


def test_the_same_latent_is_another_image_in_another_class_and_needs_one() -> None:
    method, nets = tiny()
    latents = method.latents(nets, 4, seed=1)
    assert torch.equal(latents, method.latents(nets, 4, seed=1))
    styles = method.styles(nets, latents[:1].expand(3, -1), by_label(torch.arange(3)))
    assert not any(torch.equal(styles[one], styles[other]) for one, other in ((0, 1), (1, 2), (0, 2)))
    with pytest.raises(CapabilityError, match="give a label"):
        method.generate(nets, latents)
    with pytest.raises(CapabilityError, match="give a label"):
        method.styles(nets, latents)


def test_the_authors_settings_for_cifar_are_those_without_classes() -> None:
    assert PRESETS["cifar"] == stylegan2.PRESETS["cifar"]
