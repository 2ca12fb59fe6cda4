"""Labels from a table and from classes."""

import numpy as np
import pytest
import torch

from saddlepoint.errors import DataError
from saddlepoint.latent.attribute_table import of_classes, read_scores


def test_a_table_is_read_by_number_or_file_name(tmp_path):
    path = tmp_path / "scores.csv"
    path.write_text("image,smile, age\n00002.png,1,30\n\nfolder/image-0.jpg,0,\n3,1,41.5\n", encoding="utf-8")
    found = read_scores(path)
    assert found.keys() == {"smile", "age"}
    np.testing.assert_array_equal(found["smile"], [0, np.nan, 1, 1])
    np.testing.assert_array_equal(found["age"], [np.nan, np.nan, 30, 41.5])


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "needs a heading"),
        ("image\n1\n", "needs a heading"),
        ("image,a,a\n1,2,3\n", "needs a heading"),
        ("image,a\nface,1\n", "line 2 .*must name an image"),
        ("image,a\n1,2\n2,yes\n", "line 3 "),
        ("image,a\n1,2,3\n", "line 2 "),
    ],
)
def test_what_does_not_fit_is_named_with_its_line(tmp_path, text, wrong):
    (tmp_path / "scores.csv").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=wrong):
        read_scores(tmp_path / "scores.csv")


def test_a_missing_table_is_said(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read_scores(tmp_path / "none.csv")


def test_the_likeliest_class_is_the_label():
    found = of_classes(torch.tensor([[0.7, 0.2, 0.1], [0.3, 0.3, 0.4]]), ("a", "b", "c"))
    assert {name: label.tolist() for name, label in found.items()} == {"a": [1, 0], "b": [0, 0], "c": [0, 1]}
