"""Uploads in which faces seem to be are taken only with the word that all who are shown agree. Off unless asked for.

A detector says whether there seems to be a face, never whose; it misses some and sees some that are none, so it
reminds people who mean well and stops nobody else. Nothing it finds is kept or told to anybody but the client.
"""

from __future__ import annotations

import math
import threading
from pathlib import Path
from typing import Any, Protocol, final

import numpy as np
from PIL import Image

from saddlepoint.deploy.serve.refusal import Refusal
from saddlepoint.errors import ConfigError, MissingExtra

_SIDE = 320  # pixels of the longer side on which faces are looked for: those of a fourteenth of it and more
_LEAST_FACE = 24
_LIMIT = 0.7  # score of an ONNX detector from which there is a face


class Detector(Protocol):
    """What counts faces in a picture; may be asked from any thread."""

    def faces(self, picture: Image.Image) -> int:
        """How many faces there seem to be."""


@final
class Cascade:
    """The frontal faces of scikit-image: local binary patterns in a cascade (Liao et al. 2007), some 50 kB.

    Raises MissingExtra.
    """

    def __init__(self) -> None:
        try:
            from skimage.data import lbp_frontal_face_cascade_filename
            from skimage.feature import Cascade as Kind
        except ImportError as error:
            raise MissingExtra("looking for faces needs scikit-image: pip install 'saddlepoint[shape]'.") from error
        self._cascade, self._one = Kind(lbp_frontal_face_cascade_filename()), threading.Lock()

    def faces(self, picture: Image.Image) -> int:
        """Frontal, upright ones of 24 pixels and more on the reduced picture."""
        small = _small(picture)
        if min(small.size) < _LEAST_FACE:
            return 0
        sizes = {"min_size": (_LEAST_FACE, _LEAST_FACE), "max_size": small.size[::-1]}
        with self._one:
            boxes = self._cascade.detect_multi_scale(img=np.asarray(small), scale_factor=1.2, step_ratio=1, **sizes)
        return len(boxes)


@final
class OnnxDetector:
    """A detector of one's own, an ONNX file in the form of UltraFace and its kin: in goes an image [1, 3, H, W] as
    (v - 127) / 128, out come `scores` [1, N, 2] (background, face) or [1, N] out.

    Raises MissingExtra, ConfigError for a file that is none.
    """

    def __init__(self, path: Path) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise MissingExtra(
                "a detector of one's own needs ONNX Runtime: pip install 'saddlepoint[export]'."
            ) from error
        try:
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = 1
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
            (given,) = self._session.get_inputs()
            self._name, shape = given.name, given.shape
            fits = len(shape) == 4 and shape[1] == 3 and all(isinstance(side, int) for side in shape[2:])
            self._output = next(one.name for one in self._session.get_outputs() if one.name == "scores")
        except Exception as error:  # of many kinds, by what is wrong with the file
            why = "it has no output `scores`" if isinstance(error, StopIteration) else str(error)[:200]
            raise ConfigError(f"{path} is no detector in ONNX: {why}.") from error
        if not fits:
            raise ConfigError(f"{path} takes {shape}, and a detector takes an image [1, 3, height, width].")
        self._size = (shape[3], shape[2])

    def faces(self, picture: Image.Image) -> int:
        """Places whose score says face; several of them may be of one."""
        pixels = np.asarray(picture.convert("RGB").resize(self._size, Image.Resampling.BILINEAR), np.float32)
        values = ((pixels - 127) / 128).transpose(2, 0, 1)[None]
        scores: Any = np.asarray(self._session.run([self._output], {self._name: values})[0])
        return int(((scores[..., 1] if scores.ndim == 3 else scores) > _LIMIT).sum())


def check(detector: Detector, picture: Image.Image) -> None:
    """Raises Refusal (403) for a picture with a face, of which nobody has said that all who are shown agree."""
    if detector.faces(picture):
        text = "there seems to be a face in the image."
        raise Refusal(403, "consent", text, "send `consent` as true where everybody who is shown agrees to this use")


def _small(picture: Image.Image) -> Image.Image:
    small = picture.convert("L")
    small = small.reduce(max(1, math.floor(max(small.size) / (2 * _SIDE))))
    small.thumbnail((_SIDE, _SIDE), Image.Resampling.BOX)
    return small
