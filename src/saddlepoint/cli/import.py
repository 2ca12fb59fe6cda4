"""import: convert weights of another program into a model, without executing anything in the file."""

from __future__ import annotations

import hashlib
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import torch
import tyro
from torch import Tensor

from saddlepoint import config, kinds, methods
from saddlepoint.checkpoint.convert import gpt2
from saddlepoint.checkpoint.convert.imported import Imported
from saddlepoint.checkpoint.convert.origins import recognise
from saddlepoint.checkpoint.foreign import state_dicts
from saddlepoint.checkpoint.model import Model
from saddlepoint.checkpoint.networks import networks
from saddlepoint.cli.arguments import parsed
from saddlepoint.data.sources.numpy_files import read_arrays
from saddlepoint.deploy.destination import Destination
from saddlepoint.engine import plan as plans
from saddlepoint.errors import CheckpointError, ConfigError
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.tokens import Tokens
from saddlepoint.methods.abilities import by_label, classes_of
from saddlepoint.methods.base import Clock
from saddlepoint.methods.tasks import knows
from saddlepoint.storage.plain import judged
from saddlepoint.storage.tensors import Declared
from saddlepoint.version import __version__

_BAR = 1e-4
"""largest difference to the reference outputs, of images in [-1, 1]"""


@dataclass(frozen=True, kw_only=True)
class Import:
    """Make a model of weights from another program, for every verb that takes a model.

    Known are the generators of pytorch-CycleGAN-and-pix2pix (latest_net_G.pth), PyTorch's DCGAN example (netG.pth),
    BasicSR, ESRGAN and Real-ESRGAN (.pth), leftthomas/SRGAN (.pth), stylegan2-ada-pytorch and R3GAN (.pkl), and GPT-2,
    BERT, ViT, MAE and DETR as transformers or their authors keep them (.safetensors, .bin, .pth). Which it is is seen
    from names and shapes. Nothing in the file is executed.
    """

    files: Annotated[tyro.conf.Positional[tuple[Path, ...]], tyro.conf.arg(metavar="FILE [FILE]")]
    """weight files; for a CycleGAN a second file may follow, the generator of the other direction"""
    out: Path | None = None
    """folder to write; by default named after the file, in the current folder"""
    network: str | None = None
    """network to take from a file that holds several; by default the averaged generator (G_ema)"""
    resolution: int | None = None
    """side in pixels that a translator was trained on, if its shapes do not tell"""
    tokenizer: Path | None = None
    """tokenizer.json that belongs to a GPT-2, so that it reads and writes words instead of the numbers of tokens"""
    check: Path | None = None
    """.npz with reference arrays `input` and `output` (images [N, C, H, W] in [-1, 1], latents [N, L], and `label` [N]
    for a conditional model); nothing is written if the model differs by more than 1e-4"""


def main(arguments: list[str]) -> int:
    """The command line: `saddle import FILE`."""
    options = parsed(Import, "saddle import", arguments)
    if not 1 <= len(options.files) <= 2:
        raise ConfigError(f"import takes a file, or two of the two ways of one CycleGAN, not {len(options.files)}.")
    target = Destination(
        options.out or Path(options.files[0].stem), named=options.out is not None, folders=True, inputs=options.files
    )
    networks = [recognise(state_dicts(path), options.network) for path in options.files]
    imported = _with_side(_joined([each for _, each in networks]), options.resolution)
    if options.tokenizer is not None:
        if imported.origin != gpt2.ORIGIN:
            raise ConfigError(f"--tokenizer belongs to a GPT-2, and this is {imported.origin}: leave it out.")
        imported = gpt2.with_tokenizer(imported, options.tokenizer)
    facts = _facts(options.files, [name for name, _ in networks], imported, arguments)
    model = model_of(imported, facts, options.files[0])
    print(f"recognised: {imported.origin}, {imported.what}")
    for remark in imported.remarks if options.resolution is None else ():
        print(f"  {remark}", file=sys.stderr)
    if options.check is not None:
        apart = difference(model, options.check)
        if apart > _BAR:
            raise CheckpointError(
                f"the images differ from the reference by {apart:.2g}, more than {_BAR:.0e}: nothing was written."
            )
        print(f"the same images as the reference: they differ by {apart:.1e} at most")
    with target as (folder,):
        model.save_pretrained(folder)
    out = target.path
    print(out)
    use = _use(model, out)
    print(f"  use it   saddle {use}")
    return 0


def _use(model: Model, out: Path) -> str:
    """The command that shows what the model does."""
    if knows(model.method, "translate"):
        return f"translate {out} IN OUT"
    if knows(model.method, "generate"):
        if isinstance(model.spec.main, Tokens) and model.spec.main.way != "numbers":
            return f'sample {out} --prompt "Once upon a time"'
        return f"sample {out} -n 64" + (" --label 0" if classes_of(model.method, model.nets) else "")
    return f"predict {out} IN" if knows(model.method, "predict") else f"embed {out} IN"


