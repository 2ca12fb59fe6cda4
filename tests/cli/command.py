"""A command of `saddle`, called as the shell does."""

from __future__ import annotations

import pytest

from saddlepoint import cli


def saddle(capsys: pytest.CaptureFixture[str], *words: object, code: int = 0) -> str:
    """What it says on both streams. It must end with `code`."""
    with pytest.raises(SystemExit) as ended:
        cli.main(list(map(str, words)))
    said = capsys.readouterr()
    assert ended.value.code == code, said.err
    return said.out + said.err
