"""What can go wrong with a training that runs elsewhere, by what is to be done about it."""

from __future__ import annotations

__all__ = [
    "ClusterGoneError",
    "ExecutorError",
    "LateError",
    "LostError",
    "OtherVersionsError",
    "TooLargeError",
    "named",
]


class ExecutorError(Exception):
    """A training did not come back; the message names the experiment, the node where known, and the cure."""


class LostError(ExecutorError):
    """Its process or node is gone: to be tried again, from its last checkpoint."""


class TooLargeError(ExecutorError):
    """It wants more memory than there is; others go on."""


class LateError(ExecutorError):
    """It has run for longer than its limit; others go on."""


class OtherVersionsError(ExecutorError):
    """The node has other code, versions or another device than the driver judges by."""


class ClusterGoneError(ExecutorError):
    """Nothing can be submitted any more: what is in the store stays, the next call goes on from there."""


def named(name: str, message: str) -> Exception:
    """The error that a node names, on the driver; one that is none of these says what it was."""
    found = globals().get(name)
    if isinstance(found, type) and issubclass(found, ExecutorError):
        return found(message)
    return ExecutorError(f"{name}: {message}")
