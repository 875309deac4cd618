"""`boston`: the Boston housing table, 506 rows, 13 columns and a target, embedded in the package mlxtend."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from data import embedded
from data.dataset import Array, Dataset, ExactTable
from data.entry import Entry
from data.split import split

__all__ = ["COLUMNS", "SETS", "exact_table", "load_boston"]

COLUMNS = (
    "CRIM",
    "ZN",
    "INDUS",
    "CHAS",
    "NOX",
    "RM",
    "AGE",
    "DIS",
    "RAD",
    "TAX",
    "PTRATIO",
    "B",
    "LSTAT",
    "MEDV",
)
"""The 13 inputs and the target, the median value of a home in 1,000 dollars."""

TEST = 102
SHA256 = "8d64c5b12be7bb3ed2f814a9e7b589477c95bf2cff016d399247cc252c212cb8"
"""Of the scaled integers and decimals of `exact_table` and the split (train, test), all int64."""


def load_boston() -> Dataset:
    """404 training and 102 test rows; inputs and target are standardised on the training part.

    Raises:
        DataCorruptError: mlxtend ships other numbers than those this was written against.
    """
    table = _table()
    integers, decimals = _scaled_integers(table)
    train, test = split(np.zeros(len(table)), TEST)
    checksum = embedded.checksum(integers, decimals, train, test)
    embedded.require("boston", checksum, SHA256)
    return Dataset(
        name="boston",
        task="regression",
        raw_train=table[train, :-1],
        raw_y_train=table[train, -1],
        raw_test=table[test, :-1],
        raw_y_test=table[test, -1],
        classes=0,
        checksum=checksum,
        source=f"{embedded.source()}, boston_housing_data()",
        exact=_whole_table,
    )


SETS = (
    Entry(
        name="boston",
        load=load_boston,
        task="regression",
        train=404,
        test=TEST,
        sample_shape=(13,),
        outputs=1,
        exact=True,
    ),
)


def exact_table() -> tuple[Array, Array]:
    """The table as printed, without rounding: integers [506, 14] and decimals [14], both int64.

    The entry in row i and column j is integers[i, j] / 10 ** decimals[j]; rows are
    in the file's order and columns as in `COLUMNS`. Multiplying a column by a power
    of ten changes no rank.
    """
    return _scaled_integers(_table())


def _whole_table() -> ExactTable:
    table, decimals = exact_table()
    return ExactTable(table[:, :-1], table[:, -1:], 10.0 ** decimals[:-1], COLUMNS[:-1])


def _table() -> Array:
    """[506, 14] float64, in the file's order."""
    return embedded.table("boston_housing.csv", np.float64, _public)


def _scaled_integers(table: Array) -> tuple[Array, Array]:
    # The shortest decimal that rounds to a float64 is the one that was typed, for up to 15 digits.
    columns = [[Decimal(repr(value)).normalize() for value in column] for column in table.T.tolist()]
    decimals = [max(0, *(-int(value.as_tuple().exponent) for value in column)) for column in columns]
    integers = [
        [int(value.scaleb(places)) for value in column]
        for column, places in zip(columns, decimals, strict=True)
    ]
    return np.array(integers, dtype=np.int64).T.copy(), np.array(decimals, dtype=np.int64)


def _public() -> tuple[Array, Array]:
    from mlxtend.data import boston_housing_data

    x, y = boston_housing_data()
    return x, y
