"""Which data sets the exact claims of section 2 are judged on, how prepared, and at which scale.

The sets declare it themselves (`data.Entry`), so that a new one is judged without a change here.
"""

from __future__ import annotations

import pytest

from data import entries

__all__ = ["exact_sets", "large", "of_scale", "preparations"]

_POOLED = 28 * 28
"""Numbers in a sample that the preparation "pooled" takes: one image of 28 by 28 pixels."""


def exact_sets() -> tuple[str, ...]:
    """The names of the sets that the exact claims are judged on."""
    return tuple(name for name, of in entries().items() if of.exact)


def preparations(name: str) -> tuple[str, ...]:
    """How the inputs of a set are prepared where the linear theorem is judged.

    As they are; and where columns depend on others, so that H2 fails, on independent columns as well, of the
    pooled digits and of all pixels.
    """
    of = entries().get(name)
    if of is None or not of.dependent_columns:
        return ("raw",)
    pooled = ("pooled-independent",) if of.d_x == _POOLED else ()
    return ("raw", *pooled, "independent")


def large(name: str) -> bool:
    """Whether a set is judged at the paper's scale only."""
    of = entries().get(name)
    return of is not None and of.large


def of_scale(name: str) -> list[pytest.MarkDecorator]:
    """The marks of a test on this set: of a large one, that of the paper's scale."""
    return [pytest.mark.scale("paper")] if large(name) else []
