"""Backbones have the published shapes, and weight files come from the cache, a path or an address."""

import hashlib

import pytest
import torch

from saddlepoint.errors import DataError, OfflineError
from saddlepoint.nn.backbones.alexnet import AlexNet
from saddlepoint.nn.backbones.inception import Inception
from saddlepoint.nn.backbones.squeezenet import SqueezeNet
from saddlepoint.nn.backbones.vgg import VGG16
from saddlepoint.nn.backbones.weights import WeightFile, load_weights


@pytest.mark.parametrize(
    ("trunk", "parameters", "sides"),
    [
        (AlexNet, 2_469_696, [15, 7, 3, 3, 3]),
        (SqueezeNet, 722_496, [31, 15, 7, 3, 3, 3, 3]),
        (VGG16, 14_714_688, [64, 32, 16, 8, 4]),
    ],
)
def test_a_trunk_has_the_published_size_and_taps(trunk, parameters, sides):
    network = trunk()
    assert sum(parameter.numel() for parameter in network.parameters()) == parameters
    with torch.inference_mode():
        maps = network(torch.zeros(1, 3, 64, 64))
    assert [x.shape[1] for x in maps] == list(network.widths)
    assert [x.shape[2] for x in maps] == sides


def test_inception_has_the_published_size_less_the_folded_norms():
    """23,850,960 with 1008 outputs and no side branch, of which each norm's scale and shift became one bias."""
    network = Inception()
    biases = sum(p.numel() for name, p in network.named_parameters() if name.endswith("bias") and name != "fc.bias")
    published = sum(parameter.numel() for parameter in network.parameters()) + biases
    assert biases == 17_216
    assert published == 23_850_960
    with torch.inference_mode():
        assert network(torch.zeros(1, 3, 299, 299)).shape == (1, 2048)


@pytest.fixture
def published(tmp_path):
    torch.save({"a": torch.arange(3)}, tmp_path / "there.pth")
    digest = hashlib.sha256((tmp_path / "there.pth").read_bytes()).hexdigest()
    return WeightFile("kept.pth", (tmp_path / "there.pth").as_uri(), digest[:8], "none")


def test_a_file_is_fetched_once_and_checked(published, tmp_path):
    assert load_weights(published, cache=tmp_path / "cache")["a"].tolist() == [0, 1, 2]
    (tmp_path / "there.pth").unlink()
    assert load_weights(published, cache=tmp_path / "cache")["a"].tolist() == [0, 1, 2]
    assert [file.name for file in (tmp_path / "cache" / "weights").iterdir()] == ["kept.pth"]


def test_a_file_that_was_changed_on_the_way_is_not_kept(published, tmp_path):
    wrong = WeightFile(published.name, published.url, "0" * 64, published.licence)
    with pytest.raises(DataError, match="begin with 0000"):
        load_weights(wrong, cache=tmp_path / "cache")
    assert not list((tmp_path / "cache" / "weights").iterdir())


def test_without_a_network_the_message_says_what_to_fetch_and_where_to_put_it(published, tmp_path):
    (tmp_path / "there.pth").unlink()
    with pytest.raises(OfflineError, match=r"Fetch file://.*sha256.*put it at .*kept\.pth or give its path"):
        load_weights(published, cache=tmp_path / "cache")


def test_a_given_path_is_used_as_it_is(published, tmp_path):
    torch.save({"b": torch.zeros(1)}, tmp_path / "own.pth")
    assert list(load_weights(published, tmp_path / "own.pth")) == ["b"]
    with pytest.raises(DataError, match="there is no weight file"):
        load_weights(published, tmp_path / "missing.pth")


def test_files_that_are_not_weights_are_refused_and_run_nothing(published, tmp_path):
    (tmp_path / "text.pth").write_text("not weights")
    torch.save([1, 2], tmp_path / "list.pth")
    torch.save(torch.nn.Linear(1, 1), tmp_path / "module.pth")
    for name in ("text.pth", "list.pth", "module.pth"):
        with pytest.raises(DataError):
            load_weights(published, tmp_path / name)
