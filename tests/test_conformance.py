"""Every method in the folder keeps the contract; a new file is asked all of this by being there."""

from pathlib import Path

import pytest

import conformance
from saddlepoint import methods

NAMES = [name for name, entry in methods.listing().items() if entry.family != "plug-in"]
each_method = pytest.mark.parametrize("name", NAMES)


@each_method
def test_each_update_moves_only_its_group(name: str) -> None:
    conformance.each_update_moves_only_its_group(name)


@each_method
def test_every_trained_weight_moves_and_losses_are_finite(name: str) -> None:
    conformance.every_trained_weight_moves(name)


@each_method
def test_a_step_can_be_taken_in_bf16(name: str) -> None:
    conformance.trains_in_bf16(name)


@pytest.mark.parametrize("name", [name for name in NAMES if not methods.load(name).batch_statistics])
def test_micro_batches_equal_one_batch(name: str) -> None:
    conformance.micro_batches_equal_one_batch(name)


@each_method
def test_resuming_changes_no_bit(name: str, tmp_path: Path) -> None:
    conformance.resuming_changes_no_bit(name, tmp_path)


@each_method
def test_every_task_is_as_its_kinds_state_and_rows_do_not_mix(name: str) -> None:
    conformance.tasks_are_as_stated(name)


@each_method
def test_samples_have_the_stated_shape_and_do_not_depend_on_the_batch_size(name: str) -> None:
    conformance.samples_are_as_stated(name)


@each_method
def test_translations_have_the_stated_shape_and_do_not_depend_on_one_another(name: str) -> None:
    conformance.translations_are_as_stated(name)


@each_method
def test_the_configuration_survives_json(name: str) -> None:
    conformance.configuration_survives_json(name)


@each_method
def test_every_setting_explains_itself(name: str) -> None:
    conformance.every_setting_explains_itself(name)


@each_method
def test_the_source_is_named(name: str) -> None:
    conformance.its_source_is_named(name)


@each_method
def test_the_class_keeps_the_contract(name: str) -> None:
    conformance.its_class_keeps_the_contract(name)


@each_method
def test_the_proof_can_be_run(name: str) -> None:
    conformance.its_proof_can_be_run(name)


@each_method
def test_the_presets_are_plans(name: str) -> None:
    conformance.its_presets_are_plans(name)


@each_method
def test_settings_have_names_of_their_own(name: str) -> None:
    conformance.its_settings_have_names_of_their_own(name)


@each_method
def test_defaults_are_settings_of_a_run(name: str) -> None:
    conformance.its_defaults_are_settings_of_a_run(name)


def test_every_name_is_used_once_over_all_families() -> None:
    here = Path(methods.__file__).parent
    files = [path.stem for path in here.glob("*/*.py") if path.stem != "__init__" and path.parent.name != "families"]
    assert sorted(files) == sorted(NAMES)
