"""Attributes: of the made world, and from tables that lie beside images."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from small_images import picture, saved

from saddlepoint.data.batches import AttributeBatch, LabelledBatch
from saddlepoint.data.loader import Loader
from saddlepoint.data.sources.attributes import read_attributes
from saddlepoint.data.world import images, names, points
from saddlepoint.data.world.attributes import ATTRIBUTES
from saddlepoint.data.world.shapes import BACKGROUNDS, COLOURS, SHAPES, factors
from saddlepoint.errors import ConfigError, DataError

CELEBA = "3\nSmiling Young \na.png -1 1\nb.png  1  1\nc.png 1 -1\n"
COMMAS = "image,Smiling,Young\na.png,0,1\nsub/b.png,1,1\nc.png,1,0\n"


@pytest.mark.parametrize("text", [CELEBA, COMMAS, CELEBA.replace("3\n", "", 1)])
def test_both_forms_of_a_table_say_the_same(text):
    table = read_attributes(text, "table")
    assert table.names == ("Smiling", "Young")
    assert list(table.rows.values()) == [[0, 1], [1, 1], [1, 0]]


def test_images_are_found_in_a_table_by_path_or_name_and_come_with_their_row(opened, folder):
    for seed, name in enumerate(("old/a.png", "new/b.png", "new/deeper/c.png")):
        saved(folder / name, picture(seed))
    (folder / "attributes.csv").write_text("file,red,old\nold/a.png,1,0\nb.png,0,1\nc.png,1,1\ngone.png,0,0\n")
    data = opened(data=str(folder))
    assert data.attributes == data.spec().attributes == ("red", "old")
    assert data.fields["attributes"].tolist() == [[0, 1], [1, 1], [1, 0]]
    assert data.fields["attributes"].dtype == np.float32
    assert any(note.startswith("2 attributes from attributes.csv") for note in data.notes)
    assert "1 row of attributes.csv without an image" in data.notes
    again = opened(data=str(folder))  # from the cache
    np.testing.assert_array_equal(again.fields["attributes"], data.fields["attributes"])


def test_an_image_without_a_row_is_left_out_and_named(opened, folder):
    for seed, name in enumerate("abc"):
        saved(folder / f"{name}.png", picture(seed))
    (folder / "list_attr_celeba.txt").write_text("2\nSmiling\nc.png 1\na.png -1\n")
    data = opened(data=str(folder))
    assert data.skipped == (("b.png", "has no row in list_attr_celeba.txt"),)
    assert data.fields["attributes"].tolist() == [[0], [1]]


def test_another_table_is_other_data(opened, folder):
    saved(folder / "a.png")
    (folder / "attributes.csv").write_text("file,red\na.png,1\n")
    before = opened(data=str(folder))
    (folder / "attributes.csv").write_text("file,red\na.png,0 \n")
    after = opened(data=str(folder))
    assert after.fields["attributes"].tolist() == [[0]]
    assert before.fingerprint != after.fingerprint


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("file,red\n", "has no rows"),
        ("file,red,old\na.png,1,0\nb.png,1\n", "line 3 of attributes.csv has 1 value for 2 attributes"),
        ("file,red\na.png,yes\n", "line 2 of attributes.csv says 'yes'; an attribute is 1"),
        ("file,red\nother.png,1\n", "has a row for none of the images, such as a.png"),
    ],
)
def test_a_table_that_is_none_is_refused_with_the_line(opened, folder, text, words):
    saved(folder / "a.png")
    (folder / "attributes.csv").write_text(text)
    with pytest.raises(DataError, match=words):
        opened(data=str(folder))


def test_the_attributes_of_the_world_are_what_its_factors_say(opened, monkeypatch):
    monkeypatch.setattr(images, "IMAGES", 200)
    data = opened(data="world:attributes", resolution=16)
    shown = factors(np.arange(200))
    told = dict(zip(data.attributes, data.fields["attributes"].T.astype(bool)))
    assert tuple(told) == tuple(ATTRIBUTES)
    shape, colour, ground = (
        np.array(list(known))[which]
        for known, which in ((SHAPES, shown.shape), (COLOURS, shown.colour), (BACKGROUNDS, shown.background))
    )
    assert (told["round"] == np.isin(shape, ["circle", "ring"])).all()
    assert (told["pointed"] == np.isin(shape, ["triangle", "star"])).all()
    assert (told["warm"] == np.isin(colour, ["red", "orange", "yellow", "pink"])).all()
    assert (told["on_white"] == (ground == "white")).all()
    assert (told["left"] == (shown.x < 0)).all()
    assert 0.35 < told["large"].mean() < 0.65
    np.testing.assert_array_equal(data.images, opened(data="world:shapes", resolution=16).images)


def test_a_batch_has_the_attributes_of_its_images(opened, monkeypatch):
    monkeypatch.setattr(images, "IMAGES", 60)
    data = opened(data="world:attributes", resolution=8)
    loader = Loader(data, AttributeBatch, np.arange(60), flip=True)
    batch = loader.read(0, 20)
    assert batch.attributes.dtype == torch.float32
    assert set(batch.attributes.unique().tolist()) == {0.0, 1.0}
    plain = loader.look(np.arange(5, 9), augmented=False)
    assert torch.equal(plain.attributes, torch.from_numpy(data.fields["attributes"][5:9]))
    with pytest.raises(ConfigError, match="has no label"):
        Loader(data, LabelledBatch, np.arange(60))


def test_data_without_attributes_says_what_would_give_them(opened):
    with pytest.raises(ConfigError, match=r"has no attributes. Put a table of them, attributes.csv"):
        Loader(opened(data="digits"), AttributeBatch, np.arange(60))


@pytest.mark.parametrize("name", names())
def test_every_world_can_be_held_out_in_part(opened, monkeypatch, name):
    monkeypatch.setattr(images, "IMAGES", 80)
    monkeypatch.setattr(points, "POINTS", 80)
    data = opened(data=f"world:{name}")
    train, held_out = data.split(0.25)
    assert len(held_out) == len(data) // 4  # some worlds have a size of their own
    assert len(train) + len(held_out) == len(data)
    assert not set(train) & set(held_out)
    assert all(len(field[held_out]) == len(held_out) for field in data.fields.values())
    if len(data.classes) == 2:  # two kinds without pairs
        assert min(np.bincount(data.labels[held_out])) > 4


PLAIN = "file,red,big one\nim0.png,1,-1\nim1.png,0,1\n"


@pytest.mark.parametrize(
    "content",
    [
        PLAIN.encode(),
        PLAIN.replace(",", ";").encode(),
        PLAIN.replace(",", "\t").encode(),
        PLAIN.replace(",", ", ").encode("utf-8-sig"),
        PLAIN.encode("utf-16"),
        PLAIN.encode("utf-16-le"),
        PLAIN.replace("im", '"im').replace(".png", '.png"').encode(),
        PLAIN.replace("\n", "\r\n").encode(),
        PLAIN.replace(",1", ",True").replace(",0", ",False").encode(),
        PLAIN.replace("-1", "0.0").replace(",1", ",1.0").encode(),
    ],
)
def test_a_table_of_attributes_is_read_however_it_was_exported(opened, folder, content):
    for seed in range(2):
        saved(folder / f"im{seed}.png", picture(seed))
    (folder / "attributes.csv").write_bytes(content)
    data = opened(data=str(folder))
    assert data.attributes == ("red", "big one")
    assert data.fields["attributes"].tolist() == [[1, 0], [0, 1]]


def test_a_row_that_may_mean_several_images_or_contradicts_another_is_refused(opened, folder):
    for seed, name in enumerate(("a/x.png", "b/x.png")):
        saved(folder / name, picture(seed))
    (folder / "attributes.csv").write_text("file,red\nx.png,1\n")
    with pytest.raises(DataError, match=r"has a row x.png, a name that several images have: write whole paths"):
        opened(data=str(folder))
    (folder / "attributes.csv").write_text("file,red\na/x.png,1\nb/x.png,1\na/x.png,0\n")
    with pytest.raises(DataError, match=r"line 4 of attributes.csv contradicts an earlier line about a/x.png"):
        opened(data=str(folder))
