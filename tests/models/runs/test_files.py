"""Arrays in safetensors files: all of them, or those that are wanted."""

from __future__ import annotations

import json

import numpy as np
import pytest
import safetensors.numpy

from models.runs.files import DamageError, tensors_of

ARRAYS = {
    "weights/1/W1": np.arange(24.0).reshape(2, 3, 4),
    "labels": np.arange(7, dtype=np.uint8),
    "loss": np.array([[1.0, np.nan, np.inf]]),
    "pairs": np.zeros((0, 2), dtype=np.int64),
}


@pytest.fixture
def content() -> bytes:
    return safetensors.numpy.save(ARRAYS, metadata={"about": "a run"})


@pytest.mark.parametrize("names", [set(ARRAYS), {"loss", "labels"}, {"pairs"}, set()], ids=len)
def test_arrays_that_are_wanted_are_those_of_the_whole_file(content: bytes, names: set[str]) -> None:
    found, whole = tensors_of(content, names.__contains__), tensors_of(content)
    assert set(found) == names
    for name, array in found.items():
        assert (array.dtype, array.shape) == (whole[name].dtype, whole[name].shape)
        assert array.tobytes() == whole[name].tobytes() == ARRAYS[name].tobytes()


@pytest.mark.parametrize("offsets", [[0, 10**12], [8, 0], [-8, 16], [0, 8], ["a", 1], [1], None], ids=str)
def test_places_that_hold_no_array_are_damage(content: bytes, offsets: object) -> None:
    """Beyond the file, backwards, too short for the shape, or no places."""
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    header["loss"]["data_offsets"] = offsets
    head = json.dumps(header).encode()
    forged = len(head).to_bytes(8, "little") + head + content[8 + length :]
    with pytest.raises(DamageError, match="is not a safetensors file"):
        tensors_of(forged, lambda name: name == "loss")


@pytest.mark.parametrize("short", [b"", b"\x05", (10**15).to_bytes(8, "little") + b"{}"], ids=len)
def test_what_is_no_file_at_all_is_damage(short: bytes) -> None:
    for wanted in (None, bool):
        with pytest.raises(DamageError):
            tensors_of(short, wanted)
