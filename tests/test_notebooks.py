"""The notebooks of the tutorials run from the first cell to the last, with tiny settings."""

import os
import re
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parents[1] / "docs" / "tutorials").glob("*.ipynb"))
TINY = {
    "ring_images": 2560,
    "broken_images": 1280,
    "digit_images": 640,
    "images": 640,
    "count": 128,
    "resolution": 16,
    "steps": 5,
    "seeds": 1,
}


def tiny(source: str) -> str:
    """The cell of parameters with small values."""
    for name, value in TINY.items():
        source = re.sub(rf"^{name} = [\d_]+", f"{name} = {value}", source, flags=re.MULTILINE)
    return source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = Path(sys.executable).parent  # where `!saddle` lies, as in an environment that is active
    monkeypatch.setenv("PATH", f"{own}{os.pathsep}{os.environ['PATH']}")
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if "parameters" in cell.metadata.get("tags", []):
            cell.source = tiny(cell.source)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_with_its_outputs_and_begins_with_its_installation(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert "%pip install" in code[0].source
    assert any("image/png" in output.get("data", {}) for cell in code for output in cell.outputs)
    assert not [cell for cell in code if any(output.output_type == "error" for output in cell.outputs)]
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"/(home|tmp|root|work|Users)/", text), "an output names a folder of one machine"
