"""How images are named, and what is found under the names."""

import pytest
import torch
from small_models import model

from saddlepoint.errors import ConfigError, DataError, ShapeError
from saddlepoint.latent.addresses import codes_of, latents_of, parse
from saddlepoint.latent.codes import Code, save_code
from saddlepoint.latent.decode_codes import images_of


def test_names_stand_for_seeds_and_rows():
    assert list(map(str, parse("1:5, 3,2:0-2,7-8:1"))) == ["1:5", "3:0", "2:0", "2:1", "2:2", "7:1", "8:1"]
    assert str(parse("found/photo.safetensors")[0]) == "photo"


@pytest.mark.parametrize("text", ["", "1;2", "a:1", "5-3", "1:9-2", "0-99999", "-1", "photo.png"])
def test_what_names_no_image_is_refused(text):
    with pytest.raises(ConfigError, match=r"names no image|must count upwards|name an image"):
        parse(text)


@pytest.mark.parametrize("text", ["0-9999:0-9999", "0-9999,1", "1:" + "9" * 5000])
def test_more_images_than_can_be_named_are_refused_before_one_is_made(text):
    with pytest.raises(ConfigError, match=r"can be named at once|names no image"):
        parse(text)


def test_a_latent_far_down_is_drawn_alone(monkeypatch):
    dcgan, drawn = model("dcgan"), []
    usual = type(dcgan.method).latents

    def counted(self, nets, n, seed, first=0):
        drawn.append((first, n))
        return usual(self, nets, n, seed, first)

    whole = dcgan.method.latents(dcgan.nets, 9999, 4)
    other = dcgan.method.latents(dcgan.nets, 4, 5)[3]
    monkeypatch.setattr(type(dcgan.method), "latents", counted)
    named = latents_of(dcgan, parse("4:9998,4:70-71,5:3,4:9998")).values
    assert drawn == [(70, 2), (9998, 1), (3, 1)]
    assert torch.equal(named, torch.stack([whole[9998], *whole[70:72], other, whole[9998]]))


def test_a_named_latent_is_that_of_the_sampled_image():
    dcgan = model("dcgan")
    named = latents_of(dcgan, parse("4:3,4:0")).values
    assert torch.equal(named, dcgan.method.latents(dcgan.nets, 4, 4)[[3, 0]])
    torch.testing.assert_close(images_of(dcgan, codes_of(dcgan, parse("4:3"))), dcgan.sample(4, seed=4)[3:])


def test_a_class_is_that_of_the_grid_unless_one_is_asked_for():
    small = model("cgan", 8, 1, ("a", "b", "c"))
    code = codes_of(small, parse("0:0-4"))
    assert code.label.tolist() == [0, 1, 2, 0, 1]
    torch.testing.assert_close(images_of(small, code), small.sample(5, seed=0))
    assert codes_of(small, parse("0:0-1"), label=2).label.tolist() == [2, 2]
    with pytest.raises(ConfigError, match="the classes are 0 to 2"):
        codes_of(small, parse("0"), label=3)
    with pytest.raises(ConfigError, match="leave --label out"):
        codes_of(model("dcgan"), parse("0"), label=1)


def test_styles_are_the_codes_of_a_model_that_has_them():
    styled = model("stylegan2")
    code = codes_of(styled, parse("0:0-2"))
    assert (code.space, code.values.shape) == ("w+", (3, 6, 10))
    pulled = codes_of(styled, parse("0:0-2"), truncation=0.0).values
    torch.testing.assert_close(pulled, styled.method.average_style(styled.nets).expand(3, 6, 10))


@pytest.mark.parametrize("space", ["z", "w", "w+"])
def test_a_projected_image_is_named_by_its_file(tmp_path, space):
    styled = model("stylegan2")
    whole = codes_of(styled, parse("1:0-1"))
    values = {"z": latents_of(styled, parse("1:0-1")).values, "w": whole.values[:, 0], "w+": whole.values}[space]
    save_code(Code(space, values), tmp_path / "two.safetensors", {})
    named = codes_of(styled, parse(f"0,{tmp_path}/two.safetensors,2"))
    assert len(named) == 4
    torch.testing.assert_close(named.values[1:3], whole.values)


def test_the_noise_of_a_projected_image_is_kept_where_it_stands_alone(tmp_path):
    styled = model("stylegan2")
    whole, noise = codes_of(styled, parse("1")), torch.randn(1, 2 * 16 + 2 * 64 + 2 * 256)[:, : 16 + 2 * 64 + 2 * 256]
    save_code(Code("w+", whole.values, noise), tmp_path / "one.safetensors", {})
    assert torch.equal(codes_of(styled, parse(f"{tmp_path}/one.safetensors")).noise, noise)
    assert codes_of(styled, parse(f"{tmp_path}/one.safetensors,3")).noise is None


def test_the_code_of_another_model_is_refused(tmp_path):
    save_code(Code("w+", torch.zeros(1, 4, 99)), tmp_path / "other.safetensors", {})
    for name in ("stylegan2", "dcgan"):
        with pytest.raises(ShapeError, match="made with another model"):
            codes_of(model(name), parse(f"{tmp_path}/other.safetensors"))
    with pytest.raises(DataError, match="cannot be read"):
        codes_of(model("dcgan"), parse("nothing.safetensors"))
