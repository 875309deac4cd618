"""GitHub Actions: the report as the job's summary, where GITHUB_STEP_SUMMARY names the file for it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

__all__ = ["LIMIT", "VARIABLE", "summarise"]

VARIABLE = "GITHUB_STEP_SUMMARY"

LIMIT = 1024 * 1024
"""Bytes of a step's summary; GitHub shows nothing at all of a longer one."""

_CUT = "\n\n**Cut here, because GitHub shows at most 1 MiB: the rest is in verdicts.md of the report.**\n"


def summarise(markdown: Path, environ: Mapping[str, str]) -> str | None:
    """Append the Markdown file to the job's summary; a sentence where that went wrong.

    Outside GitHub Actions nothing happens. What the step wrote before stays, and counts
    towards the limit.
    """
    if not (target := environ.get(VARIABLE)):
        return None
    try:
        text = markdown.read_text(encoding="utf-8")
        with open(target, "ab") as file:
            room = LIMIT - file.tell() - 1
            file.write(b"\n" * bool(file.tell()) + _fitting(text, room))
    except OSError as error:
        return f"the job's summary could not be written: {error}"
    return None


def _fitting(text: str, room: int) -> bytes:
    """The text in at most so many bytes: whole, or whole lines and a sentence, or nothing."""
    whole = text.encode()
    if len(whole) <= room:
        return whole
    left = room - len(_CUT.encode())
    return (
        whole[: whole.rindex(b"\n", 0, left)] + _CUT.encode() if left > 0 and b"\n" in whole[:left] else b""
    )
