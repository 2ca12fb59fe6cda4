"""AttnGAN: padding of one caption leaves other images alone, wrong captions, the match, and the official networks."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from drive import HandDraw

from saddlepoint.data.batches import CaptionBatch, DataSpec
from saddlepoint.errors import CapabilityError, ConfigError
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.tokens import Tokens
from saddlepoint.losses.matching import attended, matching, sentence_scores, word_scores
from saddlepoint.methods.abilities import Sampling
from saddlepoint.methods.base import Clock
from saddlepoint.methods.families.captioned import caption_critic_loss
from saddlepoint.methods.gan.attngan import AttnGAN, AttnGANGenerator
from saddlepoint.nn.backbones.text_to_image import CaptionCritic, CaptionEncoder, WordAttention, divergence

TINY = {"latent": 3, "levels": 2, "words": 4, "embedding": 3, "condition_width": 3, "width": 2, "critic_width": 2,
        "encoder_width": 2, "blocks": 1, "matching_examples": 8, "shape": [3, 16, 16]}  # fmt: skip
PARITY = Path(__file__).parents[1] / "parity" / "attngan_G_rnn_damsm.npz"


def small() -> tuple[AttnGAN, Any]:
    method = AttnGAN(
        latent=3, levels=2, words=4, embedding=3, condition_width=3, width=2, critic_width=2, encoder_width=2
    )
    spec = DataSpec({"image": Image(1, 16, 16), "text": Tokens(5, tuple("abcd"), "words")})
    return method, method.networks(spec)


def test_an_image_ignores_the_padding_of_its_own_caption_and_of_others() -> None:
    torch.manual_seed(0)
    layer, maps, words = WordAttention(4, 6), torch.randn(2, 4, 3, 3), torch.randn(2, 5, 6)
    there = torch.tensor([[True] * 5, [True, True, False, False, False]])
    whole = layer(maps, words, there)
    alone = layer(maps[:1], words[:1], there[:1])
    assert torch.allclose(whole[:1], alone, atol=1e-6)
    words[1, 2:] = 100
    assert torch.allclose(layer(maps, words, there), whole, atol=1e-6)
    assert torch.allclose(layer.shares(maps, words, there).sum(2), torch.ones(2, 9))


def test_unit_pairs_that_match_alone_are_told_apart_and_equal_captions_are_no_fault() -> None:
    scores = sentence_scores(torch.eye(4), torch.eye(4))
    first, second = matching(scores)
    wanted = -math.log(math.exp(10) / (math.exp(10) + 3))
    assert (first.item(), second.item()) == pytest.approx((wanted, wanted), abs=1e-6)
    same = torch.ones(4, 4, dtype=torch.bool)
    assert matching(scores, same)[0].item() == 0


def test_encoders_learn_first_then_the_players() -> None:
    method, nets = small()
    batch = CaptionBatch(torch.rand(4, 1, 16, 16), torch.tensor([[1, 2, 0, 0, 0], [3, 1, 2, 0, 0]] * 2))
    (first,) = method.train_step(nets, HandDraw(batch), Clock(stage=0))
    assert (first.group, set(first.losses)) == ("encoders", {"words", "sentences"})
    critics, generator = method.train_step(nets, HandDraw(batch), Clock(stage=1))
    assert (set(critics.losses), critics.group) == ({"side_8", "side_16"}, "critics")
    assert set(generator.losses) == {"divergence", "side_8", "side_16", "words", "sentences"}


def test_a_class_and_too_many_stages_are_refused_and_without_a_caption_all_have_one() -> None:
    method, nets = small()
    latents = method.latents(nets, 1, 0).expand(2, -1)
    with pytest.raises(CapabilityError, match="give none"):
        method.generate(nets, latents, Sampling({"label": torch.tensor([0, 1])}))
    one, other = method.generate(nets.eval(), latents)
    assert torch.allclose(one, other, atol=1e-6)
    with pytest.raises(ConfigError, match="fewer --levels"):
        AttnGAN(levels=3).networks(DataSpec({"image": Image(1, 16, 16), "text": Tokens(5, tuple("abcd"), "words")}))
    with pytest.raises(ConfigError, match="even"):
        AttnGAN(words=3)


def _weights(file: Any, prefix: str) -> dict[str, torch.Tensor]:
    names = (key for key in file.files if key.startswith(prefix))
    return {key.removeprefix(prefix): torch.from_numpy(np.asarray(file[key])) for key in names}


def _in_order(module: torch.nn.Module, values: list[torch.Tensor]) -> None:
    """Load numbers into a module in the order of its own, where official and own layers are alike one by one."""
    state = module.state_dict()
    assert len(state) == len(values)
    module.load_state_dict({key: value.reshape(state[key].shape) for key, value in zip(state, values)})


def test_the_networks_and_the_match_equal_the_official_ones() -> None:
    file = np.load(PARITY)
    text = torch.from_numpy(file["in.captions"])
    encoder = CaptionEncoder(10, 7, 12, 9).eval()
    rows = _weights(file, "sd.rnn.")
    encoder.embedding.weight.data.copy_(rows["encoder.weight"])
    encoder.layers.load_state_dict({key.removeprefix("rnn."): value for key, value in rows.items() if "rnn." in key})
    words, sentence = encoder(text)
    assert np.abs(words.detach().transpose(1, 2).numpy() - file["out.words_emb"]).max() < 1e-5
    assert np.abs(sentence.detach().numpy() - file["out.sent_emb"]).max() < 1e-5
    there = text != 0
    generator = AttnGANGenerator(8, 12, 6, 3, 256, 3, 4, 2).eval()
    g = _weights(file, "sd.G.")
    _in_order(generator.augment, [g["ca_net.fc.weight"], g["ca_net.fc.bias"]])
    first = [value for key, value in g.items() if key.startswith("h_net1.")]
    _in_order(generator.first, first)
    for number, stage in enumerate(generator.further, start=2):
        _in_order(stage, [value for key, value in g.items() if key.startswith(f"h_net{number}.")])
    for number, image in enumerate(generator.images, start=1):
        _in_order(image, [g[f"img_net{number}.img.0.weight"]])
    noise = torch.from_numpy(np.concatenate([file["in.z"], file["in.eps"]], 1))
    with torch.no_grad():
        shown, mean, log_variance = generator(noise, words, sentence, there)
    assert np.abs(mean.numpy() - file["out.mu"]).max() < 1e-5
    assert np.abs(log_variance.numpy() - file["out.logvar"]).max() < 1e-5
    assert np.abs(shown[0].numpy() - file["out.img64"]).max() < 1e-4
    # Of their later stages only the one run of a caption alone is free of the others' padding.
    for stage, stride in ((1, 4), (2, 8)):
        alone = file[f"out.img{64 << stage}_stride{stride}_sample2_alone"]
        assert np.abs(shown[stage][2:, :, ::stride, ::stride].numpy() - alone).max() < 1e-4
    critic = CaptionCritic(3, 64, 4, 12).eval()
    d = _weights(file, "sd.D64.")
    _in_order(critic.trunk, [value for key, value in d.items() if key.startswith("img_code")])
    _in_order(critic.joint, [value for key, value in d.items() if key.startswith("COND_DNET.joint")])
    _in_order(critic.with_caption, [d["COND_DNET.outlogits.0.weight"], d["COND_DNET.outlogits.0.bias"]])
    _in_order(critic.alone, [d["UNCOND_DNET.outlogits.0.weight"], d["UNCOND_DNET.outlogits.0.bias"]])
    real, fake = torch.from_numpy(file["in.x64"]), torch.from_numpy(file["out.img64"])
    with torch.no_grad():
        loss = caption_critic_loss(critic, real, fake, sentence)
    assert loss.item() == pytest.approx(file["out.errD64"].item(), rel=1e-4)
    regions, code = torch.from_numpy(file["in.img_feat"]).flatten(2), torch.from_numpy(file["in.img_code"])
    with torch.no_grad():
        by_words = matching(word_scores(regions, words, there))
        by_sentence = matching(sentence_scores(code, sentence))
        context = attended(regions[:1], words[:1, :4], torch.ones(1, 4, dtype=torch.bool), 4.0)[0, 0]
    for ours, name in zip((*by_words, *by_sentence), ("w_loss0", "w_loss1", "s_loss0", "s_loss1")):
        assert ours.item() == pytest.approx(file[f"out.{name}"].item(), rel=1e-4), name
    assert np.abs(context.T.numpy() - file["out.func_attention_ctx"][0]).max() < 1e-4
    assert divergence(mean, log_variance) > 0
