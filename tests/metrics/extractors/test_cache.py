from pathlib import Path

import numpy as np

from saddlepoint.keyed import numpy_generator
from saddlepoint.metrics.extractors.cache import cached_features
from saddlepoint.metrics.extractors.features import Pixels


def test_features_of_the_same_content_are_measured_once(tmp_path: Path) -> None:
    images = numpy_generator("cached").integers(0, 256, (20, 1, 8, 8), np.uint8)
    first = cached_features("abc", Pixels(), lambda: images, tmp_path)
    again = cached_features("abc", Pixels(), lambda: iter(()), tmp_path)
    np.testing.assert_array_equal(first, again)
    assert [path.suffix for path in tmp_path.iterdir()] == [".npy"]


def test_other_content_and_other_extractors_are_kept_apart(tmp_path: Path) -> None:
    images = np.zeros((4, 1, 8, 8), np.uint8)
    for content, side in (("abc", 8), ("abd", 8), ("abc", 4)):
        cached_features(content, Pixels(side), lambda: images, tmp_path)
    assert len(list(tmp_path.iterdir())) == 3
