"""`evaluate` of models that learnt from pairs: which figures each sort gets, and what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import saddlepoint
from saddlepoint.errors import ConfigError, OfflineError
from saddlepoint.metrics.formulas.luma import psnr_y
from saddlepoint.metrics.scores import measure_pairs
from saddlepoint.runs import held_out_pairs


@pytest.fixture(autouse=True)
def no_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """No LPIPS weights."""

    def comparison(name: str, weights: Any = ()) -> Any:
        if name == "lpips":
            raise OfflineError("there are no weights.")
        return measure_pairs.comparison(name, weights)

    monkeypatch.setattr(held_out_pairs, "comparison", comparison)


def figures(run: Any) -> dict[str, float]:
    result = saddlepoint.evaluate(run.folder)
    assert "lpips was left out: there are no weights." in result["notes"]
    return {score["protocol"]["metric"]: score["value"] for score in result["scores"]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty maps of two colours beside their pictures, 16 pixels each."""
    root, draw = tmp_path_factory.mktemp("pairs"), np.random.default_rng(0)
    for index in range(20):
        inside = np.arange(16) < draw.integers(4, 13)
        layout = np.where(inside, 255, 0)[None, :, None].repeat(16, 0).repeat(3, 2)
        picture = np.where(layout > 0, (200, 90, 40), (60, 90, 120)) + draw.integers(-9, 10, layout.shape)
        for name, image in (("maps", layout), ("pictures", picture)):
            (root / name).mkdir(exist_ok=True)
            Image.fromarray(image.astype(np.uint8)).save(root / f"{name}/{index:02}.png")
    return root


def trained(method: str, data: str, out: Path, **settings: Any) -> Any:
    return saddlepoint.train(
        method, data=data, batch=4, examples=4, held_out=0.4, grid_size=4, out=out / "run", cache=out / "cache",
        **settings,
    )  # fmt: skip


def test_enlarged_images_have_the_protocol_of_super_resolution_too(folder: Path, tmp_path: Path) -> None:
    data = f"lowres2:{folder}/pictures"
    run = trained("srresnet", data, tmp_path, width=4, blocks=1)
    values = figures(run)
    assert list(values) == ["psnr", "ssim", "psnr-y[border 2]", "ssim-y[border 2]", "colour-drift"]
    dataset = saddlepoint.open_data(saddlepoint.DataSettings(data=data, cache=tmp_path / "cache"))
    source, target = (np.asarray(dataset.fields[name])[dataset.split(0.4)[1]] for name in ("source", "target"))
    result = held_out_pairs._translated(run.model(), source, "source")
    assert values["psnr-y[border 2]"] == pytest.approx(psnr_y(target, result, border=2).mean())
    with pytest.raises(ConfigError, match="translations are compared one by one"):
        saddlepoint.evaluate(run.folder, metrics=["kid"])
    assert saddlepoint.evaluate(run.folder, metrics=["mae"])["scores"][0]["protocol"]["metric"] == "mae"


def test_regions_are_read_where_sources_are_label_maps(folder: Path, tmp_path: Path) -> None:
    small = {"generator_width": 4, "critic_width": 4, "halvings": 1}
    run = trained("pix2pix", f"paired:{folder}/maps,{folder}/pictures", tmp_path, **small)
    assert list(figures(run))[-2:] == ["region-accuracy", "region-overlap"]
    floor = saddlepoint.evaluate(run.folder)["real against real"]
    assert floor[0]["value"] > 0.9  # of true images


def test_there_and_back_is_measured_where_both_ways_are_known(folder: Path, tmp_path: Path) -> None:
    run = trained("danet", f"noise25:{folder}/pictures", tmp_path, width=2, depth=2, critic_width=2)
    assert list(figures(run))[-1] == "cycle-error"
    page = (run.folder / "held-out/index.html").read_text()
    words = ("given", "made-of-it", "truth", "there-and-back")
    files = sorted(path.name for path in (run.folder / "held-out").glob("*.png"))
    assert files == sorted(f"{number:04}-{word}.png" for number in range(1, 9) for word in words)
    assert all(file in page for file in files)
    assert page.count(" dB<") == 8
    dataset = saddlepoint.open_data(
        saddlepoint.DataSettings(data=f"noise25:{folder}/pictures", cache=tmp_path / "cache")
    )
    shown = np.asarray(Image.open(run.folder / "held-out/0003-truth.png")).transpose(2, 0, 1)
    np.testing.assert_array_equal(shown, dataset.fields["target"][dataset.split(0.4)[1][2]])


def test_films_flicker(tmp_path: Path) -> None:
    small = {"width": 2, "halvings": 1, "blocks": 1, "critic_width": 2, "critic_layers": 1, "scales": 1, "window": 3}
    assert list(figures(trained("vid2vid", "world:films", tmp_path, resolution=8, **small)))[-1] == "flicker"


def test_light_is_compared_by_its_logarithm(folder: Path, tmp_path: Path) -> None:
    small = {"width": 4, "layers": 1, "growth": 2, "critic_width": 2}
    run = trained("hdr_gan", f"exposures1:{folder}/pictures", tmp_path, **small)
    assert any("mu-law" in note for note in saddlepoint.evaluate(run.folder)["notes"])
