"""The encoder: it learns from samples alone, is kept in one file, and hybrid inversion begins where it ends."""

from functools import cache
from pathlib import Path

import pytest
import torch
from small_models import model
from torch import Tensor

from saddlepoint.errors import CapabilityError, ConfigError, DataError
from saddlepoint.latent.codes import Space, write_tensors
from saddlepoint.latent.encoder import Encoder, Training, encode, load_encoder, save_encoder, train_encoder
from saddlepoint.latent.hybrid import hybrid
from saddlepoint.latent.project import Projection

TINY = {"batch": 16, "width": 8}


def styled():  # type: ignore[no-untyped-def]
    return model("stylegan2", side=8, channels=1)


@cache
def trained(space: Space = "w", images: int = 1600) -> Encoder:
    return train_encoder(styled(), space=space, settings=Training(images=images, **TINY))


def samples(n: int = 3) -> Tensor:
    return styled().sample(n, seed=77).as_subclass(Tensor)


def test_it_learns_codes_and_images_from_samples_alone() -> None:
    untrained, facts = trained(images=1).facts, trained().facts
    assert facts["error"] < 0.8 * untrained["error"]
    assert facts["code_error"] < 0.95 * untrained["code_error"]
    assert facts["images"] == 1600
    assert facts["version"] == styled().version


@pytest.mark.parametrize("space", ["z", "w", "w+"])
def test_it_names_codes_of_its_space(space: Space) -> None:
    found = encode(styled(), trained(space, 16), samples())
    shape = {"z": (3, 12), "w": (3, 10), "w+": (3, 4, 10)}[space]
    assert (found.code.space, tuple(found.code.values.shape), found.steps) == (space, shape, 0)
    assert found.images.shape == (3, 1, 8, 8)


def test_it_names_the_class_too() -> None:
    small = model("cgan", side=8, channels=1, classes=("a", "b", "c"))
    encoder = train_encoder(small, settings=Training(images=64, **TINY))
    label = encode(small, encoder, torch.zeros(4, 1, 8, 8)).code.label
    assert label is not None
    assert set(label.tolist()) <= {0, 1, 2}


def test_it_works_on_sides_that_are_no_power_of_two() -> None:
    found, logits = Encoder("z", (3, 28, 28), (5,), width=8)(torch.zeros(2, 3, 28, 28))
    assert found.shape == (2, 5)
    assert logits.shape == (2, 0)


def test_the_same_seed_trains_the_same_encoder_whatever_was_drawn_before() -> None:
    first = trained("w", 32)
    torch.rand(7)
    again = train_encoder(styled(), space="w", settings=Training(images=32, **TINY))
    for a, b in zip(first.parameters(), again.parameters()):
        torch.testing.assert_close(a, b)


def test_training_stops_when_told() -> None:
    asked = iter([False, False, True])
    encoder = train_encoder(styled(), space="w", settings=Training(images=10**6, **TINY), stop=lambda: next(asked))
    assert encoder.facts["images"] == 32


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    save_encoder(trained(), tmp_path / "encoders" / "w.safetensors")
    again = load_encoder(tmp_path / "encoders" / "w.safetensors", styled())
    assert again.facts == trained().facts
    torch.testing.assert_close(again.encode(samples()).values, trained().encode(samples()).values)


def test_an_encoder_of_other_weights_and_a_file_that_is_none_are_refused(tmp_path: Path) -> None:
    save_encoder(trained(), tmp_path / "w.safetensors")
    with pytest.raises(DataError, match=r"trained for other weights of dcgan; train it again: saddle edit encode"):
        load_encoder(tmp_path / "w.safetensors", model("dcgan", side=8, channels=1))
    write_tensors(tmp_path / "code.safetensors", {"latent": torch.zeros(1, 3)}, {"space": "z"})
    with pytest.raises(DataError, match="holds no encoder"):
        load_encoder(tmp_path / "code.safetensors", styled())
    with pytest.raises(DataError, match=r"there is no encoder .*none.*train it: saddle edit encode"):
        load_encoder(tmp_path / "none.safetensors", styled())


def test_hybrid_begins_where_the_encoder_ends_and_comes_nearer() -> None:
    named = encode(styled(), trained(), samples())
    still, moved = (
        hybrid(styled(), trained(), samples(), settings=Projection(steps=steps, noise=False)) for steps in (0, 20)
    )
    torch.testing.assert_close(still.code.values, named.code.values)
    assert bool((moved.error <= named.error).all())
    assert moved.error.mean() < 0.95 * named.error.mean()
    assert moved.seconds > 0


def test_a_space_that_is_not_there_and_impossible_settings_are_refused() -> None:
    with pytest.raises(CapabilityError, match="no space w"):
        train_encoder(model("dcgan", side=8, channels=1), space="w")
    with pytest.raises(ConfigError, match="images cannot be 0"):
        Training(images=0)
    with pytest.raises(ConfigError, match="lr cannot be"):
        Training(lr=-1.0)
