"""The command `saddle`: one file a verb. `saddle --help` and `saddle list` import no torch."""

from __future__ import annotations

import ast
import importlib
import io
import os
import sys
from pathlib import Path

_HERE = Path(__file__).parent
_ORDER = (
    "train",
    "resume",
    "sweep",
    "sample",
    "translate",
    "predict",
    "score",
    "embed",
    "render",
    "export",
    "compress",
    "import",
    "edit",
    "serve",
    "drift",
    "plan",
    "verify",
    "recommend",
    "data",
    "evaluate",
    "compare",
    "study",
    "release",
    "detect",
    "report",
    "prove",
    "list",
)


_OTHER_WORDS = {
    "train": ("fit", "run", "start", "new", "finetune", "fine-tune"),
    "resume": ("continue", "restart", "go-on"),
    "sample": ("generate", "gen", "synthesize", "synthesise", "synth", "infer", "inference", "create", "make", "draw"),
    "translate": ("transform", "stylize", "transfer", "apply", "process"),
    "evaluate": ("eval", "test", "fid", "metrics", "metric", "measure", "calc-metrics", "validate"),
    "export": ("convert", "onnx", "save", "push", "publish"),
    "embed": ("embeddings", "features", "tsne", "t-sne", "pca", "neighbours", "neighbors", "similar", "project-codes"),
    "compress": ("quantize", "quantise", "prune", "distil", "distill"),
    "edit": ("project", "invert", "interpolate", "mix", "morph", "walk", "encode", "style-mixing", "style_mixing"),
    "serve": ("deploy", "web", "api", "gui", "ui", "studio", "app", "server", "demo", "launch"),
    "report": ("show", "plot", "view", "info", "page", "log", "logs", "tensorboard"),
    "score": ("anomaly", "outliers", "likelihood", "nll"),
    "recommend": ("suggest", "advise", "auto", "tune"),
    "data": ("dataset", "check", "inspect", "eda", "profile"),
    "study": ("survey", "human", "mos", "turing", "preference", "ab"),
    "release": ("synthetic", "anonymise", "anonymize"),
    "detect": ("deepfake", "detector", "forensics"),
    "list": ("methods", "models", "ls", "zoo", "presets"),
    "import": ("load", "download", "from", "pretrained"),
    "sweep": ("grid", "search", "hyperparameters", "multirun", "optimize", "optimise"),
}
"""what other tools call a command"""


def verbs() -> dict[str, str]:
    """The verbs and the first line of what each file says of itself; reads the files, imports none."""
    return {name: summary(_HERE / name) for name in _ORDER}


def summary(place: Path) -> str:
    """What the file of a verb, or the package of one that has parts, says of itself first. place: without .py."""
    path = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return text.split("\n", 1)[0].split(": ", 1)[-1]


def main(arguments: list[str] | None = None) -> None:
    """Run one verb and exit: 0 when it went well, 2 for an error that is explained in one sentence."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(_overview())
        sys.exit(0)
    if arguments[0] in ("-V", "--version"):
        from saddlepoint.version import __version__

        print(f"saddlepoint {__version__}")
        sys.exit(0)
    # Waiting threads that spin make two busy cores up to 100 times slower; must be set before torch is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # Huge pages for tensors of 2 MB and more: without, a large one that is freed and made again is paged in anew.
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
    for stream in (sys.stdout, sys.stderr):  # a name that is no UTF-8 is printed as an escape instead of failing
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    from saddlepoint.config import nearest
    from saddlepoint.errors import ConfigError, SaddlepointError

    verb, rest = arguments[0], arguments[1:]
    try:
        if verb not in _ORDER:
            verb_meant = next((name for name, words in _OTHER_WORDS.items() if verb.lower() in words), None)
            near = f": it is `saddle {verb_meant}` here." if verb_meant else nearest(verb, _ORDER)
            raise ConfigError(f"saddle has no command {verb!r}{near} `saddle --help` shows all.")
        sys.exit(importlib.import_module(f"saddlepoint.cli.{verb}").main(_with_methods(rest)))
    except SaddlepointError as error:
        print(f"saddle {verb}: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print(f"saddle {verb}: interrupted.", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except OSError as error:
        from saddlepoint.text import printable

        where = f"{error.filename}: " if error.filename else ""
        print(f"saddle {verb}: {printable(f'{where}{error.strerror or error}')}.", file=sys.stderr)
        sys.exit(2)
    except MemoryError:
        print(f"saddle {verb}: the memory of this machine is not enough for this.", file=sys.stderr)
        sys.exit(2)


def _with_methods(arguments: list[str]) -> list[str]:
    """The arguments without `--method-file FILE`, which any command takes; the method in FILE is known from then on."""
    from saddlepoint.errors import ConfigError

    rest, words = [], iter(arguments)
    for word in words:
        option, mark, file = word.partition("=")
        if option != "--method-file":
            rest.append(word)
            continue
        file = file if mark else next(words, "")
        if not file:
            raise ConfigError(f"{option} needs the .py file that holds the method of the run.")
        from saddlepoint import methods

        methods.named(Path(file))
    return rest


def _overview() -> str:
    summaries = verbs()
    width = max(map(len, summaries))
    lines = [f"  {name:<{width}}  {summary}" for name, summary in summaries.items()]
    return "\n".join(
        [
            "saddle: train, measure and use generative adversarial networks.",
            "",
            "usage: saddle VERB ...      saddle VERB --help teaches the verb",
            "",
            *lines,
            "",
            "to begin:  saddle train dcgan --data ./photos --resolution 64",
            "           saddle train dcgan --data digits          (real data, nothing to download)",
        ]
    )
