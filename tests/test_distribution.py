"""Tests that share a server or a browser run in one worker."""

import pytest

from tests.distribution import group_of


@pytest.mark.parametrize(("fixture", "groups"), [("_started_shop", {"demo"}), ("browser", {"demo", "browser"})])
def test_all_tests_of_the_running_demo_run_in_one_worker(request: pytest.FixtureRequest, fixture, groups):
    assert {group_of(item.nodeid) for item in request.session.items if fixture in item.fixturenames} <= groups


def test_slow_tests_come_first(request: pytest.FixtureRequest):
    are_quick = [item.get_closest_marker("full") is None for item in request.session.items]
    assert are_quick == sorted(are_quick)


@pytest.mark.parametrize(
    ("nodeid", "group"),
    [
        ("tests/browser/test_shop.py::test_a_product[1]", "demo"),
        ("tests/faults/test_demo.py::test_the_demo_sells_stops_starts_again_and_leaves_nothing", "demo"),
        ("tests/faults/test_demo.py::test_a_taken_port", "tests/faults/test_demo.py::test_a_taken_port"),
        ("tests/browser/test_passkeys.py::test_a_passkey", "browser"),
        ("tests/payments/test_reports.py::test_sales[a]", "tests/payments/test_reports.py"),
        ("tests/test_templates.py::test_a_template[a::b]", "tests/test_templates.py"),
        ("tests/orders/test_tax.py::test_a_rate[1]", "tests/orders/test_tax.py::test_a_rate[1]"),
    ],
)
def test_sources_are_read_by_one_worker_and_other_tests_by_whoever_is_free(nodeid, group):
    assert group_of(nodeid) == group
