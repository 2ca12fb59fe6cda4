"""What every test shares: one thread, since two contended cores spin, and the longest first."""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import pytest
import torch

torch.set_num_threads(1)

_LONGEST = ("tests/test_docs.py", "tests/test_notebooks.py", "tests/methods/test_sizes.py", "tests/deploy/compress/")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest, so that no worker is left alone with them at the end."""
    items.sort(key=lambda item: not item.nodeid.startswith(_LONGEST))
