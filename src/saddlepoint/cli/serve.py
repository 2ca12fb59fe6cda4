"""serve: serve trained models over HTTP, with a studio in the browser, until you stop it."""

from __future__ import annotations

import importlib.util
import ipaddress
import math
import os
import socket
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro
from PIL import Image

from saddlepoint.cli.arguments import parsed
from saddlepoint.config import Threads, checked
from saddlepoint.data.sources.disk import cache_folder
from saddlepoint.deploy.serve.journal import Journal
from saddlepoint.deploy.serve.limits import Limits
from saddlepoint.errors import ConfigError, MissingExtra, RunError

if TYPE_CHECKING:
    from datetime import date

    from saddlepoint.deploy.drift import Baseline
    from saddlepoint.deploy.serve.app import Application
    from saddlepoint.deploy.serve.consent import Detector
    from saddlepoint.deploy.serve.shelf import Served, Shelf

_NEEDED = ("fastapi", "uvicorn", "python_multipart", "prometheus_client", "sqlalchemy")
_KEY = "SADDLEPOINT_API_KEY"
_STORE = "SADDLEPOINT_STORE"
_LEAST_KEY = 16


@dataclass(frozen=True, kw_only=True)
class Serve:
    """Serve trained models over HTTP: an interface described by /openapi.json, and a studio for the browser at /.

    One process; what several clients ask of one model at nearly the same time is made at once. Ctrl-C refuses what is
    new and leaves what is running --grace-seconds to finish, a second one ends at once; jobs that were done are there
    again after the next start.
    """

    models: Annotated[tyro.conf.Positional[tuple[str, ...]], tyro.conf.arg(metavar="MODEL...")]
    """folders of runs or of saved models, hub:OWNER/NAME or zoo:NAME. NAME=PATH sets a name; NAME@CHANNEL=PATH adds
    another version, such as faces@beta; NAME alone means NAME@stable"""
    directions: tuple[str, ...] = ()
    """files of directions for edits, from `saddle edit directions`: NAME=FILE"""
    deprecated: tuple[str, ...] = ()
    """days from which clients should leave a version: NAME@CHANNEL=2027-01-01; answers say so in `Deprecation`"""
    sunset: tuple[str, ...] = ()
    """last days of versions: NAME@CHANNEL=2027-08-31; answers say so in `Sunset`, and are 410 from the next day on"""
    experiments: Path | None = None
    """file of versions that are compared by what comes of them (A/B), in JSON"""
    baseline: tuple[str, ...] = ()
    """files of `saddle drift --save` with how images of a model looked that it was made for: NAME=FILE; uploads and
    answers are compared with them"""
    drift_window: int = 200
    """images that are compared at a time"""
    drift_level: float = 0.01
    """share of windows without drift that are called drifted all the same"""
    gates: Path | None = None
    """file of what answers must reach to leave without a person's review, in JSON"""
    face_consent: bool = False
    """take uploads with a face only with `consent`; needs scikit-image, or --face-detector"""
    face_detector: Path | None = None
    """an ONNX file that finds faces in place of scikit-image's; means --face-consent"""
    keep_nothing: bool = False
    """write nothing to the disk: no jobs, no opinions, no comparisons, no reviews"""
    store: str | None = None
    """where opinions, comparisons, reviews and drift are kept: sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME,
    which several services may share; by default the variable SADDLEPOINT_STORE, or a file beside the jobs"""
    host: str = "127.0.0.1"
    """address to listen on; any address but this machine's own opens the service to the network"""
    port: int = 8000
    """port to listen on; 0 takes any free one"""
    api_key_file: Path | None = None
    """file of API keys, one a line, of which every request must carry one; by default the variable SADDLEPOINT_API_KEY
    """
    operator_key_file: Path | None = None
    """file of keys, one a line, of which requests to /v1/operator must carry one; by default any API key opens it"""
    jobs: Path | None = None
    """folder that keeps jobs and their results; by default in the cache"""
    batch: int = 32
    """most images made at once"""
    wait_ms: float = 4.0
    """milliseconds that the first image of a batch waits for others"""
    threads: int | None = None
    """processor threads per batch; by default as many as torch chooses"""
    device: str = "auto"
    """auto (the best that the machine has), cpu, cuda, cuda:1 or mps"""
    limits: Annotated[Limits, tyro.conf.arg(name="")] = field(default_factory=Limits)
    """the bounds of every request, each with the status that goes over it"""


def main(arguments: list[str]) -> int:
    """The command line: `saddle serve MODEL...`."""
    options = parsed(Serve, "saddle serve", arguments)
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingExtra(f"serving needs {', '.join(missing)}: pip install 'saddlepoint[serve]'.")
    if not options.models:
        raise ConfigError("name at least one model: saddle serve runs/0001-dcgan-photos.")
    if options.batch < 1 or not 0 <= options.wait_ms < math.inf:
        raise ConfigError("batch must be 1 or more, and wait_ms 0 or more.")
    if options.keep_nothing and (options.store or options.experiments or options.jobs):
        raise ConfigError("--keep-nothing leaves no use for --store, --experiments or --jobs: leave these out.")
    if options.threads is not None:
        checked("threads", options.threads, Threads)
    if not 0 <= options.port < 65536:
        raise ConfigError("port must be 0 to 65535; 0 takes any free one.")
    warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the bound on pixels stands in its place
    listening = _listen(options.host, options.port)
    journal = Journal()
    application = _application(options, journal)
    from saddlepoint.deploy.serve.server import serve

    host, port = listening.getsockname()[:2]
    if not is_local(options.host) and not _keys(options):
        text = f"{host} is open to the network and no key is asked for: say --api-key-file FILE"
        journal.line("warning", text=text)
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}/"
    greeting = f"{address}  the studio; {address}openapi.json describes the rest. Ctrl-C stops."
    serve(application, options.limits, journal, listening, greeting)
    return 0


