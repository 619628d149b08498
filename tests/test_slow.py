"""The list of slow tests names tests that exist, and is long enough for the others to be quick."""

import pytest

from shop.embedded.state import ROOT
from tests.slow import cases_of, slow_functions, slowest

REPORT = """<testsuites><testsuite>
<testcase classname="tests.orders.test_tax" name="test_a_rate[1]" time="0.5" />
<testcase classname="tests.orders.test_tax" name="test_a_rate[2]" time="0.7" />
</testsuite></testsuites>"""


@pytest.mark.parametrize("name", sorted(slow_functions()))
def test_a_slow_test_exists(name):
    file, _, function = name.partition("::")
    assert f"def {function}(" in (ROOT / file).read_text()


@pytest.mark.parametrize(
    ("most_seconds", "left_out"),
    [(9, []), (8, ["b.py::test_2"]), (5, ["b.py::test_2"]), (4, ["a.py::test_1", "b.py::test_2"])],
)
def test_functions_with_slow_cases_are_left_out_until_the_others_take_no_longer(most_seconds, left_out):
    cases = [("a.py::test_1[x]", 1), ("a.py::test_1[y]", 3), ("b.py::test_2", 4), ("b.py::test_3", 1)]
    assert slowest(cases, most_seconds) == left_out


def test_the_seconds_of_each_test_are_read_from_a_report(tmp_path):
    (tmp_path / "times.xml").write_text(REPORT)
    assert cases_of(tmp_path / "times.xml") == [
        ("tests/orders/test_tax.py::test_a_rate[1]", 0.5),
        ("tests/orders/test_tax.py::test_a_rate[2]", 0.7),
    ]


def test_slow_tests_are_marked(request: pytest.FixtureRequest):
    named = [item for item in request.session.items if item.nodeid.partition("[")[0] in slow_functions()]
    assert all(item.get_closest_marker("full") for item in named)
