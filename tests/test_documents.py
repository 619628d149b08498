"""The documents stay readable in an editor, and name files that exist."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
MAX_LINE_LENGTH = 120
NAMED_FILE = re.compile(r"`([\w.-]+(?:/[\w.-]+)+\.(?:py|md|html|css|js|toml))\b")
RELATIVE_LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")


def lines_of_prose(document: Path) -> Iterator[tuple[int, str]]:
    """Yield the number and the text of each line outside code blocks."""
    is_code = False
    for number, line in enumerate(document.read_text().splitlines(), start=1):
        if line.lstrip().startswith("```"):
            is_code = not is_code
        elif not is_code:
            yield number, line


def is_unwrappable(line: str) -> bool:
    """Whether the line is a row of a table, indented code, or one link or code span."""
    return line.startswith(("|", "    ", "[")) or " " not in re.sub(r"`[^`]*`|\[[^]]*\]", "", line.strip(" -*"))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_document_has_no_long_line_of_prose(document):
    long = [
        f"{number}: {line}"
        for number, line in lines_of_prose(document)
        if len(line) > MAX_LINE_LENGTH and not is_unwrappable(line)
    ]
    assert long == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_that_a_document_names_exist(document):
    text = document.read_text()
    named = {name for name in NAMED_FILE.findall(text) if not (ROOT / name).is_file()}
    linked = {name for name in RELATIVE_LINK.findall(text) if not (document.parent / name).exists()}
    assert (named, linked) == (set(), set())