def _application(options: Serve, journal: Journal) -> Application:
    import torch

    from saddlepoint.deploy.drift import LEAST_WINDOW, Baseline
    from saddlepoint.deploy.serve.app import Service, build
    from saddlepoint.deploy.serve.experiments import experiments_of
    from saddlepoint.deploy.serve.quality import gates_of
    from saddlepoint.deploy.serve.shelf import named_files, stock
    from saddlepoint.deploy.watermark import large_enough
    from saddlepoint.kinds import image as kinds_image

    if options.threads is not None:
        torch.set_num_threads(options.threads)
    keys = _keys(options)
    shelf = stock(
        options.models,
        options.directions,
        deprecated=options.deprecated,
        sunset=options.sunset,
        device=options.device,
    )
    for served in shelf.served:
        main = served.model.spec.main
        if isinstance(main, kinds_image.Image) and not large_enough((main.width, main.height)):
            why = f"a watermark needs 256x256 pixels, and its images have {main.width}x{main.height}"
            journal.line("note", model=served.full_name, text=f"images carry metadata alone; {why}")
        _note_days(served, shelf.day(), journal)
    if options.drift_window < LEAST_WINDOW:
        raise ConfigError(f"--drift-window must be {LEAST_WINDOW} or more.")
    files = named_files(options.baseline, "--baseline", shelf)
    baselines = {name: Baseline.read(path, options.drift_level) for name, path in files.items()}
    _note_baselines(shelf, baselines, journal)
    jobs = options.jobs or cache_folder(None) / "served"
    local = is_local(options.host)
    service = Service(
        jobs=jobs,
        limits=options.limits,
        keys=keys,
        operators=() if options.operator_key_file is None else _keys_in(options.operator_key_file),
        store=options.store or os.environ.get(_STORE) or None,
        baselines=baselines,
        window=options.drift_window,
        gates=() if options.gates is None else gates_of(options.gates, shelf),
        detector=_detector(options),
        keep_nothing=options.keep_nothing,
        experiments=() if options.experiments is None else experiments_of(options.experiments, shelf),
        batch=options.batch,
        wait=options.wait_ms / 1000,
        local=local,
        journal=journal,
    )
    return build(shelf, service)


def _detector(options: Serve) -> Detector | None:
    from saddlepoint.deploy.serve.consent import Cascade, OnnxDetector

    if options.face_detector is not None:
        return OnnxDetector(options.face_detector)
    return Cascade() if options.face_consent else None


def _note_baselines(shelf: Shelf, baselines: Mapping[str, Baseline], journal: Journal) -> None:
    """Say in the log where outputs are compared with those of another version."""
    for name, baseline in baselines.items():
        version = shelf.named(name).model.version
        if baseline.version not in ("", version):
            text = f"its baseline has outputs of version {baseline.version}, and {version} is served"
            journal.line("note", model=name, text=text)


def _note_days(served: Served, day: date, journal: Journal) -> None:
    """Say in the log what is unusual of a version's days."""
    from saddlepoint.deploy.serve.lifetime import LEAST_NOTICE

    life = served.lifetime
    if life.stage(day) == "ended":
        text = f"it ended on {life.sunset}: every request for it is refused with 410"
    elif life.notice is not None and life.notice < LEAST_NOTICE:
        text = f"{life.notice} days from its deprecation to its end are fewer than the usual {LEAST_NOTICE}"
    elif life.sunset and served.successor is None:
        text = "it ends, and no other version of it stands beside it without an end"
    else:
        return
    journal.line("note", model=served.full_name, text=text)


def is_local(host: str) -> bool:
    """Whether an address reaches this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _keys(options: Serve) -> tuple[bytes, ...]:
    """The keys of the file, or the one of the environment. Raises ConfigError for a file without a fit key."""
    if options.api_key_file is None:
        return _fit([os.environ.get(_KEY, "")])
    return _keys_in(options.api_key_file)


def _keys_in(path: Path) -> tuple[bytes, ...]:
    try:
        keys = _fit(path.read_text(encoding="utf-8").splitlines())
    except (OSError, ValueError) as error:
        words = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ConfigError(f"{path} cannot be read: {words}.") from error
    if not keys:
        raise ConfigError(f"{path} holds no key: write one a line.")
    return keys


def _fit(lines: Sequence[str]) -> tuple[bytes, ...]:
    keys = tuple(line.strip().encode() for line in lines if line.strip())
    if any(len(key) < _LEAST_KEY for key in keys):
        raise ConfigError(
            f"a key has {_LEAST_KEY} characters or more: python -c 'import secrets; print(secrets.token_hex())'"
        )
    return keys


def _listen(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises RunError when the address is taken or is none of this machine's."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        raise RunError(
            f"cannot listen on {host}, port {port}: {error.strerror or error}. Use --port or --host."
        ) from error
    return listener
