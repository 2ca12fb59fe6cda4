"""Directions: kept in a file, moved along, and freed of one another."""

import pytest
import torch
from small_models import model

from saddlepoint.errors import ConfigError, DataError, ShapeError
from saddlepoint.latent.codes import Code, read_tensors, write_tensors
from saddlepoint.latent.decode_codes import images_of
from saddlepoint.latent.directions import Directions, described, directions_of, pool, upright


def drawn(n, d):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(0)) * torch.tensor([4.0, 2, 1, 1])[:d]


def made(space="w", d=3) -> Directions:
    vectors = torch.eye(d)[:2]
    vectors[1, 0] = 1
    return directions_of(space, vectors, ("smile", "age"), drawn(500, d), {"how": "by hand"})


def test_a_file_gives_back_what_was_saved(tmp_path):
    one = made()
    one.save(tmp_path / "deep" / "some.safetensors")
    other = Directions.read(tmp_path / "deep" / "some.safetensors")
    assert (other.space, other.names, other.facts) == ("w", ("smile", "age"), {"how": "by hand"})
    assert torch.equal(other.vectors, one.vectors)
    assert torch.equal(other.spread, one.spread)
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["some.safetensors"]


def test_another_file_is_refused(tmp_path):
    write_tensors(tmp_path / "code.safetensors", {"latent": torch.zeros(1, 3)}, {"space": "z"})
    (tmp_path / "bad.safetensors").write_bytes(b"no tensors")
    with pytest.raises(DataError, match="holds no directions"):
        Directions.read(tmp_path / "code.safetensors")
    for name in ("bad.safetensors", "none.safetensors"):
        with pytest.raises(DataError, match=r"cannot be read|no file of safetensors"):
            Directions.read(tmp_path / name)
    assert read_tensors(tmp_path / "code.safetensors")[1] == {"space": "z"}


def test_vectors_are_of_length_one_and_the_spread_is_that_of_the_codes():
    one = made()
    torch.testing.assert_close(one.vectors.norm(dim=1), torch.ones(2))
    assert one.spread[0] == pytest.approx(4, rel=0.1)


def test_a_strength_counts_in_standard_deviations():
    one, code = made(), Code("w+", torch.zeros(2, 4, 3))
    moved = one.moved(code, "smile", torch.tensor([1.0, -2]), layers=(0, 1)).values
    torch.testing.assert_close(moved[:, :, 0], one.spread[0] * torch.tensor([[1.0, 1, 0, 0], [-2, -2, 0, 0]]))
    assert moved[:, :, 1:].abs().max() == 0
    assert torch.equal(one.moved(code, "1", 0.0).values, code.values)


def test_a_direction_of_latents_moves_latents_of_several_axes():
    one = made("z", d=4)
    moved = one.moved(Code("z", torch.zeros(2, 2, 2)), "smile", 1.0).values
    torch.testing.assert_close(moved.flatten(1), one.spread[0] * one.vectors[:1].expand(2, -1))


def test_what_is_freed_of_others_leaves_their_values():
    one = made()
    vector = one.off("age", ["smile"])
    torch.testing.assert_close(vector, torch.tensor([0.0, 1, 0]))
    assert torch.equal(one.off("age", []), one.vectors[1])
    assert one.moved(Code("w", torch.zeros(1, 3)), "age", 1.0, off=["smile"]).values[0, 0] == pytest.approx(0, abs=1e-6)
    assert torch.allclose(one.off("age", ["smile", "0"]), vector, atol=1e-6), "naming one twice takes out no more"
    with pytest.raises(ConfigError, match="nothing of age is left"):
        one.off("age", ["smile", "age"])


def test_names_are_looked_up_and_misspelt_ones_answered():
    one = made()
    assert one.row("age") == one.row("1") == 1
    assert one.only(["age"]).names == ("age",)
    digits = Directions("w", one.vectors, ("7", "3"), one.spread, {})
    assert digits.row("3") == 1
    for text in ("¹", "9" * 5000):  # looks like a number and is none, and one that nothing can be
        with pytest.raises(ConfigError, match="no direction"):
            one.row(text)
    with pytest.raises(ConfigError, match="no direction '1'"):
        digits.row("1")
    with pytest.raises(ConfigError, match="did you mean 'smile'"):
        one.row("smlie")
    with pytest.raises(ShapeError, match="a name and a spread each"):
        Directions("w", torch.eye(2), ("a", "a"), torch.ones(2), {})


@pytest.mark.parametrize(
    ("code", "layers"),
    [(Code("z", torch.zeros(1, 3)), None), (Code("w", torch.zeros(1, 5)), None), (Code("w", torch.zeros(1, 3)), (0,))],
)
def test_a_code_of_another_kind_is_refused(code, layers):
    with pytest.raises(ShapeError, match="the direction age has 3 numbers in w"):
        made().moved(code, "age", 1.0, layers=layers)


@pytest.mark.parametrize(("name", "space", "length"), [("stylegan2", "w", 10), ("dcgan", "z", 12)])
def test_directions_are_sought_where_the_model_is_richest(name, space, length):
    small = model(name)
    where, code = pool(small, 5, 0)
    assert (where, code.values.shape) == (space, (5, length))
    assert torch.equal(pool(small, 3, 0)[1].values, code.values[:3])
    assert images_of(small, code, batch=2).shape == (5, 3, 16, 16)
    assert described(small) == {"method": name, "version": small.version}


def test_eigenvectors_are_turned_so_that_their_largest_number_is_positive():
    turned = upright(torch.tensor([[0.1, -3], [2, 1]]))
    torch.testing.assert_close(turned, torch.tensor([[-0.1, 3], [2, 1]]))
