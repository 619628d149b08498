"""The evidence of a dispute as a file: everything about its order, nothing of others, for those who may see it."""

import io
import zipfile

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils import timezone

from catalog.models import Page, PageVersion
from orders.fulfillment import NewFulfillment, ship
from orders.lifecycle import confirm
from orders.models import Order
from payments.models import Dispute, Payment
from shop.models import Mail
from tests.factories import make_order, make_variant
from tests.orders.staff_pages import staff as log_in
from tests.reading import find_all, text_of

pytestmark = pytest.mark.django_db


def disputed(order: Order) -> Dispute:
    payment = Payment.objects.create(
        order=order,
        status="captured",
        currency="EUR",
        amount_minor=2890,
        captured_minor=2890,
        charge_id=f"ch_{order.pk}",
    )
    return Dispute.objects.create(
        payment=payment,
        stripe_id=f"du_{order.pk}",
        status="needs_response",
        reason="product_not_received",
        currency="EUR",
        amount_minor=2890,
        opened_at=timezone.now(),
    )


@pytest.fixture
def dispute() -> Dispute:
    """A dispute of a shipped order, while another customer has bought the same thing."""
    variant = make_variant(title="Lamp")
    other = make_order(variant, email="eve@example.com", name="Eve Other", line1="Other Street 9")
    order = make_order(variant, email="anna@example.com")
    for one in (order, other):
        confirm(one)
        line = one.lines.get()
        ship(one, NewFulfillment({line.pk: 1}, carrier="DHL", tracking_number=f"NR{one.pk}"))
    Order.objects.filter(pk=order.pk).update(terms_accepted_ip="203.0.113.7", terms_version="2026-06")
    order.refresh_from_db()
    disputed(other)
    return disputed(order)


def files_of(response) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        return {name.partition("/")[2]: archive.read(name).decode() for name in archive.namelist()}


def download(client, dispute: Dispute):
    return client.get(reverse("admin:payments_dispute_evidence", args=[dispute.pk]))


def test_the_pack_has_the_order_its_address_tracking_mails_terms_and_ip(client, dispute):
    log_in(client, "Finance")
    order = dispute.payment.order
    response = download(client, dispute)
    assert response["Content-Disposition"] == f'attachment; filename="evidence-{order.number}.zip"'
    files = files_of(response)
    assert f"Order: {order.number}" in files["1-dispute.txt"]
    assert "Reason: product not received" in files["1-dispute.txt"]
    everything = "\n".join(files.values())
    for fact in (
        "Anna Peeters",
        "Kraanlei 12",
        f"NR{order.pk}",
        "203.0.113.7",
        "version 2026-06",
        "1 × Lamp",
        "€28.90",
    ):
        assert fact in everything
    assert "to anna@example.com" in files["e-mails.txt"]
    assert "Parcel 1, " in files["parcels.txt"]


def test_the_pack_says_nothing_of_others(client, dispute):
    log_in(client, "Finance")
    everything = "\n".join(files_of(download(client, dispute)).values())
    other = Order.objects.exclude(pk=dispute.payment.order_id).get()
    for fact in (
        other.number,
        "eve@example.com",
        "Eve Other",
        "Other Street 9",
        f"NR{other.pk}",
        str(dispute.payment.order.public_id),
    ):
        assert fact not in everything
    assert Mail.objects.filter(recipients=["eve@example.com"]).exists()


def test_the_terms_that_were_accepted_are_in_it_as_plain_text(client, dispute):
    page = Page.objects.get_or_create(section="legal", slug="terms", defaults={"title": "Terms", "body": ""})[0]
    fields = {"title": "Terms of sale", "body": "<h2>Scope</h2><p>Lamps &amp; books.</p>", "begins_at": timezone.now()}
    version = PageVersion.objects.create(page=page, number=99, **fields)
    Order.objects.filter(pk=dispute.payment.order_id).update(terms=version)
    log_in(client, "Finance")
    text = files_of(download(client, dispute))["terms.txt"]
    assert text.startswith("Terms of sale, version 2026-06, accepted ")
    assert text.endswith("\n\nScope\nLamps & books.\n")


def test_a_download_is_for_those_who_may_see_the_customer_and_is_recorded(client, dispute):
    finance = log_in(client, "Finance")
    page = client.get(reverse("admin:payments_dispute_change", args=[dispute.pk]))
    assert "Download the evidence" in [text_of(a) for a in find_all(page, "a")]
    download(client, dispute)
    entry = LogEntry.objects.get()
    assert (entry.user_id, entry.change_message) == (finance.pk, "Downloaded the evidence.")
    client.logout()
    log_in(client, "Read-only")
    assert download(client, dispute).status_code == 403
    assert download(client, Dispute(pk=0)).status_code == 403
