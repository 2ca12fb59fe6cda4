"""Files changed at random, from a seed: what a reader must answer with a sentence, whatever comes."""

from __future__ import annotations

import random
from collections.abc import Iterator

_ODD = (
    b"\0",
    b"\xff" * 8,
    b"\x7f\xff\xff\xff",
    b"[" * 70,
    b"}",
    b'"',
    b"-1",
    b"1e999",
    b"9" * 30,
    "é".encode(),
    b"null",
)


def mutants(content: bytes, n: int, seed: int = 0) -> Iterator[bytes]:
    """`n` times the content with one to four changes: bytes set, cut out, doubled, swapped, cut short or put in."""
    source = random.Random(seed)
    for _ in range(n):
        made = bytearray(content)
        for _ in range(source.randint(1, 4)):
            _change(made, source)
        yield bytes(made)


def _change(made: bytearray, source: random.Random) -> None:
    start = source.randrange(len(made) + 1)
    end = min(len(made), start + source.choice((1, 1, 2, 8, 64)))
    match source.randrange(6):
        case 0:
            made[start:end] = source.randbytes(end - start)
        case 1:
            del made[start:end]
        case 2:
            made[start:start] = made[start:end]
        case 3:
            made[start:start] = source.choice(_ODD)
        case 4:
            made[start:end] = source.choice(_ODD)
        case _:
            if source.random() < 0.2:
                del made[start:]
            elif start < len(made):
                made[start] ^= 1 << source.randrange(8)
