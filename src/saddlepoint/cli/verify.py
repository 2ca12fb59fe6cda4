"""verify: check if a model made an image, by its metadata and by a watermark in its pixels."""

from __future__ import annotations

import errno
import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro

from saddlepoint.cli.arguments import parsed
from saddlepoint.data.sources.decode import UnusableImage
from saddlepoint.deploy.examine import Evidence, examine
from saddlepoint.deploy.metadata import Disclosure
from saddlepoint.deploy.watermark import ENOUGH
from saddlepoint.errors import ConfigError
from saddlepoint.storage.plain import Unfit, content

_MOST_BYTES = 1 << 30
"""of an image file"""
_FOUND, _NOT_FOUND, _UNREADABLE = 0, 1, 2


@dataclass(frozen=True, kw_only=True)
class Verify:
    """Say what images tell of their origin: metadata, IPTC's source type and the invisible watermark.

    Ends with 0 when every image discloses a model, 1 when one does not, 2 when one cannot be read. An image without
    any sign may still be a model's: metadata are easily lost, and a watermark is where an image is turned, mirrored,
    stretched or cut to a small piece.
    """

    images: Annotated[tyro.conf.Positional[tuple[Path, ...]], tyro.conf.arg(metavar="IMAGE ...")]
    """image files to check"""
    json: bool = False
    """print a list of JSON objects, one an image, instead of words"""


def main(arguments: list[str]) -> int:
    """The command line: `saddle verify IMAGE ...`."""
    options = parsed(Verify, "saddle verify", arguments)
    if not options.images:
        raise ConfigError("name an image or more.")
    rows, codes = [], []
    for path in options.images:
        try:
            if path.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            evidence = examine(content(path, _MOST_BYTES))
        except (OSError, UnusableImage, Unfit) as error:
            reason = error.strerror.lower() if isinstance(error, OSError) and error.strerror else str(error)
            rows.append({"image": str(path), "error": reason})
            codes.append(_UNREADABLE)
            print(f"{path}: {reason}.", file=sys.stderr)
            continue
        rows.append({"image": str(path), **_facts(evidence)})
        codes.append(_FOUND if evidence.found else _NOT_FOUND)
        if not options.json:
            print("\n  ".join([str(path), *_lines(evidence)]))
    if options.json:
        print(json.dumps(rows, indent=1))
    return max(codes)


def _facts(evidence: Evidence) -> dict[str, Any]:
    """What was found, as JSON."""
    metadata, mark, trace = evidence.metadata, evidence.mark, evidence.trace
    return {
        "found": evidence.found,
        "metadata": None if metadata.disclosure is None else asdict(metadata.disclosure),
        "source_type": metadata.source_type,
        "watermark": None
        if mark is None
        else {"found": mark.found, "matched": mark.matched, "of": mark.of, "chance": mark.chance},
        "pattern": None
        if trace is None
        else {"found": trace.found, "score": trace.score, "scale": trace.scale, "chance": trace.chance},
        "watermark_possible": evidence.large_enough,
    }


def _lines(evidence: Evidence) -> list[str]:
    """What was found, in words."""
    term = (evidence.metadata.source_type or "").rpartition("/")[2]
    return [
        f"metadata   {_metadata(evidence.metadata.disclosure)}",
        f"source     {term}, a term of IPTC" if term else "source     no term of IPTC",
        f"watermark  {_watermark(evidence)}",
    ]


def _metadata(disclosure: Disclosure | None) -> str:
    return disclosure.words if disclosure else "none of Saddlepoint's"


def _watermark(evidence: Evidence) -> str:
    mark, trace = evidence.mark, evidence.trace
    if trace is not None and trace.found:
        odds = f"by chance in 1 of {1 / max(trace.chance, 1e-300):.1g} images"
        return f"found: its pattern, in a cut or resized image of {trace.scale:.0%} of the size, {odds}"
    if mark is None:
        return f"none to be expected: {evidence.size[0]}x{evidence.size[1]} is smaller than 256x256 pixels"
    agree = f"{mark.matched} of {mark.of} bits agree"
    if mark.found:
        return f"found: {agree}, by chance in 1 of {1 / mark.chance:.1g} images"
    return f"not found: {agree}, {ENOUGH} are needed, and its pattern is not there at any size"
