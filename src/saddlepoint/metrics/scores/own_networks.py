"""What networks of the user's own say of images: faces that are there, who is on them, how good they are, markers.

detector  face-detection-rate: share of images with a detection; outputs are scores [N] or [N, B], or boxes with the
          score in the fifth column [N, B, 5 or more]
identity  of embeddings [N, D]. Of pairs identity-similarity, the mean cosine, and identity-kept, the share from the
          threshold on; of sets identity-nearest, the mean cosine to the most like real image, and identity-known, the
          share of images that are somebody among the real ones
quality   face-quality: the mean of a number an image [N]
markers   diagnostic markers, probabilities [N, K]: of sets marker-rate[NAME] and marker-gap, the mean difference from
          the rates of real images; of pairs marker-agreement[NAME], Cohen's kappa of the decisions, and marker-shift,
          the mean difference of the probabilities. Whether a marker means anything for patients, experts must say
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from saddlepoint.config import nearest
from saddlepoint.errors import ConfigError, DataError
from saddlepoint.metrics.extractors.own_network import OwnNetwork, Values
from saddlepoint.metrics.images import Bytes
from saddlepoint.metrics.scores.base import binomial_error
from saddlepoint.metrics.scores.score import Protocol, Score
from saddlepoint.metrics.sets import ImageSet, Rows

KINDS = ("detector", "identity", "quality", "markers")
_MOST = 10_000
"""images of either set that are looked at"""
_BOX = 5
"""numbers of a box with its score"""


def own_networks(entries: Sequence[str]) -> dict[str, OwnNetwork]:
    """The networks that KIND=FILE names. Raises ConfigError for another kind, and what `OwnNetwork` raises."""
    networks: dict[str, OwnNetwork] = {}
    for entry in entries:
        kind, mark, file = entry.partition("=")
        if not mark or kind not in KINDS or kind in networks:
            near = nearest(kind, KINDS) if kind not in KINDS else ""
            raise ConfigError(f"--own {entry!r} is not KIND=FILE with a kind of {', '.join(KINDS)}, each once{near}")
        networks[kind] = OwnNetwork(Path(file).expanduser())
    return networks


def of_sets(
    networks: Mapping[str, OwnNetwork], real: Rows, fake: ImageSet, protocol: Protocol, seed: int | None
) -> tuple[list[Score], list[Score]]:
    """The figures of generated images, and of real ones in their place: as many, against other real ones.

    Raises DataError where a network gives something else than its kind asks for.
    """
    scores: list[Score] = []
    floor: list[Score] = []
    reference, other = real.halves()
    for kind, network in networks.items():
        said = network.of(_some(fake))
        if kind == "identity":
            known, others = (_units(network, network.of(_some(each))) for each in (reference, other))
            for target, values in ((scores, _units(network, said)), (floor, others)):
                cosine = _nearest(values, known)
                share = float((cosine >= network.threshold).mean())
                full = _protocol(protocol, network, len(known), len(values))
                mean_error = float(cosine.std() / np.sqrt(len(cosine)))
                target += [
                    _score("identity-nearest", float(cosine.mean()), mean_error, full, seed),
                    _score("identity-known", share, binomial_error(share, len(cosine)), full, seed),
                ]
            continue
        for target, values in ((scores, said), (floor, network.of(_some(other)))):
            full = _protocol(protocol, network, len(reference), len(values))
            if kind == "markers":
                rates, usual = _decided(network, values), _decided(network, network.of(_some(reference)))
                target += [
                    _rate(f"marker-rate[{name}]", rates[:, k], full, seed) for k, name in _named(network, values)
                ]
                gap = np.abs(rates.mean(0) - usual.mean(0)).mean()
                target.append(_score("marker-gap", float(gap), None, full, seed))
            elif kind == "detector":
                target.append(
                    _rate("face-detection-rate", _detections(network, values) >= network.threshold, full, seed)
                )
            else:
                quality = _numbers(network, values)
                error = float(quality.std() / np.sqrt(len(quality)))
                target.append(_score("face-quality", float(quality.mean()), error, full, seed))
    return scores, floor


def of_pairs(
    networks: Mapping[str, OwnNetwork], pairs: Iterable[tuple[Bytes, Bytes]], protocol: Protocol
) -> list[Score]:
    """The figures of pairs of a real and a generated image. Raises DataError as `of_sets` does."""
    images = list(pairs)
    scores: list[Score] = []
    for kind, network in networks.items():
        real, fake = (
            np.concatenate([_at_most(network.of([pair[side]]), most=1) for pair in images])
            if kind != "detector"
            else np.array([_detections(network, network.of([pair[side]]))[0] for pair in images])
            for side in (0, 1)
        )
        full = _protocol(protocol, network, len(images), len(images))
        if kind == "identity":
            cosine = (_units(network, real) * _units(network, fake)).sum(1)
            error = float(cosine.std() / np.sqrt(len(cosine)))
            scores.append(_score("identity-similarity", float(cosine.mean()), error, full, None))
            scores.append(_rate("identity-kept", cosine >= network.threshold, full, None))
        elif kind == "markers":
            before, after = _decided(network, real), _decided(network, fake)
            for k, name in _named(network, real):
                kappa = _kappa(before[:, k], after[:, k])
                scores.append(_score(f"marker-agreement[{name}]", kappa, None, full, None))
            scores.append(_score("marker-shift", float(np.abs(real - fake).mean()), None, full, None))
        elif kind == "detector":
            there = real >= network.threshold
            if not there.any():
                raise DataError(f"{network.identity.name} detects nothing in the real images: is its threshold right?")
            scores.append(_rate("face-detection-kept", fake[there] >= network.threshold, full, None))
        else:
            gain = _numbers(network, fake) - _numbers(network, real)
            error = float(gain.std() / np.sqrt(len(gain)))
            scores.append(_score("face-quality-gain", float(gain.mean()), error, full, None))
    return scores


def _some(images: ImageSet) -> Iterator[Bytes]:
    return images.stream(0, min(len(images), _MOST))


def _at_most(values: Values, most: int) -> Values:
    return values[:most]


def _protocol(protocol: Protocol, network: OwnNetwork, real: int, fake: int) -> Protocol:
    return dataclasses.replace(protocol, real=real, fake=fake, extractor=network.identity)


def _score(metric: str, value: float, error: float | None, protocol: Protocol, seed: int | None) -> Score:
    return Score(value, dataclasses.replace(protocol, metric=metric), seed=seed, error=error)


def _rate(metric: str, hits: np.ndarray, protocol: Protocol, seed: int | None) -> Score:
    share = float(np.mean(hits))
    return _score(metric, share, binomial_error(share, len(hits)), protocol, seed)


def _numbers(network: OwnNetwork, values: Values) -> np.ndarray:
    flat = values.reshape(len(values), -1)
    if flat.shape[1] != 1:
        raise DataError(f"{network.identity.name} gives {flat.shape[1]} numbers an image where quality is one.")
    return np.asarray(flat[:, 0])


def _detections(network: OwnNetwork, values: Values) -> np.ndarray:
    """The score of the surest detection in each image; minus infinity without any.  [N]"""
    if values.ndim == 3 and values.shape[2] >= _BOX:
        values = values[:, :, _BOX - 1]
    if values.ndim == 1:
        values = values[:, None]
    if values.ndim != 2:
        raise DataError(
            f"{network.identity.name} gives {list(values.shape)}; a detector gives scores [N, B] or boxes [N, B, 5]."
        )
    return np.asarray(values.max(1, initial=-np.inf))


def _units(network: OwnNetwork, values: Values) -> np.ndarray:
    flat = values.reshape(len(values), -1).astype(np.float64)
    if flat.shape[1] < 2:
        raise DataError(f"{network.identity.name} gives one number an image, which is no embedding of an identity.")
    return np.asarray(flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-12))


def _nearest(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    rows = [(values[start : start + 1024] @ known.T).max(1) for start in range(0, len(values), 1024)]
    return np.concatenate(rows)


def _decided(network: OwnNetwork, values: Values) -> np.ndarray:
    flat = values.reshape(len(values), -1)
    return np.asarray(flat >= network.threshold)


def _named(network: OwnNetwork, values: Values) -> list[tuple[int, str]]:
    count = values.reshape(len(values), -1).shape[1]
    if network.names and len(network.names) != count:
        raise DataError(f"{network.identity.name} gives {count} markers, and its .json names {len(network.names)}.")
    return list(enumerate(network.names or [str(number) for number in range(count)]))


def _kappa(one: np.ndarray, other: np.ndarray) -> float:
    """Agreement beyond chance; 1 where both say the same of all. Cohen 1960."""
    agree = float((one == other).mean())
    chance = float(one.mean() * other.mean() + (1 - one.mean()) * (1 - other.mean()))
    return 1.0 if chance == 1 else (agree - chance) / (1 - chance)
