"""The images of a folder that a command works on: those that were given, not those that earlier calls made of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from saddlepoint.data.sources.names import is_image
from saddlepoint.deploy.destination import same_file
from saddlepoint.deploy.metadata import Disclosure, disclosure_in
from saddlepoint.errors import DataError
from saddlepoint.text import counted

_ENDS = 1 << 17  # bytes at both ends of a file in which metadata lie


def originals(
    folder: Path,
    out: Path | None,
    made_by_us: Callable[[Disclosure], bool],
    say: Callable[[str], object] = lambda text: None,
) -> list[Path]:
    """The image files under a folder, sorted by name, without results of earlier calls.

    out: where results are written; what lies there is left out where it is inside the folder. made_by_us: whether a
    file with this disclosure is such a result; those are left out too, unless the folder holds nothing else, which
    means that they are wanted. say: is told what was left out.
    Raises DataError where there is no image.
    """
    names = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    paths = [folder / name for name in names if is_image(name.as_posix())]
    inside = [path for path in paths if out is not None and _lies_in(path, out, folder)]
    others = [path for path in paths if path not in set(inside)]
    inputs = [path for path in others if not _is_result(path, made_by_us)] or others
    if not inputs:
        where = f" but the results in {out}" if inside else ""
        raise DataError(f"{folder} holds no image{where}.")
    if len(inputs) < len(paths):
        say(f"{counted(len(paths) - len(inputs), 'image')} left out: results of earlier calls")
    return inputs


def _lies_in(path: Path, out: Path, folder: Path) -> bool:
    """Whether a path under `folder` lies in `out`, which is a folder under `folder` too."""
    under = path.relative_to(folder).parents
    return any(name != Path() and same_file(folder / name, out) for name in under)


def _is_result(path: Path, made_by_us: Callable[[Disclosure], bool]) -> bool:
    try:
        with path.open("rb") as file:
            ends = file.read(_ENDS)
            file.seek(max(file.tell(), path.stat().st_size - _ENDS))
            ends += file.read()
    except OSError:  # whoever works on the file says why
        return False
    disclosure = disclosure_in(ends)
    return disclosure is not None and made_by_us(disclosure)
