"""Words that people bring from other libraries are answered with the right one, and how to convert what they count."""

from __future__ import annotations

import pytest

import saddlepoint
from saddlepoint import cli
from saddlepoint.cli import train
from saddlepoint.config import nearest
from saddlepoint.engine import plan as plans
from saddlepoint.engine import synonyms
from saddlepoint.errors import ConfigError


@pytest.mark.parametrize(
    ("method", "option", "words"),
    [
        ("dcgan", "--epochs 20", "--examples = 20 x the number of your images"),
        ("dcgan", "--steps 1000", r"1000 steps are --examples 64000\.$"),
        ("dcgan", "--batch 8 --max-steps=1000", r"steps x batch \(8\): 1000 steps are --examples 8000"),
        ("dcgan", "--kimg 25", "--examples 25000"),
        ("dcgan", "--lr 1e-4", "it is called --generator-lr and --critic-lr here"),
        ("wgan_gp", "--learning-rate 1e-4", "it is called --lr here"),
        ("dcgan", "--d-lr 1e-4", "it is called --critic-lr here"),
        ("dcgan", "--g-lr 1e-4", "it is called --generator-lr here"),
        ("wgan_gp", "--d-lr 1e-4", "it is called --lr here"),
        ("dcgan", "--name x", "it is called --out here"),
        ("dcgan", "--output x", "it is called --out here"),
        ("dcgan", "--workers 4", "there are no workers to set"),
        ("dcgan", "--gpus 2", "torchrun --no-python --nproc-per-node 4 saddle train"),
        ("dcgan", "--size 64", "it is called --resolution here"),
        ("dcgan", "--image-size 64", "it is called --resolution here"),
        ("dcgan", "--batch_size 64", "it is called --batch here"),
        ("dcgan", "--discriminator-width 8", "it is called --critic-width here"),
        ("dcgan", "--discriminator-lr 8", "it is called --critic-lr here"),
        ("dcgan", "--nz 8", "it is called --latent here"),
        ("dcgan", "--resume", "saddle resume RUN"),
        ("dcgan", "--pretrained x", "it is called --from here"),
        ("dcgan", "--save-freq 3", "--checkpoint-every = 3 x the number of your images"),
        ("dcgan", "--critc-lr 3", "did you mean '--critic-lr'"),
        ("dcgan", "--zebra 3", r"no setting is called '--zebra'\.$"),
        ("dcgan", "--start 3", "no setting is called"),
    ],
)
def test_an_option_of_another_library_is_answered_with_ours(method: str, option: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        train.parse(method, option.split())


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"epochs": 3}, "examples = 3 x the number of your images"),
        ({"steps": 10, "batch": 4}, "10 steps are examples 40"),
        ({"learning_rate": 1e-4}, "it is called generator_lr and critic_lr here"),
        ({"name": "x"}, "it is called out here"),
    ],
)
def test_a_setting_of_another_library_is_answered_from_python_too(setting: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        saddlepoint.train("dcgan", **setting)


@pytest.mark.parametrize(
    ("word", "known"), [("epochs", ["keep"]), ("lr", ["help"]), ("generate", ["evaluate"]), ("sweep", ["serve"])]
)
def test_words_that_share_letters_by_chance_are_not_proposed(word: str, known: list[str]) -> None:
    assert nearest(word, known) == "."


@pytest.mark.parametrize(
    ("word", "verb"),
    [("generate", "sample"), ("fit", "train"), ("eval", "evaluate"), ("continue", "resume"), ("gui", "serve")],
)
def test_a_command_of_another_tool_is_answered_with_ours(
    word: str, verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        cli.main([word])
    assert f"it is `saddle {verb}` here" in capsys.readouterr().err


def test_case_and_dashes_make_no_other_name() -> None:
    assert nearest("CycleGAN", ["cycle_gan", "cgan"]) == "; did you mean 'cycle_gan'?"


def test_steps_of_a_critic_lead_to_the_methods_that_have_them() -> None:
    form = "--{}".format
    assert synonyms.advice("n-critic", 5, ["critic_steps"], 64, form) == "it is called --critic_steps here."
    elsewhere = synonyms.advice("n_critic", 5, ["critic_lr"], 64, form)
    assert elsewhere is not None
    assert "wgan and wgan_gp have --critic_steps" in elsewhere


def test_a_slip_in_a_name_of_elsewhere_is_answered_as_that_name() -> None:
    with pytest.raises(ConfigError, match="'epocs'; if you mean 'epochs', it is counted in examples seen"):
        plans.make("dcgan", {"epocs": 3})
