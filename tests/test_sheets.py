"""Every page loads the style sheets of the classes that its templates use."""

import gzip
import re
from functools import cache
from pathlib import Path

import pytest
from django.contrib import admin

ROOT = Path(__file__).resolve().parent.parent
ADMIN = Path(admin.__file__).parent
FOLDERS = (ROOT / "templates", ADMIN / "templates")
SHEETS = {
    path.relative_to(folder).as_posix(): path.read_text()
    for folder in (ROOT / "static", ADMIN / "static")
    for path in folder.rglob("*.css")
    if folder == ROOT / "static" or path.name == "widgets.css"  # the only sheet of Django's that our pages load
}
# What scripts put into a page: template → the page that shows it.
PUT_INTO = {"orders/drawer.html": "catalog/product.html"}


def classes_of(sheet: str) -> set[str]:
    """Return the classes that a sheet has rules for. A class in `:not(…)` or `:has(…)` is only a condition."""
    selectors = re.sub(r"/\*.*?\*/|\{[^{}]*\}", " ", sheet, flags=re.DOTALL)
    for _depth in range(3):
        selectors = re.sub(r":(?:not|has)\([^()]*\)", "", selectors)
    return set(re.findall(r"\.(-?[a-zA-Z][\w-]*)", selectors))


DEFINED = {name: classes_of(text) for name, text in SHEETS.items()}
ANYWHERE = set().union(*DEFINED.values())


@cache
def source(name: str, skipped: Path | None = None) -> tuple[str, Path | None]:
    """Return the template's text without comments, and its path. A template that extends its own name skips itself."""
    path = next((folder / name for folder in FOLDERS if (folder / name).exists() and folder / name != skipped), None)
    return re.sub(r"{% comment.*?endcomment %}|{#.*?#}", "", path.read_text(), flags=re.DOTALL) if path else "", path


def parts(name: str, skipped: Path | None = None) -> list[str]:
    """Return the texts of the template, of those that it extends, and of those that they include."""
    text, path = source(name, skipped)
    below = re.findall(r'{% (?:extends|include) "([^"]+)"', text)
    return [text, *(part for other in below for part in parts(other, path if other == name else None))]


def pages() -> list[str]:
    names = [path.relative_to(ROOT / "templates").as_posix() for path in (ROOT / "templates").rglob("*.html")]
    full = [name for name in names if any("<html" in part for part in parts(name))]
    return sorted([*full, *PUT_INTO])


def used(text: str) -> set[str]:
    plain = re.sub(r"{%.*?%}|{{.*?}}", " ", text)
    return {word for group in re.findall(r'class="([^"]*)"', plain) for word in group.split()}


@pytest.mark.parametrize("name", pages())
def test_a_page_loads_the_sheets_of_its_classes(name):
    texts = parts(name)
    frame = [*texts, *(parts(PUT_INTO[name]) if name in PUT_INTO else [])]
    loaded = set(re.findall(r"{% static [\"']([^\"']+\.css)[\"'] %}", "".join(frame)))
    known = set().union(*(DEFINED[sheet] for sheet in loaded))
    missing = {word for text in texts for word in used(text) if word in ANYWHERE - known}
    where = {word: [sheet for sheet, words in DEFINED.items() if word in words] for word in missing}
    assert where == {}


ADMIN_FORMS = [name for name in pages() if any("submit-row" in used(part) for part in parts(name))]


@pytest.mark.parametrize("name", ADMIN_FORMS)
def test_a_form_in_the_admin_loads_the_sheet_of_widgets(name):
    assert "admin/css/widgets.css" in "".join(parts(name))


@pytest.mark.parametrize(("name", "limit"), [("css/admin.css", 16_000), ("js/admin.js", 6_000)])
def test_the_files_of_every_desk_page_stay_small(name, limit):
    assert len(gzip.compress((ROOT / "static" / name).read_bytes(), 9)) <= limit
