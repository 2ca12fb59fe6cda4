"""list: list all methods, one line each, and the trained models that come with the package."""

from __future__ import annotations

from saddlepoint import methods
from saddlepoint.checkpoint import zoo


def main(arguments: list[str]) -> int:
    """Print the methods by family."""
    if arguments:
        print("usage: saddle list      (all methods; `saddle train NAME --help` shows the settings of one)")
        return 0 if arguments[0] in ("-h", "--help") else 2
    known = methods.listing()
    width = max(len(name) for name in known)
    family = ""
    for name, entry in known.items():
        if entry.family != family:
            family = entry.family
            print(family)
        print(f"  {name:<{width}}  {entry.summary}")
    if zoo.names():
        print(
            f"\ntrained models that come with the package: {', '.join(f'{zoo.PREFIX}{name}' for name in zoo.names())}"
        )
    print("\n`saddle train NAME --help` shows every setting of one.")
    return 0
