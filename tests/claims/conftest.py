"""Records what a test is a control of, for whoever reads its report."""

from __future__ import annotations

import pytest

from claims.harness.collection import MARKERS
from tests.claims.controls.declared import controls_of


def pytest_configure(config: pytest.Config) -> None:
    """The marker of controls, and those of the claims, whose files a control may import."""
    for line in (*MARKERS, "control(claim, outcome): plants a case of the claim that must come out so"):
        config.addinivalue_line("markers", line)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Properties reach the process that reports, with workers as without."""
    item.user_properties += [("control", each) for each in controls_of(item)]
