"""Pickles of networks: what they hold comes out, and nothing that they ask for is ever done."""

from __future__ import annotations

import io
import os
import pickle
import struct
import tracemalloc
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from typing import Any
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZipFile

import pytest
import torch
from torch import nn

from mutants import mutants
from ports import persistent_classes
from saddlepoint.checkpoint.foreign import state_dict, state_dicts
from saddlepoint.errors import CheckpointError, SaddlepointError
from saddlepoint.storage.pickles import Budget, Shell
from saddlepoint.storage.plain import Unfit, judged
from saddlepoint.storage.torch_files import content_of


def unpickled(data: bytes) -> Any:
    with judged("it", CheckpointError):
        return content_of(io.BytesIO(data), Budget())


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_networks_come_out_with_their_weights_and_without_their_code(monkeypatch, tmp_path, protocol) -> None:
    network = persistent_classes(monkeypatch)
    weight = torch.arange(6.0).view(2, 3).T  # not contiguous
    content = {
        "G_ema": network({"weight": weight, "inner.layer.w_avg": torch.full((2,), 3.0, dtype=torch.float16)}),
        "D": nn.Linear(2, 2),
        "training_set_kwargs": {"path": "x.zip"},
    }
    (tmp_path / "network.pkl").write_bytes(pickle.dumps(content, protocol=protocol))
    states = state_dicts(tmp_path / "network.pkl")
    assert states.keys() == {"G_ema", "D"}
    assert states["G_ema"].keys() == {"weight", "inner.layer.w_avg"}
    assert states["G_ema"]["weight"].tolist() == [[0, 3], [1, 4], [2, 5]]
    assert states["G_ema"]["inner.layer.w_avg"].dtype == torch.float32
    assert torch.equal(states["D"]["weight"], content["D"].weight)


def test_plain_values_come_out_as_they_went_in() -> None:
    content = {
        "text": "ä" * 300, "bytes": b"\0" * 300, "numbers": [1, 300, 70_000, -5, 2**70, 0.5, None, True, False],
        "nested": [(), (1,), (1, 2, 3, 4), [[]], {}, {1: {2.5: "x"}}], "ordered": OrderedDict([("b", 1), ("a", 2)]),
        "shape": torch.Size([3, 4]), "set": {7},
    }  # fmt: skip
    for protocol in (3, 4, 5):
        made = unpickled(pickle.dumps(content, protocol=protocol))
        assert made == {**content, "ordered": {"b": 1, "a": 2}, "shape": [3, 4], "set": [7]}
        assert list(made["ordered"]) == ["b", "a"]


class Asks:
    """What a pickle of this calls, with which arguments."""

    def __init__(self, call: Any, *arguments: Any) -> None:
        self.reduced = call, arguments

    def __reduce__(self) -> Any:
        return self.reduced


def wicked(folder: Path) -> dict[str, Any]:
    made = str(folder / "ran")
    return {
        "mkdir": Asks(os.mkdir, made),
        "system": Asks(os.system, f"mkdir {made}"),
        "eval": Asks(eval, f"__import__('os').mkdir({made!r})"),
        "getattr": Asks(getattr, [], "append"),
        "import": Asks(__import__, "os"),
        "nested": {"G_ema": [{"deep": (Asks(os.mkdir, made),)}]},
        "within": Asks(dict, [("a", Asks(os.mkdir, made))]),
    }


@pytest.mark.parametrize("which", ["mkdir", "system", "eval", "getattr", "import", "nested", "within"])
@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_what_asks_for_code_is_refused_by_its_name_and_nothing_runs(tmp_path, which, protocol) -> None:
    (tmp_path / "bad.pkl").write_bytes(pickle.dumps(wicked(tmp_path)[which], protocol=protocol))
    with pytest.raises(CheckpointError, match=r"bad\.pkl is refused: it asks for \w+\.\w+, which is no tensor"):
        state_dicts(tmp_path / "bad.pkl")
    assert not (tmp_path / "ran").exists()


