"""The table of docs/faults.md and the marks of the tests name the same faults."""

import re

from shop.embedded.state import ROOT


def test_every_fault_of_the_document_marks_a_test_and_every_mark_is_explained():
    sources = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    marks = {number for row in re.findall(r"pytest\.mark\.fault\(([^)]*)\)", sources) for number in row.split(", ")}
    rows = re.findall(r"^\| (F\d{3}) \|", (ROOT / "docs/faults.md").read_text(), re.MULTILINE)
    assert rows == sorted(set(rows))
    assert marks == {f'"{number}"' for number in rows}
