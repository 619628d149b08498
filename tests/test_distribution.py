"""Tests that share a server or a browser run in one worker."""

import pytest

from tests.distribution import group_of


def test_all_tests_of_the_running_demo_run_in_one_worker(request: pytest.FixtureRequest):
    shared = {"_started_shop", "browser"}
    groups = {group_of(item.nodeid) for item in request.session.items if shared & set(item.fixturenames)}
    assert groups <= {"demo"}


@pytest.mark.parametrize(
    ("nodeid", "group"),
    [
        ("tests/browser/test_shop.py::test_a_product[1]", "demo"),
        ("tests/faults/test_demo.py::test_the_demo", "demo"),
        ("tests/test_templates.py::test_a_template[a::b]", "tests/test_templates.py"),
        ("tests/orders/test_tax.py::test_a_rate[1]", "tests/orders/test_tax.py::test_a_rate[1]"),
    ],
)
def test_sources_are_read_by_one_worker_and_other_tests_by_whoever_is_free(nodeid, group):
    assert group_of(nodeid) == group