def test_code_within_the_numbers_of_a_tensor_is_refused_too(tmp_path) -> None:
    inner = pickle.dumps(Asks(os.mkdir, str(tmp_path / "ran")), protocol=2)
    (tmp_path / "bad.pkl").write_bytes(pickle.dumps(Asks(torch.storage._load_from_bytes, inner), protocol=4))
    with pytest.raises(CheckpointError, match="numbers of a tensor in it cannot be read"):
        state_dicts(tmp_path / "bad.pkl")
    assert not (tmp_path / "ran").exists()


def test_torchs_own_files_are_held_to_tensors_as_well(tmp_path) -> None:
    for name, zipped in (("new.pth", True), ("old.pth", False)):
        content = {"x": torch.ones(2), "y": Asks(os.mkdir, str(tmp_path / "ran"))}
        torch.save(content, tmp_path / name, _use_new_zipfile_serialization=zipped)
        with pytest.raises(CheckpointError, match=r"is refused: it asks for \w+\.mkdir, which is no tensor"):
            state_dicts(tmp_path / name)
        torch.save({"module.x": torch.ones(2)}, tmp_path / name, _use_new_zipfile_serialization=zipped)
        assert state_dicts(tmp_path / name)[""]["x"].tolist() == [1, 1]
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("zipped", [True, False])
def test_a_whole_network_of_torchs_own_layers_is_read_and_one_of_a_program_is_not(tmp_path, zipped) -> None:
    network = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    torch.save(network, tmp_path / "whole.pth", _use_new_zipfile_serialization=zipped)
    assert state_dicts(tmp_path / "whole.pth")[""].keys() == network.state_dict().keys()
    torch.save(Own(), tmp_path / "own.pth", _use_new_zipfile_serialization=zipped)
    with pytest.raises(CheckpointError, match=r"asks for \S+Own, .*state_dict\(\), 'weights\.pth'"):
        state_dicts(tmp_path / "own.pth")


class Own(nn.Module):
    """A network whose class is of some program."""


def test_an_archive_that_was_packed_again_is_read_and_one_that_unfolds_without_end_is_not(tmp_path) -> None:
    weights = {"x": torch.rand(1000)}
    torch.save(weights, tmp_path / "stored.pth")
    with ZipFile(tmp_path / "stored.pth") as stored, ZipFile(tmp_path / "packed.pth", "w", ZIP_DEFLATED) as packed:
        for name in stored.namelist():
            packed.writestr(name, stored.read(name))
    assert torch.equal(state_dicts(tmp_path / "packed.pth")[""]["x"], weights["x"])
    with ZipFile(tmp_path / "bomb.pth", "w", ZIP_DEFLATED) as archive:
        archive.writestr("x/data.pkl", b"\0" * 10_000_000)
    with pytest.raises(CheckpointError, match=r"it would unfold to [\d,]+ times its size"):
        state_dicts(tmp_path / "bomb.pth")
    with ZipFile(tmp_path / "odd.pth", "w", ZIP_BZIP2) as archive:
        archive.writestr("x/data.pkl", b"abc")
    with pytest.raises(CheckpointError, match=r"x/data\.pkl in it is compressed in a way"):
        state_dicts(tmp_path / "odd.pth")


def test_an_entry_that_unfolds_to_more_than_its_list_says_is_cut(tmp_path) -> None:
    large, path = 50_000_000, tmp_path / "liar.pth"
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        archive.writestr("x/data.pkl", b"\0" * large)
    path.write_bytes(path.read_bytes().replace(struct.pack("<I", large), struct.pack("<I", 1000)))
    tracemalloc.start()
    with pytest.raises(CheckpointError):
        state_dicts(path)
    assert tracemalloc.get_traced_memory()[1] < large / 10
    tracemalloc.stop()


def tensor_of(size: tuple[int, ...], stride: tuple[int, ...], first: int = 0) -> bytes:
    """A pickle of a tensor that claims this of four numbers."""
    storage = torch.arange(4.0).untyped_storage()
    typed = torch.storage.TypedStorage(wrap_storage=storage, dtype=torch.float32, _internal=True)
    inner = Asks(torch.storage._load_from_bytes, saved(typed))
    return pickle.dumps(Asks(torch._utils._rebuild_tensor_v2, inner, first, size, stride, False, OrderedDict()))


def saved(content: Any) -> bytes:
    file = io.BytesIO()
    torch.save(content, file, _use_new_zipfile_serialization=False)
    return file.getvalue()


