"""Staff receive deliveries of many lines, and order goods from suppliers."""

import uuid

import pytest

from catalog.inventory.purchasing import cancel_purchase
from catalog.models import PurchaseOrder, Receipt
from shop.operations.audit import run_audit
from tests.catalog.purchases import make_purchase, receive_purchase
from tests.catalog.test_staff_permissions import role
from tests.factories import make_location, make_variant, stock_of
from tests.reading import errors_of, find, find_all, form_of, messages_of, rows_of, terms_of, text_of
from tests.shop.test_staff_edits import entries_of

pytestmark = pytest.mark.django_db
RECEIVE = "/admin/catalog/stock/receive/"


def typed(client, url: str, *rows: tuple[str, str, str], **fields):
    """Fill in the page's form with these rows of code, quantity and cost, and press a button."""
    sent = form_of(client.get(url)) | {"code": [], "quantity": [], "cost": []}
    for name, column in zip(("code", "quantity", "cost"), zip(*rows, strict=True), strict=False):
        sent[name] = list(column)
    return client.post(url, sent | fields)


def test_several_lines_are_received_by_sku_in_any_case_and_by_barcode(client, staff):
    mug, bowl = make_variant(on_hand=1, sku="MUG-Sand"), make_variant(on_hand=0, barcode="4006381333924")
    rows = [("mug-sand", "3", "4.50"), ("4006381333924", "5", ""), ("MUG-Sand", "1", "")]
    answer = typed(client, RECEIVE, *rows, delivery_note="AG-88217", receive="1")
    receipt = Receipt.objects.get()
    assert answer.headers["Location"] == f"/admin/catalog/receipt/{receipt.pk}/change/"
    assert (stock_of(mug), stock_of(bowl)) == ((5, 0), (5, 0))
    shown = client.get(answer.headers["Location"])
    assert messages_of(shown) == ["9 units received at main."]
    assert [row[1:] for row in rows_of(shown)[1:]] == [["4", "€4.50"], ["5", "–"]]
    assert "Value of lines with a cost €18.00" in text_of(shown)
    assert run_audit() == []


def test_a_delivery_sent_twice_is_received_once_and_says_so(client, staff):
    variant = make_variant(on_hand=0)
    make_location()
    sent = form_of(client.get(RECEIVE)) | {"code": [variant.sku], "quantity": ["3"], "cost": [""]}
    first = client.post(RECEIVE, sent | {"receive": "1"})
    second = client.post(RECEIVE, sent | {"receive": "1"}, follow=True)
    assert (stock_of(variant), second.redirect_chain[0][0]) == ((3, 0), first.headers["Location"])
    assert messages_of(second)[-1] == "This delivery had been received before, so nothing was added again."


@pytest.mark.parametrize(
    ("code", "quantity", "cost", "sentence"),
    [
        ("NOPE", "3", "", "There is no variant with the SKU or barcode NOPE."),
        ("", "3", "", "Enter the SKU or barcode."),
        ("MUG", "-3", "", "Enter how many of Mug, as a whole number above 0."),
        ("MUG", "½", "", "Enter how many of Mug, as a whole number above 0."),
        ("MUG", "1000001", "", "At most 1,000,000 units of a variant can be entered at once."),
        ("MUG", "9" * 200, "", "At most 1,000,000 units of a variant can be entered at once."),
        ("MUG", "3", "free", "Enter an amount like 12.50."),
        ("MUG", "1", "90000000.01", "A unit can cost at most €90,000,000.00."),
        ("VOUCHER", "3", "", "The stock of Voucher is not counted, so nothing can be added to it."),
    ],
)
def test_a_row_that_cannot_be_received_says_why_and_nothing_typed_is_lost(
    client, staff, code, quantity, cost, sentence
):
    good = make_variant(on_hand=0, sku="GOOD")
    make_variant(on_hand=0, sku="MUG", title="Mug")
    make_variant(is_tracked=False, sku="VOUCHER", title="Voucher")
    rows = [("GOOD", "2", "1.20"), (code, quantity, cost)]
    answer = typed(client, RECEIVE, *rows, note="one box wet", receive="1")
    assert (answer.status_code, errors_of(answer), stock_of(good)) == (422, [sentence], (0, 0))
    assert f"Nothing was received yet. Row 2: {sentence}" in text_of(answer)
    kept = typed_inputs(answer)
    assert kept[:2] == [("GOOD", "2", "1.20"), (code, quantity[:200], cost)]
    assert form_of(answer)["note"] == "one box wet"


