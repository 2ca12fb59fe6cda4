"""Settings: what is not a field, or not of its type, is refused in words that name the mend."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pytest

from saddlepoint import config
from saddlepoint.config import Count, Decay, Finite, Natural, Positive, Range, Share, Weight
from saddlepoint.engine import plan as plans
from saddlepoint.engine.run import RunSettings
from saddlepoint.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class Parent:
    """Some settings."""

    seed: int = 0
    """where it starts"""


@dataclass(frozen=True, kw_only=True)
class Settings(Parent):
    """More settings."""

    rate: float = 0.1
    """how fast
    it goes"""
    kind: Literal["adam", "sgd"] = "adam"
    """which one"""
    sides: Literal[1, 3] | None = None
    """how many sides"""
    widths: tuple[int, ...] = (1, 2)
    """units of the layers"""
    betas: tuple[float, float] = (0.0, 0.9)
    """two numbers"""
    folder: Path | None = None
    """where to"""
    loud: bool = False
    """whether to say so"""
    unexplained: int = 1


FULL: dict[str, Any] = {
    "seed": 3,
    "rate": 1.5,
    "kind": "sgd",
    "sides": 3,
    "widths": (4,),
    "betas": (0.5, 0.9),
    "folder": Path("a/b"),
    "loud": True,
    "unexplained": 2,
}


def test_settings_survive_json() -> None:
    for settings in (Settings(), Settings(**FULL)):
        text = json.dumps(config.to_json(settings))
        assert config.from_json(Settings, json.loads(text)) == settings


def test_an_unknown_name_is_refused_with_the_nearest_right_one() -> None:
    with pytest.raises(ConfigError, match=r"no setting is called 'rat'; did you mean 'rate'\?"):
        config.from_json(Settings, {"rat": 1.0})
    with pytest.raises(ConfigError, match=r"no setting is called 'zzz'\.$"):
        config.from_json(Settings, {"zzz": 1.0})


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("seed", 1.5, "seed cannot be 1.5: it must be a whole number."),
        ("seed", "1", "seed cannot be '1': it must be a whole number."),
        ("seed", True, "seed cannot be True: it must be a whole number."),
        ("rate", "fast", "rate cannot be 'fast': it must be a number."),
        ("rate", None, "rate cannot be None: it must be a number."),
        ("rate", False, "rate cannot be False: it must be a number."),
        ("kind", "adm", "kind cannot be 'adm'; did you mean 'adam'? It is one of: adam, sgd."),
        ("sides", 2, "sides cannot be 2: it must be one of: 1, 3 or nothing."),
        ("sides", True, "sides cannot be True: it must be one of: 1, 3 or nothing."),
        ("widths", [1, "2"], "widths cannot be '2': it must be a whole number."),
        ("widths", 3, "widths cannot be 3: it must be several, each a whole number."),
        ("betas", [0.5], "betas cannot be [0.5]: it must be several, each a number."),
        ("folder", 3, "folder cannot be 3: it must be a path or nothing."),
        ("loud", 1, "loud cannot be 1: it must be true or false."),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_in_words(name: str, value: Any, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config.from_json(Settings, {name: value})
    assert str(caught.value) == words


def test_only_numbers_that_mean_the_same_are_converted() -> None:
    read = config.from_json(Settings, {"seed": 3.0, "rate": 2, "widths": [1], "folder": "x"})
    assert read == Settings(seed=3, rate=2.0, widths=(1,), folder=Path("x"))
    assert type(read.seed) is int
    assert type(read.rate) is float


@dataclass(frozen=True, kw_only=True)
class Bounded:
    """Settings with bounds."""

    count: Count = 1
    natural: Natural = 0
    finite: Finite = 0.0
    positive: Positive | None = 1.0
    weight: Weight = 0.0
    share: Share = 0.0
    decay: Decay = 0.5
    widths: tuple[Count, ...] = (1,)
    side: Annotated[int, Range(least=4, most=1024)] = 4

    def __post_init__(self) -> None:
        config.check(self)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("count", 0, "count cannot be 0: it must be 1 or more."),
        ("count", 10**400, "it must be at most 9,007,199,254,740,992."),
        ("natural", -1, "natural cannot be -1: it must be 0 or more."),
        ("finite", float("inf"), "finite cannot be inf: it must be a number."),
        ("finite", float("nan"), "finite cannot be nan: it must be a number."),
        ("positive", 0, "positive cannot be 0: it must be more than 0."),
        ("weight", -0.1, "weight cannot be -0.1: it must be 0 or more."),
        ("share", 1.5, "share cannot be 1.5: it must be from 0 to 1."),
        ("decay", 1, "decay cannot be 1: it must be at least 0 and less than 1."),
        ("widths", (3, 0), "widths cannot be 0: it must be 1 or more."),
        ("side", 2048, "side cannot be 2048: it must be from 4 to 1,024."),
    ],
)
def test_a_number_out_of_its_range_is_refused_from_a_file_and_from_python(name: str, value: Any, words: str) -> None:
    for make in (lambda: config.from_json(Bounded, {name: value}), lambda: Bounded(**{name: value})):
        with pytest.raises(ConfigError) as caught:
            make()
        assert str(caught.value).endswith(words)


def test_checked_settings_have_the_types_that_they_name() -> None:
    settings = Bounded(positive=None, weight=1, widths=[2, 3])  # type: ignore[arg-type]
    assert settings == Bounded(positive=None, weight=1.0, widths=(2, 3))
    assert type(settings.weight) is float


def test_what_json_has_no_form_for_is_refused() -> None:
    with pytest.raises(ConfigError, match="cannot be written as JSON"):
        config.to_json(Settings(widths={1, 2}))  # type: ignore[arg-type]


def test_a_fields_help_is_the_sentence_under_it_also_of_a_parent() -> None:
    explained = config.field_help(Settings)
    assert explained["seed"] == "where it starts"
    assert explained["rate"] == "how fast\nit goes"
    assert "unexplained" not in explained


@pytest.mark.parametrize(
    ("suffix", "text"), [("toml", 'rate = 2\nkind = "sgd"'), ("json", '{"rate": 2, "kind": "sgd"}')]
)
def test_a_settings_file_is_toml_or_json(tmp_path: Path, suffix: str, text: str) -> None:
    path = tmp_path / f"settings.{suffix}"
    path.write_text(text)
    assert config.read_file(path) == {"rate": 2, "kind": "sgd"}


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.toml", b"rate = ", "is not TOML"),
        ("a.json", b"{", "is not JSON"),
        ("a.json", b"\xff\xfe\x00", "is not JSON"),
        ("a.json", b"[1]", "holds no JSON object"),
        ("a.json", b"[" * 100_000, "nests more than"),
        ("a.toml", b"a = " + b"[" * 100_000, "is nested too deeply"),
        ("a.json", b" " * 2_000_000, "has more than"),
        ("a.yaml", b"rate: 2", "must be called .json or .toml"),
    ],
)
def test_a_settings_file_that_cannot_be_used_is_refused(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigError, match=words):
        config.read_file(tmp_path / name)


def test_a_settings_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.toml cannot be read: No such file"):
        config.read_file(tmp_path / "gone.toml")


def test_the_line_wins_over_the_file_over_the_preset_over_the_defaults(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("batch = 32\nlatent = 7")
    default, preset = plans.make("dcgan", {}), plans.make("dcgan", {}, preset="authors")
    assert (default.run.batch, preset.run.batch, preset.method.prior) == (64, 128, "uniform")  # type: ignore[attr-defined]
    assert preset.data.resolution == 64
    both = plans.make("dcgan", {"latent": 9}, preset="authors", file=file)
    assert (both.run.batch, both.method.latent, both.method.prior) == (32, 9, "uniform")  # type: ignore[attr-defined]


def test_a_plan_refuses_names_that_no_table_has(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text('{"laten": 7}')
    with pytest.raises(ConfigError, match=r"'laten'; did you mean 'latent'\?"):
        plans.make("dcgan", {}, file=file)
    with pytest.raises(ConfigError, match=r"'bach'; did you mean 'batch'\?"):
        plans.make("dcgan", {"bach": 3})
    with pytest.raises(ConfigError, match=r"no preset 'autors'; did you mean 'authors'\?"):
        plans.make("dcgan", {}, preset="autors")
    with pytest.raises(ConfigError, match=r"no method is called 'dcgn'; did you mean 'dcgan'\?"):
        plans.make("dcgn", {})


def test_a_plan_survives_run_json() -> None:
    made = plans.make("dcgan", {"batch": 16, "data": "world:shapes", "resolution": 16, "latent": 5})
    assert plans.Plan.read(json.loads(json.dumps(made.json()))) == made


def test_a_setting_may_have_another_spelling() -> None:
    by_images = plans.make("gan", {"images": 640, "fit": "pad", "keep": 7})
    assert by_images == plans.make("gan", {"examples": 640, "resize": "pad", "keep_checkpoints": 7})
    assert (by_images.run.examples, by_images.data.resize) == (640, "pad")


def test_one_setting_under_both_its_names_is_refused() -> None:
    with pytest.raises(ConfigError, match="images is another word for examples: give one of them"):
        plans.make("gan", {"images": 640, "examples": 320})


def test_a_name_that_a_method_uses_itself_is_no_other_spelling() -> None:
    @dataclass(frozen=True)
    class Rays:
        samples: int = 64

    assert config.respelt({"samples": 3, "keep": 1}, RunSettings, Rays) == {"samples": 3, "keep_checkpoints": 1}


def test_numbers_of_numpy_are_numbers() -> None:
    made = plans.make("dcgan", {"batch": np.int64(4), "generator_lr": np.float32(0.5), "latent": np.uint8(7)})
    assert (made.run.batch, made.method.generator_lr, made.method.latent) == (4, 0.5, 7)  # type: ignore[attr-defined]
    assert plans.Plan.read(json.loads(json.dumps(made.json()))) == made
    with pytest.raises(ConfigError, match="batch cannot be True"):
        plans.make("dcgan", {"batch": True})


def test_a_whole_number_beyond_all_use_is_told_the_bound_it_breaks() -> None:
    for name in ("images", "batch", "seed", "log_every"):
        with pytest.raises(ConfigError, match=r"it must be at most 9,007,199,254,740,992\."):
            plans.make("dcgan", {name: 10**5000})


def test_threads_that_no_system_gives_are_refused_before_torch_asks_for_them() -> None:
    with pytest.raises(ConfigError, match="threads cannot be 1000000: it must be from 1 to 1,024"):
        plans.make("dcgan", {"threads": 1_000_000})
