"""A run that is killed at any instant, also while it writes a checkpoint, ends as one that was not. See kills.py."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the killed runs are forks")
def test_killed_runs_resume_to_the_same_figures_and_bytes() -> None:
    done = subprocess.run([sys.executable, str(HERE / "kills.py"), "15"], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    assert found["equal"]
    assert found["kills"] >= 15
    assert found["from outside"] >= 3
    assert found["planted"] >= 3
