"""Texts from the command line: a tokenizer that comes with the model, prompts, and files that hold words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from saddlepoint.checkpoint.model import load
from saddlepoint.cli import sample, train
from saddlepoint.errors import SaddlepointError

TEXT = "abba cab.\n" * 60


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GPT that has seen a few letters."""
    folder = tmp_path_factory.mktemp("texts")
    (folder / "book.txt").write_text(TEXT, encoding="utf-8")
    settings = "--layers 1 --heads 2 --width 8 --window 8 --batch 4 --examples 8 --grid-size 4"
    words = ["gpt", "--data", f"text:{folder}/book.txt", "--cache", f"{folder}/cache", *settings.split()]
    assert train.main([*words, "--out", str(folder / "run")]) == 0
    return folder / "run"


def test_texts_are_printed_and_written(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["-n", "3", "--given", "prompt=cab", "--top-k", "3", "--out", f"{tmp_path}/a.txt"]
    assert sample.main([str(run), *words]) == 0
    printed = capsys.readouterr().out
    texts = (tmp_path / "a.txt").read_text(encoding="utf-8")
    assert printed == f"{texts}{tmp_path}/a.txt\n"
    assert texts.startswith("cab")
    assert texts.count("\n\ncab") == 2
    assert set(texts) <= {*TEXT, "\ufffd"}


def test_lines_of_json_say_who_made_them(run: Path, tmp_path: Path) -> None:
    assert sample.main([str(run), "-n", "2", "--out", f"{tmp_path}/a.jsonl", "--temperature", "0"]) == 0
    rows = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(rows) == 2
    assert rows[0]["text"] == rows[1]["text"]
    assert "gpt" in rows[0]["model"]
    assert sample.main([str(run), "-n", "2", "--single", "--out", f"{tmp_path}/many"]) == 0
    assert sorted(path.name for path in (tmp_path / "many").iterdir()) == ["00000.txt", "00001.txt"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--given", "prompt=xyz"], "the vocabulary of this model has no character 'x'"),
        (["--given", f"prompt={'ab' * 20}"], "the text has 40 characters; this model takes 8"),
        (["--given", "text=ab"], "gpt takes no 'text': it takes prompt"),
        (["--top-p", "0"], "--top-p more than 0 and at most 1"),
    ],
)
def test_what_cannot_be_asked_is_refused(run: Path, words: list[str], sentence: str) -> None:
    with pytest.raises(SaddlepointError, match=sentence):
        sample.main([str(run), "-n", "1", *words])


def test_a_model_reads_its_own_samples(run: Path) -> None:
    model = load(run)
    texts = model.sample(3, seed=1, given={"prompt": "ab"})
    assert all(model.spec.main.text(row).startswith("ab") for row in texts)  # type: ignore[attr-defined]
    assert (run / "report.html").read_text(encoding="utf-8").count("<img")


def test_a_text_is_printed_as_it_is_written(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sample.main([str(run), "--prompt", "cab", "--seed", "4", "--out", f"{tmp_path}/a.txt"]) == 0
    printed = capsys.readouterr().out.removesuffix(f"{tmp_path}/a.txt\n")
    model = load(run)
    whole = model.sample(1, seed=4, given={"prompt": "cab"})
    text = model.spec.main.text(whole[0])  # type: ignore[attr-defined]
    assert text.startswith("cab")
    assert printed == f"{text}\n"
    assert (tmp_path / "a.txt").read_text(encoding="utf-8").rstrip("\n") == text.rstrip("\n")
    tokens = [int(token) for token in model.write(seed=4, given={"prompt": "cab"})]
    assert tokens == whole[0].long().tolist()[: len(tokens)]
    assert not whole[0, len(tokens) :].any()
    with pytest.raises(SaddlepointError, match="leave out one of them"):
        sample.main([str(run), "--prompt", "a", "--given", "prompt=b"])
    with pytest.raises(SaddlepointError, match="the text has 9 characters; this model takes 8"):
        sample.main([str(run), "--prompt", "abcabcabc"])


@pytest.mark.parametrize("text", ["xyz defgh\n", "xyyx zxy!\n", "abba ca.b\n\t"])
def test_another_vocabulary_goes_on_from_no_run(run: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "other.txt").write_text(text * 60, encoding="utf-8")
    settings = "--layers 1 --heads 2 --width 8 --window 8 --batch 4 --examples 8 --grid-size 0"
    words = ["gpt", "--data", f"text:{tmp_path}/other.txt", "--cache", f"{tmp_path}/cache", *settings.split()]
    with pytest.raises(SaddlepointError, match="its weights stand for its own"):
        train.main([*words, "--from", str(run), "--out", f"{tmp_path}/run"])
