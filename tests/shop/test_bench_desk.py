"""What `bench desk` measures, and how it continues where it was stopped."""

import pytest

from catalog.models import Review
from orders.models import Customer
from shop.benchmarks import desk
from shop.benchmarks.desk import Figures, Plan, compare_desks
from shop.benchmarks.desk_pages import frequent

PAGES = {"home": "/admin/", "mail: status = sent": "/admin/shop/mail/?status=sent", "mail": "/admin/shop/mail/"}


class MadeUpServer:
    """A server that notes which pages it was asked for."""

    asked: list[str]

    def __init__(self, cluster: object, database: str) -> None:
        self.pages, self.asked = PAGES, []
        self.rows = len(database)

    def wait(self) -> None:
        """It always serves."""

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        """It has no process."""

    def get(self, url: str, figures: Figures, *, is_first: bool = False) -> None:
        figures.rows = self.rows
        figures.wall.append(1.0)
        figures.cpu.append(2.0)


def test_a_run_continues_with_the_pages_that_the_last_one_did_not_reach(tmp_path, monkeypatch):
    monkeypatch.setattr(desk, "DeskServer", MadeUpServer)
    said: list[str] = []
    kept = tmp_path / "kept.jsonl"
    first = compare_desks(None, ["few", "a lot"], Plan(2, only="home", kept=kept), said.append)
    assert {page: [figures.rows for figures in found] for page, found in first.items()} == {"home": [3, 5]}
    assert compare_desks(None, ["few", "a lot"], Plan(2, seconds=0, kept=kept), said.append) == first
    assert said == ["The time is over: 2 of 3 pages are left. Continue with --resume."]
    assert list(compare_desks(None, ["few", "a lot"], Plan(2, kept=kept), said.append)) == list(PAGES)
    assert [line.split('"')[3] for line in kept.read_text().splitlines()] == ["home", "mail", "mail: status = sent"]


@pytest.mark.django_db
def test_the_value_that_most_rows_have_is_searched_for():
    Customer.objects.bulk_create(
        Customer(email=f"{n}@example.com", note="Rare" if n == 3 else "Calls") for n in range(6)
    )
    assert frequent(Customer, "note") == "Calls"
    assert frequent(Review, "title") == ""
