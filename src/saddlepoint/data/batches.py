"""Typed batches: what the data room delivers and a method `takes`.

A batch is a frozen dataclass of tensors that share their first axis, or, where two streams run side by side, of
tensors that each have a length of their own. Each field says what kind of example it holds.
"""

from __future__ import annotations

import dataclasses
from abc import ABC
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

import torch
from torch import Tensor

from saddlepoint.errors import ConfigError, ShapeError
from saddlepoint.kinds.attributes import Attributes
from saddlepoint.kinds.boxes import Boxes
from saddlepoint.kinds.camera import Camera
from saddlepoint.kinds.clip import Clip
from saddlepoint.kinds.cloud import Cloud
from saddlepoint.kinds.distances import Distances
from saddlepoint.kinds.expression import Expression
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.kind import KIND, Kind, holds
from saddlepoint.kinds.label import Label
from saddlepoint.kinds.mask import Mask
from saddlepoint.kinds.mesh import Mesh
from saddlepoint.kinds.moment import Moment
from saddlepoint.kinds.parts import Parts
from saddlepoint.kinds.points import Points
from saddlepoint.kinds.rig import Rig
from saddlepoint.kinds.row import Row
from saddlepoint.kinds.scan import Scan
from saddlepoint.kinds.series import Series
from saddlepoint.kinds.tokens import Tokens
from saddlepoint.kinds.views import Views
from saddlepoint.kinds.volume import Volume

UNLABELLED = "unlabelled"
"""the class whose images have none: those of the domain that an `AdaptBatch` adapts to"""
_MAIN = ("image", "target")
"""fields that are what a data set is about, wherever they stand"""


@dataclass(frozen=True)
class DataSpec:
    """What a method may know of the data before it sees any.

    fields: what one example of each field is.
    classes: the names of the classes, in label order; empty where the data has no labels.
    examples: how many there are to train on.
    attributes: the names of what is so or not of each example, in order; empty where nothing is told.
    """

    fields: Mapping[str, Kind]
    classes: tuple[str, ...] = ()
    examples: int = 0
    attributes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        shape: tuple[int, ...],
        classes: tuple[str, ...] = (),
        examples: int = 0,
        attributes: tuple[str, ...] = (),
    ) -> DataSpec:
        """The spec of images (channels, height, width), or of points (numbers,)."""
        fields: dict[str, Kind] = {"image": Image(*shape) if len(shape) == 3 else Points(*shape)}
        if classes:
            fields["label"] = Label(classes)
        if attributes:
            fields["attributes"] = Attributes(attributes)
        return cls(fields, classes, examples, attributes)

    @property
    def main(self) -> Kind:
        """What one example is: of images, or of what a data set is about where there are none; of pairs, the target."""
        return self.fields[main_field(self.fields)]

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one example."""
        return self.main.shape

    def image(self, field: str | None = None) -> Image:
        """The measures of the images in `field`; None for what the data is about. Raises ConfigError for no images."""
        kind = self.main if field is None else self.fields[field]
        if not isinstance(kind, Image):
            mend = " Use `gan`." if isinstance(kind, Points) else ""
            raise ConfigError(f"this method makes images; the data has {kind}.{mend}")
        return kind

    @property
    def channels(self) -> int:
        """Channels of an image; refuses what is none."""
        return self.image().channels

    @property
    def resolution(self) -> int:
        """Side of a square image in pixels; refuses rectangles and what is no image."""
        return self.image().side

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of an image in pixels; refuses what is none."""
        kind = self.image()
        return kind.height, kind.width


def main_field(fields: Mapping[str, Kind]) -> str:
    """The field that a data set is about: images, targets of pairs, or the first that is no condition."""
    for name in _MAIN:
        if name in fields:
            return name
    return next((name for name, kind in fields.items() if not kind.condition), next(iter(fields)))


