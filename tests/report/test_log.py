"""Reading a log that may have been cut short."""

from pathlib import Path

from saddlepoint.report.log import read_log


def _log(folder: Path, text: str) -> Path:
    path = folder / "log.jsonl"
    path.write_text(text)
    return path


def test_figures_become_series_over_the_examples_shown(tmp_path: Path) -> None:
    log = read_log(
        _log(tmp_path, '{"step":1,"examples":8,"critic/real":2}\n{"step":2,"examples":16,"critic/real":1.5}\n')
    )
    assert log.figures["critic/real"].examples.tolist() == [8, 16]
    assert log.figures["critic/real"].values.tolist() == [2, 1.5]
    assert log.last == {"step": 2, "examples": 16}


def test_a_score_without_a_count_stands_where_the_run_was(tmp_path: Path) -> None:
    log = read_log(_log(tmp_path, '{"step":5,"examples":40,"critic/real":2}\n{"step":5,"score/frechet":9}\n'))
    assert log.figures["score/frechet"].examples.tolist() == [40]


def test_a_torn_last_line_is_left_out_in_silence(tmp_path: Path) -> None:
    log = read_log(_log(tmp_path, '{"step":1,"examples":8,"critic/real":2}\n{"step":2,"exa'))
    assert len(log.figures["critic/real"].values) == 1
    assert log.unreadable == 0


def test_a_broken_line_within_the_log_is_counted(tmp_path: Path) -> None:
    log = read_log(_log(tmp_path, '{"examples":8,"a/b":2}\n{"examples\n[3]\n{"examples":9,"a/b":1}\n'))
    assert log.figures["a/b"].values.tolist() == [2, 1]
    assert log.unreadable == 2


def test_events_are_kept_apart_from_figures(tmp_path: Path) -> None:
    log = read_log(_log(tmp_path, '{"step":3,"note":"halved","lr":0.1}\n{"step":4,"health":{"alarm":"x"}}\n'))
    assert [event["step"] for event in log.events] == [3, 4]
    assert not log.figures


def test_a_missing_log_is_an_empty_one(tmp_path: Path) -> None:
    assert not read_log(tmp_path / "log.jsonl").figures


def test_a_log_of_an_earlier_release_counts_images(tmp_path: Path) -> None:
    log = read_log(_log(tmp_path, '{"step":1,"images":8,"images_per_s":3,"critic/real":2}\n'))
    assert log.last == {"step": 1, "examples": 8}
    assert log.figures["critic/real"].examples.tolist() == [8]
    assert "examples_per_s" in log.figures
