import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import saddlepoint
from saddlepoint import cli
from saddlepoint.checkpoint import files
from saddlepoint.data.settings import DataSettings
from saddlepoint.engine import plan as plans
from saddlepoint.engine.distributed import TorchMachine
from saddlepoint.engine.run import Folder, RunSettings
from saddlepoint.errors import CapabilityError, CheckpointError, ConfigError, RunError
from saddlepoint.methods.base import Clock
from saddlepoint.report.page import write_report
from saddlepoint.runs.folder import lock

TINY = ["--images", "256", "--batch", "32", "--generator-width", "8", "--critic-width", "8", "--grid-size", "9"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "tiny"
    saddle("train", "dcgan", *TINY, "--out", str(out))
    return out


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """24 colour photographs of 20x16 in two classes."""
    rng = np.random.default_rng(0)
    for index in range(24):
        folder = tmp_path / "photos" / ("cats" if index % 2 else "dogs")
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (16, 20, 3), np.uint8)).save(folder / f"{index}.png")
    return tmp_path / "photos"


def saddle(*words: str) -> None:
    """Run a command line in this process; it must end well."""
    with pytest.raises(SystemExit) as ended:
        cli.main(list(words))
    assert ended.value.code == 0


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Run a command line that must be refused; returns what it said."""
    with pytest.raises(SystemExit) as ended:
        cli.main(list(words))
    assert ended.value.code == 2
    return capsys.readouterr().err


def test_a_run_leaves_everything_in_its_folder(run: Path) -> None:
    facts = json.loads((run / "run.json").read_text())
    assert facts["method"] == "dcgan"
    assert facts["run"]["examples"] == 256
    assert facts["options"]["critic_width"] == 8
    assert facts["dataset"]["shape"] == [1, 8, 8]
    assert facts["dataset"]["images"] + facts["dataset"]["held_out"] == 1797
    assert facts["command"].startswith("saddle train dcgan")
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    assert lines[-1]["examples"] == 256
    assert {"critic/real", "critic/fake", "generator/fake", "examples_per_s"} <= lines[-1].keys()
    assert (run / "samples" / "step-00000000.png").exists()
    assert (run / "checkpoints" / "step-00000008" / "manifest.json").exists()
    assert "<img" in (run / "report.html").read_text()


def test_python_trains_loads_and_samples_in_three_lines(photos: Path, tmp_path: Path) -> None:
    run = saddlepoint.train("dcgan", data=photos, resolution=8, images=16, batch=8, out=tmp_path / "run")
    model = saddlepoint.load(run.folder)
    images = model.sample(16, seed=0)
    assert images.shape == (16, 3, 8, 8)
    assert images.abs().max() <= 1
    assert images._repr_png_()[:4] == b"\x89PNG"  # type: ignore[attr-defined]
    assert model.spec.classes == ("cats", "dogs")


def test_more_samples_or_another_batch_change_none_of_the_first(run: Path) -> None:
    model = saddlepoint.load(run)
    torch.testing.assert_close(model.sample(100, seed=3)[:10], model.sample(10, seed=3, batch=4), atol=1e-6, rtol=0)


def test_a_longer_resume_equals_a_run_of_that_length(run: Path, tmp_path: Path) -> None:
    whole, halves = tmp_path / "whole", tmp_path / "halves"
    saddle("train", "dcgan", *TINY, "--images", "512", "--out", str(whole))
    saddle("train", "dcgan", *TINY, "--out", str(halves))
    saddle("resume", str(halves), "--images", "512")
    for name in ("nets", "average", "optim"):
        one = whole / "checkpoints" / "step-00000016" / f"{name}.safetensors"
        two = halves / "checkpoints" / "step-00000016" / f"{name}.safetensors"
        assert one.read_bytes() == two.read_bytes()


def test_a_folder_that_holds_a_run_is_not_written_over(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "saddle resume" in refused(capsys, "train", "dcgan", *TINY, "--out", str(run))


def test_a_run_folder_in_use_is_refused(tmp_path: Path) -> None:
    folder, machine = Folder(tmp_path), TorchMachine("cpu")
    with lock(folder, machine), pytest.raises(RunError, match="another process"):
        lock(folder, machine)


def test_an_unwritable_place_gives_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    said = refused(capsys, "train", "dcgan", *TINY, "--out", str(tmp_path / "file" / "run"))
    assert "could not be written" in said or "may not be written" in said


def test_samples_are_a_grid_or_single_files(run: Path, tmp_path: Path) -> None:
    saddle("sample", str(run), "-n", "9", "--seed", "1", "--out", str(tmp_path / "grid.png"))
    assert Image.open(tmp_path / "grid.png").size[0] >= 3 * 64
    saddle("sample", str(run), "-n", "3", "--single", "--out", str(tmp_path / "single"))
    assert [Image.open(path).size for path in sorted((tmp_path / "single").iterdir())] == [(8, 8)] * 3


def test_a_label_for_a_model_without_classes_is_refused(tmp_path: Path) -> None:
    run = saddlepoint.train("gan", data="world:swissroll", images=512, batch=256, out=tmp_path / "run")
    with pytest.raises(CapabilityError, match="without labels"):
        run.model().sample(4, label=1)


def test_a_start_from_other_shapes_names_what_does_not_fit(run: Path, photos: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"made for images of 1x8x8.*generator") as error:
        saddlepoint.train("dcgan", data=photos, resolution=8, images=8, batch=8, start=run, out=tmp_path / "run")
    assert "is [" in str(error.value)


def test_a_start_from_a_trained_run_begins_with_its_averages(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    saddle("train", "dcgan", *TINY, "--images", "32", "--generator-lr", "1e-12", "--from", str(run), "--out", str(out))
    before, after = (saddlepoint.load(path).nets.generator.project.weight for path in (run, out))
    torch.testing.assert_close(before, after, atol=1e-6, rtol=0)


def test_a_start_may_take_named_networks_alone(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    words = ["train", "dcgan", *TINY, "--images", "32", "--generator-lr", "1e-12", "--critic-lr", "1e-12"]
    saddle(*words, "--from", f"{run}:generator", "--out", str(out))
    old, new = (saddlepoint.load(path).nets.generator.project.weight for path in (run, out))
    torch.testing.assert_close(old, new, atol=1e-6, rtol=0)
    old, new = (files.read(files.latest(Folder(path).checkpoints, print), ("nets",))[0] for path in (run, out))
    assert any((old[name] - new[name]).abs().max() > 1e-3 for name in old if name.startswith("nets/critic."))
    for start, text in (
        (f"{run}:generater", "has no network 'generater'; did you mean 'generator'.* It has critic, generator"),
        (f"{run}:", "names no network: write RUN:NAME,NAME"),
        (tmp_path / "nowhere:generator", "nowhere"),
    ):
        with pytest.raises(CheckpointError, match=text):
            saddlepoint.train("dcgan", data="digits", start=start, resolution=8, images=32, out=tmp_path / "no")


def test_a_network_that_the_method_has_not_and_shapes_that_do_not_fit_are_named(run: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"this method has no network 'critic'\. It has decoder, encoder"):
        saddlepoint.train("vae", data="digits", resolution=8, images=32, start=f"{run}:critic", out=tmp_path / "a")
    with pytest.raises(CheckpointError, match=r"generator\.\S+ is \["):
        saddlepoint.train(
            "dcgan", data="digits", resolution=16, images=32, start=f"{run}:generator", out=tmp_path / "b"
        )


def test_images_that_changed_are_not_resumed_on(photos: Path, tmp_path: Path) -> None:
    run = saddlepoint.train("dcgan", data=photos, resolution=8, images=8, batch=8, out=tmp_path / "run")
    (photos / "cats" / "1.png").unlink()
    with pytest.raises(CheckpointError, match="not those"):
        saddlepoint.resume(run.folder, images=16)


def test_a_dry_run_shows_everything_and_trains_nothing(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    saddle("train", "dcgan", "--data", "photos", "--resolution", "16", "--batch", "8", "--dry-run")
    said = capsys.readouterr().out
    assert "* resolution           16" in said
    assert "DCGANGenerator" in said
    assert "MiB" in said
    assert "time (estimate): a step takes about " in said
    assert "25,000 steps are " in said
    assert Image.open("data.png").size[0] > 100
    assert not (tmp_path / "runs").exists()


def as_first_written(value: object) -> object:
    """Facts of a run in the words of the first release."""
    words = {new: old for part in (RunSettings, DataSettings, Clock) for old, new in part.spellings.items()}
    if isinstance(value, dict):
        return {words.get(name, name): as_first_written(inside) for name, inside in value.items()}
    return value


def test_a_run_of_the_first_release_is_loaded_and_resumed(tmp_path: Path) -> None:
    settings = {"batch": 32, "generator_width": 4, "critic_width": 4, "grid_size": 0, "checkpoint_every": 32}
    run = saddlepoint.train("dcgan", images=64, out=tmp_path / "run", **settings).folder
    whole = saddlepoint.train("dcgan", images=96, out=tmp_path / "whole", **settings).folder
    facts = as_first_written(json.loads((run / "run.json").read_text()))
    assert facts["run"].keys() >= {"images", "clip", "samples", "keep"}  # type: ignore[index]
    assert "fit" in facts["data"]  # type: ignore[index]
    (run / "run.json").write_text(json.dumps(facts))
    for folder in (run / "checkpoints").iterdir():
        tensors, saved = files.read(folder)
        shutil.rmtree(folder)
        files.write(folder.parent, files.step_of(folder), tensors, as_first_written(saved))  # type: ignore[arg-type]
    log = (run / "log.jsonl").read_text().replace("examples", "images")
    (run / "log.jsonl").write_text(log)
    assert saddlepoint.load(run).clock.examples == 64
    assert "64" in write_report(run).read_text()
    saddlepoint.resume(run, images=96)
    one, other = (saddlepoint.load(folder).nets.state_dict() for folder in (run, whole))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_runs_are_numbered(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folders = [saddlepoint.train("dcgan", "photos", resolution=8, images=8, batch=8).folder for _ in range(2)]
    assert [str(folder) for folder in folders] == ["runs/0001-dcgan-photos", "runs/0002-dcgan-photos"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["train", "dcgann"], "did you mean 'dcgan'?"),
        (["trian", "dcgan"], "did you mean 'train'?"),
        (["train", "dcgan", "--imagess", "300"], "did you mean '--images'?"),
        (["train", "dcgan", "--generator-learning-rate", "1"], "it is called --generator-lr here"),
        (["train", "dcgan", "--preset", "prot"], "did you mean 'port'?"),
        (["train", "dcgan", "--data", "digitz"], "did you mean 'digits'?"),
        (["train", "dcgan", "--batch", "4000"], "larger than"),
        (["train", "dcgan", "--batch", "60", "--accumulate", "7"], "--accumulate 10"),
        (["train", "dcgan", "--data", "world:ring8"], "Use `gan`"),
        (["train", "dcgan", "--device", "cuda:9"], "--device cpu"),
        (["resume", "nowhere"], "no run.json"),
        (["sample", "nowhere"], "there is no nowhere"),
        (["prove"], "name one method"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence_with_its_mend(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = refused(capsys, *words)
    assert said in text
    assert "Traceback" not in text


def test_the_command_line_wins_over_a_file_over_a_preset(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text('batch = 48\nobjective = "hinge"\n')
    made = plans.make("dcgan", {"objective": "wasserstein"}, preset="authors", file=tmp_path / "own.toml")
    assert (made.method.objective, made.run.batch, made.method.kernel) == ("wasserstein", 48, 5)  # type: ignore[attr-defined]
    (tmp_path / "own.toml").write_text("bacth = 48\n")
    with pytest.raises(ConfigError, match="did you mean 'batch'"):
        plans.make("dcgan", {}, file=tmp_path / "own.toml")


def test_help_teaches_every_setting(capsys: pytest.CaptureFixture[str]) -> None:
    saddle("train", "dcgan", "--help")
    said = " ".join(capsys.readouterr().out.split())
    assert "Radford et al. 2016" in said
    assert "learning rate of the generator" in said
    assert "--from" in said
    assert "(from 1 to 1,000,000; default:" in said


def test_short_help_leaves_out_what_is_seldom_changed_and_all_of_it_is_one_word_further(
    capsys: pytest.CaptureFixture[str],
) -> None:
    saddle("train", "dcgan", "--help")
    short = capsys.readouterr().out
    saddle("train", "dcgan", "--help-all")
    whole = capsys.readouterr().out
    assert "--help-all" in short
    assert "--keep-checkpoints" not in short
    assert "--keep-checkpoints INT" in whole
    assert "{None}" not in whole
    assert "default: None" not in whole


def test_the_overview_names_every_verb_and_list_every_method(capsys: pytest.CaptureFixture[str]) -> None:
    saddle("--help")
    saddle("list")
    said = capsys.readouterr().out
    assert all(f"  {verb} " in said for verb in cli.verbs())
    assert "arXiv:1511.06434" in said


def test_the_report_can_be_written_anew(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (run / "report.html").unlink()
    saddle("report", str(run))
    assert Path(capsys.readouterr().out.strip()).exists()


def test_a_run_killed_before_its_first_checkpoint_still_begins_where_it_was_told(run: Path, tmp_path: Path) -> None:
    words = [*TINY, "--from", str(run)]
    saddle("train", "dcgan", *words, "--out", str(tmp_path / "whole"))
    saddle("train", "dcgan", *words, "--out", str(tmp_path / "killed"))
    shutil.rmtree(tmp_path / "killed" / "checkpoints")
    Folder(tmp_path / "killed").saved.unlink(missing_ok=True)  # what says that there had been some
    saddle("resume", str(tmp_path / "killed"))
    one, two = (saddlepoint.load(tmp_path / name).nets.state_dict() for name in ("whole", "killed"))
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_a_damaged_checkpoint_is_named_and_the_one_before_it_used(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    saddle("train", "dcgan", *TINY, "--checkpoint-every", "128", "--out", str(out))
    (out / "checkpoints" / "step-00000008" / "nets.safetensors").write_bytes(b"torn")
    saddle("resume", str(out))
    assert "step-00000008 is damaged" in capsys.readouterr().err
    assert torch.equal(saddlepoint.load(out).sample(4), saddlepoint.load(run).sample(4))


def test_out_of_memory_names_the_command_that_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from saddlepoint.methods.gan.dcgan import DCGANCritic

    forward, calls = DCGANCritic.forward, iter(range(100))

    def full(self: DCGANCritic, image: torch.Tensor) -> torch.Tensor:
        if next(calls) > 20:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return forward(self, image)

    monkeypatch.setattr(DCGANCritic, "forward", full)
    said = refused(capsys, "train", "dcgan", *TINY, "--checkpoint-every", "64", "--out", str(tmp_path / "run"))
    assert f"saddle resume {tmp_path / 'run'} --accumulate 2" in said
    assert "step-0000000" in said
