"""Templates are code: short lines, and one block element a line."""

import re

import pytest

from shop.embedded.state import ROOT

TEMPLATES = sorted(path for path in (ROOT / "templates").rglob("*") if path.suffix in (".html", ".txt"))
MAX_LINE_LENGTH = 120
BLOCKS = (
    "address article aside blockquote dd details dialog div dl dt fieldset footer form h[1-6] header legend li main "
    "nav ol p section summary table tbody td tfoot th thead tr ul"
)
BLOCK = re.compile(rf"<(?:{'|'.join(BLOCKS.split())})\b")


def name_of(path):
    return str(path.relative_to(ROOT / "templates"))


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_no_line_of_a_template_is_longer_than_120_characters(path):
    lines = enumerate(path.read_text().splitlines(), start=1)
    assert [number for number, line in lines if len(line) > MAX_LINE_LENGTH] == []


@pytest.mark.parametrize("path", [path for path in TEMPLATES if path.suffix == ".html"], ids=name_of)
def test_a_template_starts_at_most_one_block_element_on_a_line(path):
    lines = enumerate(path.read_text().splitlines(), start=1)
    assert [number for number, line in lines if len(BLOCK.findall(line)) > 1] == []


@pytest.mark.django_db
def test_a_page_is_sent_without_the_indentation_of_its_templates(client):
    assert b"\n " not in client.get("/orders/find/").content
