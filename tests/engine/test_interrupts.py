"""Signals during training: answered at once, also while one operation computes for long."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

LONG = """
import hashlib
from saddlepoint.engine import interrupts

interrupts.GRACE = 0.5
with interrupts.interrupts(lambda: None, lambda text: print(text, flush=True)):
    print("begun", flush=True)
    hashlib.pbkdf2_hmac("sha256", b"", b"", 10**9)  # minutes in which Python handles no signal
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_answered_during_a_long_operation_and_a_second_one_ends_it(number: int) -> None:
    child = subprocess.Popen([sys.executable, "-c", LONG], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "begun\n"
    time.sleep(0.3)  # so that the operation has begun
    begun = time.monotonic()
    child.send_signal(number)
    assert child.stdout.readline() == "finishing this step, then saving; once more to stop at once.\n"
    assert time.monotonic() - begun < 1
    child.send_signal(number)
    rest, _ = child.communicate(timeout=20)
    assert rest.startswith("stopped at once")
    assert child.returncode == 128 + number
    assert time.monotonic() - begun < 10
