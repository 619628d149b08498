"""Bulk edits of products: planned, applied, undone, and refused with the reason."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from catalog.importing.apply import default_target
from catalog.importing.runs import plan_of, work_waiting
from catalog.inventory import receive
from catalog.markets import default_market
from catalog.models import (
    Change,
    Product,
    Run,
    Variant,
)
from catalog.prices import schedule_sales, set_price, set_prices
from catalog.products.bulk_edit import Edit, Rounding, Sale, count_with_sale_then, edited, rounded
from catalog.products.document import read_documents
from shop.operations.audit import run_audit
from tests.catalog.product_pages import price_of
from tests.factories import make_location, make_variant, stock_of
from tests.reading import form_of, text_of

pytestmark = pytest.mark.django_db


def document_of(variant: Variant) -> dict:
    shop = default_target()
    return read_documents([variant.product.handle], shop.market, shop.location)[variant.product.handle]


def test_a_bulk_edit_is_planned_applied_and_undone(client, staff):
    variants = [make_variant(1000 + n, on_hand=5) for n in range(3)]
    ids = ",".join(str(variant.product_id) for variant in variants)
    url = f"/admin/catalog/product/bulk/?ids={ids}"
    page = client.get(url)
    assert [row["price"] for row in page.context["grid"]] == ["10.00", "10.01", "10.02"]
    answer = client.post(
        url, {"ids": ids, "percent": "10", "rounding": "95", "add_tag": "new", "g1-price": "20.00", "g2-on_hand": "9"}
    )
    run = Run.objects.get()
    assert answer.url == f"/admin/catalog/run/{run.pk}/change/"
    assert [price_of(variant) for variant in variants] == [1000, 1001, 1002]
    shown = text_of(client.get(answer.url))
    assert "variant (the only one): price" in shown
    assert client.post(f"/admin/catalog/run/{run.pk}/apply/").status_code == 302
    assert client.post(f"/admin/catalog/run/{run.pk}/apply/", follow=True).status_code == 200
    assert work_waiting() == 1
    assert [price_of(variant) for variant in variants] == [1095, 2000, 1095]
    assert [stock_of(variant) for variant in variants] == [(5, 0), (5, 0), (9, 0)]
    assert set(Product.objects.values_list("tags__0", flat=True)) == {"new"}
    assert Change.objects.filter(run_id=run.pk, user=staff, source="bulk edit").count() == 3
    receive(variants[2].pk, make_location(), 4)
    client.post(f"/admin/catalog/run/{run.pk}/undo/")
    assert work_waiting() == 1
    assert Run.objects.get().status == Run.Status.UNDONE
    assert [price_of(variant) for variant in variants] == [1000, 1001, 1002]
    # What came in meanwhile stays: four more than the five that there were.
    assert stock_of(variants[2]) == (9, 0)
    assert run_audit() == []


def test_a_bulk_edit_page_does_not_overwrite_changes_made_while_it_was_open(client, staff):
    variant = make_variant(1000, on_hand=5)
    ids = str(variant.product_id)
    url = f"/admin/catalog/product/bulk/?ids={ids}"
    fields = form_of(client.get(url))
    receive(variant.pk, make_location(), 4)
    set_price(variant.pk, default_market(), regular_minor=1200)
    client.post(url, {**fields, "status": "", "add_tag": "new"})
    run = Run.objects.get()
    assert plan_of(run).changes[0].differences == [["tags", [], ["new"]]]
    answer = client.post(url, {**fields, "status": "", "g0-on_hand": "6"})
    assert (answer.status_code, "5 was changed to 9" in text_of(answer)) == (422, True)
    assert Run.objects.count() == 1


@pytest.mark.parametrize(("leaves", "sale", "problems"), [("", 990, ["1 sale price changed too"]), ("on", 900, [])])
def test_a_change_of_all_prices_says_that_sale_prices_change_and_can_leave_them_out(
    client,
    staff,
    leaves,
    sale,
    problems,
):
    variant = make_variant(1000)
    set_prices({variant.pk: (1000, 900, None)}, default_market())
    url = f"/admin/catalog/product/bulk/?ids={variant.product_id}"
    assert "Running sale prices change by the same percentage." in text_of(client.get(url))
    client.post(url, {"ids": variant.product_id, "percent": "10", "leaves_sales": leaves})
    plan = plan_of(Run.objects.get())
    assert [problem.message for problem in plan.problems] == problems
    after = plan.changes[0].after["variants"]["\n\n"]
    assert (after["price"], after["sale"]) == (1100, sale)


def test_an_invalid_bulk_edit_is_refused_with_the_reason(client, staff):
    variant = make_variant(1000)
    url = f"/admin/catalog/product/bulk/?ids={variant.product_id}"
    for fields, words in (
        ({}, "Nothing would change"),
        ({"sale_percent": "10"}, "Enter when the sale begins."),
        ({"sale_percent": "10", "sale_begins": "2030-01-02T00:00", "sale_ends": "2030-01-01T00:00"}, "must be after"),
        ({"g0-price": "cheap"}, "Enter an amount like 12.50."),
        ({"g0-on_hand": "-3"}, "is not a whole number"),
        ({"g0-row": "other\n\n\n", "g0-price": "5"}, "the products changed"),
    ):
        answer = client.post(url, {"ids": variant.product_id, **fields})
        assert (answer.status_code, words.lower() in text_of(answer).lower()) == (422, True), fields
    assert form_of(answer)["g0-price"] == "5"  # what was typed is still there
    assert Run.objects.count() == 0


@pytest.mark.parametrize(
    ("minor", "rounding", "expected"),
    [
        (1001.4, Rounding.CENT, 1001),
        (1049, Rounding.WHOLE, 1000),
        (1050, Rounding.WHOLE, 1100),
        (1040, Rounding.NINETY_FIVE, 995),
        (1050, Rounding.NINETY_FIVE, 1095),
        (12, Rounding.NINETY_NINE, 99),
        (-5, Rounding.CENT, 0),
    ],
)
def test_changed_prices_are_rounded_as_chosen(minor, rounding, expected):
    assert rounded(Decimal(str(minor)), rounding) == expected


def test_a_bulk_sale_leaves_out_variants_with_another_sale_at_that_time():
    variant = make_variant(1000)
    begins = timezone.now() + timedelta(days=2)
    sale = Edit(sale=Sale(Decimal(20), begins, begins + timedelta(days=2)))
    after = edited(document_of(variant), sale)
    assert [row[0] for row in after["variants"]["\n\n"]["planned"]] == [800]
    assert count_with_sale_then(document_of(variant), sale) == 0
    schedule_sales({variant.pk: 900}, default_market(), begins + timedelta(days=1), None)
    assert count_with_sale_then(document_of(variant), sale) == 1
    assert edited(document_of(variant), sale) == document_of(variant)


def test_an_outdated_bulk_edit_is_planned_again_with_current_prices(client, staff):
    variant = make_variant(1000)
    url = f"/admin/catalog/product/bulk/?ids={variant.product_id}"
    client.post(url, {"ids": variant.product_id, "percent": "10", "add_tag": "new", "g0-on_hand": "4"})
    run = Run.objects.get()
    assert run.name == "prices +10 %, sale prices too, add the tag: new"
    set_price(variant.pk, default_market(), regular_minor=3000)
    client.post(f"/admin/catalog/run/{run.pk}/again/")
    new = Run.objects.exclude(pk=run.pk).get()
    assert sorted(plan_of(new).changes[0].differences, key=str) == [
        ["tags", [], ["new"]],
        ["variant (the only one): on hand", 10, 4],
        ["variant (the only one): price", "€30.00", "€33.00"],
    ]


def test_a_product_with_many_variants_is_edited_page_by_page(client, staff):
    variant = make_variant(2400)
    url = f"/admin/catalog/product/{variant.product_id}/variants/"
    numbers = ", ".join(str(number) for number in range(120))
    client.post(url, {"option1": "No", "values1": numbers, "price": "24.00", "on_hand": "1"})
    assert "variants-0-price" not in form_of(client.get(f"/admin/catalog/product/{variant.product_id}/change/"))
    bulk = f"/admin/catalog/product/bulk/?ids={variant.product_id}"
    second = client.get(f"{bulk}&page=2").context["grid"]
    assert (len(client.get(bulk).context["grid"]), len(second), second[0]["name"]) == (100, 20, "g100")
    assert client.get(f"{bulk}&page=x").status_code == client.get(f"{bulk}&page=99").status_code == 200
    client.post(f"{bulk}&page=2", {"ids": variant.product_id, "g119-price": "30.00"})
    client.post(f"/admin/catalog/run/{Run.objects.get().pk}/apply/")
    assert work_waiting() == 1
    assert sorted({price_of(found) for found in Variant.objects.filter(product=variant.product, is_active=True)}) == [
        2400,
        3000,
    ]
