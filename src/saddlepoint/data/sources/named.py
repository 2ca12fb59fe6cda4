"""The sets that have a word of their own: the digits that come with scikit-learn, and those fetched once or brought."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from saddlepoint.data.sources import celeba, lsun, restoration_sets, translation_sets
from saddlepoint.data.sources.chosen import tree_at
from saddlepoint.data.sources.cifar import cifar_pictures, find_cifar
from saddlepoint.data.sources.disk import cache_folder
from saddlepoint.data.sources.download import Remote, fetch
from saddlepoint.data.sources.files import pictures_of
from saddlepoint.data.sources.idx import find_idx, idx_pictures
from saddlepoint.data.sources.imagenet import BRING, BRING_TINY, imagenet_pictures
from saddlepoint.data.sources.matlab import frey_pictures, olivetti_pictures, svhn_pictures, tfd_pictures
from saddlepoint.data.sources.pictures import ArrayPictures, Pictures
from saddlepoint.errors import DataError, OfflineError
from saddlepoint.storage.home import expanded

Say = Callable[[str], None]


@dataclass(frozen=True)
class Named:
    """A set by its word.

    read: gives its images from the folder that holds its files.
    files: what to download; empty where the set can only be brought.
    bring: what to say a person needs who has to bring it.
    """

    read: Callable[[Path, str], Pictures]
    files: tuple[Remote, ...]
    bring: str


def named_pictures(word: str, data_path: Path | None, cache: Path | None, say: Say) -> Pictures:
    """A named set from `data_path`, else from the cache, else downloaded into it; the training part where it has parts.

    Raises OfflineError, in one sentence, when its files are nowhere to be had.
    """
    dataset = NAMED[word]
    if data_path is not None:
        folder = expanded(data_path)
        if not folder.exists():
            raise DataError(f"--data-path {folder} is not there: it must hold {dataset.bring}.")
        return dataset.read(folder, word)
    if not dataset.files:
        raise OfflineError(
            f"{word} is not downloaded for you: get {dataset.bring}, and name its folder by --data-path."
        )
    folder = cache_folder(cache) / "downloads" / word
    try:
        for remote in dataset.files:
            fetch(remote, folder, say)
    except OfflineError as error:
        raise OfflineError(
            f"{word} is not in the cache and could not be downloaded ({error}): put {dataset.bring} into a folder and"
            " name it by --data-path."
        ) from error
    return dataset.read(folder, word)


def digits_pictures() -> ArrayPictures:
    """The 1,797 handwritten digits of scikit-learn, 8x8 grey. Alpaydin and Kaynak 1998. Needs no download."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    return ArrayPictures(
        source="digits",
        labels=digits.target.astype(np.int64),
        classes=tuple("0123456789"),
        pixels=np.rint(digits.images * (255 / 16)).astype(np.uint8)[:, None],
    )


def _mnist(path: Path, word: str) -> ArrayPictures:
    return _idx(path, word, tuple("0123456789"))


def _fashion(path: Path, word: str) -> ArrayPictures:
    names = ("T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")
    return _idx(path, word, names)


def _idx(path: Path, word: str, classes: tuple[str, ...]) -> ArrayPictures:
    file = find_idx(path)
    if file is None:
        raise DataError(f"{path} holds no images of {word}: it must hold {NAMED[word].bring}.")
    return idx_pictures(file, word, classes)


def _cifar(path: Path, word: str) -> ArrayPictures:
    file = find_cifar(path) if path.is_dir() else path
    if file is None:
        raise DataError(f"{path} holds no batch of CIFAR-10: it must hold {NAMED[word].bring}.")
    return cifar_pictures(file, word)


def _ffhq(path: Path, word: str) -> Pictures:
    pictures = pictures_of(tree_at(path, word, NAMED[word].bring))
    numbered = sum(bool(_FFHQ.fullmatch(name.rpartition("/")[2])) for name in pictures.names)
    if numbered < len(pictures.names) / 2:
        raise DataError(f"{path} holds no images of FFHQ such as 00000.png: it must hold {NAMED[word].bring}.")
    return replace(pictures, labels=None, classes=())  # its folders are thousands of numbers, not classes


_FFHQ = re.compile(r"(?:img)?\d{5,8}\.(?:png|jpe?g|webp)", re.IGNORECASE)


def _pair(places: tuple[str, ...], images: str, labels: str) -> tuple[Remote, ...]:
    return (
        Remote("train-images-idx3-ubyte.gz", places, images),
        Remote("train-labels-idx1-ubyte.gz", places, labels),
    )


_MNIST_PLACES = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
_FASHION_PLACES = (
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
)
NAMED = {
    "mnist": Named(
        _mnist,
        _pair(
            _MNIST_PLACES,
            "sha256:440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            "sha256:3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        ),
        f"train-images-idx3-ubyte.gz and train-labels-idx1-ubyte.gz (from {_MNIST_PLACES[0]})",
    ),
    "fashion-mnist": Named(
        _fashion,
        _pair(
            _FASHION_PLACES,
            "sha256:3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            "sha256:a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        ),
        f"train-images-idx3-ubyte.gz and train-labels-idx1-ubyte.gz (from {_FASHION_PLACES[1]})",
    ),
    "cifar10": Named(
        _cifar,
        (
            Remote(
                "cifar-10-binary.tar.gz", ("https://www.cs.toronto.edu/~kriz/",), "md5:c32a1d4ab5d03f1284b67883e8d87530"
            ),
        ),
        "cifar-10-binary.tar.gz (from https://www.cs.toronto.edu/~kriz/cifar.html) or its batches",
    ),
    "svhn": Named(svhn_pictures, (), "train_32x32.mat (from http://ufldl.stanford.edu/housenumbers/)"),
    "olivetti": Named(
        olivetti_pictures,
        (),
        "olivettifaces.mat (from https://cs.nyu.edu/~roweis/data.html), or olivetti_faces.npy as numpy saves the images"
        " of scikit-learn's fetch_olivetti_faces",
    ),
    "frey": Named(frey_pictures, (), "frey_rawface.mat (from https://cs.nyu.edu/~roweis/data.html)"),
    "tfd": Named(tfd_pictures, (), "TFD_48x48.mat or TFD_96x96.mat (from http://www.cs.toronto.edu/~jsusskin/TFD)"),
    "celeba": Named(celeba.celeba_pictures, (), celeba.BRING),
    "celeba-hq": Named(celeba.celeba_hq_pictures, (), celeba.BRING_HQ),
    "ffhq": Named(
        _ffhq,
        (),
        "images1024x1024 or thumbnails128x128, and perhaps ffhq-dataset-v2.json (from"
        " https://github.com/NVlabs/ffhq-dataset)",
    ),
    "lsun": Named(lsun.lsun_pictures, (), lsun.BRING),
    "imagenet": Named(imagenet_pictures, (), BRING),
    "tiny-imagenet": Named(imagenet_pictures, (), BRING_TINY),
    "gopro": Named(restoration_sets.gopro_pictures, (), restoration_sets.BRING_GOPRO),
    "sidd": Named(restoration_sets.sidd_pictures, (), restoration_sets.BRING_SIDD),
    **{
        word: Named(translation_sets.halves_pictures, (), translation_sets.bring_pairs(word))
        for word in translation_sets.HALVES
    },
    **{
        word: Named(translation_sets.domain_pictures, (), translation_sets.bring_domains(word))
        for word in translation_sets.DOMAINS
    },
}