def test_a_tensor_is_cut_from_its_numbers_and_never_beyond_them() -> None:
    assert unpickled(tensor_of((2, 2), (1, 2))).tolist() == [[0, 2], [1, 3]]
    assert unpickled(tensor_of((), (), 3)).item() == 3
    for size, stride, first in [
        ((5,), (1,), 0),
        ((2,), (1,), 3),
        ((2,), (9,), 0),
        ((10**12,), (0,), 0),
        ((2,), (-1,), 1),
    ]:
        with pytest.raises(CheckpointError, match="damaged"):
            unpickled(tensor_of(size, stride, first))


@pytest.mark.parametrize(
    "data",
    [
        pickle.dumps([1, 2])[:-3],  # cut short
        b"\x80\x04.",  # an end without a value
        b"\x80\x04]r\xff\xff\xff\xff.",  # to be kept at place 4,294,967,295: harmless
        b"\x80\x04\x8e" + struct.pack("<Q", 2**62) + b"x.",  # eight bytes say that exabytes follow
        b"\x80\x04" + b"(" * 20_000 + b".",
        b"\x80\x04" + b"]" * 3 + b"\x85" * 50_000 + b"K\x01s.",  # a key of 50,000 tuples within each other
        b"\x80\x04N}b.",  # a state for nothing
        b"\x80\x04K\x01)R.",  # a call of a number
        b"\x80\x04P1\n.",  # a persistent name
        b"\x80\x04\x82\x01.",  # a name from the registry of extensions
        b"\x80\x04cbuiltins\nset\n}\x8c\x01a\x8c\x01bsb.",  # a state for a name
    ],
)
def test_senseless_instructions_are_an_error_in_words(data) -> None:
    if data.endswith(b"\xff."):
        assert unpickled(data) == []
        return
    with pytest.raises(CheckpointError, match=r"it is damaged|it has the instruction|it names what lies"):
        unpickled(data)


def test_what_nests_deeply_is_read_and_can_be_thrown_away() -> None:
    made = unpickled(b"\x80\x04" + b"]" * 50_000 + b"a" * 49_999 + b".")
    assert isinstance(made[0][0], list)


def test_a_network_that_contains_itself_is_refused() -> None:
    shell = Shell("Loop", {})
    shell.state = {"_modules": {"again": shell}}
    with pytest.raises(Unfit, match="contains itself"):
        state_dict(shell)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"GIF89a", "no file of torch and no pickle"),
        (b"", "no file of torch and no pickle"),
        (pickle.dumps([1, 2]), "holds no network"),
        (pickle.dumps({"a": {"b": 1}}), "holds no network"),
        (b"PK\x03\x04 and no more", "is damaged"),
    ],
)
def test_files_without_a_network_are_refused_by_name(tmp_path, content, words) -> None:
    (tmp_path / "file.pkl").write_bytes(content)
    with pytest.raises(CheckpointError, match=rf"file\.pkl.*{words}"):
        state_dicts(tmp_path / "file.pkl")
    with pytest.raises(CheckpointError, match=r"nothing\.pkl cannot be read: No such file"):
        state_dicts(tmp_path / "nothing.pkl")


def test_the_tensorflow_version_is_known_by_its_name(tmp_path) -> None:
    (tmp_path / "old.pkl").write_bytes(b"\x80\x03cdnnlib.tflib.network\nNetwork\nq\x00)\x81q\x01.")
    with pytest.raises(CheckpointError, match=r"of the TensorFlow version: convert it"):
        state_dicts(tmp_path / "old.pkl")


def test_a_tensor_that_is_larger_than_its_file_is_refused(tmp_path) -> None:
    torch.save({"x": torch.ones(1).expand(10**9)}, tmp_path / "wide.pth")
    with pytest.raises(CheckpointError, match=r"a tensor of 1,000,000,000 numbers from 1"):
        state_dicts(tmp_path / "wide.pth")


def copies(content: bytes, name: bytes, times: int) -> bytes:
    """A pickle that puts `content` aside and has it copied so many times by what `name` names."""
    call = b"c" + name + b"\n" + b"h\x00\x85R"  # the name, what was put aside, as the one argument, a call
    return b"\x80\x04" + content + b"\x94(" + call * times + b"t."


