"""Recording: only typed records cross processes, as text, and what is none is named."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from claims.core.origin import Origin, TrainedRun
from reports.collector import recorded, recording
from reports.records import Recorded
from tests.reports.sample_verdicts import recorded_verdict


@pytest.mark.parametrize(
    ("provenance", "text"),
    [
        ({"seeds": [np.int64(1)]}, r"Expected `int`, got `numpy.int64` - at `\$.seeds\[0\]`"),
        ({"device": np.bool_(True)}, r"Expected `str \| null`, got `numpy\.bool"),
        ({"experiments": [{"key": "k", "seconds": np.float32(1)}]}, r"at `\$.experiments\[0\].seconds`"),
        ({"seeds": np.zeros(2)}, "got `numpy.ndarray`"),
        ({"data": {1: "a"}}, "Expected `str`, got `int`"),
        ({"device": {1, 2}}, "got `set`"),
        ({"weather": "fine"}, "unknown field `weather`.*wanted the fields of Origin .data, seeds, device"),
    ],
    ids=["int64", "bool", "float32", "array", "keys", "set", "unknown"],
)
def test_what_is_no_record_is_refused(provenance: dict[str, Any], text: str) -> None:
    """The error names the entry, its type and the cure."""
    with pytest.raises(TypeError, match=text):
        recording(recorded_verdict("E1", "s"), provenance)


def test_a_numpy_scalar_in_a_verdict_is_refused() -> None:
    """`decide` makes none; a verdict made by hand may hold one."""
    with pytest.raises(TypeError, match=r"numpy\.float64 is unsupported.* convert NumPy values with float"):
        recording(replace(recorded_verdict("E1", "s"), estimate=np.float64(0.5)), {})


def test_a_report_gives_back_what_was_recorded() -> None:
    """As text, with open ends as they were; other user properties are left alone."""
    verdict = recorded_verdict("E1", "s", interval=(0.0, math.inf))
    found = recording(verdict, {"seeds": [1], "experiments": [{"key": "k"}]})
    assert json.loads(found[1])["verdict"]["interval"] == [0.0, None]
    properties = [("control", "E1"), found]
    report = pytest.TestReport("t", ("", 0, ""), {}, "passed", None, "call", user_properties=properties)
    assert recorded(report) == [Recorded(verdict, Origin(seeds=(1,), experiments=(TrainedRun(key="k"),)))]
