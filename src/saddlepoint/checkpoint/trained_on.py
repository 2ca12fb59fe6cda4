"""The very images that a model was trained on, for every command that needs them: of a run, a saved model or an import.

A run says where they lie; a saved model says it without the folders of the machine; an imported one does not know.
"""

from __future__ import annotations

from collections.abc import Callable

from saddlepoint import config
from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.open import open_data
from saddlepoint.data.settings import DataSettings
from saddlepoint.errors import CheckpointError, ConfigError, DataError
from saddlepoint.storage.plain import judged

_OTHERWISE = (
    "Give the folder of its run where it lies beside them; or make images (saddle sample) and compare folders: saddle"
    " evaluate --real DIR --fake DIR"
)


def data_of(model: Model, say: Callable[[str], None] = lambda text: None) -> tuple[Dataset, DataSettings]:
    """The data set of a model, found to be the same to the bit, and how it was asked for.

    Raises CheckpointError where nothing is known of it, or where it has moved or changed.
    """
    digits = model.facts.get("dataset", {}).get("fingerprint")
    if digits is None:
        raise CheckpointError(f"nothing is known of the data that {model} was trained on. {_OTHERWISE}.")
    with judged(model.path, CheckpointError):
        settings = config.from_json(DataSettings, model.facts.get("data", {}))
    try:
        dataset = open_data(settings, say=say)
    except (ConfigError, DataError) as error:
        text = str(error).rstrip(".")
        raise CheckpointError(
            f"the data that {model} was trained on cannot be opened: {text}. {_OTHERWISE}."
        ) from error
    if dataset.fingerprint != digits:
        raise CheckpointError(f"the images of {settings.data} are not those that {model} was trained on. {_OTHERWISE}.")
    return dataset, settings
