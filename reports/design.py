"""The design of a run in words: how many networks, how the error rate is spent, what the scale trains on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["design", "sizes"]

Options = Mapping[str, Any]


def design(options: Options) -> str:
    """`fixed design: 32 networks, share 0.85, alpha 0.05`, or the looks; "" where a report has none."""
    of = options.get("design")
    if not of:
        return ""
    networks = ", ".join(map(str, of["networks"]))
    share = f"share {of['share']:g}, alpha {of['alpha']:g}"
    if of["kind"] == "fixed":
        return f"fixed design: {networks} networks, {share}"
    return f"looks at {networks} networks, {share} spent as {', '.join(f'{w:g}' for w in of['weights'])}"


def sizes(options: Options) -> str:
    """`quick scale: mnist-5k 1000 training and 4000 test samples, boston 404 and 102`."""
    found = options.get("scale_sizes")
    if not found:
        return f"{options['scale']} scale"
    parts = [
        f"{name} {of['train']} {'and' if i else 'training and'} {of['test']}{'' if i else ' test samples'}"
        for i, (name, of) in enumerate(found.items())
    ]
    return f"{options['scale']} scale: {', '.join(parts)}"
