"""A page as its readers get it: tags, texts and scripts."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from claims.harness.launch.controls import Controls
from reports.page import build
from reports.records import Report

__all__ = ["Page", "page"]


class Page(HTMLParser):
    """What a browser would make of the page, as far as these tests ask."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.scripts: list[str] = []
        self.data: list[str] = []
        """What stands in scripts that are data, which no browser runs."""
        self._inside, self._runs = "", True
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        self._inside = tag if tag in ("script", "style") else self._inside
        self._runs = ("type", "application/json") not in attrs

    def handle_endtag(self, tag: str) -> None:
        self._inside = "" if tag == self._inside else self._inside

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            (self.scripts if self._runs else self.data).append(data)
        elif not self._inside:
            self.texts.append(data)

    @property
    def text(self) -> str:
        """All that is to be read, with single spaces."""
        return " ".join(" ".join(self.texts).split())

    def values(self, attribute: str) -> Iterator[str]:
        """That attribute's values."""
        return (attributes[attribute] for _, attributes in self.tags if attribute in attributes)


def page(report: Report, folder: Path, controls: Controls | str = Controls()) -> Page:  # noqa: B008
    """The page of a report without runs."""
    return Page(build(report, folder, folder / "store", controls).read_text(encoding="utf-8"))
