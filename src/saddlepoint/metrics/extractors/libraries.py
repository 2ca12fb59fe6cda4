"""Extractors from the collections of others: any model of timm or transformers, such as DINOv2 or CLIP.

Stein et al. 2023, arXiv:2306.04675, find that DINOv2 features follow the eye of people better than Inception's.
"""

from __future__ import annotations

from torch import Tensor, nn

from saddlepoint.errors import MissingExtra
from saddlepoint.metrics.extractors.features import ModuleExtractor


def timm_extractor(name: str, *, pretrained: bool = True) -> ModuleExtractor:
    """A timm model without its last layer, normalised and sized as it was trained.

    name: as `timm.list_models` gives it, such as `vit_small_patch14_dinov2`. pretrained: fetches its weights; False
    leaves them random. Raises MissingExtra without timm.
    """
    try:
        import timm  # type: ignore[import-not-found]
    except ImportError:
        raise _missing("timm") from None
    network = timm.create_model(name, pretrained=pretrained, num_classes=0)
    trained = timm.data.resolve_model_data_config(network)
    return ModuleExtractor(
        network,
        mean=tuple(trained["mean"]),
        deviation=tuple(trained["std"]),
        side=trained["input_size"][-1],
        layer="before the classifier",
        name=f"timm:{name}",
    )


def transformers_extractor(name: str) -> ModuleExtractor:
    """The pooled image output of a transformers model, normalised and sized as its processor says.

    name: on the hub or a folder, such as `facebook/dinov2-small` or `openai/clip-vit-base-patch32`. Of a model of two
    towers the image tower is taken. Raises MissingExtra without transformers.
    """
    try:
        import transformers  # type: ignore[import-not-found]
    except ImportError:
        raise _missing("transformers") from None
    processor = transformers.AutoImageProcessor.from_pretrained(name)
    network = transformers.AutoModel.from_pretrained(name)
    size = processor.crop_size or processor.size
    return ModuleExtractor(
        PooledImage(getattr(network, "vision_model", network)),
        mean=tuple(processor.image_mean),
        deviation=tuple(processor.image_std),
        side=int(size["height"]),
        layer="pooled image output",
        name=f"transformers:{name}",
    )


class PooledImage(nn.Module):
    """A transformers image model as a plain function of images."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        """[N, 3, H, W] -> [N, d]"""
        pooled: Tensor = self.network(pixel_values=images).pooler_output
        return pooled


def _missing(package: str) -> MissingExtra:
    return MissingExtra(f"{package} is not installed; it comes with the extra: pip install 'saddlepoint[features]'.")
