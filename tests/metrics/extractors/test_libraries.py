"""Extractors from timm and transformers, tried where these are installed."""

import sys

import numpy as np
import pytest
from metric_inputs import made_images

from saddlepoint.errors import MissingExtra
from saddlepoint.metrics.extractors.features import features
from saddlepoint.metrics.extractors.libraries import timm_extractor, transformers_extractor


@pytest.mark.parametrize(("package", "make"), [("timm", timm_extractor), ("transformers", transformers_extractor)])
def test_without_the_package_the_message_names_the_extra(monkeypatch, package, make):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtra, match=rf"{package} is not installed.*saddlepoint\[features\]"):
        make("resnet18")


def test_a_timm_model_gives_what_comes_before_its_classifier():
    pytest.importorskip("timm", exc_type=ImportError)
    extractor = timm_extractor("resnet18", pretrained=False)
    assert features(extractor, made_images(2, 3, 20, 20, "timm")).shape == (2, 512)
    assert extractor.identity.name == "timm:resnet18"
    assert "224x224" in extractor.identity.resize


def test_a_transformers_model_is_read_from_a_folder(tmp_path):
    transformers = pytest.importorskip("transformers", exc_type=ImportError)
    tower = transformers.CLIPVisionConfig(
        hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2, image_size=32, patch_size=8
    )
    transformers.CLIPVisionModel(tower).save_pretrained(tmp_path)
    sides = {"height": 32, "width": 32}
    transformers.CLIPImageProcessor(size={"shortest_edge": 32}, crop_size=sides).save_pretrained(tmp_path)
    extractor = transformers_extractor(str(tmp_path))
    made = features(extractor, made_images(2, 1, 20, 20, "clip"))
    assert made.shape == (2, 16)
    assert np.isfinite(made).all()