@dataclass(frozen=True)
class Batch(ABC):
    """The root of all batches; every field is a tensor whose first axis counts examples."""

    given_by: ClassVar[str] = "Give a folder of images."
    """what a person who has other data is told to do"""

    @classmethod
    def kinds(cls) -> dict[str, tuple[type[Kind], ...]]:
        """What each field may hold, as its class says; nothing is said of a field without `holds`."""
        return {field.name: field.metadata.get(KIND, ()) for field in dataclasses.fields(cls)}

    def tensors(self) -> dict[str, Tensor]:
        """The fields by name."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

    def __len__(self) -> int:
        """Examples shown to the networks: the length of the first field, unless a batch says otherwise."""
        return len(next(iter(self.tensors().values())))

    def to(self, device: torch.device | str) -> Self:
        """The same batch on `device`."""
        return type(self)(**{name: tensor.to(device) for name, tensor in self.tensors().items()})

    def part(self, index: int, of: int) -> Self:
        """Slice `index` of `of` equal contiguous ones; each field is cut by its own length.

        Raises ShapeError naming the field whose length `of` does not divide.
        """
        cut: dict[str, Tensor] = {}
        for name, tensor in self.tensors().items():
            if len(tensor) % of:
                raise ShapeError(f"{name} has {len(tensor)} rows, which {of} equal parts do not divide.")
            rows = len(tensor) // of
            cut[name] = tensor[index * rows : (index + 1) * rows]
        return type(self)(**cut)

    def chunk(self, of: int) -> list[Self]:
        """All `of` equal parts in order."""
        return [self.part(index, of) for index in range(of)]


@dataclass(frozen=True)
class ImageBatch(Batch):
    """Images without labels."""

    image: Tensor = holds(Image, Points)
    """[N, C, H, W] float32 in [-1, 1]; in the point worlds [N, D]"""


@dataclass(frozen=True)
class LabelledBatch(Batch):
    """Images with a class each."""

    given_by = "Sort the images into one sub-folder a class."

    image: Tensor = holds(Image, Points)
    """[N, C, H, W] float32 in [-1, 1]; in the point worlds [N, D]"""
    label: Tensor = holds(Label)
    """[N] int64 in [0, classes)"""


@dataclass(frozen=True)
class AttributeBatch(Batch):
    """Images with attributes, each of which holds or does not."""

    given_by = "Put a table of them, attributes.csv or CelebA's list_attr_celeba.txt, into the folder of the images."

    image: Tensor = holds(Image)
    """[N, C, H, W] float32 in [-1, 1]"""
    attributes: Tensor = holds(Attributes)
    """[N, K] float32, 1 where an attribute holds and 0 where not"""


@dataclass(frozen=True)
class GroupedBatch(Batch):
    """Images with a class and attributes each, which together say which group they are of."""

    given_by = (
        "Sort the images into one sub-folder a class, and put a table of attributes, attributes.csv, beside these."
    )

    image: Tensor = holds(Image)
    """[N, C, H, W] float32 in [-1, 1]"""
    label: Tensor = holds(Label)
    """[N] int64 in [0, classes)"""
    attributes: Tensor = holds(Attributes)
    """[N, K] float32, 1 where an attribute holds and 0 where not"""


@dataclass(frozen=True)
class SemiBatch(Batch):
    """Some images with a class each, and beside them images whose class is not told.

    A batch of n shows n of each, in an order of their own, and counts n.
    """

    given_by = "Sort the images into one sub-folder a class, of which --labels-per-class are told."

    labelled: Tensor = holds(Image, Points)
    """[N, C, H, W] float32 in [-1, 1]; in the point worlds [N, D]"""
    label: Tensor = holds(Label)
    """[N] int64 in [0, classes): of the labelled images"""
    unlabelled: Tensor = holds(Image, Points)
    """as the labelled ones"""


@dataclass(frozen=True)
class AdaptBatch(SemiBatch):
    """Images of one domain with a class each, and beside them images of another domain whose class is not told.

    Those of the other domain are the images of a class that is called `UNLABELLED`.
    """

    given_by = (
        "Sort the images into one sub-folder a class, and put those of the other domain into one more, unlabelled."
    )


@dataclass(frozen=True)
class PairedBatch(Batch):
    """Images in two forms: what is given, and what shall become of it."""

    given_by = "Use --data paired:FOLDER, of images side by side, or --data paired:FOLDER,FOLDER with the same names."

    source: Tensor = holds(Image)
    """[N, C, H, W] float32 in [-1, 1]"""
    target: Tensor = holds(Image)
    """the same shape; row i belongs to row i of the source"""


@dataclass(frozen=True)
class SceneBatch(PairedBatch):
    """Layouts with the scene of each, and what is so of the scene: night, snow."""

    given_by = "Use --data world:seasons, or pairs of layouts and scenes with attributes as arrays of a .npz."

    attributes: Tensor = holds(Attributes)
    """[N, K] float32, 1 where an attribute holds and 0 where not"""


@dataclass(frozen=True)
class UnpairedBatch(Batch):
    """Images of two domains, side by side by chance. A batch of n shows n of each, and counts n."""

    given_by = "Use --data unpaired:FOLDER,FOLDER."

    a: Tensor = holds(Image)
    """[N, C, H, W] float32 in [-1, 1], of the first domain"""
    b: Tensor = holds(Image)
    """the same shape, of the second"""


@dataclass(frozen=True)
class MaskedBatch(Batch):
    """Images with a mask each."""

    given_by = "Use --data masked:FOLDER,FOLDER, of images and of masks with the same names."

    image: Tensor = holds(Image)
    """[N, C, H, W] float32 in [-1, 1]"""
    mask: Tensor = holds(Mask)
    """[N, 1, H, W] float32, 0 or 1"""


@dataclass(frozen=True)
class BoxBatch(Batch):
    """Images with a box around each thing in them."""

    given_by = "Use --data boxes:FOLDER, of images with boxes.csv or a COCO .json beside them, or world:objects."

    image: Tensor = holds(Image)
    """[N, C, H, W] float32 in [-1, 1]"""
    boxes: Tensor = holds(Boxes)
    """[N, K, 6] float32: class or -1 for none, score, centre and size in shares of the image; see `kinds.boxes`"""


@dataclass(frozen=True)
class VolumeBatch(Batch):
    """Grids of voxels."""

    given_by = "Use --data volumes:FOLDER, of .npy, .npz or .binvox files, or world:furniture."

    volume: Tensor = holds(Volume)
    """[N, C, D, H, W] float32 in [0, 1]"""


@dataclass(frozen=True)
class DistanceBatch(Batch):
    """Shapes as signed distances, with the place of each among the training examples."""

    given_by = "Use --data distances:FOLDER, of .off, .obj, .ply, .glb or .stl files, or world:rounded."

    distances: Tensor = holds(Distances)
    """[N, 1, S, S, S] float32 in [-1, 1]"""
    index: Tensor = holds(Row)
    """[N] int64 in [0, training examples)"""


@dataclass(frozen=True)
class CloudBatch(Batch):
    """Sets of points in space."""

    given_by = "Use --data clouds:FOLDER, of .ply, .off, .obj or .npy files."

    cloud: Tensor = holds(Cloud)
    """[N, P, 3 + features] float32"""


@dataclass(frozen=True)
class LabelledVolumeBatch(Batch):
    """Grids of voxels with a class each."""

    given_by = "Use --data volumes:FOLDER with one sub-folder a class, or world:solid_grids."

    volume: Tensor = holds(Volume)
    """[N, C, D, H, W] float32 in [0, 1]"""
    label: Tensor = holds(Label)
    """[N] int64 in [0, classes)"""


@dataclass(frozen=True)
class LabelledCloudBatch(Batch):
    """Sets of points in space with a class each."""

    given_by = "Use --data clouds:FOLDER or meshes:FOLDER with one sub-folder a class, or world:solids."

    cloud: Tensor = holds(Cloud)
    """[N, P, 3 + features] float32"""
    label: Tensor = holds(Label)
    """[N] int64 in [0, classes)"""


@dataclass(frozen=True)
class PartedCloudBatch(Batch):
    """Sets of points in space with the part that each point belongs to."""

    given_by = "Use --data parts:FOLDER, of clouds whose last column is the number of the part, or world:pieces."

    cloud: Tensor = holds(Cloud)
    """[N, P, 3 + features] float32"""
    parts: Tensor = holds(Parts)
    """[N, P] int64, the number of each point's part"""


