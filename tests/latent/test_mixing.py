"""Groups of layers, and styles taken from one image into another."""

import pytest
import torch
from small_models import model

from saddlepoint.errors import CapabilityError, ConfigError, ShapeError
from saddlepoint.latent import mixing
from saddlepoint.latent.addresses import codes_of, parse
from saddlepoint.latent.codes import Code
from saddlepoint.latent.decode_codes import images_of


def sides(largest):
    return [4 << place // 2 for place in range(2 * largest.bit_length() - 4)]


def test_the_groups_are_the_papers_at_1024_pixels():
    groups = mixing.groups(sides(1024))
    assert groups == {"coarse": (0, 1, 2, 3), "middle": (4, 5, 6, 7), "fine": tuple(range(8, 18))}


@pytest.mark.parametrize(("largest", "counts"), [(64, (4, 4, 2)), (32, (2, 2, 4)), (16, (2, 2, 2)), (8, (2, 0, 2))])
def test_smaller_generators_keep_coarse_and_fine_layers(largest, counts):
    groups = mixing.groups(sides(largest))
    assert tuple(map(len, groups.values())) == counts
    assert sorted(sum(groups.values(), ())) == list(range(len(sides(largest))))


def test_layers_are_named_by_group_and_number():
    at = sides(64)
    assert mixing.layers_named("all", at) == tuple(range(10))
    assert mixing.layers_named("coarse+fine", at) == (0, 1, 2, 3, 8, 9)
    assert mixing.layers_named("3-5+7", at) == (3, 4, 5, 7)
    assert mixing.layer_words((3, 4, 5, 7), at) == "layers 3-5+7 of 10, sides 8-32"
    assert mixing.layer_words((2,), at) == "layers 2 of 10, sides 8"
    assert mixing.layer_words(range(10), at) == "all 10 layers"


@pytest.mark.parametrize("text", ["corse", "10", "5-3", "", "middle+", "0-30000000", "0-9999999999", "9" * 5000])
def test_what_names_no_layers_is_refused(text):
    with pytest.raises(ConfigError, match="names no layers"):
        mixing.layers_named(text, sides(64))


def test_a_mix_takes_the_named_layers_of_the_other():
    styles, donors = torch.zeros(2, 4, 3), torch.ones(2, 4, 3)
    assert mixing.mix(styles, donors, (1, 3))[:, :, 0].tolist() == [[0, 1, 0, 1]] * 2
    with pytest.raises(ShapeError, match="as many"):
        mixing.mix(styles, donors[:1], (1,))


def test_the_table_has_a_row_for_each_target_and_a_column_for_each_source():
    targets, sources = torch.arange(2.0).view(2, 1, 1).repeat(1, 4, 1), torch.tensor([10.0, 20, 30]).view(3, 1, 1)
    made = mixing.table(targets, sources.repeat(1, 4, 1), (0,)).view(2, 3, 4)
    assert made[:, :, 0].tolist() == [[10, 20, 30]] * 2
    assert made[:, :, 1:].unique(dim=1).squeeze().tolist() == [[0, 0, 0], [1, 1, 1]]


def test_all_layers_of_another_make_the_other_and_none_change_nothing():
    styled = model("stylegan2")
    code = codes_of(styled, parse("0:0,0:1"))
    one, other = code.values.split(1)
    images = images_of(styled, code)
    for layers, wanted in ((range(6), images[1:]), ((), images[:1])):
        made = images_of(styled, Code("w+", mixing.mix(one, other, layers)))
        torch.testing.assert_close(made, wanted)


def test_a_model_without_styles_has_no_layers():
    assert mixing.sides_of(model("stylegan2")) == (4, 4, 8, 8, 16, 16)
    with pytest.raises(CapabilityError, match="dcgan has no styles"):
        mixing.sides_of(model("dcgan"))
