"""Worlds with a true map: two forms of one scene, and two styles that never show the same one."""

from __future__ import annotations

import numpy as np
import pytest

from saddlepoint.data.settings import DataSettings
from saddlepoint.data.world import colours, edges, images, labels, light, styles, world
from saddlepoint.data.world.shapes import COLOURS, SHAPES, factors


@pytest.mark.parametrize("name", ["labels", "edges"])
def test_pairs_come_as_source_and_target_and_again_the_same(opened, monkeypatch, name):
    monkeypatch.setattr(images, "IMAGES", 30)
    data = opened(data=f"world:{name}", resolution=16)
    assert data.fields["source"].shape == data.fields["target"].shape == (30, 3, 16, 16)
    assert data.fingerprint == opened(data=f"world:{name}", resolution=16).fingerprint
    monkeypatch.setattr(images, "_SMALL", 1)
    packed = opened(data=f"world:{name}", resolution=16)
    np.testing.assert_array_equal(packed.fields["target"], data.fields["target"])


def test_a_label_map_has_one_colour_for_each_shape_and_its_picture_one_hue():
    rows = np.arange(60)
    made, shape = labels.WORLD.render(rows, 32), factors(rows, 0).shape
    hues = {}
    for image, kind in zip(made, shape):
        source, target = image[:, :, :32].reshape(3, -1), image[:, :, 32:].reshape(3, -1).astype(float)
        inside = source.any(0)
        colours = np.unique(source[:, inside], axis=1)
        assert colours.shape[1] == 1
        assert hues.setdefault(kind, tuple(colours[:, 0])) == tuple(colours[:, 0])
        brightest = target[:, inside][:, target[:, inside].sum(0).argmax()]
        assert np.corrcoef(brightest, list(COLOURS.values())[kind])[0, 1] > 0.99
    assert len(set(hues.values())) == len(SHAPES)


def test_an_outline_is_dark_on_white_and_closed_round_the_shape():
    made = edges.WORLD.render(np.arange(20), 64)[:, 0]
    source, target = made[:, :, :64], made[:, :, 64:]
    assert (source.max((1, 2)) == 255).all()
    assert (source.min((1, 2)) < 60).all()
    assert source.shape == target.shape


def test_a_scene_is_shown_in_one_style_alone_and_its_other_form_is_known(opened, monkeypatch):
    monkeypatch.setattr(images, "IMAGES", 30)
    data = opened(data="world:styles")
    assert data.classes == ("lit", "drawn")
    assert np.bincount(data.labels).tolist() == [15, 15]
    both = styles.both(np.arange(30), 32)
    for row in range(30):
        np.testing.assert_array_equal(data.images[row], both[row, row % 2])
        assert np.abs(data.images[row].astype(int) - both[row, 1 - row % 2]).mean() > 20


def test_a_cut_out_may_become_a_scene_in_any_hue_and_one_of_them_is_its_own(opened, monkeypatch):
    monkeypatch.setattr(images, "IMAGES", 30)
    data, rows = opened(data="world:colours"), np.arange(30)
    assert np.bincount(data.labels).tolist() == [15, 15]
    both = colours.both(rows, 32)
    np.testing.assert_array_equal(colours.answer(rows, factors(rows).hue, 32), both[:, 1])
    np.testing.assert_array_equal(data.images, both[rows, rows % 2])
    cut_out = both[:, 0].astype(int)
    assert (cut_out.max(1) == cut_out.min(1)).all()  # black and white: it tells no colour
    every = np.stack(
        [colours.answer(rows, hue, 32) for hue in np.arange(6) / 6], 1
    )  # red, yellow, green, cyan, blue, magenta
    apart = np.abs(every[:, :, None].astype(int) - every[:, None]).mean((3, 4, 5))
    assert (apart[:, ~np.eye(6, dtype=bool)] > 1).all()
    lightest = every.max((3, 4)) > 180  # where the shape is lit, by channel; the ground is at most 150
    assert lightest.any(0).astype(int).tolist() == [[1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 1, 1], [0, 0, 1], [1, 0, 1]]
    np.testing.assert_array_equal(colours.answer(rows, 1.0, 32), every[:, 0])  # once around


def test_a_world_that_is_drawn_in_another_way_is_packed_anew(monkeypatch):
    made = colours.WORLD.pictures(DataSettings(data="world:colours", resolution=16))
    before = made.key()
    assert made.key() == before
    monkeypatch.setattr(light, "_SATURATION", 0.5)
    assert made.key() != before


@pytest.mark.parametrize("name", ["shapes", "labels", "edges", "styles", "colours"])
def test_every_resolution_shows_the_same_picture(name):
    render = world(name).render
    fine = render(np.arange(12), 128)
    shrunk = fine.reshape(12, 3, 32, 4, -1, 4).mean((3, 5))
    assert np.abs(shrunk - render(np.arange(12), 32)).mean() < 4