@dataclass(frozen=True)
class ScanBatch(Batch):
    """Grids with views in colour and depth, and the class of each voxel of the middle column."""

    given_by = "Use --data world:rgbd."

    scan: Tensor = holds(Scan)
    """[N, numbers] float32: see `kinds.scan`"""
    parts: Tensor = holds(Parts)
    """[N, D] int64, the number of each voxel's class, from below"""


@dataclass(frozen=True)
class LabelledMeshBatch(Batch):
    """Triangle meshes with a class each."""

    given_by = "Use --data surfaces:FOLDER with one sub-folder a class, of .off, .obj or .ply, or world:solid_meshes."

    mesh: Tensor = holds(Mesh)
    """[N, 1 + V + F, 3] float32: see `kinds.mesh`"""
    label: Tensor = holds(Label)
    """[N] int64 in [0, classes)"""


@dataclass(frozen=True)
class ViewBatch(Batch):
    """Views of one scene with the camera of each."""

    given_by = "Use --data scene:FOLDER, as Blender, nerfstudio, instant-ngp or COLMAP write it, or world:scene."

    image: Tensor = holds(Image)
    """[N, C, H, W] float32 in [-1, 1]"""
    camera: Tensor = holds(Camera)
    """[N, 22] float32: pose and intrinsics, see `kinds.camera`"""


