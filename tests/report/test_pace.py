"""Lines about long work."""

from saddlepoint.report import pace


def test_short_work_says_nothing_and_loses_nothing():
    said = []
    assert list(pace.paced(["ab", "c"], 3, "letters", said.append)) == ["ab", "c"]
    assert said == []


def test_long_work_says_how_far_it_is_how_fast_and_how_long(monkeypatch):
    now = iter([0.0, 1.0, 4.0, 5.0, 10.0])
    monkeypatch.setattr(pace.time, "monotonic", lambda: next(now))
    said = []
    assert len(list(pace.paced(["a" * 10] * 4, 40, "images", said.append))) == 4
    assert said == ["20 of 40 images, 5 a second, 4 s left"]
