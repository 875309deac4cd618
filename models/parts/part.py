"""What an experiment is composed of: frozen values that say their own canonical JSON, found by kind.

A kind is a file: `models/optimisers/adam.py` holds the optimiser of kind "adam", a frozen dataclass derived
from `Part` with that `kind`. To add one is to add its file; nothing lists them.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, ClassVar

__all__ = ["Part", "canonical", "decoded", "find", "kinds"]


class Part:
    """A frozen value of an experiment; its subclasses are frozen dataclasses.

    Attributes:
        kind: names it among its like, "" where there is only one.
    """

    __slots__ = ()
    kind: ClassVar[str] = ""

    def as_json(self) -> dict[str, Any]:
        """Its fields as plain JSON values, with its kind."""
        own = {field.name: _plain(getattr(self, field.name)) for field in fields(self)}  # type: ignore[arg-type]
        return ({"kind": self.kind} if self.kind else {}) | own


def _plain(value: Any) -> Any:
    if isinstance(value, Part):
        return value.as_json()
    return [_plain(one) for one in value] if isinstance(value, tuple) else value


def canonical(value: Mapping[str, Any]) -> str:
    """JSON as one line, the same for equal values."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def kinds(family: str) -> list[str]:
    """The kinds there are of a family: the files of `models/<family>/` that hold one."""
    package = importlib.import_module(f"models.{family}")
    names = (module.name for module in pkgutil.iter_modules(package.__path__))
    return sorted(name for name in names if _class_of(family, name) is not None)


def find(family: str, kind: str) -> type[Any]:
    """The class of this kind.

    Args:
        family: "networks", "optimisers", "penalties" or "initialisations".
        kind: the name of its file there.

    Raises:
        ValueError: there is no such file, or it holds no such kind.
    """
    known = [
        module.name for module in pkgutil.iter_modules(importlib.import_module(f"models.{family}").__path__)
    ]
    found = _class_of(family, kind) if kind in known else None
    if found is None:
        raise ValueError(
            f"got the kind {kind!r}, wanted one of models/{family}/: {', '.join(kinds(family))}; a new one "
            f"is a file models/{family}/{kind}.py with a Part whose kind is {kind!r}"
        )
    return found


def _class_of(family: str, kind: str) -> type[Part] | None:
    module = importlib.import_module(f"models.{family}.{kind}")
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, Part) and value.kind == kind:
            return value
    return None


def decoded(family: str, value: Mapping[str, Any]) -> Any:
    """The part of which this is the JSON, the inverse of `Part.as_json`.

    Raises:
        ValueError: an unknown kind, or fields that it lacks or does not know.
    """
    own = {name: tuple(field) if isinstance(field, list) else field for name, field in value.items()}
    kind = own.pop("kind", None)
    try:
        return find(family, str(kind))(**own)
    except TypeError as error:
        raise ValueError(f"got {dict(value)}, which is no {kind} of models/{family}/: {error}") from error
