"""Evidence that took long to compute, kept in the run store beside the trained runs.

A proof over all critical points, or hundreds of restarts, is a function of the data and of the code that
makes it. Its result is kept under the digest of all it depends on: what the caller names, the function with
all modules that its own one imports, and the versions of the libraries that compute. Each file is bound to
its own digest; one that is damaged is reported and computed again.
"""

from __future__ import annotations

import inspect
import platform
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from claims.core.claim import Claim
from claims.core.verdict import Evidence
from models.runs.code import code_and_versions
from models.runs.content import Remote, ValueStore
from models.runs.run import Run

__all__ = ["FOLDER", "LIBRARIES", "EvidenceCache", "NotKeptError", "code_of", "of_run"]

FOLDER = "evidence"
"""Where evidence lies in the run store."""

LIBRARIES = ("numpy", "scipy", "python-flint", "torch")
"""Whose arithmetic evidence takes."""


def code_of(function: Callable[..., Any], arguments: Sequence[Any] = ()) -> dict[str, Any]:
    """The code that a result depends on: modules by name, their digest, and what they run on.

    Args:
        function: of a module; the functions among its arguments count as well.
        arguments: what it is called with.

    Raises:
        ValueError: a lambda, or a function of a test or inside another function: what such a one computes
            cannot be read off the modules it needs.
    """
    functions = [function, *(each for each in arguments if inspect.isfunction(each))]
    for each in functions:
        name = getattr(each, "__qualname__", repr(each))
        if "<" in name:
            raise ValueError(
                f"got the function {name} of {each.__module__}, wanted one at the top of a module, "
                "with its arguments beside it: evidence depends on the files that its function imports"
            )
    modules = sorted({each.__module__ for each in functions})
    found = code_and_versions(modules, LIBRARIES)
    return {
        "function": f"{function.__module__}.{function.__qualname__}",
        "modules": modules,
        "code": found["code"],
        "versions": found["versions"] | {"machine": platform.machine()},
    }


def of_run(run: Run, rule: Claim) -> dict[str, str]:
    """What evidence on a claim from one run depends on: the run's own bytes and the claim's rule."""
    digest = run.provenance["sha256"] if run.provenance else ""
    found = {"run": run.key, "sha256": digest, "rule": repr(rule)}
    if run.second is None:
        return found
    second = {name: value for name, value in of_run(run.second, rule).items() if name != "rule"}
    return found | {f"second {name}": value for name, value in second.items()}


class NotKeptError(LookupError):
    """The store has not what a cache was asked for that makes nothing."""


class EvidenceCache:
    """Results on disk, each computed once, whatever the number of workers or invocations.

    Args:
        root: the run store's folder; results go into its sub-folder evidence/.
        refresh: compute again even what is there.
        makes: compute what is not there; else it is an error.
        code: what a result depends on besides what the caller names.
        remote: the object store behind the root, if there is one.
    """

    def __init__(
        self,
        root: Path,
        *,
        refresh: bool = False,
        makes: bool = True,
        code: Callable[..., Mapping[str, Any]] = code_of,
        remote: Remote | None = None,
    ) -> None:
        self._store = ValueStore(root, FOLDER, refresh=refresh, remote=remote)
        self._code, self._makes = code, makes

    def evidence(
        self, name: str, depends: Mapping[str, Any], function: Callable[..., Evidence], *arguments: Any
    ) -> Evidence:
        """The evidence from the store, or computed here, or computed elsewhere while this call waits.

        Args:
            name: readable head of the file's name.
            depends: what the result depends on besides the code, as plain JSON: digests, preparation, rule.
            function: makes it, of these arguments; of a module, see `code_of`.

        Raises:
            ValueError: as `code_of`.
            StoreError: it had to be computed, and the store cannot be written.
            NotKeptError: it would have to be computed, and this cache makes nothing.
        """
        identity = {"depends": dict(depends), **self._code(function, arguments)}
        fields = self._kept(name, identity, lambda: msgspec.to_builtins(function(*arguments)))
        return msgspec.convert(fields, Evidence)

    def value(
        self,
        name: str,
        depends: Mapping[str, Any],
        function: Callable[..., Any],
        *arguments: Any,
        **options: Any,
    ) -> Any:
        """The same for a value that is plain JSON."""
        identity = {"depends": dict(depends), **self._code(function, arguments)}
        return self._kept(name, identity, lambda: function(*arguments, **options))

    def _kept(self, name: str, identity: Mapping[str, Any], make: Callable[[], Any]) -> Any:
        if self._makes:
            return self._store.value(name, identity, make)
        if (found := self._store.find(name, identity)) is None:
            raise NotKeptError(f"got no {name} in {self._store.folder}, wanted it made before")
        return found