def typed_inputs(answer) -> list[tuple[str, str, str]]:
    columns = [
        [field.attributes.get("value", "") for field in find_all(answer, "input", name=name)]
        for name in ("code", "quantity", "cost")
    ]
    return list(zip(*columns, strict=True))


def test_without_a_script_scanned_codes_are_counted_and_rows_are_added(client, staff):
    make_variant(on_hand=0, sku="MUG", barcode="4006381333924", title="Mug")
    once = typed(client, RECEIVE, ("MUG", "", ""), scan="4006381333924", add="1")
    assert typed_inputs(once)[0] == ("MUG", "1", "")
    unknown = typed(client, RECEIVE, ("MUG", "1", ""), scan="NOPE", add="1")
    assert typed_inputs(unknown)[:2] == [("MUG", "1", ""), ("NOPE", "1", "")]
    assert errors_of(unknown) == ["There is no variant with the SKU or barcode NOPE."]
    more = typed(client, RECEIVE, ("MUG", "1", ""), more="1")
    assert len(typed_inputs(more)) == len(typed_inputs(once)) + 5
    assert Receipt.objects.count() == 0


def test_two_rows_of_one_variant_with_different_costs_are_refused(client, staff):
    make_variant(on_hand=0, sku="MUG", title="Mug")
    answer = typed(client, RECEIVE, ("MUG", "1", "4.50"), ("MUG", "1", "4.60"), receive="1")
    assert errors_of(answer) == ["Mug is here twice with different unit costs. Enter one of them."]


def test_twelve_rows_cost_as_many_queries_as_one(client, staff, django_assert_max_num_queries):
    skus = [make_variant(on_hand=0, price_minor=None).sku for _ in range(12)]
    make_location()
    with django_assert_max_num_queries(10):
        client.post(RECEIVE, {"code": skus, "quantity": ["1"] * 12, "cost": [""] * 12, "more": "1"})


def test_a_purchase_order_is_drafted_ordered_and_received(client, staff):
    mug = make_variant(on_hand=2, sku="MUG", title="Mug")
    add = "/admin/catalog/purchaseorder/add/"
    answer = typed(client, add, ("MUG", "20", "4.50"), supplier="Atelier Grès", expected_on="2026-12-03", save="1")
    purchase = PurchaseOrder.objects.get()
    url = f"/admin/catalog/purchaseorder/{purchase.pk}/"
    assert (answer.headers["Location"], purchase.lines.get().unit_cost_minor) == (f"{url}change/", 450)
    asked = client.get(f"{url}order/")
    assert "20 units are expected from Atelier Grès at main on 3 Dec 2026." in text_of(asked)
    client.post(f"{url}order/", {"confirmed": asked.context["mark"]})
    page = client.get(f"{url}receive/")
    assert typed_inputs(page)[0] == ("MUG", "", "4.50")
    whole = client.post(f"{url}receive/", form_of(page) | {"all": "1", "code": ["MUG"], "quantity": [""]})
    assert typed_inputs(whole)[0][:2] == ("MUG", "20")
    typed(client, f"{url}receive/", ("MUG", "8", "4.50"), receive="1")
    assert stock_of(mug) == (10, 0)
    shown = client.get(f"{url}change/")
    assert rows_of(shown)[1][1:] == ["20", "8", "€4.50", "12 missing"]
    assert run_audit() == []


