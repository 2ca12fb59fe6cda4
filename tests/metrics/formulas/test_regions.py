"""The reader of regions: right on true images, wrong where two classes are exchanged, and none without label maps."""

import numpy as np

from saddlepoint.metrics.formulas.regions import MOST_CLASSES, region_reader


def halves(count: int, colours: tuple[int, int], noise: float = 0) -> np.ndarray:
    """Grey images of 8 pixels whose left part, of another width each, has one colour and the rest the other."""
    across = np.arange(8)[None, :] < (np.arange(count) % 5 + 2)[:, None]
    levels = np.where(across, *colours)[:, None, None].repeat(8, 2)
    return np.asarray((levels + np.random.default_rng(0).normal(0, noise, levels.shape)).clip(0, 255).astype(np.uint8))


def test_classes_are_found_where_the_map_has_them() -> None:
    maps, images = halves(40, (0, 255)), halves(40, (90, 160), 5)
    reader = region_reader(maps, images)
    assert reader is not None
    shares, overlaps = reader.figures(maps[:10], images[:10])
    assert shares.min() > 0.95
    assert overlaps.min() > 0.9
    shares, overlaps = reader.figures(maps[:10], 250 - images[:10])
    assert shares.max() < 0.1
    assert overlaps.max() < 0.1


def test_a_map_of_one_class_is_one_region() -> None:
    maps, images = halves(40, (0, 255)), halves(40, (90, 160))
    reader = region_reader(maps, images)
    assert reader is not None
    shares, overlaps = reader.figures(np.zeros((1, 1, 8, 8), np.uint8), np.full((1, 1, 8, 8), 90, np.uint8))
    assert (shares[0], overlaps[0]) == (1, 1)


def test_photographs_are_no_label_maps() -> None:
    images = halves(4, (90, 160), 40)
    assert len(np.unique(images)) > MOST_CLASSES
    assert region_reader(images, images) is None
    assert region_reader(np.zeros_like(images), images) is None
    assert region_reader(halves(4, (0, 255))[..., ::2, ::2], images) is None
