"""The `inception-2015` extractor: the published network, its resize and its layer as one identity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, final

import torch
from torch import Tensor

from saddlepoint.errors import CapabilityError, ShapeError
from saddlepoint.metrics.extractors.features import ClassifyingExtractor, Features, Identity, weights_hash
from saddlepoint.metrics.extractors.resize import FORMULAS, Resize, resized
from saddlepoint.metrics.images import Bytes
from saddlepoint.nn.backbones import inception

Precision = Literal["float32", "bfloat16"]


@final
class Inception(ClassifyingExtractor):
    """Features and class probabilities of the network behind the published FID, KID, precision, recall and IS.

    weights: tensors in the published layout, as `load_weights(inception.PUBLISHED, path)` reads them.
    resize: by default what the published figures used. layer: 2048 is the published one; the others are for
    comparisons by scale. precision: bfloat16 is faster and moves features by about 1 %; float32 is the protocol.
    """

    def __init__(
        self,
        weights: Mapping[str, Tensor],
        *,
        resize: Resize = "tensorflow",
        layer: inception.Layer = 2048,
        precision: Precision = "float32",
        device: torch.device | str = "cpu",
    ) -> None:
        network = inception.Inception()
        network.load(weights)
        size, values = FORMULAS[resize]
        self.identity = Identity(
            "inception-2015", weights_hash(network), str(layer), f"{size} {inception.SIDE}", values, precision
        )
        self._resize: Resize = resize
        self._layer: inception.Layer = layer
        self._type = torch.float32 if precision == "float32" else torch.bfloat16
        self._device = torch.device(device)
        self._head = network.fc.weight.detach().clone()
        network = network.eval().requires_grad_(False).to(self._device, self._type)
        self._network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @torch.inference_mode()
    def batch(self, images: Bytes) -> Features:
        """[N, layer]; images of one channel are repeated to three; ShapeError for other than 1 or 3."""
        if images.shape[1] not in (1, 3):
            raise ShapeError(f"inception-2015 takes images of 1 or 3 channels, got {images.shape[1]}.")
        values = resized(images, self._resize, inception.SIDE).expand(-1, 3, -1, -1)
        values = values.to(self._device, self._type, memory_format=torch.channels_last)
        result: Features = self._network(values, self._layer).float().cpu().numpy()
        return result

    def probabilities(self, features: Features) -> Features:
        """[N, 1008], from the 2048 features. Raises CapabilityError for another layer."""
        if self._layer != 2048:
            raise CapabilityError("class probabilities come from layer 2048; this extractor stops before it.")
        logits = torch.tensor(features) @ self._head.T
        result: Features = logits.softmax(1).numpy()
        return result