@dataclass(frozen=True)
class NumberedViewBatch(ViewBatch):
    """Views of one scene with the camera of each, and the place of each among the training examples."""

    index: Tensor = holds(Row)
    """[N] int64 in [0, training examples)"""


@dataclass(frozen=True)
class TimedViewBatch(ViewBatch):
    """Views of a scene that moves, with the camera and the moment of each."""

    given_by = 'Use --data scene:FOLDER with a "time" of each frame, as D-NeRF writes it, or world:moving_scene.'

    time: Tensor = holds(Moment)
    """[N] float32 from 0, the first moment, to 1, the last"""


@dataclass(frozen=True)
class ViewsBatch(Batch):
    """Many scenes, each by several views with the camera of each."""

    given_by = "Use --data scenes:FOLDER, of one folder a scene, or world:garage."

    views: Tensor = holds(Views)
    """[N, V, C, H, W] float32 in [-1, 1]"""
    rig: Tensor = holds(Rig)
    """[N, V, 22] float32: the cameras of the views"""


@dataclass(frozen=True)
class ExpressionViewsBatch(ViewsBatch):
    """Many heads, each by several views with the camera and the expression of each."""

    given_by = "Use --data world:heads, or arrays views, rig and expressions of a .npz."

    expressions: Tensor = holds(Expression)
    """[N, V, E] float32: of each view, what the face does"""


@dataclass(frozen=True)
class TextBatch(Batch):
    """Texts of one length."""

    given_by = "Use --data text:PATH, a file or folder of .txt, or --data lines:PATH, of .txt, .jsonl or .csv."

    text: Tensor = holds(Tokens)
    """[N, L] int64: numbers of pieces, 0 for the end of a text and what follows; see `kinds.tokens`"""


@dataclass(frozen=True)
class TextPairBatch(Batch):
    """Texts with what each becomes: a translation, an answer."""

    given_by = "Use --data textpairs:PATH, of .jsonl, .csv or .tsv with the columns source and target."

    source: Tensor = holds(Tokens)
    """[N, S] int64"""
    target: Tensor = holds(Tokens)
    """[N, L] int64; row i belongs to row i of the source"""


@dataclass(frozen=True)
class CaptionBatch(Batch):
    """Images with a caption each."""

    given_by = "Use --data captions:FOLDER, of images with captions.csv or a .txt each beside them, or world:captions."

    image: Tensor = holds(Image)
    """[N, C, H, W] float32 in [-1, 1]"""
    text: Tensor = holds(Tokens)
    """[N, L] int64: the caption of each image"""


@dataclass(frozen=True)
class SeriesBatch(Batch):
    """Series of numbers."""

    given_by = "Use --data series:PATH, of .csv, .npy or .wav files."

    series: Tensor = holds(Series)
    """[N, T, C] float32 in [-1, 1]"""


@dataclass(frozen=True)
class ClipBatch(Batch):
    """Short moving pictures."""

    given_by = "Use --data clips:FOLDER, of films (.mp4, .gif and others) or of folders of frames."

    clip: Tensor = holds(Clip)
    """[N, T, C, H, W] float32 in [-1, 1]"""


@dataclass(frozen=True)
class PairedClipBatch(Batch):
    """Short moving pictures in two forms: what is given, and what shall become of it."""

    given_by = "Use --data world:films, a degradation before clips (noise25:clips:FOLDER), or arrays of a .npz."

    source: Tensor = holds(Clip)
    """[N, T, C, H, W] float32 in [-1, 1]"""
    target: Tensor = holds(Clip)
    """the same number of frames of the same sides; row i belongs to row i of the source"""


@dataclass(frozen=True)
class LabelledClipBatch(Batch):
    """Short moving pictures with a class each."""

    given_by = "Use --data world:clips."

    clip: Tensor = holds(Clip)
    """[N, T, C, H, W] float32 in [-1, 1]"""
    label: Tensor = holds(Label)
    """[N] int64 in [0, classes)"""
