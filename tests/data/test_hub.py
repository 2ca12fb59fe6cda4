"""Sets of the hub, with a stand-in for the package that fetches them."""

from __future__ import annotations

import io
import sys
import types

import numpy as np
import pytest
from small_images import picture

from saddlepoint.errors import ConfigError, DataError, MissingExtra, OfflineError


class Image:
    def __init__(self, decode: bool = True) -> None:
        self.decode = decode


class ClassLabel:
    names = ["cat", "dog"]


class Table:
    """The few things that the source asks of a data set of the hub."""

    _fingerprint = "f"

    def __init__(self, features: dict[str, object], rows: list[dict[str, object]]) -> None:
        self.features, self.rows = features, rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, asked):
        return [row[asked] for row in self.rows] if isinstance(asked, str) else self.rows[asked]

    def select_columns(self, names: list[str]) -> Table:
        return Table({name: self.features[name] for name in names}, self.rows)

    def cast_column(self, name: str, kind: Image) -> Table:
        assert not kind.decode
        return self


def encoded(seed: int) -> bytes:
    stream = io.BytesIO()
    picture(seed).save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture
def hub(monkeypatch) -> types.SimpleNamespace:
    """A stand-in for `datasets`; `asked` keeps what was asked, `table` or `error` is the answer."""
    found = types.SimpleNamespace(asked=[], error=None)
    found.table = Table({"id": object(), "photo": Image(), "kind": ClassLabel()}, [])

    def load_dataset(name, config=None, *, split, trust_remote_code):
        found.asked.append((name, config, split, trust_remote_code))
        if found.error:
            raise found.error
        return found.table

    module = types.SimpleNamespace(Image=Image, ClassLabel=ClassLabel, load_dataset=load_dataset)
    monkeypatch.setitem(sys.modules, "datasets", module)
    return found


def test_the_first_images_and_classes_are_found(hub, opened, tmp_path):
    (tmp_path / "on-disk.png").write_bytes(encoded(1))
    hub.table.rows = [
        {"photo": {"bytes": encoded(0), "path": None}, "kind": 1},
        {"photo": {"bytes": None, "path": str(tmp_path / "on-disk.png")}, "kind": 0},
        {"photo": None, "kind": 0},
    ]
    data = opened(data="hub:someone/photos/small@test")
    assert hub.asked == [("someone/photos", "small", "test", False)]
    np.testing.assert_array_equal(data.images[1], np.asarray(picture(1)).transpose(2, 0, 1))
    assert data.labels.tolist() == [1, 0]
    assert data.classes == ("cat", "dog")
    assert data.skipped == (("row 2", "the row has no image"),)


@pytest.mark.parametrize(
    ("cells", "classes", "note"),
    [
        (["dog", "cat"], ("cat", "dog"), "classes read from the column label"),
        ([10, 9], ("9", "10"), "classes read from the column label"),
        ([0.5, [1]], (), "the column label of hub:photos holds no classes: it is not used"),
    ],
)
def test_a_column_called_label_is_read_where_none_says_that_it_holds_classes(hub, opened, cells, classes, note):
    rows = [{"photo": {"bytes": encoded(seed), "path": None}, "label": cell} for seed, cell in enumerate(cells)]
    hub.table = Table({"photo": Image(), "label": object()}, rows)
    data = opened(data="hub:photos")
    assert (data.classes, data.labels is None) == (classes, not classes)
    assert note in data.notes


def test_the_form_of_the_name_decides_what_is_asked(hub, opened):
    for word in ("hub:photos", "hub:someone/photos", "hub:photos@test"):
        with pytest.raises(DataError):
            opened(data=word)
    assert [asked[:3] for asked in hub.asked] == [
        ("photos", None, "train"),
        ("someone/photos", None, "train"),
        ("photos", None, "test"),
    ]
    with pytest.raises(ConfigError, match="not of the form hub:OWNER/NAME"):
        opened(data="hub:a/b/c/d")


def test_a_set_without_images_or_with_rows_without_a_label_is_refused(hub, opened):
    hub.table.rows = [{"photo": {"bytes": encoded(0), "path": None}, "kind": -1}]
    with pytest.raises(DataError, match="without a label"):
        opened(data="hub:photos")
    hub.table.features = {"text": object()}
    with pytest.raises(DataError, match="no column of images; its columns are text"):
        opened(data="hub:photos")


@pytest.mark.parametrize(
    ("error", "kind"), [(ConnectionError("no net"), OfflineError), (ValueError("no split 'tset'"), DataError)]
)
def test_what_cannot_be_fetched_is_said_in_words(hub, opened, error, kind):
    hub.error = error
    with pytest.raises(kind, match=str(error)):
        opened(data="hub:photos@tset")


def test_without_the_package_the_extra_is_named(opened, monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MissingExtra, match=r"pip install 'saddlepoint\[hub\]'"):
        opened(data="hub:photos")
