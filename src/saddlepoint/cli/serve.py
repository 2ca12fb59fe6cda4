"""serve: serve trained models over HTTP, with a studio in the browser, until you stop it."""

from __future__ import annotations

import importlib.util
import ipaddress
import math
import os
import socket
import warnings
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
    from saddlepoint.deploy.serve.app import Application

_NEEDED = ("fastapi", "uvicorn", "python_multipart", "prometheus_client")
_KEY = "SADDLEPOINT_API_KEY"
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
    host: str = "127.0.0.1"
    """address to listen on; any address but this machine's own opens the service to the network"""
    port: int = 8000
    """port to listen on; 0 takes any free one"""
    api_key_file: Path | None = None
    """file of API keys, one a line, of which every request must carry one; by default the variable SADDLEPOINT_API_KEY
    """
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

    from saddlepoint.deploy.serve.app import Service, build
    from saddlepoint.deploy.serve.shelf import stock
    from saddlepoint.deploy.watermark import large_enough
    from saddlepoint.kinds import image as kinds_image

    if options.threads is not None:
        torch.set_num_threads(options.threads)
    keys = _keys(options)
    shelf = stock(options.models, options.directions, device=options.device)
    for served in shelf.served:
        main = served.model.spec.main
        if isinstance(main, kinds_image.Image) and not large_enough((main.width, main.height)):
            why = f"a watermark needs 256x256 pixels, and its images have {main.width}x{main.height}"
            journal.line("note", model=served.full_name, text=f"images carry metadata alone; {why}")
    jobs = options.jobs or cache_folder(None) / "served"
    local = is_local(options.host)
    service = Service(
        jobs=jobs,
        limits=options.limits,
        keys=keys,
        batch=options.batch,
        wait=options.wait_ms / 1000,
        local=local,
        journal=journal,
    )
    return build(shelf, service)


def is_local(host: str) -> bool:
    """Whether an address reaches this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _keys(options: Serve) -> tuple[bytes, ...]:
    """The keys of the file, or the one of the environment. Raises ConfigError for a file without a fit key."""
    if options.api_key_file is None:
        lines = [os.environ.get(_KEY, "")]
    else:
        try:
            lines = options.api_key_file.read_text(encoding="utf-8").splitlines()
        except (OSError, ValueError) as error:
            words = error.strerror if isinstance(error, OSError) else "it is no text"
            raise ConfigError(f"{options.api_key_file} cannot be read: {words}.") from error
    keys = tuple(line.strip().encode() for line in lines if line.strip())
    if options.api_key_file is not None and not keys:
        raise ConfigError(f"{options.api_key_file} holds no key: write one a line.")
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
