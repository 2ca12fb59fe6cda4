"""Statistics of a real set are measured once for each content and extractor."""

import numpy as np
from made import made_images

from saddlepoint.metrics.cache import cached_statistics
from saddlepoint.metrics.features import Pixels


def test_the_second_time_no_image_is_looked_at(tmp_path):
    images = made_images(20, 1, 8, 8, "kept")
    first = cached_statistics(tmp_path / "new", "abc", Pixels(), images)
    again = cached_statistics(tmp_path / "new", "abc", Pixels(), iter(()))
    np.testing.assert_array_equal(first.covariance, again.covariance)
    assert len(list((tmp_path / "new").iterdir())) == 1


def test_other_content_or_another_extractor_is_measured_anew(tmp_path):
    for fingerprint, side in (("abc", 8), ("abd", 8), ("abc", 4)):
        cached_statistics(tmp_path, fingerprint, Pixels(side), made_images(20, 1, 8, 8, "kept"))
    assert len(list(tmp_path.iterdir())) == 3
