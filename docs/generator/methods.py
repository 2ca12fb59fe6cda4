"""One page for each method, and the index of methods: from the method's file, its evidence and its notes.

A method brings all of it itself: docstrings, settings, PRESETS and PROOF in its file, `evidence/NAME.json` and
`NAME.png` from `saddle prove`, and notes for readers in `docs/methods/NAME.md` if there is something to say.
"""

from __future__ import annotations

import ast
import functools
import inspect
import io
import tokenize
from pathlib import Path
from types import ModuleType

from generator import evidence
from generator.text import Row, capital, option, page, paragraph, settings, value

from saddlepoint import methods
from saddlepoint.data.batches import DataSpec
from saddlepoint.data.open import open_data
from saddlepoint.data.settings import DataSettings
from saddlepoint.engine import plan as plans
from saddlepoint.methods.base import Method
from saddlepoint.report.tables import markdown

NOTES = Path(__file__).parents[1] / "methods"
_EXAMPLES = {
    "ImageBatch": "./photos --resolution 32",
    "LabelledBatch": "./one-folder-a-class --resolution 32",
    "SemiBatch": "./one-folder-a-class --labels-per-class 10",
    "PairedBatch": "paired:./side-by-side --resolution 256",
    "UnpairedBatch": "unpaired:./horses,./zebras --resolution 128",
}
"""images as a reader may have them, by the batch that a method takes; for others the data of its proof is shown"""


def names() -> list[str]:
    """The methods of this library, in order of family and name."""
    return [name for name, entry in methods.listing().items() if entry.family != "plug-in"]


def families() -> dict[str, list[str]]:
    """Names of methods by family."""
    grouped: dict[str, list[str]] = {}
    for name in names():
        grouped.setdefault(methods.listing()[name].family, []).append(name)
    return grouped


def title(name: str) -> str:
    """What a method is called in prose: the first words of its file."""
    summary = methods.listing()[name].summary
    return summary.split(": ")[0] if ": " in summary else summary.split(". ")[0]


def method(name: str) -> str:
    """The page of one method."""
    entry, kind, module = methods.listing()[name], methods.load(name), methods.module(name)
    heading = title(name)
    source = entry.summary.removeprefix(heading).lstrip(":. ")
    symbols = inspect.cleandoc(module.__doc__ or "").partition("\n\n")[2]
    parts = [f"# {heading}", capital(source), paragraph(kind.__doc__)]
    if (evidence.EVIDENCE / f"{name}.png").exists():
        parts += [f"![samples of the {heading} that its proof trained](../evidence/{name}.png)"]
    data = _EXAMPLES.get(kind.takes.__name__, methods.proof(name).data)
    parts += [f"```sh\nsaddle train {name} --data {data} --dry-run\nsaddle prove {name}\n```"]
    parts += ["## The paper's symbols", f"```text\n{symbols}\n```"] if symbols else []
    parts += ["## A training step", _step(kind, module)]
    notes = NOTES / f"{name}.md"
    parts += [notes.read_text(encoding="utf-8")] if notes.exists() else []
    parts += ["## Evidence", evidence.of_method(name, methods.proof(name))]
    parts += ["## Networks", _networks(name)]
    own = ", ".join(f"{option(setting)} {value(given)}" for setting, given in kind.defaults.items())
    beside = "Beside the [settings of every run](../reference/settings.md)" + (f", here with {own}" if own else "")
    parts += ["## Settings", f"{beside}.", settings(kind)]
    parts += ["## Presets", *_presets(name, module)] if methods.presets(name) else []
    return page(parts)


def _step(kind: type[Method], module: ModuleType) -> str:
    """The code of a training step and, folded, the whole file."""
    path = inspect.getsourcefile(kind.train_step) or ""
    where = Path(path).relative_to(Path(methods.__file__).parent.parent.parent)
    step = inspect.cleandoc("\n" + inspect.getsource(kind.train_step))
    file = inspect.getsource(module)
    name = (module.__name__.replace(".", "/")) + ".py"
    fence = f'```python title="{where}"\n{step}\n```'
    whole = "\n".join(f"    {line}".rstrip() for line in f"```python\n{file}```".splitlines())
    return f'{fence}\n\n??? note "The whole file: {name}"\n\n{whole}'


def _networks(name: str) -> str:
    proof = methods.proof(name)
    plan = plans.make(name, {**proof.settings, "data": proof.data})
    spec = _spec(plan.data)
    rows: list[Row] = []
    for network, module in plan.method.networks(spec).named_children():
        parameters = sum(p.numel() for p in module.parameters())
        rows.append({"network": f"`{network}`", "class": f"`{type(module).__name__}`", "parameters": parameters})
    shape = " x ".join(map(str, spec.shape))
    return f"As its proof builds them, for examples of shape {shape} from `{proof.data}`.\n\n{markdown(rows)}"


@functools.cache
def _spec(data: DataSettings) -> DataSpec:
    dataset = open_data(data)
    return dataset.spec(len(dataset.split(data.held_out)[0]))


def _presets(name: str, module: ModuleType) -> list[str]:
    """Each preset as a table, with the remarks that stand beside its lines in the code."""
    text = inspect.getsource(module)
    remarks, table = _remarks(text), _table(text)
    parts = []
    for (preset, values), key, inner in zip(methods.presets(name).items(), table.keys, table.values, strict=True):
        lines = [line.lineno for line in inner.keys if line] if isinstance(inner, ast.Dict) else []
        rows: list[Row] = [
            {"option": option(setting), "value": value(its), "remark": remarks.get(line, " ")}
            for (setting, its), line in zip(values.items(), lines)
        ]
        remark = remarks.get(key.lineno) if key else None
        parts += [f"`--preset {preset}`" + (f": {remark}" if remark else ""), markdown(rows)]
    return parts


def _table(text: str) -> ast.Dict:
    """The dictionary that a module assigns to PRESETS, as it is written."""
    for statement in ast.parse(text).body:
        if isinstance(statement, ast.Assign | ast.AnnAssign) and isinstance(statement.value, ast.Dict):
            target = statement.target if isinstance(statement, ast.AnnAssign) else statement.targets[0]
            if ast.unparse(target) == "PRESETS":
                return statement.value
    raise ValueError("PRESETS must be written as one dictionary.")


def _remarks(text: str) -> dict[int, str]:
    """Comments by line."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return {token.start[0]: token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT}


def index() -> str:
    """The page that lists all methods."""
    rows: list[Row] = []
    for name in names():
        entry = methods.listing()[name]
        rows.append(
            {
                "method": f"[{name}]({name}.md)",
                "family": entry.family,
                "what it is": entry.summary,
                "proof": evidence.passed(name),
            }
        )
    text = (
        "One file each; `saddle list` shows the same. Every method states a [proof](../evidence.md); the last column"
        " says whether it was run and recorded. How to add one: [write a method](../how-to/write-a-method.md)."
    )
    return page(["# Methods", text, markdown(rows)])