def model_of(imported: Imported, facts: Mapping[str, Any], path: Path) -> Model:
    """A model with the recognised weights. Raises CheckpointError where they do not fit the settings read from them."""
    flat = {f"{name}.{key}": value for name, state in imported.weights.items() for key, value in state.items()}
    declared = {name: Declared(value.dtype, tuple(value.shape)) for name, value in flat.items()}
    with judged(path, CheckpointError):
        method = config.from_json(methods.load(imported.method), imported.options)
        nets = networks(method, imported.spec, declared, lambda: flat)
        method.set_phase(nets, Clock())
    return Model(method, nets.eval().requires_grad_(False), imported.spec, facts, Clock(), path, Path())


def difference(model: Model, reference: Path) -> float:
    """The largest difference of the model's images to those of an .npz file, both cut to [-1, 1].

    Raises ConfigError for a file that has no such arrays, or that do not fit the model.
    """
    if not any(knows(model.method, ability) for ability in ("generate", "translate")) or not isinstance(
        model.spec.main, Image
    ):
        raise ConfigError("--check compares images that a model makes, and this one makes none: leave it out.")
    classes = classes_of(model.method, model.nets)
    arrays = _arrays(reference, ("input", "output", "label") if classes else ("input", "output"))
    inputs, label = arrays["input"].float(), arrays["label"].long() if classes else None
    if label is not None and (label.shape != inputs.shape[:1] or not bool(((label >= 0) & (label < classes)).all())):
        raise ConfigError(f"{reference}: label must be a number from 0 to {classes - 1} for each input.")
    method: Any = model.method
    try:
        if knows(method, "generate"):
            outputs = method.generate(model.nets, inputs.flatten(1), by_label(label, noise="constant"))
        else:
            outputs = model.translate(inputs).as_subclass(Tensor)
    except RuntimeError as error:
        raise ConfigError(f"{reference}: input {list(inputs.shape)} does not fit {model.name} ({error}).") from error
    expected = arrays["output"].float().clamp(-1, 1)
    if outputs.shape != expected.shape:
        raise ConfigError(f"{reference}: output is {list(expected.shape)}, and the model makes {list(outputs.shape)}.")
    return float((outputs.clamp(-1, 1) - expected).abs().max())


def _arrays(reference: Path, names: Sequence[str]) -> dict[str, Tensor]:
    with judged(reference, ConfigError):
        arrays = {name: torch.tensor(array) for name, array in read_arrays(reference, names).items()}
    missing = [name for name in names if name not in arrays]
    if missing:
        example = ", ".join(f"{name}=..." for name in names)
        raise ConfigError(f"{reference} has no array {missing[0]!r}: numpy.savez(FILE, {example}).")
    return arrays


def _joined(imported: list[Imported]) -> Imported:
    """One file as it is; two as the two ways of one model."""
    if len(imported) == 1:
        return imported[0]
    first, second = imported
    same = (first.method, first.options, first.shape) == (second.method, second.options, second.shape)
    if not same or "a2b" not in first.weights:
        raise ConfigError(f"two files must be the two ways of one CycleGAN; these are {first.what} and {second.what}.")
    return replace(first, what=f"{first.what}, both ways", weights={**first.weights, "b2a": second.weights["a2b"]})


def _with_side(imported: Imported, side: int | None) -> Imported:
    if side is None or side == imported.shape[1]:
        return imported
    if not imported.remarks:
        raise ConfigError(f"these networks make images of {imported.shape[1]} pixels: leave out --resolution.")
    image = Image(imported.shape[0], side, side)
    fields = {**imported.fields, "image": image} if "image" in imported.fields else imported.fields
    return replace(imported, shape=image.shape, fields=fields)


def _facts(files: tuple[Path, ...], names: list[str], imported: Imported, arguments: list[str]) -> dict[str, Any]:
    """As of a `run.json`. How the weights were trained is not known: the settings of the run are defaults."""
    plan = plans.make(imported.method, dict(imported.options))
    of = [f"{path.name}{f' ({name})' if name else ''}" for path, name in zip(files, names)]
    prints = [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]
    return {
        **plan.json(),
        "imported": {"origin": imported.origin, "what": imported.what, "files": of, "sha256": prints},
        "dataset": {
            "source": "data that the file does not name",
            "shape": list(imported.spec.shape),
            "classes": list(imported.spec.classes),
            "fields": {name: kinds.to_json(kind) for name, kind in imported.spec.fields.items()},
            "images": 0,
            "notes": [f"imported from {' and '.join(of)}: {imported.origin}, {imported.what}"],
        },
        "versions": {"saddlepoint": __version__, "torch": torch.__version__},
        "command": shlex.join(["saddle", "import", *arguments]),
        "start": None,
    }
