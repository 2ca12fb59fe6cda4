"""What is shipped beside the wheel: the container's recipe names only what is there."""

import json
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
INSTRUCTIONS = ("FROM", "ENV", "WORKDIR", "COPY", "RUN", "USER", "EXPOSE", "ENTRYPOINT", "CMD")


def recipe() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile with what stands behind them."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.replace("\\\n", " ").splitlines() if line and not line.startswith("#")]
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in lines]


def test_the_container_is_made_from_files_and_extras_that_exist() -> None:
    steps = recipe()
    assert {name for name, _ in steps} <= set(INSTRUCTIONS)
    assert steps[0][0] == "FROM"
    for name, text in steps:
        if name == "COPY":
            for source in text.split()[:-1]:
                assert (ROOT / source).exists(), source
        for extras in re.findall(r"\.\[([\w,]+)\]", text):
            assert set(extras.split(",")) <= set(PROJECT["optional-dependencies"])
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    copied = {source.split("/")[0] for name, text in steps if name == "COPY" for source in text.split()[:-1]}
    assert not copied & set(ignored)


def test_the_containers_command_is_the_packages_and_no_user_is_root() -> None:
    steps = dict(recipe())
    assert json.loads(steps["ENTRYPOINT"]) == ["saddle"]
    assert "saddle" in PROJECT["scripts"]
    assert json.loads(steps["CMD"]) == ["--help"]
    assert steps["USER"] != "root"
    python = re.fullmatch(r"python:(\d+\.\d+)-slim", steps["FROM"])
    assert python
    assert PROJECT["requires-python"] == f">={python[1]}"


def test_every_extra_is_in_the_installation_page() -> None:
    page = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    extras = set(PROJECT["optional-dependencies"]) - {"dev"}
    assert extras <= set(re.findall(r"\.\[(\w+)\]", page))


def test_wheel_and_sdist_are_built_whole_and_pass_the_index_check(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    wheel, sdist = sorted(tmp_path.iterdir(), key=lambda path: path.suffix != ".whl")
    check = [sys.executable, "-m", "twine", "check", "--strict", str(wheel), str(sdist)]
    subprocess.run(check, check=True, capture_output=True)
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("saddlepoint/")}
    source = ROOT / "src" / "saddlepoint"
    files = {path.relative_to(source.parent).as_posix() for path in source.rglob("*") if path.is_file()}
    assert {name for name in files if "__pycache__" not in name} <= packed
