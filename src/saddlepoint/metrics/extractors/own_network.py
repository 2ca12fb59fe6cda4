"""Networks of the user's own, from an ONNX or a TorchScript file: what they say of images, as numbers.

How images come to them stands in a .json of the same name beside the file, all of it optional: `side` in pixels (by
default what the file asks for, else the images' own), `mean` and `deviation` of 0..255, a number or one a channel (by
default 127.5 and 127.5), `channels` (1 or 3), `output` (a name or a number), `apply` (`sigmoid` or `softmax`),
`threshold` and `names`. A TorchScript file is a program: load only what you trust.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from saddlepoint.errors import ConfigError, DataError, MissingExtra
from saddlepoint.metrics.extractors.features import Identity
from saddlepoint.metrics.images import Bytes, Images, batches
from saddlepoint.storage import documents
from saddlepoint.storage.plain import judged, reason

ENDINGS = (".onnx", ".pt", ".pth", ".ts", ".torchscript")
_KNOWN = ("side", "mean", "deviation", "channels", "output", "apply", "threshold", "names")
_BATCH = 32
Values = NDArray[np.float32]


@final
class OwnNetwork:
    """Images uint8 [N, C, H, W] -> numbers [N, ...] float32.

    identity: with the sha256 of the file. names: of what it says, where its .json gives them. threshold: from which on
    a number counts as yes.
    """

    def __init__(self, path: Path) -> None:
        """Raises ConfigError for a file of another kind or settings that do not fit, DataError for a damaged one."""
        if not path.is_file() or path.suffix.lower() not in ENDINGS:
            raise ConfigError(f"{path} is no file of a network: give one that ends with {', '.join(ENDINGS)}.")
        settings = _settings(path.with_suffix(".json"))
        self.names = tuple(map(str, settings.get("names", ())))
        self.threshold = float(settings.get("threshold", 0.5))
        self._apply = settings.get("apply")
        self._call, side, self._single = (_onnx if path.suffix.lower() == ".onnx" else _torchscript)(
            path, settings.get("output")
        )
        self._side = settings.get("side", side)
        self._channels = int(settings.get("channels", 3))
        self._mean, self._deviation = (
            torch.tensor(settings.get(name, 127.5), dtype=torch.float32).reshape(1, -1, 1, 1)
            for name in ("mean", "deviation")
        )
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        resize = "none" if self._side is None else f"torch bilinear antialiased {self._side}x{self._side}"
        values = f"(x-{settings.get('mean', 127.5)})/{settings.get('deviation', 127.5)}"
        self.identity = Identity(path.stem, digest, str(settings.get("output", 0)), resize, values)

    def of(self, images: Images) -> Values:
        """What it says of all images, [N, ...]. Raises DataError where it refuses them."""
        parts = [self._batch(batch) for batch in batches(images, 1 if self._single else _BATCH)]
        if not parts:
            raise DataError("there are no images to ask a network about.")
        try:
            return np.concatenate(parts)
        except ValueError:  # a detector gives another number of boxes for each batch
            most = max(part.shape[1] for part in parts)
            padded = [np.pad(part, [(0, 0), (0, most - part.shape[1]), *[(0, 0)] * (part.ndim - 2)]) for part in parts]
            return np.concatenate(padded)

    def _batch(self, images: Bytes) -> Values:
        values = torch.from_numpy(images.astype(np.float32))
        if self._side is not None and values.shape[2:] != (self._side, self._side):
            values = F.interpolate(values, size=(self._side, self._side), mode="bilinear", antialias=True)
        if values.shape[1] != self._channels:
            values = values.mean(1, keepdim=True) if self._channels == 1 else values[:, :1].expand(-1, 3, -1, -1)
        try:
            output = torch.as_tensor(self._call((values - self._mean) / self._deviation)).float()
        except Exception as error:  # a foreign program raises anything
            shape = list(values.shape)
            raise DataError(f"{self.identity.name} cannot be asked about images {shape}: {reason(error)}.") from error
        if output.ndim < 1 or len(output) != len(images) or not output.isfinite().all():
            raise DataError(
                f"{self.identity.name} gives {list(output.shape)} for {len(images)} images, not one row each."
            )
        if self._apply == "sigmoid":
            output = output.sigmoid()
        elif self._apply == "softmax":
            output = output.softmax(1)
        result: Values = output.numpy()
        return result


def _settings(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        return {}
    with judged(path, DataError):
        settings: dict[str, Any] = documents.table(path)
    unknown = sorted({*settings} - {*_KNOWN})
    if unknown:
        raise ConfigError(f"{path} has an entry {unknown[0]!r}; there are {', '.join(_KNOWN)}.")
    side, channels, apply = settings.get("side"), settings.get("channels", 3), settings.get("apply")
    if side is not None and not (isinstance(side, int) and 1 <= side <= 4096):
        raise ConfigError(f"the side of {path} cannot be {side!r}: it is 1 to 4,096 pixels.")
    if channels not in (1, 3) or apply not in (None, "sigmoid", "softmax"):
        raise ConfigError(f"{path}: channels are 1 or 3, and apply is sigmoid or softmax.")
    for name in ("mean", "deviation"):
        numbers = settings.get(name, 127.5)
        numbers = numbers if isinstance(numbers, list) else [numbers]
        fits = len(numbers) in (1, channels) and all(isinstance(number, int | float) for number in numbers)
        if not fits or (name == "deviation" and not all(numbers)):
            raise ConfigError(f"the {name} of {path} is a number, or one for each channel, and no deviation is 0.")
    if not isinstance(settings.get("threshold", 0.5), int | float) or not isinstance(settings.get("names", []), list):
        raise ConfigError(f"{path}: threshold is a number and names a list of words.")
    return settings


_Made = tuple[Callable[[torch.Tensor], Any], int | None, bool]
"""how it is called, the side that it asks for, and whether it takes one image at a time"""


def _onnx(path: Path, output: Any) -> _Made:
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingExtra("ONNX needs packages of its own: pip install 'saddlepoint[export]'.") from error
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors have no common class
        raise DataError(f"{path} is no network in ONNX that can be read: {reason(error)}.") from error
    entry, outputs = session.get_inputs()[0], [each.name for each in session.get_outputs()]
    name = outputs[output] if isinstance(output, int) and output < len(outputs) else output or outputs[0]
    if name not in outputs:
        raise ConfigError(f"{path} has no output {output!r}: there are {', '.join(outputs)}.")
    sides: tuple[Any, ...] = tuple(entry.shape[2:]) if len(entry.shape) == 4 else ()
    side = sides[0] if len(sides) == 2 and isinstance(sides[0], int) and sides[0] == sides[1] else None
    return lambda values: session.run([name], {entry.name: values.numpy()})[0], side, entry.shape[:1] == [1]


def _torchscript(path: Path, output: Any) -> _Made:
    try:
        network = torch.jit.load(str(path), map_location="cpu").eval()
    except Exception as error:
        raise DataError(f"{path} is no network in TorchScript that can be read: {reason(error)}.") from error

    def call(values: torch.Tensor) -> Any:
        with torch.inference_mode():
            result = network(values)
        if isinstance(result, dict):
            return result[output or next(iter(result))]
        return result[output or 0] if isinstance(result, tuple | list) else result

    return call, None, False
