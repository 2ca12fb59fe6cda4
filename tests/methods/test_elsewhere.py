"""Methods under their names in other libraries are answered with what there is here."""

from __future__ import annotations

import pytest

from saddlepoint import methods
from saddlepoint.errors import ConfigError
from saddlepoint.methods import elsewhere


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("swagan", "there is none here; the nearest to it is stylegan2."),
        ("CycleGAN", "it is called cycle_gan here."),
        ("wgan-gp", "it is called wgan_gp here."),
        ("stylegan2-ada", "it is called stylegan2 here."),
        ("contragan", "the nearest to it is stylegan2_conditional."),
        ("Real-ESRGAN", "the nearest to it is esrgan."),
        ("instant-ngp", "it is called hash_nerf here."),
        ("ddpm", "no diffusion here"),
        ("dcgann", "did you mean 'dcgan'?"),
    ],
)
def test_a_name_from_elsewhere_is_answered_with_the_nearest_that_there_is(name: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        methods.load(name)
    assert words in str(caught.value)


def test_the_tables_name_methods_that_there_are_and_no_word_twice() -> None:
    words = [word for table in (elsewhere._SAME, elsewhere._NEAR) for others in table.values() for word in others]
    assert {*elsewhere._SAME, *elsewhere._NEAR} <= {*methods.listing()}
    assert len(words) == len(set(words))
    assert not {*words} & {*methods.listing()}


def test_a_name_that_no_file_can_have_is_no_method() -> None:
    with pytest.raises(ConfigError, match="no method is called"):
        methods.load("x" * 3000)
