"""Scores while training, as each of several processes comes to them."""

import torch
from metric_inputs import made_images

from saddlepoint.data.batches import DataSpec
from saddlepoint.engine.run import RunSettings
from saddlepoint.methods.base import Clock
from saddlepoint.methods.gan.dcgan import DCGAN
from saddlepoint.metrics.extractors.features import Pixels
from saddlepoint.metrics.scores.hook import Scores

REAL = made_images(40, 1, 8, 8, "real")


class Machine:
    """One of several processes; what the others add is given."""

    device, world = torch.device("cpu"), 2

    def __init__(self, others):
        self.others = others

    def sum_(self, flat):
        flat += self.others


class Run:
    reporting = True
    average = None
    unit = "images"

    def __init__(self, main, others, **settings):
        self.method = DCGAN(generator_width=4, critic_width=4)
        torch.manual_seed(0)
        self.nets = self.method.networks(DataSpec.of((1, 8, 8), (), 40))
        self.settings = RunSettings(score=("fid", "precision"), score_every=100, score_images=30, **settings)
        self.main, self.machine = main, Machine(others)
        self.figures, self.notes, self.stopped = {}, [], None

    def at(self, images):
        self.clock = Clock(examples=images)
        return self

    def note(self, text, **facts):
        self.notes.append(text)

    def stop(self, reason):
        self.stopped = reason


def scores(extractor=Pixels):
    return Scores(("fid", "precision"), extractor, REAL)


def test_other_processes_measure_nothing_and_have_the_figures_of_the_first():
    first, hook = Run(True, 0.0, patience=100), scores()
    hook.step(first.at(100), {})
    assert "30 generated against 30 real" in first.notes[0]

    def none():
        raise AssertionError

    second, waiting = (
        Run(False, torch.tensor(list(first.figures.values()), dtype=torch.float64), patience=100),
        scores(none),
    )
    waiting.step(second.at(100), {})
    assert second.figures == first.figures
    assert waiting.state() == hook.state()
    for run, own in ((first, hook), (second, waiting)):
        own.step(run.at(200), {})
        assert run.stopped == "no longer improving"


def test_scores_come_on_the_first_report_after_so_many_images():
    run, hook = Run(True, 0.0), scores()
    for images, expected in ((99, False), (130, True), (199, False), (210, True)):
        run.figures = {}
        hook.step(run.at(images), {})
        assert ("score/fid" in run.figures) is expected
    again = scores()
    again.restore(hook.state())
    run.figures = {}
    again.step(run.at(299), {})
    assert run.figures == {}


def test_networks_are_left_in_the_mode_they_had():
    run = Run(True, 0.0)
    before = {name: value.clone() for name, value in run.nets.state_dict().items()}
    scores().step(run.at(100), {})
    assert run.nets.training
    assert all(torch.equal(value, before[name]) for name, value in run.nets.state_dict().items())
