"""Downloading, with file addresses in place of the net: turns, checksums, and nothing left half-fetched."""

from __future__ import annotations

import hashlib

import pytest

from saddlepoint.data.sources import named
from saddlepoint.data.sources.download import Remote, fetch
from saddlepoint.errors import DataError, OfflineError

DATA = b"pixels" * 1000


@pytest.fixture
def places(tmp_path) -> tuple[str, str]:
    """Two addresses: one that is not there, one that holds the file."""
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror" / "file.gz").write_bytes(DATA)
    return (tmp_path / "gone").as_uri() + "/", (tmp_path / "mirror").as_uri() + "/"


@pytest.mark.parametrize("algorithm", ["sha256", "md5"])
def test_addresses_are_tried_in_turn_and_the_file_is_kept(tmp_path, places, algorithm):
    said: list[str] = []
    remote = Remote("file.gz", places, f"{algorithm}:{hashlib.new(algorithm, DATA).hexdigest()}")
    path = fetch(remote, tmp_path / "kept", said.append)
    assert path.read_bytes() == DATA
    assert len(said) == 2
    fetch(remote, tmp_path / "kept", said.append)
    assert len(said) == 2
    assert [file.name for file in (tmp_path / "kept").iterdir()] == ["file.gz"]


def test_a_wrong_checksum_is_refused_and_leaves_nothing(tmp_path, places):
    remote = Remote("file.gz", places, "sha256:" + "0" * 64)
    with pytest.raises(OfflineError, match="wrong checksum"):
        fetch(remote, tmp_path / "kept", lambda text: None)
    assert list((tmp_path / "kept").iterdir()) == []


def test_a_cache_that_cannot_be_written_is_not_called_offline(tmp_path, places):
    (tmp_path / "kept").write_text("a file where the folder should be")
    with pytest.raises(DataError, match="cannot be written") as caught:
        fetch(Remote("file.gz", places, "sha256:"), tmp_path / "kept", lambda text: None)
    assert not isinstance(caught.value, OfflineError)


@pytest.mark.parametrize("word", ["mnist", "fashion-mnist", "cifar10"])
def test_offline_is_one_sentence_with_file_folder_and_option(tmp_path, opened, monkeypatch, word):
    def no_net(*_: object, **__: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr("urllib.request.urlopen", no_net)
    with pytest.raises(OfflineError) as caught:
        opened(data=word)
    message = str(caught.value)
    assert message.startswith(f"{word} is not in the cache and could not be downloaded")
    assert named.NAMED[word].files[0].name in message
    assert message.endswith("into a folder and name it by --data-path.")
    assert message.count(". ") == 0


def test_checksums_are_of_a_known_algorithm_and_of_its_length():
    for word in named.NAMED.values():
        for remote in word.files:
            algorithm, _, digits = remote.checksum.partition(":")
            assert len(bytes.fromhex(digits)) == hashlib.new(algorithm).digest_size
            assert all(place.endswith("/") for place in remote.places)


def test_a_folder_for_a_named_set_that_is_not_there_or_empty_is_refused(folder, opened):
    with pytest.raises(DataError, match="is not there: it must hold train-images"):
        opened(data="mnist", data_path=folder / "nowhere")
    with pytest.raises(DataError, match="holds no images of mnist: it must hold train-images"):
        opened(data="mnist", data_path=folder)
    with pytest.raises(DataError, match="holds no batch of CIFAR-10"):
        opened(data="cifar10", data_path=folder)
