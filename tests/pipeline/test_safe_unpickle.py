"""Checkpoint files: what RecBole saved is read; what a file would run is refused by name and not run."""

import copy
import os
import pickle
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from macrid.errors import InputError
from macrid.pipeline import safe_unpickle

TINY = Path(__file__).parents[1] / "fixtures" / "recbole" / "tiny.pth"


def checkpoint(path: Path, pickled: bytes, storages: dict[str, bytes] | None = None) -> Path:
    """A file as torch.save lays it out."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickled)
        for key, raw in (storages or {}).items():
            archive.writestr(f"archive/data/{key}", raw)
    return path


class Calls:
    """Pickles as a call of a function."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def test_tensors_are_what_torch_reads(tmp_path):
    base = torch.arange(24, dtype=torch.float64).reshape(4, 6)
    value = {"plain": {"a": [1, 2.5, None, True, "x"], "b": (1, 2)}, "float": torch.randn(3, 4), "long": torch.arange(5),
             "view": base[1:, ::2], "turned": base.T, "scalar": torch.tensor(3.5), "empty": torch.zeros(0, 3),
             "half": torch.ones(2, dtype=torch.float16), "bool": torch.tensor([True, False])}
    torch.save(value, tmp_path / "x.pth", pickle_protocol=4)
    found = safe_unpickle.read(tmp_path / "x.pth")
    assert found["plain"] == value["plain"]
    for name in set(value) - {"plain"}:
        assert isinstance(found[name], np.ndarray)
        np.testing.assert_array_equal(found[name], value[name].numpy())
        assert found[name].dtype == value[name].numpy().dtype


def test_what_recbole_saved_is_read_without_recbole():
    found = safe_unpickle.read(TINY)
    assert set(found) == {"config", "epoch", "cur_step", "best_valid_score", "state_dict", "other_parameter", "optimizer"}
    assert found["state_dict"]["item_embedding.weight"].shape == (25, 4)
    assert found["config"].state["final_config_dict"]["kfac"] == 3
    assert isinstance(found["config"], safe_unpickle.Inert)
    assert isinstance(found["best_valid_score"], safe_unpickle.Inert)


@pytest.mark.parametrize(("function", "arguments", "named"), [
    (os.system, ("touch {t}/ran",), r"(posix|nt)\.system"), (eval, ("open('{t}/ran', 'w')",), r"builtin.*\.eval"),
    (exec, ("open('{t}/ran', 'w')",), r"builtin.*\.exec"), (getattr, ("x", "upper"), r"builtin.*\.getattr"),
    (open, ("{t}/ran", "w"), r"io\.open"), (__import__, ("this",), r"builtin.*\.__import__"),
    (np.load, ("{t}/x.npy",), r"numpy\.load"), (torch.load, ("{t}/x.pth",), r"torch\.serialization\.load"),
])
def test_a_function_is_refused_by_name_and_not_run(tmp_path, function, arguments, named):
    call = Calls(function, *(a.format(t=tmp_path) for a in arguments))
    for pickled in (pickle.dumps({"a": call}, 4), pickle.dumps({"a": call}, 0)):
        path = checkpoint(tmp_path / "x.pth", pickled)
        with pytest.raises(InputError, match=named) as error:
            safe_unpickle.read(path)
        assert "\n" not in str(error.value)
    assert [p.name for p in tmp_path.iterdir()] == ["x.pth"]


def test_a_nested_name_does_not_get_around_it(tmp_path):
    """Names with points reach into modules: torch.serialization.os.system must not be looked up."""
    pickled = b"\x80\x04\x8c\x05torch\x8c\x17serialization.os.system\x93\x8c\x04true\x85R."
    with pytest.raises(InputError, match=r"torch\.serialization\.os\.system"):
        safe_unpickle.read(checkpoint(tmp_path / "x.pth", pickled))


def test_names_of_recbole_are_nothing_that_could_run(tmp_path):
    """Even `recbole.utils.os.system` is only an inert stand-in, as is all that is made of it."""
    pickled = b"\x80\x04}\x8c\x01a\x8c\x0drecbole.utils\x8c\x09os.system\x93\x8c\x04true\x85Rs."
    found = safe_unpickle.read(checkpoint(tmp_path / "x.pth", pickled))["a"]
    assert isinstance(found, safe_unpickle.Inert)
    assert found.arguments == ("true",)


def test_one_file_does_not_change_what_another_is_given(tmp_path):
    """A pickle may set attributes of what it is given: that is never something of ours."""
    name = b"\x8c\x0ctorch._utils\x8c\x12_rebuild_tensor_v2\x93"
    checkpoint(tmp_path / "x.pth", b"\x80\x04}" + b"\x8c\x01a" + name + b"N}\x8c\x08__name__\x8c\x04evils\x86bs.")
    safe_unpickle.read(tmp_path / "x.pth")
    assert safe_unpickle._tensor.__name__ == "_tensor"
    safe_unpickle.read(TINY)