def test_more_than_was_ordered_is_received_after_a_confirmation_that_keeps_all_rows(client, staff):
    mug, bowl = make_variant(on_hand=0, sku="MUG", title="Mug"), make_variant(on_hand=0, sku="BOWL", title="Bowl")
    purchase = make_purchase({mug.pk: 2})
    url = f"/admin/catalog/purchaseorder/{purchase.pk}/receive/"
    asked = typed(client, url, ("MUG", "3", ""), ("BOWL", "1", ""), receive="1")
    assert "More arrived than was ordered: 3 × Mug (2 expected), 1 × Bowl (none expected)." in text_of(asked)
    assert stock_of(mug) == (0, 0)
    kept = {"code": ["MUG", "BOWL"], "quantity": ["3", "1"], "cost": ["", ""]}
    client.post(url, form_of(asked) | kept)
    assert (stock_of(mug), stock_of(bowl), run_audit()) == ((3, 0), (1, 0), [])


def test_the_second_of_two_people_who_edit_an_order_sees_both_versions(client, staff):
    mug = make_variant(on_hand=0, sku="MUG", title="Mug")
    purchase = make_purchase({mug.pk: 2}, is_ordered=False)
    url = f"/admin/catalog/purchaseorder/{purchase.pk}/change/"
    older = form_of(client.get(url))
    typed(client, url, ("MUG", "5", ""), save="1")
    answer = client.post(url, older | {"code": ["MUG"], "quantity": ["7"], "cost": [""], "save": "1"})
    assert f"{staff} changed this order while the page was open." in text_of(answer)
    assert typed_inputs(answer)[0] == ("MUG", "7", "")
    assert rows_of(answer)[-1][1] == "5"
    again = form_of(answer) | {"code": ["MUG"], "quantity": ["7"], "cost": [""], "save": "1"}
    client.post(url, again)
    assert purchase.lines.get().quantity == 7
    history = text_of(client.get(url.replace("change", "history")))
    assert ("Mug 5 7" in history, "Mug 2 at €4.50 5" in history) == (True, True)


def test_the_list_of_orders_costs_the_same_for_many(client, staff, django_assert_max_num_queries):
    variant = make_variant(on_hand=0)
    for number in range(12):
        receive_purchase(make_purchase({variant.pk: number + 2}), {variant.pk: 1})
    with django_assert_max_num_queries(12):
        answer = client.get("/admin/catalog/purchaseorder/")
    assert "Partly received" in text_of(answer)


@pytest.mark.parametrize(
    ("name", "allowed"),
    [("Catalogue", {"list", "add", "order"}), ("Fulfilment", {"list", "receive", "deliver"}), ("Support", set())],
)
def test_who_may_order_and_who_may_receive(client, name, allowed):
    purchase = make_purchase({make_variant().pk: 2})
    role(client, name)
    pages = {
        "list": "/admin/catalog/purchaseorder/",
        "add": "/admin/catalog/purchaseorder/add/",
        "order": f"/admin/catalog/purchaseorder/{purchase.pk}/order/",
        "receive": RECEIVE,
        "deliver": f"/admin/catalog/purchaseorder/{purchase.pk}/receive/",
    }
    assert {page for page, url in pages.items() if client.get(url).status_code == 200} == allowed


def test_more_rows_than_fit_are_refused_in_one_sentence_and_none_is_left_out_silently(client, staff):
    variant = make_variant(on_hand=0, sku="MUG")
    rows = [("MUG", "1", "")] * 301
    answer = typed(client, RECEIVE, *rows, receive="1")
    assert (
        "Nothing was received yet. These are 301 rows, and at most 300 can be saved at once. Use two forms."
        in text_of(answer)
    )
    assert (len(typed_inputs(answer)), stock_of(variant)) == (301, (0, 0))
    typed(client, RECEIVE, *rows[:300], receive="1")
    assert stock_of(variant) == (300, 0)


