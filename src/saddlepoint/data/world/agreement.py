"""Texts of two sentences that agree: both are of one topic, and in each the words agree in number.

Given the topic and both numbers, words are drawn by themselves. So whatever is hidden of a text, how likely each word
is there can be computed exactly, and so can whether a sentence goes on from another.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import final

import numpy as np

from saddlepoint.data.dataset import Dataset
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.sources.fingerprint import fingerprint
from saddlepoint.data.world.base import SEED, World
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import numpy_generator
from saddlepoint.kinds.tokenizer import END, UNKNOWN
from saddlepoint.kinds.tokens import Tokens

TEXTS, WORDS = 20_000, 6
"""texts, and words of each of their two sentences"""
_STRAY = 0.2  # share of adjectives that are of any topic
_ARTICLES = (" the", " a", " some", " no")
_GIVEN_NUMBER = np.array([[0.4, 0.5, 0.0, 0.1], [0.4, 0.0, 0.5, 0.1]])  # of articles, for one and for many
_TOPICS = {
    "sea": ("wet salt deep", "ship wave crew", "sail sink drift", "shore storm port"),
    "wood": ("green old tall", "tree deer leaf", "grow stand fall", "path root moss"),
    "house": ("warm clean small", "door roof wall", "open lean creak", "key stair lamp"),
    "war": ("brave grim lost", "king army guard", "fight march flee", "sword tower gate"),
    "song": ("loud sweet slow", "drum harp voice", "sing play ring", "tune verse note"),
    "sky": ("bright far cold", "star cloud moon", "shine rise fade", "night dawn wind"),
    "farm": ("ripe young fat", "cow goat hen", "graze feed wake", "field barn seed"),
    "town": ("rich busy loud", "shop street crowd", "sell meet rush", "coin cart square"),
}


@final
class Agreement(World):
    """20,000 texts of 12 words: two sentences of one topic, each with a number of its own."""

    def dataset(self, settings: DataSettings, say: Callable[[str], None]) -> Dataset:
        """See World. Texts have no pixels, and their length is fixed."""
        if any(value is not None for value in (settings.channels, settings.resolution, settings.window)):
            raise ConfigError(f"{settings.data} has texts: leave out --resolution, --channels and --window.")
        rows = texts(TEXTS)
        kind = Tokens(2 * WORDS, pieces(), "words")
        return Dataset({"text": rows}, fingerprint(rows, None), settings.data, kinds={"text": kind})


@cache
def pieces() -> tuple[str, ...]:
    """The words by number, each with the space before it, after the end and the unknown."""
    words = [f" {word}{ending}" for word, ending in _words()]
    return (END, UNKNOWN, *_ARTICLES, *dict.fromkeys(words))


@cache
def law() -> np.ndarray:
    """[topic, number, place, piece]: how likely each piece is at each place of a sentence."""
    place = {piece: number for number, piece in enumerate(pieces())}
    shares = np.zeros((len(_TOPICS), 2, WORDS, len(place)))
    stray = [f" {word}" for own in _TOPICS.values() for word in own[0].split()]
    for topic, (adjectives, nouns, verbs, things) in enumerate(_topic_words()):
        for number, (plural, agreeing) in enumerate((("", "s"), ("s", ""))):
            for share, article in zip(_GIVEN_NUMBER[number], _ARTICLES):
                shares[topic, number, 0, place[article]] = share
            for word in stray:
                shares[topic, number, 1, place[word]] += _STRAY / len(stray)
            for at, words, ending, rest in (
                (1, adjectives, "", _STRAY),
                (2, nouns, plural, 0),
                (3, verbs, agreeing, 0),
            ):
                for word in words:
                    shares[topic, number, at, place[f" {word}{ending}"]] += (1 - rest) / len(words)
            for article in _ARTICLES:
                shares[topic, number, 4, place[article]] = 1 / len(_ARTICLES)
            for thing in things:
                shares[topic, number, 5, place[f" {thing}"]] = 1 / len(things)
    return shares


def texts(count: int) -> np.ndarray:
    """Texts as numbers of their pieces, [count, 12] uint16."""
    draw = numpy_generator(SEED, "agreement")
    topic, numbers = draw.integers(len(_TOPICS), size=count), draw.integers(2, size=(count, 2))
    rows = np.empty((count, 2 * WORDS), np.int64)
    reached = law().cumsum(3)
    for half in range(2):
        noise = draw.random((count, WORDS, 1))
        own = reached[topic, numbers[:, half]]  # [count, place, piece]
        rows[:, half * WORDS : (half + 1) * WORDS] = (own <= noise * own[..., -1:]).sum(2)
    return rows.astype(np.uint16)


def halves(shown: np.ndarray, known: np.ndarray) -> np.ndarray:
    """log p of the known words of a sentence given topic and number: [N, 6] and [N, 6] bool -> [N, topic, number]."""
    logs = np.log(law() + 1e-300)
    each = logs[:, :, np.arange(WORDS)[None], shown]  # [topic, number, N, place]
    weighed: np.ndarray = (each * known).sum(3).transpose(2, 0, 1)
    return weighed


def hidden_words(shown: np.ndarray, known: np.ndarray) -> np.ndarray:
    """The probability of each piece at each place given the known words: [N, 12] twice -> [N, 12, pieces]."""
    first, second = (halves(shown[:, part], known[:, part]) for part in (slice(None, WORDS), slice(WORDS, None)))
    joint = first[:, :, :, None] + second[:, :, None]  # [N, topic, number, number]
    joint = np.exp(joint - joint.max((1, 2, 3), keepdims=True))
    joint /= joint.sum((1, 2, 3), keepdims=True)
    return np.concatenate((np.einsum("ntab,tapk->npk", joint, law()), np.einsum("ntab,tbpk->npk", joint, law())), 1)


def goes_on(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The probability that a sentence goes on from another where half of them do, [N, 6] twice -> [N]."""
    known = np.ones(first.shape, bool)
    ours, theirs = (_topics(halves(each, known)) for each in (first, second))
    together = np.log(np.exp(ours + theirs).mean(1) + 1e-300)
    apart = np.log(np.exp(ours).mean(1) + 1e-300) + np.log(np.exp(theirs).mean(1) + 1e-300)
    shares: np.ndarray = 1 / (1 + np.exp(apart - together))
    return shares


def _topics(logs: np.ndarray) -> np.ndarray:
    """log p of a sentence given the topic alone, [N, topic, number] -> [N, topic]"""
    summed: np.ndarray = np.log(np.exp(logs).mean(2) + 1e-300)
    return summed


def _words() -> list[tuple[str, str]]:
    """Every word with every ending that it has."""
    every = []
    for adjectives, nouns, verbs, things in _TOPICS.values():
        every += [(word, "") for word in (*adjectives.split(), *things.split())]
        every += [(word, ending) for word in (*nouns.split(), *verbs.split()) for ending in ("", "s")]
    return every


def _topic_words() -> list[tuple[list[str], ...]]:
    """Adjectives, nouns, verbs and things of each topic."""
    return [tuple(words.split() for words in own) for own in _TOPICS.values()]


WORLD = Agreement()
