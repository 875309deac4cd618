"""Recording: only plain JSON crosses processes, and what is not is named."""

from __future__ import annotations

import numpy as np
import pytest
from sample_verdicts import Said
from sample_verdicts import plain as planted

from reports.recording import plain, properties, recorded_provenance, recorded_verdicts


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.float32(1), r"got provenance\['seconds'\] of type numpy.float32, wanted plain JSON"),
        (np.int64(1), r"of type numpy.int64, .* convert it with float\(\), int\(\), str\(\) or .tolist\(\)"),
        (np.bool_(True), r"of type numpy\.bool"),
        ([0, np.zeros(2)], r"got provenance\['seconds'\]\[1\] of type numpy.ndarray"),
        ({1: "a"}, r"got provenance\['seconds'\] of type dict"),
        ({1, 2}, "of type set"),
    ],
    ids=["float32", "int64", "bool", "array", "keys", "set"],
)
def test_a_value_json_has_no_word_for_is_refused(value: object, text: str) -> None:
    """The error names the entry, its type and the cure."""
    verdict = Said(planted("E1", "s"))
    with pytest.raises(TypeError, match=text):
        properties(verdict, "test", {"seconds": value})


def test_plain_values_come_back_equal() -> None:
    """Tuples become lists, float64 a float, and a number that is not finite None."""
    value = {"a": (1, 2.5), "b": [True, None, "x"], "c": float("nan"), "d": np.float64(0.5)}
    got = plain(value, "value")
    assert got == {"a": [1, 2.5], "b": [True, None, "x"], "c": None, "d": 0.5}
    assert type(got["d"]) is float


def test_a_report_gives_back_what_was_recorded() -> None:
    """The verdict with its node id, and the provenance beside it."""
    verdict = Said(planted("E1", "s", interval=(0.0, float("inf"))))
    found = properties(verdict, "test_x.py::test_y", {"seeds": [1]})
    assert all(isinstance(text, str) for _, text in found)
    report = pytest.TestReport(
        "test_x.py::test_y", ("", 0, ""), {}, "passed", None, "call", user_properties=found
    )
    assert recorded_verdicts(report) == [verdict.as_json() | {"nodeid": "test_x.py::test_y"}]
    assert recorded_provenance(report) == [{"seeds": [1]}]
