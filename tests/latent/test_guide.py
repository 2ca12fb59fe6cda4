"""Guided edits: constraints from pictures, and codes that follow them without going far."""

import io

import pytest
import torch
from PIL import Image
from small_models import model
from torch import Tensor

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError, DataError, ShapeError
from saddlepoint.latent.codes import Code, decode
from saddlepoint.latent.constraints import Constraint, mean_under, opened, painted, region
from saddlepoint.latent.guide import Guidance, guide, moved_to
from saddlepoint.latent.prior import prior, random_codes

SPEC = DataSpec.of((3, 16, 16), (), 100)


def corner(size: int = 64, colour: tuple[int, ...] = (255, 0, 0, 255)) -> Image.Image:
    """A picture that is painted in its upper left quarter."""
    picture = Image.new("RGBA", (size, size), (9, 99, 9, 0))
    picture.paste(colour, (0, 0, size // 2, size // 2))
    return picture


def brush(value: float = 1.0) -> Constraint:
    mask = torch.zeros(1, 16, 16)
    mask[:, :6, :6] = 1
    return Constraint("colour", torch.full((3, 16, 16), value), mask)


def test_a_painted_picture_becomes_colours_under_a_mask() -> None:
    asked = painted(corner(), SPEC, "colour")
    assert asked.mask[0, :8, :8].min() == 1
    assert asked.mask.sum() == 64
    torch.testing.assert_close(asked.image[:, 0, 0], torch.tensor([1.0, -1.0, -1.0]))
    grey = painted(corner(), DataSpec.of((1, 16, 16), (), 1), "colour")
    assert grey.image.shape == (1, 16, 16)


def test_transparent_colours_do_not_bleed_into_the_edge_of_a_stroke() -> None:
    odd = corner(48)  # the edge of the paint falls within a pixel of 16: 24 of 48 is 8 of 16, and of 40 it is not
    asked = painted(odd.resize((40, 40), Image.Resampling.NEAREST), SPEC, "colour")
    inside = asked.mask[0] > 0.05
    assert asked.image[0][inside].min() > 0.98
    assert asked.image[1][inside].max() < -0.95


@pytest.mark.parametrize(
    ("picture", "text"),
    [
        (Image.new("RGB", (8, 8)), "no transparent part"),
        (Image.new("RGBA", (8, 8), (1, 2, 3, 255)), "opaque all over"),
        (Image.new("RGBA", (8, 8), (1, 2, 3, 0)), "transparent all over"),
    ],
)
def test_a_picture_that_asks_for_nothing_is_refused(picture: Image.Image, text: str) -> None:
    with pytest.raises(DataError, match=text):
        painted(picture, SPEC, "colour")


def test_a_mask_is_what_is_opaque_or_white() -> None:
    white = Image.new("L", (32, 32), 0)
    white.paste(255, (16, 0, 32, 32))
    assert region(white, SPEC)[0, :, 8:].min() == 1
    assert region(white, SPEC).sum() == 128
    assert region(corner(), SPEC).sum() == 64
    with pytest.raises(DataError, match="black all over"):
        region(Image.new("L", (32, 32), 0), SPEC)


def test_only_pictures_that_can_be_read_are_opened() -> None:
    content = io.BytesIO()
    corner().save(content, "PNG")
    assert opened(io.BytesIO(content.getvalue())).mode == "RGBA"
    for wrong in (b"hello", content.getvalue()[:60]):
        with pytest.raises(DataError, match="no PNG, WebP or TIFF that can be read"):
            opened(io.BytesIO(wrong))


def test_a_look_sees_edges_and_a_colour_does_not() -> None:
    flat = torch.zeros(1, 3, 16, 16)
    stripes = torch.ones(1, 3, 16, 16) * 0.5
    stripes[..., ::2] = -0.5
    mask, image = torch.ones(1, 16, 16), torch.zeros(3, 16, 16)
    level = flat + 0.5  # as far from it in every pixel as the stripes are
    for sort, more in (("colour", 0.0), ("look", 1.0)):
        asked = Constraint(sort, image, mask)  # type: ignore[arg-type]
        assert (asked.loss(stripes) - asked.loss(level)).item() == pytest.approx(more)


def test_an_edit_follows_the_paint_and_a_mask_holds_the_rest() -> None:
    small = model("stylegan2")
    start = random_codes(small, 2, "z", seed=4)
    free = torch.zeros(1, 16, 16)
    free[:, :8, :8] = 1
    open_, held = (guide(small, start, [brush()], free=part, settings=Guidance(steps=40)) for part in (None, free))
    for found in (open_, held):
        assert bool((found.after < 0.6 * found.before).all())
        assert found.code.space == "w+"
    moved, kept = (mean_under(1 - free, (each.images - each.start).square()).sqrt() for each in (open_, held))
    assert bool((kept < 0.7 * moved).all())
    torch.testing.assert_close(held.outside, kept)
    unpainted = mean_under(1 - brush().mask, (open_.images - open_.start).square()).sqrt()
    torch.testing.assert_close(open_.outside, unpainted)
    torch.testing.assert_close(held.start, decode(small, start).clamp(-1, 1).detach(), atol=1e-4, rtol=1e-3)


def test_a_stronger_pull_stays_nearer_to_the_start() -> None:
    small = model("stylegan2", side=8, channels=1)
    start = random_codes(small, 2, "w", seed=4)
    asked = Constraint("colour", torch.ones(1, 8, 8), torch.ones(1, 8, 8))
    apart: list[Tensor] = []
    for pull in (0.0, 0.1, 2.0):
        found = guide(small, start, [asked], space="w", settings=Guidance(steps=25, pull=pull))
        apart.append(prior(small, "w").distance(found.code.values, start.values).mean())
    assert apart[0] > apart[1] > apart[2]


def test_an_edit_keeps_the_noise_of_its_start() -> None:
    small = model("stylegan2")
    latents = random_codes(small, 1, "z")
    noise = small.method.noise_of(small.nets, latents.values)  # type: ignore[attr-defined]
    found = guide(small, Code("z", latents.values, noise), [brush()], settings=Guidance(steps=2))
    assert found.code.noise is not None
    torch.testing.assert_close(found.code.noise, noise)


def test_a_code_moves_into_richer_spaces_alone() -> None:
    small = model("stylegan2")
    code = random_codes(small, 2, "w")
    assert moved_to(small, code, None).space == "w+"
    assert moved_to(small, code, "w") is code
    with pytest.raises(ConfigError, match="need not lie in z"):
        moved_to(small, code, "z")


def test_what_does_not_fit_is_refused() -> None:
    small = model("dcgan")
    start = random_codes(small, 1, "z")
    with pytest.raises(ConfigError, match="at least one constraint"):
        guide(small, start, [])
    with pytest.raises(ShapeError, match=r"\[3, 8, 8\]"):
        guide(small, start, [Constraint("colour", torch.zeros(3, 8, 8), torch.ones(1, 8, 8))])
    with pytest.raises(ShapeError, match=r"\[1, 8, 8\]"):
        guide(small, start, [brush()], free=torch.ones(1, 8, 8))
    with pytest.raises(ShapeError, match="a mask"):
        Constraint("colour", torch.zeros(3, 8, 8), torch.ones(8, 8))
    with pytest.raises(DataError, match="empty"):
        Constraint("colour", torch.zeros(3, 8, 8), torch.zeros(1, 8, 8))
    with pytest.raises(ConfigError, match="pull cannot be"):
        Guidance(pull=-1)
