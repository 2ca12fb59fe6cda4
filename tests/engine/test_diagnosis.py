"""What figures say of a game: each trouble from figures that show it, and none from figures of healthy runs."""

from __future__ import annotations

import pytest

from saddlepoint.engine.diagnosis import KEPT, LOOKS, RECENT, Finding, Signs, findings, swings


def judged(**series: float | list[float]) -> dict[str, Finding]:
    """What is found in figures; a number is the same in every report. `critic_real_logit` is critic/real_logit."""
    signs = Signs()
    for report in range(KEPT):
        now = {
            name: value[min(report, len(value) - 1)] if isinstance(value, list) else value
            for name, value in series.items()
        }
        signs.add({name.replace("_", "/", 1): value for name, value in now.items()})
    return {one.name: one for one in findings(signs, ("critic",), ("generator",))}


def test_the_median_of_the_last_few_reports_counts() -> None:
    signs = Signs()
    for value in (1.0, 2.0, 3.0, 100.0):
        signs.add({"a": value})
    assert signs.now("a") is None
    signs.add({"a": 4.0})
    assert signs.now("a") == 3
    for value in (5.0, 6.0, -50.0):
        signs.add({"a": value})
    assert signs.now("a") == 5  # of 100, 4, 5, 6, -50
    assert (signs.first["a"], signs.peak["a"]) == (3, 5)


def test_a_figure_that_is_not_finite_counts_as_a_very_large_one() -> None:
    signs = Signs()
    for value in (1.0, float("inf"), float("nan"), 1.0, 2.0):
        signs.add({"a": value})
    assert signs.now("a") == 1
    assert max(map(abs, signs.history["a"])) == 1e30


def test_signs_survive_a_restart() -> None:
    signs, again = Signs(), Signs()
    for value in range(KEPT + 3):
        signs.add({"a": value / 3})
    again.take(signs.json())
    signs.add({"a": 1.1})
    again.add({"a": 1.1})
    assert again.json() == signs.json()
    assert len(again.history["a"]) == KEPT


def test_a_critic_that_leads_by_little_is_healthy() -> None:
    assert judged(critic_real_logit=1.2, critic_fake_logit=-2.1, health_apart=0.1) == {}


def test_a_critic_that_wins_outright_is_too_strong() -> None:
    found = judged(critic_real_logit=4.4, critic_fake_logit=-4.6, health_apart=0.3)
    assert list(found) == ["critic too strong"]
    assert found["critic too strong"].words == (
        "critic wins outright: its mean output is 4.4 for real images and -4.6 for fakes"
    )
    assert found["critic too strong"].figures == {"real_logit": 4.4, "fake_logit": -4.6, "apart": 0.3}


def test_a_critic_that_wins_against_good_samples_does_no_harm() -> None:
    assert judged(critic_real_logit=4.4, critic_fake_logit=-4.6, health_apart=0.02) == {}


def test_a_critic_that_does_not_see_what_pixels_show_is_too_weak() -> None:
    assert list(judged(critic_real_logit=0.02, critic_fake_logit=0.01, health_apart=0.4)) == ["critic too weak"]
    assert judged(critic_real_logit=0.02, critic_fake_logit=0.01, health_apart=0.01) == {}  # at the equilibrium
    assert judged(critic_real_logit=0.02, critic_fake_logit=0.01) == {}  # nothing is known of the samples


def test_a_gradient_a_hundredth_of_what_it_was_has_vanished() -> None:
    found = judged(gradient_generator=[8.0] * 10 + [0.05])
    assert list(found) == ["vanishing generator gradients"]
    assert judged(gradient_generator=[8.0] * 10 + [0.5]) == {}
    assert judged(gradient_critic=[8.0] * 10 + [0.05]) == {}


def test_samples_without_variety_are_a_collapse() -> None:
    assert list(judged(health_diversity=0.01)) == ["mode collapse"]
    assert judged(health_diversity=[0.01 * 1.05**n for n in range(KEPT)]) == {}  # still on its way
    fell = judged(health_diversity=[0.9] * 10 + [0.25])
    assert fell["mode collapse"].words.endswith("25.0% of what real pairs do (it was 90%)")
    assert judged(health_diversity=[0.9] * 10 + [0.5]) == {}


def test_a_critic_that_knows_its_training_images_is_named() -> None:
    found = judged(health_memory=0.55, health_known=0.8)
    assert list(found) == ["memorisation by the critic"]
    assert "rates a training image above a held-out one 80% of the time" in found["memorisation by the critic"].words
    assert judged(health_memory=0.2, health_known=0.8) == {}
    assert judged(health_memory=0.9, health_known=0.55) == {}  # a ratio of two small numbers says little


def test_a_thousandfold_loss_or_gradient_diverges() -> None:
    found = judged(generator_fake=[0.7] * 10 + [1500.0])
    assert found["divergence"].words == "generator/fake is 1.5e+03, where it was 0.7"
    assert list(judged(gradient_critic=[0.2] * 10 + [250.0])) == ["divergence"]
    assert judged(generator_fake=[0.7] * 10 + [500.0], gradient_critic=[0.2] * 10 + [150.0]) == {}


def test_outputs_that_swing_together_are_an_oscillation() -> None:
    wave = [4.0 * (1 if n // 5 % 2 else -1) for n in range(KEPT)]
    found = judged(critic_real_logit=wave, critic_fake_logit=[value - 1 for value in wave])
    assert list(found) == ["oscillation"]
    assert found["oscillation"].figures == {"low": -4.5, "high": 3.5, "swings": 3}
    drift = judged(critic_real_logit=wave, critic_fake_logit=wave, health_apart=0.02)
    assert drift == {}  # the samples are good: outputs without a zero of their own may wander
    calm = [value / 4 for value in wave]
    assert judged(critic_real_logit=calm, critic_fake_logit=calm) == {}


@pytest.mark.parametrize(
    ("values", "count"),
    [
        ([0.0, 1.0, 2.0, 3.0], 0),  # one way only
        ([0.0, 3.0, 0.0], 1),
        ([0.0, -3.0, 0.0, -3.0, 0.0], 2),
        ([0.0, 2.0, 0.0, 2.0, 0.0], 0),  # too low
        ([0.0, 2.0, 1.0, 4.0, 3.0, 1.0], 1),  # a step back on the way up is none
    ],
)
def test_a_swing_goes_there_and_back(values: list[float], count: int) -> None:
    assert swings(values, 3.0) == count


def test_too_few_reports_say_nothing() -> None:
    signs = Signs()
    for _ in range(RECENT - 1):
        signs.add({"critic/real_logit": 9.0, "critic/fake_logit": -9.0})
    for _ in range(LOOKS - 1):
        signs.add({"health/diversity": 0.0})
    assert findings(signs, ("critic",), ("generator",)) == []
