"""How likely a model finds a given image: the figures of `saddle score`, without its comparison with other images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from saddlepoint.deploy.serve.packing import Parcel
from saddlepoint.deploy.serve.replies import Prediction, Predictions
from saddlepoint.deploy.serve.shelf import Served
from saddlepoint.kinds.pixels import to_uint8
from saddlepoint.losses.likelihood import bits_per_dim
from saddlepoint.methods.abilities import exactness
from saddlepoint.metrics.formulas.anomaly import complexity, corrected
from saddlepoint.metrics.likelihoods import SAMPLES, nats_of, of_likelihood, protocol_of, stored_for

_WORDS = {
    "log_likelihood": "",  # its protocol is the model's
    "bits_per_dim": "bits for each number of the image",
    "complexity": "bits for each number that a compressor needs",
    "corrected": "bits_per_dim less complexity: high is strange",
}


def scores(served: Served, images: Sequence[Tensor]) -> list[dict[str, float | str]]:
    """The figures of each image [C, H, W] in [-1, 1], by name, and `protocol`, which says what the likelihood is of.

    What is drawn by chance (pixels made black or white, samples of a bound) depends on the image alone.
    """
    method = of_likelihood(served.model)
    stored, pixels_as = stored_for(method, to_uint8(torch.stack(list(images))).numpy(), 0)
    numbers = stored[0].size
    samples = min(SAMPLES[exactness(method)], SAMPLES["bound"])  # an answer does not wait for a partition function
    nats = nats_of(served.model, stored, samples=samples).double()
    bits, least = bits_per_dim(nats, numbers).numpy(), complexity(stored) / numbers
    columns = dict(zip(_WORDS, (nats.numpy(), bits, least, corrected(bits, least))))
    protocol = f"nats ({protocol_of(method, pixels_as)})"
    return [
        {**{name: float(column[row]) for name, column in columns.items()}, "protocol": protocol}
        for row in range(len(images))
    ]


def parcel(served: Served, figures: Mapping[str, float | str], remarks: Sequence[str]) -> Parcel:
    """The figures of one image as JSON."""
    version = served.model.version
    predictions = [
        Prediction(name=name, what=words or str(figures["protocol"]), value=float(figures[name]))
        for name, words in _WORDS.items()
    ]
    answer = Predictions(model=served.full_name, version=version, predictions=predictions, remarks=list(remarks))
    return Parcel(answer.model_dump_json().encode(), "application/json", served.headers)
