"""Which of the collected tests are chosen: by scale, protocol, and by name, as the report prints names.

`--claims` takes ids of claims, settings as a table prints them, and numbers of figures. In `-k` an id of a
claim means that claim: E1 is not E10. Whatever else is a part of a name, as pytest has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches

import pytest

from claims.catalogue import CATALOGUE
from claims.catalogue.declaration import declaration_of
from claims.catalogue.exact_sets import large
from claims.catalogue.figures import PAPER
from claims.core.claim import Claim
from claims.harness.collection import named, params_of, protocol_of, specs_of
from claims.harness.launch import slices
from claims.harness.options import Options
from data import DataError, load

__all__ = ["chosen"]


@contextmanager
def chosen(config: pytest.Config, items: list[pytest.Item]) -> Iterator[None]:
    """Leaves out what is not asked for; while inside, others do, by -k and -m.

    Raises:
        pytest.UsageError: a name that nothing has, no test left, or two claims that share an id.
    """
    options = Options.of(config)
    _check_ids(claim for item in items if (claim := _claim(item)))
    of_scale = [item for item in items if _of_scale(item, options.scale)]
    there = [item for item in of_scale if _claim(item)]
    _check_words(options.claims, there)
    kept = [
        item for item in of_scale if _of_protocol(item, options.protocols) and _asked(item, options.claims)
    ]
    if left_out := [item for item in items if item not in set(kept)]:
        config.hook.pytest_deselected(items=left_out)
    items[:] = kept
    with _meaning_claims(config, there):
        yield
    if not config.option.collectonly:
        _load_large(items)
    left = [item for item in items if _claim(item)]
    slices.count(config, len(left), len(there))
    if there and not items and (asked := _asked_for(config)):
        near = _near(_words(config.option.keyword) or options.claims, there)
        raise pytest.UsageError(
            f"got {asked}, wanted at least one of {len(there)} tests; close to that, or all there is: {near}"
        )


def _load_large(items: Iterable[pytest.Item]) -> None:
    """Looks for the data that do not come with the project, before anything trains."""
    names = {spec.data for item in items for spec in specs_of(item)}
    names |= {name for item in items if isinstance(name := params_of(item).get("name"), str)}
    for name in sorted(names):
        if large(name):
            try:
                load(name)
            except DataError as error:
                raise pytest.UsageError(str(error)) from error


def _claim(item: pytest.Item) -> Claim | None:
    declared = declaration_of(item)
    return None if declared is None else declared.claim


def _check_ids(claims: Iterable[Claim]) -> None:
    known = dict(CATALOGUE)
    for claim in claims:
        if known.setdefault(claim.id, claim) != claim:
            raise pytest.UsageError(
                f"got two claims with the id {claim.id!r} ({known[claim.id].statement}; {claim.statement}), "
                "wanted one: give the second another id"
            )


# -- scale and protocol ---------------------------------------------------------------


def _of_scale(item: pytest.Item, scale: str) -> bool:
    return all(scale in mark.args for mark in item.iter_markers("scale"))


def _of_protocol(item: pytest.Item, protocols: Sequence[str]) -> bool:
    """Whether the test speaks of a chosen protocol, or of none; of one that there is no parameter for, pytest
    has a test all the same."""
    if not isinstance(params_of(item).get("specs", ()), tuple):
        return False
    specs = specs_of(item)
    return not specs or not (one := protocol_of(specs)) or one in protocols


# -- names ----------------------------------------------------------------------------


def _figure(word: str) -> int | None:
    """The number of "figure 5", "fig. 5"."""
    found = re.fullmatch(r"fig(?:ure|\.)?\s*(\d+)", word.strip().casefold())
    return int(found[1]) if found else None


def _settings(item: pytest.Item) -> set[str]:
    """What the report calls the test's setting: whole, and the case that its columns begin with."""
    claim, id = _claim(item), getattr(getattr(item, "callspec", None), "id", "")
    found = {id.removeprefix(claim.id).removeprefix("-")} if claim else set()
    if specs := specs_of(item):
        declared = declaration_of(item)
        case, output = named(specs, declared.variant if declared else "")
        protocol = protocol_of(specs)
        parts = ((case,), (case, protocol), (case, output), (case, output, protocol))
        found |= {"-".join(filter(None, of)) for of in parts}
    return {name.casefold() for name in found if name}


def _asked(item: pytest.Item, words: Sequence[str]) -> bool:
    return not words or any(_is(item, word) for word in words)


def _is(item: pytest.Item, word: str) -> bool:
    claim = _claim(item)
    if claim is None:
        return False
    if (number := _figure(word)) is None:
        return claim.id.casefold() == word.casefold() or word.casefold() in _settings(item)
    networks = {figure.network for figure in PAPER if figure.number == number}
    shown = {spec.network.label for spec in specs_of(item)}
    return number in claim.figures and (not shown or bool(shown & networks))


def _check_words(words: Sequence[str], there: Sequence[pytest.Item]) -> None:
    for word in words:
        if not any(_is(item, word) for item in there) and word not in CATALOGUE:
            raise pytest.UsageError(
                f"got --claims {word}, wanted ids of claims, settings or figures, comma separated, such as "
                f"{_near([word], there)}"
            )


def _near(words: Sequence[str], there: Sequence[pytest.Item]) -> str:
    """The names like these, of claims, settings and figures; all claims where none is."""
    ids = sorted({claim.id for item in there if (claim := _claim(item))}, key=_catalogue_order)
    figures = sorted({f"figure {n}" for item in there if (claim := _claim(item)) for n in claim.figures})
    settings = sorted(set().union(*(_settings(item) for item in there)))
    folded = {name.casefold(): name for name in (*ids, *figures, *settings)}
    close = [
        folded[name] for word in words for name in get_close_matches(word.casefold(), folded, n=3, cutoff=0.5)
    ]
    return ", ".join(dict.fromkeys(close)) or f"{', '.join(ids)}, and {', '.join(figures)}"


def _catalogue_order(id: str) -> tuple[int, str]:
    order = list(CATALOGUE)
    return (order.index(id) if id in CATALOGUE else len(order), id)


# -- -k -------------------------------------------------------------------------------

_WORD = re.compile(r"[\w:+\-.\[\]\\/]+")


def _words(expression: str) -> list[str]:
    return [word for word in _WORD.findall(expression) if word.casefold() not in ("and", "or", "not")]


@contextmanager
def _meaning_claims(config: pytest.Config, there: Sequence[pytest.Item]) -> Iterator[None]:
    """Have the ids of claims in -k mean the claims: pytest would look for their letters in any name."""
    known = {}
    for item in there:
        if claim := _claim(item):
            known[claim.id.casefold()] = f":{claim.id}:"
            item.extra_keyword_matches |= {f":{claim.id}:"} | _settings(item)
    typed = config.option.keyword
    config.option.keyword = _WORD.sub(lambda of: known.get(of[0].casefold(), of[0]), typed)
    try:
        yield
    finally:
        config.option.keyword = typed


def _asked_for(config: pytest.Config) -> str:
    return " and ".join(slices.chosen_by(config))
