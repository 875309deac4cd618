"""The site's parts are the code's and the other pages' own, and its pages fetch nothing."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from claims.catalogue import CATALOGUE
from claims.core import margins
from docs.site import ROOT, on_config, on_page_markdown, on_post_page, section, written

PAGE = SimpleNamespace(file=SimpleNamespace(src_uri="api/x.md"))
PAGES = sorted(path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md"))


Shown = Callable[[str], str]

_WRITE = (
    "import json, sys\nfrom docs.site import ROOT, written\n"
    "json.dump({p: written((ROOT / 'docs' / p).read_text(), p) for p in sys.argv[1:]}, sys.stdout)"
)


@pytest.fixture(scope="module")
def shown() -> Shown:
    """Each page of docs/ with all its parts, written as mkdocs does, outside a session of pytest."""
    command = [sys.executable, "-c", _WRITE, *PAGES]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout)).__getitem__


@pytest.mark.parametrize("page", PAGES)
def test_every_part_that_a_page_asks_for_is_there(page: str, shown: Shown) -> None:
    """No comment is left that asks for one, and nothing is drawn by a script from elsewhere."""
    text = shown(page)
    assert not re.search(r"<!-- (from|claims|margins|scales|options|modules|notebook)\b", text)
    assert "```mermaid" not in text


def test_the_command_finds_the_rooms(monkeypatch: pytest.MonkeyPatch) -> None:
    """`mkdocs` as a command lacks the checkout on the path, and takes back what loading a hook added."""
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry not in ("", str(ROOT))])
    on_config({})
    assert sys.path[0] == str(ROOT)


def test_every_page_is_in_the_navigation() -> None:
    """mkdocs.yml names each file, and no other."""
    nav = (ROOT / "mkdocs.yml").read_text().partition("\nnav:\n")[2]
    assert sorted(re.findall(r"[\w/.-]+\.md", nav)) == PAGES


def test_claims_are_the_catalogues(shown: Shown) -> None:
    """Each once, in the catalogue's words, with an anchor of its own."""
    page = shown("claims.md")
    assert sorted(re.findall(r"\{#([\w-]+)\}", page)) == sorted(id.lower() for id in CATALOGUE)
    for claim in CATALOGUE.values():
        assert page.count(f"### {claim.id}: {claim.statement} {{#") == 1
    assert f"- **rule**: {CATALOGUE['E6'].rule}\n" in page
    assert "- **judged on**: 500 softmax mse beside 500 linear mse, 500-300 softmax" in page


def test_margins_stand_with_their_value(shown: Shown) -> None:
    """As claims/core/margins.py has them, every one that it exports."""
    page = shown("statistics.md")
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.M)) == set(margins.__all__)
    assert f"| `EQUAL_LOSS` | {margins.EQUAL_LOSS:g} | Equivalence margin" in page


def test_the_guide_is_the_readmes(shown: Shown) -> None:
    """Sections word for word but for the way to pictures; every option of the command line."""
    page = shown("guide.md")
    assert section('README.md "Two commands"') in page
    assert "](report.png)" in page
    assert "| `--fail-on LIST` |" in page
    assert "| `standard` | mnist-5k: 4,000 and 1,000; boston: 404 and 102 |" in page


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ('from: README.md "Nothing"', "got the heading 'Nothing' of README.md, wanted one of , Two commands"),
        ("from: README.md", 'wanted a file and a heading: README.md "Two commands"'),
        ("modules: rooms", "got the room 'rooms', wanted a folder of the checkout with modules"),
    ],
)
def test_a_part_that_there_is_not_is_an_error(part: str, message: str) -> None:
    """Building the site stops there."""
    with pytest.raises(ValueError, match=re.escape(message)):
        on_page_markdown(f"<!-- {part} -->", PAGE)


def test_pages_that_are_named_are_links() -> None:
    """Seen from the page that names them; what is no page of the site stays as it is."""
    text = "`docs/decisions/0004-curvature.md`, `CONTRIBUTING.md`"
    assert on_page_markdown(text, PAGE) == (
        "[`docs/decisions/0004-curvature.md`](../decisions/0004-curvature.md), `CONTRIBUTING.md`"
    )


def test_a_picture_is_a_table_of_its_arrows() -> None:
    """With names, and labels where there are some."""
    nodes = '```mermaid\nflowchart RL\n    a["a/"]\n    b["b/"]\n'
    assert "| `a/` | `b/` |" in written(f"{nodes}    a --> b\n```", "x.md")
    assert "| `a/` | `b/` | f |" in written(f'{nodes}    a -- "f" --> b\n```', "x.md")


def test_no_page_fetches_anything() -> None:
    """What the theme would fetch is put in; anything else is an error; links lead where they like."""
    shim = '<head><script src="https://unpkg.com/iframe-worker/shim"></script></head>'
    page = on_post_page(shim, PAGE)
    assert "src=" not in page.replace("script.src =", "")
    assert 'location.protocol === "file:"' in page
    assert on_post_page('<a href="https://arxiv.org/abs/1605.07110">', PAGE)
    for tag in (
        '<script src="//cdn.example/x.js">',
        '<link rel="stylesheet" href="https://fonts.example/x.css">',
    ):
        with pytest.raises(ValueError, match=r"on api/x.md, wanted a page that fetches nothing"):
            on_post_page(tag, PAGE)


def test_the_theme_still_fetches_what_is_replaced() -> None:
    """Else search_on_disk.js is put nowhere."""
    material = pytest.importorskip("material", reason="the site's theme is in the extra `docs`")
    plugin = (Path(material.__file__).parent / "plugins" / "offline" / "plugin.py").read_text()
    (address,) = re.findall(r'"(https://\S*iframe-worker\S*)"', plugin)
    page = on_post_page(f'<script src="{address}"></script>', PAGE)
    assert 'location.protocol === "file:"' in page