@pytest.mark.parametrize(
    "name", [b"builtins\nset", b"builtins\nfrozenset", b"torch\nSize", b"collections\nOrderedDict"]
)
def test_few_bytes_that_ask_for_many_copies_are_refused_before_the_memory_is_full(name, monkeypatch) -> None:
    monkeypatch.setattr("saddlepoint.storage.pickles.MOST_STEPS", 100_000)
    with pytest.raises(CheckpointError, match=r"asks for more than 100,000 items|damaged"):
        unpickled(copies(b"(" + b"K\x01" * 10_000 + b"t", name, 1000))


@pytest.mark.parametrize("name", [b"builtins\nbytearray", b"builtins\nlist", b"torch\nzeros", b"torch\nFloatTensor"])
def test_what_makes_something_large_of_a_number_is_not_known(name) -> None:
    with pytest.raises(CheckpointError, match="it asks for"):
        unpickled(b"\x80\x04c" + name + b"\n\x8a\x05\x00\x00\x00\x00\x01\x85R.")


def test_numbers_that_are_named_often_are_read_once() -> None:
    typed = torch.storage.TypedStorage(
        wrap_storage=torch.arange(4.0).untyped_storage(), dtype=torch.float32, _internal=True
    )
    made = unpickled(copies(pickle.dumps(saved(typed), protocol=4)[2:-2], b"torch.storage\n_load_from_bytes", 500))
    assert len({flat.data_ptr() for flat in made}) == 1


def test_names_that_are_very_long_or_steer_a_terminal_are_quoted_in_a_short_line() -> None:
    with pytest.raises(CheckpointError) as caught:
        unpickled(b"\x80\x04c" + b"m" * 1_000_000 + b"\nsystem\n.")
    assert len(str(caught.value)) < 200
    with pytest.raises(CheckpointError) as caught:
        unpickled(b"\x80\x04c\x1b[2J\x1b]0;owned\x07\nsystem\n.")
    assert "\\x1b[2J" in str(caught.value)
    assert str(caught.value).isprintable()


def test_numbers_as_keys_cannot_be_made_to_collide() -> None:
    keys = pickle.dumps({place * (2**61 - 1): None for place in range(1, 4)}, protocol=4)
    with pytest.raises(CheckpointError, match="very large number as a key"):
        unpickled(keys)


def test_many_tensors_of_the_same_numbers_are_refused_before_they_are_copied(tmp_path) -> None:
    numbers = torch.zeros(2000, dtype=torch.float16)
    torch.save({str(place): numbers[:1999] for place in range(100)}, tmp_path / "many.pth")
    with pytest.raises(CheckpointError, match="larger than what is stored"):
        state_dicts(tmp_path / "many.pth")


def test_too_many_tensors_are_refused_before_their_names_are_looked_at(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("saddlepoint.checkpoint.foreign.MOST_TENSORS", 100)
    torch.save({f"main.{place}.weight": torch.zeros(1) for place in range(101)}, tmp_path / "many.pth")
    with pytest.raises(CheckpointError, match="more than 100 tensors"):
        state_dicts(tmp_path / "many.pth")


@pytest.mark.parametrize("form", ["pickle", "zip", "older", "whole"])
def test_files_that_were_changed_at_random_give_tensors_or_a_sentence(form, monkeypatch, tmp_path) -> None:
    network = persistent_classes(monkeypatch)
    state = {"weight": torch.arange(6.0).view(2, 3).T, "inner.w": torch.ones(2, dtype=torch.float16)}
    if form == "pickle":
        content = pickle.dumps({"G_ema": network(state), "kwargs": {"path": "x.zip"}, "shape": torch.Size([1, 2])})
    else:
        file = io.BytesIO()
        held = nn.Linear(2, 2) if form == "whole" else {"state_dict": state, "epoch": 3}
        torch.save(held, file, _use_new_zipfile_serialization=form == "zip")
        content = file.getvalue()
    read = 0
    for changed in mutants(content, 250):
        (tmp_path / "file.pkl").write_bytes(changed)
        with suppress(SaddlepointError):
            read += bool(state_dicts(tmp_path / "file.pkl"))
    assert 0 < read < 250