def test_a_code_that_is_scanned_onto_a_full_page_stays_in_its_field(client, staff):
    make_variant(on_hand=0, sku="MUG")
    answer = typed(client, RECEIVE, *[("MUG", "1", "")] * 300, scan="BOWL", add="1")
    assert "The page is full with 300 rows, so BOWL was not added." in text_of(answer)
    assert (form_of(answer)["scan"], len(typed_inputs(answer))) == ("BOWL", 300)
    assert typed_inputs(typed(client, RECEIVE, *[("MUG", "1", "")] * 300, scan="MUG", add="1"))[0][1] == "2"


def test_a_delivery_of_a_purchase_order_confirmed_in_two_tabs_is_received_once(client, staff):
    mug = make_variant(on_hand=0, sku="MUG")
    purchase = make_purchase({mug.pk: 5})
    url = f"/admin/catalog/purchaseorder/{purchase.pk}/receive/"
    sent = form_of(client.get(url)) | {"code": ["MUG"], "quantity": ["3"], "cost": [""], "receive": "1"}
    for _ in range(2):
        client.post(url, sent)
    assert (stock_of(mug), purchase.lines.get().received) == ((3, 0), 3)
    other_tab = client.post(url, form_of(client.get(url)) | sent | {"key": str(uuid.uuid4())})
    assert "More arrived than was ordered: 3 × " in text_of(other_tab)
    assert stock_of(mug) == (3, 0)


def test_a_delivery_stands_in_its_history_and_in_that_of_its_order(client, staff):
    mug = make_variant(on_hand=0, sku="MUG")
    purchase = make_purchase({mug.pk: 5})
    typed(client, f"/admin/catalog/purchaseorder/{purchase.pk}/receive/", ("MUG", "3", ""), receive="1")
    receipt = Receipt.objects.get()
    assert [entry.change_message for entry in entries_of(receipt)] == ["Received 3 units at main."]
    assert [entry.change_message for entry in entries_of(purchase)] == [f"Received 3 units with Delivery {receipt.pk}."]


def test_nothing_is_received_for_an_order_that_was_canceled_meanwhile(client, staff):
    mug = make_variant(on_hand=0, sku="MUG")
    purchase = make_purchase({mug.pk: 5})
    url = f"/admin/catalog/purchaseorder/{purchase.pk}/receive/"
    page = form_of(client.get(url))
    cancel_purchase(purchase)
    answer = client.post(url, page | {"code": ["MUG"], "quantity": ["3"], "cost": [""], "receive": "1"})
    assert (answer.status_code, stock_of(mug)) == (422, (0, 0))
    assert f"{purchase} is canceled, so nothing can be received for it." in text_of(answer)
    assert typed_inputs(answer)[0] == ("MUG", "3", "")


def test_lines_are_compared_with_the_order_before_anything_is_received(client, staff):
    skus = ("WHOLE", "PART", "MORE", "NONE", "OTHER")
    whole, part, more, none, _other = (make_variant(on_hand=0, sku=sku, title=sku.capitalize()) for sku in skus)
    purchase = make_purchase({whole.pk: 4, part.pk: 6, more.pk: 2, none.pk: 5})
    url = f"/admin/catalog/purchaseorder/{purchase.pk}/receive/"
    rows = [("WHOLE", "4", ""), ("PART", "1", ""), ("MORE", "3", ""), ("NONE", "", ""), ("OTHER", "2", "")]
    answer = typed(client, url, *rows, look="1")
    assert [row[3] for row in rows_of(answer)[1:6]] == [
        "All there",
        "5 missing",
        "1 too many",
        "Not yet",
        "None expected",
    ]
    assert terms_of(find(answer, "dl", class_="facts")) == {
        "Expected": "17 units",
        "Entered": "10 units",
        "Missing": "10",
        "Too many or not ordered": "3",
    }
    assert Receipt.objects.count() == 0
