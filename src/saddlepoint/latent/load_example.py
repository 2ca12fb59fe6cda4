"""A given file as the model was shown its training examples: an image, a cloud, a grid of voxels or a mesh."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.sources import shapes, surfaces, volumes
from saddlepoint.data.sources.numpy_files import UnusableFile
from saddlepoint.errors import CapabilityError, DataError
from saddlepoint.kinds.cloud import Cloud
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.kind import PLAIN
from saddlepoint.kinds.mesh import Mesh
from saddlepoint.kinds.volume import Volume
from saddlepoint.latent.load_image import load_image


def endings(model: Model) -> tuple[str, ...]:
    """Of the files that `load_example` reads for this model; empty where it takes images, which are known by name."""
    kind = model.spec.main
    if isinstance(kind, Mesh):
        return shapes.MESHES
    if isinstance(kind, Cloud):
        return shapes.ENDINGS
    return volumes.ENDINGS if isinstance(kind, Volume) else ()


def load_example(model: Model, path: Path) -> Tensor:
    """One file as one example of what the model is about, on the CPU.

    A cloud is as many points of the file, or of the surface of a mesh in it, as the model was trained on, fitted as
    `clouds:` does. Raises UnusableImage or UnusableFile with the reason for a file that cannot be used, CapabilityError
    for a model of other things.
    """
    kind = model.spec.main
    if isinstance(kind, Image):
        return load_image(model, path)[0]
    if not isinstance(kind, Cloud | Mesh | Volume):
        raise CapabilityError(f"{model.name} was trained on {kind}, which no file is read as.")
    if not path.is_file():
        raise UnusableFile(f"there is no {path}")
    known = endings(model)
    if path.suffix.lower() not in known:
        raise UnusableFile(f"{path.name} is no file of {kind.word}: use {', '.join(known)}")
    try:
        with path.open("rb") as stream:
            size = path.stat().st_size
            if isinstance(kind, Mesh):
                values = torch.from_numpy(surfaces.read_table(path.name, stream, size, kind))
            elif isinstance(kind, Cloud):
                values = _matching(torch.from_numpy(shapes.read_shape(path.name, stream, size, kind.points)), kind)
            else:
                values = kind.shown(torch.from_numpy(volumes.read_volume(path.name, stream, size))[None], PLAIN)[0]
    except UnusableFile as error:
        raise UnusableFile(f"{path.name} {error}") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error
    if values.shape != kind.shape:
        shape = "x".join(map(str, values.shape))
        raise UnusableFile(f"{path.name} is {shape}, and {model.name} was trained on {kind}")
    return values


def _matching(cloud: Tensor, kind: Cloud) -> Tensor:
    """Without columns that the model does not know. Raises UnusableFile where there are fewer than it knows."""
    have, want = cloud.shape[1] - 3, kind.features
    if have < want:
        raise UnusableFile(f"has {have} numbers beside the place of each point, where {want} are needed")
    return cloud[:, : 3 + want]
