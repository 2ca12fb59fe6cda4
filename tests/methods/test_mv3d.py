"""3DMV: back-projection against the world's own depth, what the streams see, and how classes are weighed."""

from typing import Any

import pytest
import torch

from saddlepoint.data.batches import DataSpec, ScanBatch
from saddlepoint.data.world import rgbd as world
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.camera import pose_of
from saddlepoint.kinds.parts import Parts
from saddlepoint.kinds.scan import Scan, Scanned
from saddlepoint.methods.recognition.mv3d import MV3D
from saddlepoint.nn.render.back_projection import back_projected, shown_at

TINY = {"shape": (6, 6, 6, 2, 8, 8), "features": 4, "width": 2}
KIND = Scan(6, 6, 6, 2, 8, 8)
SPEC = DataSpec({"scan": KIND, "parts": Parts(6, ("nothing", "one", "two"))})


def begun(**settings: Any) -> tuple[MV3D, Any]:
    torch.manual_seed(0)
    method = MV3D(**{"features": 4, "width": 2, **settings})
    return method, method.networks(SPEC)


@pytest.fixture(scope="module")
def some() -> tuple[world.Things, Scanned]:
    things = world.things(12)
    return things, world.scanned(things)


def test_depths_put_back_into_space_lie_on_the_worlds_surfaces(some: tuple[world.Things, Scanned]) -> None:
    things, scans = some
    pose, lens = pose_of(scans.camera[0, 1]), scans.camera[0, 1, 16:]
    row, column = torch.nonzero(scans.depth[0, 1] > 0).unbind(1)
    flat = torch.stack(((column + 0.5 - lens[2]) / lens[0], (row + 0.5 - lens[3]) / lens[1], torch.ones(len(row))), 1)
    place = (flat * scans.depth[0, 1, row, column, None]) @ pose[:3, :3].T + pose[:3, 3]
    assert float(world.distances(things, place)[0].abs().amin(0).max()) < 1e-3


def test_voxels_get_the_colours_of_what_they_are(some: tuple[world.Things, Scanned]) -> None:
    things, scans = some
    kind = world.KIND
    place = kind.middles()
    row, column, shows = shown_at(place, scans.depth, scans.camera, 1.0)
    away = world.distances(things, place)
    assert not shows[:, :, (place[:, 2] > 9)].any()  # nothing is so high
    bare = scans.colour.flatten(0, 1).unflatten(0, scans.colour.shape[:2])
    lifted = back_projected(bare, row, column, shows, 1)
    top = (away[:, 1].abs() < 0.4) & shows.any(1) & (away[:, 1] < away[:, 0])
    redder = (lifted[:, 0] - lifted[:, 2])[top]
    assert float(((redder > 0) == ~things.blue[:, :1].expand_as(top)[top]).float().mean()) > 0.9


def test_places_that_no_view_shows_have_no_features_and_the_largest_counts() -> None:
    features = torch.tensor([[[[[1.0]], [[-2.0]]], [[[3.0]], [[-5.0]]]]])  # one scan, two views, two channels, a pixel
    shows = torch.tensor([[[True, True, False], [True, False, False]]])
    pixel = torch.zeros(1, 2, 3, dtype=torch.long)
    lifted = back_projected(features, pixel, pixel, shows, 1)
    assert lifted.tolist() == [[[3.0, 1.0, 0.0], [-2.0, -2.0, 0.0]]]


@pytest.mark.parametrize(("streams", "blind"), [("shape", "views"), ("sight", "grid"), ("both", "")])
def test_each_stream_sees_its_own(streams: str, blind: str) -> None:
    _, nets = begun(streams=streams, width=8)
    nets.eval()
    scan = KIND.example(2, 0)
    parts = KIND.unpacked(scan)
    repainted = KIND.packed(parts._replace(colour=-parts.colour))
    refilled = KIND.packed(parts._replace(volume=1 - parts.volume))
    with torch.no_grad():
        plain, painted, filled = (nets.segmenter(each) for each in (scan, repainted, refilled))
    assert torch.equal(plain, painted) == (blind == "views")
    assert torch.equal(plain, filled) == (blind == "grid")


def test_rare_classes_count_more_and_what_is_ignored_has_no_probability() -> None:
    method, nets = begun()
    parts = torch.zeros(4, 6, dtype=torch.long)
    parts[:, 0], parts[0, 1] = 1, 2
    with torch.no_grad():
        method.prepare(nets, lambda n: ScanBatch(KIND.example(4, 0), parts))
        weight = nets.balance.weight
        assert weight[1:].tolist() == pytest.approx([float(1 / torch.tensor(1.2 + s).log()) for s in (0.8, 0.2)])
        segments = method.predict(nets.eval(), KIND.example(2, 1))["segments"]
    assert segments.shape == (2, 6, 6)
    assert not segments[..., 3].any()
    assert torch.allclose(segments[..., 3:].sum(2), torch.ones(2, 6))


def test_scans_are_packed_and_unpacked_alike() -> None:
    scan = KIND.example(3, 0)
    assert torch.equal(KIND.packed(KIND.unpacked(scan)), scan)
    assert KIND.picture(scan).size[0] > 8


def test_columns_of_another_height_are_refused() -> None:
    with pytest.raises(ConfigError, match="middle column"):
        MV3D().networks(DataSpec({"scan": KIND, "parts": Parts(5, ("nothing", "one"))}))
