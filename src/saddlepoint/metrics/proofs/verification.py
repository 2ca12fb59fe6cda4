"""Whether two images of classes that a model has never seen are of one class."""

from __future__ import annotations

import numpy as np
import torch
from sklearn.decomposition import PCA
from sklearn.metrics import roc_auc_score
from torch import Tensor

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.world.glyphs import LETTERS, render
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import numpy_generator
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.label import Label
from saddlepoint.kinds.pixels import pixels
from saddlepoint.methods.abilities import Embeds
from saddlepoint.metrics.proofs.base import Measure, Table

UNSEEN, DRAWINGS = 30, 20
"""letters that are in no data set, and drawings of each"""


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Area under the curve of right against wrong verdicts, over all thresholds of the distance.

    The baseline is the best of the distances of pixels, of eight principal components, and of as many as the embedding
    has numbers.
    """
    if dataset.source != "world:glyphs":
        raise ConfigError(f"{dataset.source} has no classes that are in no data set; world:glyphs has.")
    if not isinstance(model.method, Embeds):
        raise ConfigError(f"{model.name} describes no image by numbers whose distances say how alike two are.")
    letter, drawing = (each.ravel() for each in np.meshgrid(np.arange(UNSEEN), np.arange(DRAWINGS), indexing="ij"))
    first = LETTERS + 100 * seed  # other letters for every seed
    unseen = pixels(torch.from_numpy(render(first + letter, drawing, dataset.images.shape[-1])))
    embedding = model.do("embed", {dataset.main.word: unseen})["embedding"]
    rows = numpy_generator(seed, "verification").permutation(len(dataset))[:1000]
    known = dataset.images[rows].reshape(len(rows), -1) / 127.5 - 1
    flat = unseen.flatten(1).numpy()
    naive = [("pixels", _area(flat, letter))]
    for count in (8, embedding.shape[1]):
        components = PCA(count, random_state=0).fit(known).transform(flat)
        naive.append((f"{count} principal components", _area(components, letter)))
    name, area = max(naive, key=lambda each: each[1])
    return Table(
        rows=(
            {"kind": "generated", "name": model.name, "area": _area(embedding, letter)},
            {"kind": "baseline", "name": f"naive: distance of {name}", "area": area},
        ),
        protocol=(
            f"All pairs of {len(letter)} drawings of {UNSEEN} letters that are in no data set, {DRAWINGS} of each."
            " area: probability that a pair of one letter is nearer than a pair of two, by the distance of embeddings"
            " (area under the receiver operating characteristic; .5 is chance)."
        ),
    )


def _area(codes: Tensor | np.ndarray, label: np.ndarray) -> float:
    values = torch.as_tensor(np.asarray(codes)).double()
    one, other = np.triu_indices(len(label), 1)
    return float(roc_auc_score(label[one] == label[other], -torch.cdist(values, values).numpy()[one, other]))


MEASURE = Measure(compare, {"area": "more"}, fields={"image": Image, "label": Label})