@pytest.mark.parametrize(("offset", "size", "stride"), [
    (0, (9,), (1,)), (8, (1,), (1,)), (0, (2, 2), (7, 1)), (-1, (2,), (1,)), (0, (2,), (-1,)), (0, (2,), (1, 1)),
    (0, (2.0,), (1,)), (0, (10**12,), (1,)), (0, (10**12,), (0,)), (7, (10**6, 10**6), (0, 0)), (0, (3, 3), (1, 1))])
def test_a_tensor_beyond_its_numbers_is_refused(offset, size, stride):
    numbers = np.arange(8, dtype=np.float32)
    with pytest.raises(ValueError, match="a tensor of size"):
        safe_unpickle._tensor(numbers, offset, size, stride)


def tensor_of(count: int, size: bytes, stride: bytes) -> bytes:
    """The pickle of {"a": a tensor}: its storage "0" of so many floats, its size and stride as pickled."""
    storage = (b"(\x8c\x07storage\x8c\x05torch\x8c\x0cFloatStorage\x93\x8c\x010\x8c\x03cpu\x8a\x08"
               + count.to_bytes(8, "little") + b"tQ")
    return (b"\x80\x04}\x8c\x01a\x8c\x0ctorch._utils\x8c\x12_rebuild_tensor_v2\x93(" + storage + b"K\x00" + size + stride
            + b"\x89}tRs.")


BILLION = b"\x8a\x05" + (10**9).to_bytes(5, "little")
LARGE = {
    "stride 0": (tensor_of(1, BILLION + b"\x85", b"K\x00\x85"), {}),
    "places of the memo": (b"\x80\x04Nr\x00\x00\x00\x7f.", {}),
    "bytes that are not there": (b"\x80\x05\x8e\x00\x00\x00\x00\x02\x00\x00\x00.", {}),
    "an array that is not there": (b"\x80\x05\x96\x00\x00\x00\x00\x02\x00\x00\x00.", {}),
    "packed": (tensor_of(1 << 26, b"\x8a\x04\x00\x00\x00\x04\x85", b"K\x01\x85"), {"compress_type": zipfile.ZIP_DEFLATED}),
    "one part under two names": (tensor_of(1, b"K\x01\x85", b"K\x01\x85"), {"twice": True})}


@pytest.mark.parametrize("kind", LARGE)
def test_what_a_file_claims_takes_no_memory(tmp_path, kind):
    """Files of some hundred bytes that would take gigabytes, if they were believed."""
    pickled, how = LARGE[kind]
    path = tmp_path / "x.pth"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickled)
        archive.writestr("archive/data/0", bytes(1 << 28 if "compress_type" in how else 4), how.get("compress_type"))
        if "twice" in how:
            for number in range(1, 50):
                part = copy.copy(archive.getinfo("archive/data.pkl"))
                part.filename, part.file_size = f"archive/data/{number}", part.file_size + (1 << 20)
                archive.filelist.append(part)
    with pytest.raises(InputError, match=r"damaged|claims to hold|is packed") as error:
        allocated(lambda: safe_unpickle.read(path), 1 << 24)
    assert "\n" not in str(error.value)


def allocated(act, most: int):
    """What an act gives, which may take so many bytes of memory and no more."""
    tracemalloc.start()
    try:
        return act()
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < most


@pytest.mark.parametrize("content", [b"", b"just text", b"PK\x03\x04 cut off", pickle.dumps({"a": 1})])
def test_what_is_no_checkpoint(tmp_path, content):
    (tmp_path / "x.pth").write_bytes(content)
    with pytest.raises(InputError, match=r"x\.pth is not a checkpoint"):
        safe_unpickle.read(tmp_path / "x.pth")


@pytest.mark.parametrize(("pickled", "named"), [
    (b"\x80\x04K\x01.", "int"), (b"\x80\x04", "damaged"), (b"garbage", "damaged"), (b"\x80\x04}\x8c\x01aN", "damaged"),
    (b"\x80\x04R.", "damaged")])
def test_a_damaged_pickle_is_one_line(tmp_path, pickled, named):
    with pytest.raises(InputError, match=named):
        safe_unpickle.read(checkpoint(tmp_path / "x.pth", pickled))


def test_a_missing_file_another_zip_and_a_cut_one(tmp_path):
    with pytest.raises(InputError, match="there is no file"):
        safe_unpickle.read(tmp_path / "none.pth")
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("a.txt", "x")
    with pytest.raises(InputError, match=r"no data\.pkl"):
        safe_unpickle.read(tmp_path / "x.zip")
    (tmp_path / "cut.pth").write_bytes(TINY.read_bytes()[:9000])
    with pytest.raises(InputError, match="cut off"):
        safe_unpickle.read(tmp_path / "cut.pth")
    with zipfile.ZipFile(TINY) as whole, zipfile.ZipFile(tmp_path / "less.pth", "w") as less:
        for name in whole.namelist():
            if not name.endswith("/data/0"):
                less.writestr(name, whole.read(name))
    with pytest.raises(InputError, match="damaged"):
        safe_unpickle.read(tmp_path / "less.pth")
