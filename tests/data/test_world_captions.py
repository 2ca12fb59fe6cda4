"""The worlds of captions and of clips: what is said and how it moves are the truth of what is shown."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from saddlepoint.data.settings import DataSettings
from saddlepoint.data.world import captions, clips, shapes, world
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.clip import Clip
from saddlepoint.kinds.tokens import Tokens


def test_a_caption_says_what_the_image_shows() -> None:
    rows = np.arange(400)
    scenes, texts = shapes.factors(rows), captions.captions(rows)
    said = [captions.facts(text) for text in texts]
    assert [fact["colour"] for fact in said] == [captions.WORDS["colour"][each] for each in scenes.colour]
    assert [fact["shape"] for fact in said] == [captions.WORDS["shape"][each] for each in scenes.shape]
    assert [fact["ground"] for fact in said] == [captions.WORDS["ground"][each] for each in scenes.background]
    for fact, size, x, y in zip(said, scenes.size, scenes.x, scenes.y):
        assert fact.get("size") == ("small" if size < 0.43 else "large" if size > 0.57 else None)
        away = {"left": -x, "right": x, "top": -y, "bottom": y}
        assert max(away.values()) < 0.2 if "place" not in fact else away[fact["place"]] == max(away.values())
    assert captions.captions(np.array([7])) == [texts[7]]  # caption i depends on i alone
    assert not any(" a o" in f" {text}" for text in texts)  # an orange one


def test_captions_are_words_of_a_small_vocabulary_beside_their_images() -> None:
    data = world("captions").dataset(DataSettings(data="world:captions", resolution=8), lambda _: None)
    kind = data.kinds["text"]
    assert isinstance(kind, Tokens)
    assert kind.vocabulary <= 60
    assert data.fields["image"].shape == (10_000, 3, 8, 8)
    assert kind.text(torch.from_numpy(data.fields["text"][5].astype(np.int64))) == captions.captions(np.array([5]))[0]


def test_what_moves_in_a_clip_is_known_in_every_frame() -> None:
    story = clips.stories(np.arange(64))
    films = clips.render(story, 16, 24).astype(np.float32)
    ink = (films.max(2) > 60).astype(np.float32)  # before black ground
    total = ink.sum((2, 3))
    across = (ink.sum(2) * np.arange(24)).sum(2) / total / 11.5 - 1
    down = (ink.sum(3) * np.arange(24)).sum(2) / total / 11.5 - 1
    spread = {"across": np.ptp(across, 1), "down": np.ptp(down, 1)}
    moves = {"circle": (True, True), "swing": (True, False), "bounce": (False, True), "turn": (False, False)}
    for row, motion in enumerate(story.motion):
        assert (spread["across"][row] > 0.7, spread["down"][row] > 0.7) == moves[clips.MOTIONS[motion]]
    short = clips.PERIODS[0]
    again = np.abs(films[:, 0] - films[:, short]).mean((1, 2, 3)) < 1
    assert again[story.period == 0].all()
    assert not again[(story.period == 1) & (story.motion != clips.MOTIONS.index("turn"))].any()
    assert np.array_equal(clips.render(clips.stories(np.array([9])), 16, 24)[0], films[9])


def test_clips_come_in_any_number_of_frames_and_in_grey() -> None:
    settings = DataSettings(data="world:clips", resolution=8, window=3, channels=1)
    data = world("clips").dataset(settings, lambda _: None)
    assert data.kinds["clip"] == Clip(3, 1, 8, 8)
    assert data.classes == clips.MOTIONS
    with pytest.raises(ConfigError, match="--resolution 8"):
        world("clips").dataset(DataSettings(data="world:clips", resolution="16x8"), lambda _: None)
