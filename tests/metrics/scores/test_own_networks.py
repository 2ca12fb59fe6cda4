"""Networks of the user's own: TorchScript and ONNX give the same, figures by hand, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

import saddlepoint
from saddlepoint.errors import ConfigError, DataError
from saddlepoint.metrics.extractors.own_network import OwnNetwork
from saddlepoint.metrics.scores.own_networks import of_pairs, of_sets, own_networks
from saddlepoint.metrics.scores.score import Protocol
from saddlepoint.metrics.sets import Rows

PLAIN = Protocol("", 0, 0)


class Means(nn.Module):
    """The mean of each channel."""

    def forward(self, images: Tensor) -> Tensor:
        return images.mean((2, 3))


class Boxes(nn.Module):
    """Two boxes an image, the second with the red of the image as its score."""

    def forward(self, images: Tensor) -> Tensor:
        red = images[:, 0].mean((1, 2))
        rows = torch.zeros(images.shape[0], 2, 5)
        rows[:, 1, 4] = red
        return rows


def scripted(path: Path, network: nn.Module, **settings: object) -> Path:
    torch.jit.script(network).save(str(path))
    path.with_suffix(".json").write_text(json.dumps({"mean": 0, "deviation": 255, **settings}))
    return path


def images(*shades: tuple[float, float, float]) -> np.ndarray:
    colours = (np.array(shades) * 255).round().astype(np.uint8)
    return np.repeat(colours, 64, 0).reshape(-1, 8, 8, 3).transpose(0, 3, 1, 2)


def figures(kind: str, path: Path, real: np.ndarray, fake: np.ndarray) -> dict[str, float]:
    scores, _ = of_sets(own_networks([f"{kind}={path}"]), Rows(real), Rows(fake), PLAIN, None)
    return {score.protocol.metric: round(score.value, 4) for score in scores}


def test_onnx_and_torchscript_say_the_same(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    path = scripted(tmp_path / "net.pt", Means())
    torch.onnx.export(Means(), (torch.zeros(1, 3, 8, 8),), str(tmp_path / "net.onnx"), dynamo=True)
    given = images((1, 0.5, 0), (0.2, 0.4, 0.6), (0, 0, 1))
    other = OwnNetwork(tmp_path / "net.onnx")  # of one image at a time
    np.testing.assert_allclose(OwnNetwork(path).of([given]), other.of([given]), atol=1e-6)
    assert other.identity != OwnNetwork(path).identity


def test_figures_of_sets_are_those_by_hand(tmp_path: Path) -> None:
    real, fake = images(*[(1, 0, 0)] * 6, *[(0, 1, 0)] * 2), images((0.9, 0, 0), (0.2, 0, 0), (0, 0, 1), (0.8, 0, 0))
    assert figures("detector", scripted(tmp_path / "d.pt", Boxes()), real, fake) == {"face-detection-rate": 0.5}
    known = figures("identity", scripted(tmp_path / "i.pt", Means()), real, fake)
    assert known == {"identity-nearest": 0.75, "identity-known": 0.75}
    markers = figures("markers", scripted(tmp_path / "m.pt", Means(), names=["r", "g", "b"]), real, fake)
    assert (markers["marker-rate[r]"], markers["marker-rate[g]"], markers["marker-rate[b]"]) == (0.5, 0, 0.25)
    with pytest.raises(DataError, match="gives 3 numbers an image where quality is one"):
        figures("quality", scripted(tmp_path / "q.pt", Means()), real, fake)


def test_figures_of_pairs_are_those_by_hand(tmp_path: Path) -> None:
    real, fake = images((1, 0, 0), (0, 1, 0)), images((1, 0, 0), (1, 0, 0))
    pairs = [(real[n : n + 1], fake[n : n + 1]) for n in range(2)]
    entries = [f"identity={scripted(tmp_path / 'i.pt', Means())}", f"markers={scripted(tmp_path / 'm.pt', Means())}"]
    entries.append(f"detector={scripted(tmp_path / 'd.pt', Boxes())}")
    values = {score.protocol.metric: score.value for score in of_pairs(own_networks(entries), pairs, PLAIN)}
    assert values["identity-similarity"] == pytest.approx(0.5)
    assert values["identity-kept"] == 0.5
    assert values["marker-agreement[2]"] == 1  # nobody has it
    assert values["marker-agreement[0]"] == pytest.approx(0)
    assert values["marker-shift"] == pytest.approx(1 / 3)
    assert values["face-detection-kept"] == 1


def test_folders_are_measured_by_own_networks_as_sets_and_as_pairs(tmp_path: Path) -> None:
    for name, shade in (("real", 1.0), ("fake", 0.4)):
        (tmp_path / name).mkdir()
        for number in range(6):
            image = images((shade, 0.1 * number, 0))[0].transpose(1, 2, 0)
            Image.fromarray(np.ascontiguousarray(image)).save(tmp_path / name / f"{number}.png")
    own = [f"detector={scripted(tmp_path / 'd.pt', Boxes())}"]
    places = {"real": tmp_path / "real", "fake": tmp_path / "fake", "own": own}
    of_set = saddlepoint.evaluate(metrics=[], extractor="pixels", out=tmp_path / "sets.json", **places)
    assert [score["value"] for score in of_set["scores"]] == [0]
    assert [score["value"] for score in of_set["real against real"]] == [1]
    of_pair = saddlepoint.evaluate(metrics=["mae"], out=tmp_path / "pairs.json", **places)
    assert [score["protocol"]["metric"] for score in of_pair["scores"]] == ["mae", "face-detection-kept"]
    with pytest.raises(ConfigError, match="--groups needs the data"):
        saddlepoint.evaluate(metrics=["mae"], groups=["class"], **places)
    with pytest.raises(ConfigError, match="--layer 64 is one of inception-2015"):
        saddlepoint.evaluate(metrics=["kid"], extractor="pixels", layer=64, out=tmp_path / "x.json", **places)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("detector", "is not KIND=FILE"),
        ("detektor=x.pt", "did you mean 'detector'"),
        ("detector=none.pt", "is no file of a network"),
        ("detector=README.md", "is no file of a network"),
    ],
)
def test_what_is_no_network_is_refused(entry: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        own_networks([entry])


def test_broken_files_and_settings_are_refused(tmp_path: Path) -> None:
    for name in ("a.pt", "a.onnx"):
        (tmp_path / name).write_bytes(b"no network")
        with pytest.raises(DataError, match="that can be read"):
            OwnNetwork(tmp_path / name)
    for wrong in (
        *({"size": 3}, {"side": 0}, {"side": "big"}, {"channels": 2}, {"apply": "tanh"}, {"mean": [1, 2]}),
        *({"deviation": 0}, {"mean": "x"}, {"threshold": "high"}, {"names": "a"}),
    ):
        with pytest.raises(ConfigError):
            OwnNetwork(scripted(tmp_path / "b.pt", Means(), **wrong))
    path = scripted(tmp_path / "c.pt", nn.Linear(5, 1))
    with pytest.raises(DataError, match="cannot be asked about images"):
        OwnNetwork(path).of([images((0, 0, 0))])
