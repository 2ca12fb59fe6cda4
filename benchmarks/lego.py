"""Methods of scenes on one scene of photographs' size: how good unseen views are after so many seconds of one core.

    python benchmarks/lego.py FOLDER METHOD [--seconds 60] [--set rays=32 ...] [--seed 0] [--keep]

FOLDER: a scene as Blender writes it, with transforms_train.json and transforms_test.json. The figures are the mean over
the test views of PSNR and SSIM. With --keep they are added to evidence/benchmarks/views.json, one row a method.
"""

from __future__ import annotations

import argparse
import ast
import json
from pathlib import Path

import numpy as np
import torch
from record import FOLDER, record
from timed import trained

from saddlepoint.data.dataset import Dataset
from saddlepoint.data.open import open_data
from saddlepoint.data.settings import DataSettings
from saddlepoint.metrics.formulas.ssim import ssim


def part(scene: Path, name: str) -> Dataset:
    """The views of one of a scene's descriptions."""
    return open_data(DataSettings(data=f"scene:{scene / f'transforms_{name}.json'}", held_out=0.0))


def figures(views: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """PSNR as the mean over views, and SSIM, of levels 0 to 255."""
    errors = ((np.clip(views, 0, 255).astype(np.float64) - truth) ** 2).mean((1, 2, 3))
    psnr = 10 * np.log10(255**2 / errors)
    return {"psnr": float(psnr.mean()), "ssim": float(ssim(views.astype(np.float64), truth.astype(np.float64)).mean())}


def main() -> None:
    """Trains one method and prints its row beside the nearest view's."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("scene", type=Path)
    parser.add_argument("method")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", nargs="*", default=[], help="settings as NAME=VALUE")
    parser.add_argument("--keep", action="store_true", help="add the row to the evidence")
    options = parser.parse_args()
    torch.set_num_threads(1)
    settings = {name: _value(text) for name, _, text in (word.partition("=") for word in options.set)}
    test, train = part(options.scene, "test"), part(options.scene, "train")
    truth, camera = np.asarray(test.fields["image"]), np.asarray(test.fields["camera"])
    flat = {"data": f"scene:{options.scene}", "held_out": 0.0, "seed": options.seed, **settings}
    result = trained(options.method, flat, options.seconds, scheduled=True)
    made = result.model.do("render", {"camera": torch.from_numpy(camera)}, batch=1)["image"]
    row = {"name": options.method, **figures((made.clamp(-1, 1).numpy() + 1) * 127.5, truth)}
    row |= {"seconds": result.seconds, "views a second of training": result.rate}
    places = [np.asarray(each.fields["camera"])[:, [3, 7, 11]] for each in (test, train)]
    nearest = np.linalg.norm(places[0][:, None] - places[1][None], axis=2).argmin(1)
    naive = {"name": "naive: the nearest view", **figures(np.asarray(train.fields["image"])[nearest], truth)}
    print(json.dumps([row, naive], indent=1))
    if options.keep:
        path = FOLDER / "views.json"
        earlier = json.loads(path.read_text())["tables"][0]["rows"] if path.is_file() else []
        row["settings"] = " ".join(options.set)
        rows = [*(each for each in earlier if each["name"] not in (row["name"], naive["name"])), row, naive]
        record(
            "views",
            "Unseen views of a scene",
            f"{len(train)} views of {truth.shape[3]} x {truth.shape[2]} pixels to train on, {len(test)} others to draw:"
            f" all of one scene (Blender's lego bulldozer of the NeRF paper, its sides averaged down, on white)."
            " Seconds are processor time of one thread, training alone. psnr is the mean over views.",
            {"": rows},
            command="python benchmarks/lego.py FOLDER METHOD --seconds SECONDS --set SETTINGS --keep",
        )


def _value(text: str) -> object:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


if __name__ == "__main__":
    main()
