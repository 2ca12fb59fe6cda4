"""CTGAN: numbers and modes there and back, conditions as often as their logarithm, packs, and tables in and out."""

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from drive import HandDraw, play

from saddlepoint.data.batches import DataSpec
from saddlepoint.data.open import open_data
from saddlepoint.data.record_batch import RecordBatch
from saddlepoint.errors import ConfigError, DataError
from saddlepoint.kinds.kind import PLAIN
from saddlepoint.kinds.record import Record
from saddlepoint.methods.families.tabular import gumbel
from saddlepoint.methods.table.ctgan import CTGAN
from saddlepoint.nn.layers.column_modes import ColumnModes

TINY = {"latent": 4, "generator_widths": [8], "critic_widths": [8], "pack": 2, "dropout": 0.0, "shape": [4]}
SMALL = CTGAN(latent=4, generator_widths=(8,), critic_widths=(8,), pack=2)


def register(n: int = 500) -> tuple[Record, torch.Tensor]:
    dataset = open_data("world:register")
    kind = dataset.kinds["record"]
    assert isinstance(kind, Record)
    return kind, kind.shown(torch.from_numpy(dataset.examples[:n].copy()), PLAIN)


def test_records_come_back_from_their_modes() -> None:
    kind, records = register()
    modes = ColumnModes(kind)
    modes.fit(records)
    values = modes.seen(records, torch.rand(len(records), 5))
    assert values.shape == (500, modes.width)
    assert modes.width == 5 + 3 + 3 * 11
    back = modes.records(values)
    beyond = values[:, 8].abs() > 0.98  # a number farther from its mode than four deviations is drawn nearer
    assert (back - records)[~beyond].abs().max() < 0.02
    ages = modes.weights[2] > 0.05
    assert ages.sum() >= 2
    for length, choice in modes.spans:
        assert length > 0 or choice


def test_a_condition_is_drawn_by_the_logarithm_and_its_row_has_it() -> None:
    kind, records = register()
    modes = ColumnModes(kind)
    modes.fit(records)
    torch.manual_seed(0)
    condition, rows = SMALL.drawn(modes, records, torch.rand(500, 3))
    assert torch.equal(condition.sum(1), torch.ones(500))
    for column, start in ((0, 0), (1, 5)):
        chosen = condition[:, start : start + kind.counts[column]].sum(1) > 0
        word = condition[chosen, start : start + kind.counts[column]].argmax(1)
        assert torch.equal(kind.places(rows[chosen], column), word)
    often = condition[:, :5].sum(0) / condition[:, :5].sum()
    wanted = (modes.frequencies[:5] + 1).log()
    assert torch.allclose(often, wanted / wanted.sum(), atol=0.08)


def test_gumbels_largest_is_a_draw_from_the_softmax() -> None:
    torch.manual_seed(0)
    logits = torch.tensor([1.0, 0.0, -1.0])
    drawn = torch.bincount((logits + gumbel(torch.randn(40_000, 3))).argmax(1)) / 40_000
    assert torch.allclose(drawn, logits.softmax(0), atol=0.01)


def test_rows_are_judged_in_packs_and_too_few_are_refused() -> None:
    kind, records = register(8)
    nets = SMALL.networks(DataSpec({"record": kind}))
    critic, generator = play(SMALL, nets, HandDraw(RecordBatch(records)))
    assert set(critic.losses) == {"real", "fake", "penalty"}
    assert set(generator.losses) == {"fake", "condition"}
    with pytest.raises(ConfigError, match="smaller --pack"):
        next(play(SMALL, nets, HandDraw(RecordBatch(records[:1]))))


def test_a_table_is_read_and_records_are_written_as_one(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    rows = [f"{number},{'ab'[number % 3 > 1]},{number * 0.5},{number % 2},same" for number in range(40)]
    rows[3] = "x3,a,,1,same"
    path.write_text("\n".join(["id,group,height,child,unit", *rows]))
    dataset = open_data(f"table:{path}")
    kind = dataset.kinds["record"]
    assert isinstance(kind, Record)
    assert kind.columns == ("group", "height", "child", "unit")
    assert kind.counts == (2, 0, 2, 1)
    assert any("'id' is another in every row: left out" in note for note in dataset.notes)
    assert any("median" in note for note in dataset.notes)
    shown = kind.shown(torch.from_numpy(np.asarray(dataset.examples)), PLAIN)
    assert shown.abs().max() <= 1
    kind.write_sheet(shown, tmp_path / "again.csv", {"made by": "a test"})
    with (tmp_path / "again.csv").open(newline="") as file:
        back = list(csv.reader(line for line in file if not line.startswith("#")))
    assert back[0] == list(kind.columns)
    assert back[1] == ["a", "0.0", "0", "same"]
    again = open_data(f"table:{tmp_path / 'again.csv'}")
    assert np.allclose(again.examples, dataset.examples)


def test_a_column_that_counts_the_rows_is_left_out_and_one_with_gaps_is_a_measure(tmp_path: Path) -> None:
    path = tmp_path / "counted.csv"
    rows = [f"{100 + (number * 7) % 20},{number * number},{number / 4}" for number in range(20)]
    path.write_text("\n".join(["number,square,quarter", *rows]))
    dataset = open_data(f"table:{path}")
    assert any("'number' counts the rows: left out" in note for note in dataset.notes)
    kind = dataset.kinds["record"]
    assert isinstance(kind, Record)
    assert kind.columns == ("square", "quarter")


def test_a_table_that_cannot_be_used_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    for text, words in (
        ("a,b\n1,2\n3\n4,5", "line 3 of"),
        ("a,a\n1,2\n3,4", "rename one"),
        ("a,b\n", "fewer than two"),
    ):
        path.write_text(text)
        with pytest.raises(DataError, match=words):
            open_data(f"table:{path}")
    with pytest.raises(ConfigError, match="no file"):
        open_data("table:nowhere.csv")
