"""Codes: the spaces of a model, the images of a code, and the file that other edits read."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from small_models import model

from saddlepoint.errors import CapabilityError, DataError
from saddlepoint.latent.codes import Code, check_space, code_of, decode, joined, load_code, save_code, spaces
from saddlepoint.latent.prior import prior, random_codes


def test_a_method_with_styles_has_three_spaces_and_another_one() -> None:
    assert spaces(model("stylegan2")) == ("z", "w", "w+")
    assert spaces(model("dcgan")) == ("z",)
    with pytest.raises(CapabilityError, match="has no styles, and so no space w; it has z"):
        check_space(model("dcgan"), "w")


def test_a_latent_has_the_same_image_in_every_space() -> None:
    styled = model("stylegan2")
    latents = styled.method.latents(styled.nets, 3, 0)
    images = [decode(styled, code_of(styled, latents, space)) for space in spaces(styled)]
    assert images[0].shape == (3, 3, 16, 16)
    for other in images[1:]:
        torch.testing.assert_close(other, images[0])


def test_the_image_of_a_code_depends_on_its_own_row() -> None:
    for small in (model("stylegan2"), model("dcgan")):
        code = random_codes(small, 4, spaces(small)[-1])
        torch.testing.assert_close(decode(small, code)[2:3], decode(small, code.at(slice(2, 3))), atol=1e-5, rtol=1e-4)


def test_a_class_belongs_to_the_code() -> None:
    small = model("cgan", side=8, channels=1, classes=("a", "b", "c"))
    code = random_codes(small, 5, "z")
    assert code.label is not None
    assert code.label.tolist() == [0, 1, 2, 0, 1]
    assert random_codes(small, 2, "z", label=torch.tensor([2, 2])).label.tolist() == [2, 2]  # type: ignore[union-attr]


@pytest.mark.parametrize("space", ["z", "w", "w+"])
def test_a_code_that_is_written_is_read_again(space: str, tmp_path: Path) -> None:
    styled = model("stylegan2")
    code = random_codes(styled, 2, space)  # type: ignore[arg-type]
    places = sum(side**2 for side in styled.method.noise_sides(styled.nets))  # type: ignore[attr-defined]
    noisy = Code(code.space, code.values, torch.randn(2, places))
    save_code(noisy, tmp_path / "codes" / "a.safetensors", {"method": "stylegan2"})
    again = load_code(tmp_path / "codes" / "a.safetensors")
    assert again.space == space
    torch.testing.assert_close(again.values, noisy.values)
    torch.testing.assert_close(decode(styled, again), decode(styled, noisy))
    assert [path.name for path in (tmp_path / "codes").iterdir()] == ["a.safetensors"]


def test_a_file_that_is_no_code_is_refused(tmp_path: Path) -> None:
    save_file({"weight": torch.zeros(2)}, tmp_path / "other.safetensors")
    (tmp_path / "text.safetensors").write_text("hello")
    with pytest.raises(DataError, match="no latents and no styles; `saddle edit project` writes"):
        load_code(tmp_path / "other.safetensors")
    with pytest.raises(DataError, match="no file of safetensors"):
        load_code(tmp_path / "text.safetensors")


def test_noise_maps_stay_only_where_every_code_has_them() -> None:
    with_maps, without = Code("z", torch.zeros(2, 3), torch.ones(2, 4)), Code("z", torch.ones(1, 3))
    assert joined([with_maps, with_maps]).noise.shape == (4, 4)  # type: ignore[union-attr]
    both = joined([with_maps, without])
    assert both.noise is None
    assert both.values.shape == (3, 3)


def test_the_prior_of_latents_is_the_one_that_they_are_drawn_from() -> None:
    found = prior(model("dcgan"), "z")
    assert found.scale == pytest.approx(1.0, abs=0.05)
    assert found.reach == pytest.approx(12**0.5, rel=0.05)
    drawn = random_codes(model("dcgan"), 64, "z", seed=5).values
    assert found.distance(drawn).mean().item() == pytest.approx(1.0, abs=0.15)
    assert found.distance(drawn, drawn).abs().max().item() == 0
