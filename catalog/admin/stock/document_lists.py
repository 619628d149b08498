"""What the lists of purchase orders, deliveries, transfers and stocktakes show."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db.models import Count, F, Q, Sum
from django.db.models.functions import Greatest
from django.utils import timezone

from catalog.admin.stock.documents import ALL, Action, Cell, DocumentList, Row, Tab, joined, name_of, told
from catalog.admin.stock.looks import purchase_look, stocktake_look, transfer_look
from catalog.admin.stock.quantities import MAY_CHANGE_STOCK
from catalog.formats import count_of, day
from catalog.models import (
    PurchaseOrder,
    PurchaseOrderLine,
    Receipt,
    ReceiptLine,
    Stocktake,
    StocktakeLine,
    Transfer,
    TransferLine,
)

SLOW = timedelta(days=7)  # an open transfer or count of this age is told in another colour
NUMBER = "num c-half"
RECEIVE = Action("Receive goods", "admin:catalog_stock_receive", MAY_CHANGE_STOCK)


def _overdue() -> Q:
    return Q(expected_on__lt=timezone.localdate())


def _by_document(rows: Any, parent: str) -> dict[int, dict[str, int]]:
    return {row[parent]: row for row in rows}


class PurchaseList(DocumentList):
    model = PurchaseOrder
    title = "Purchase orders"
    meta = "Goods ordered from suppliers. They count as available when they are received."
    placeholder = "Number, supplier or SKU"
    empty = "No purchase order"
    column = "created_at"
    tabs = (
        Tab("open", "To receive", PurchaseOrder.EXPECTED),
        Tab("late", "Late", PurchaseOrder.EXPECTED, _overdue, is_urgent=True),
        Tab("draft", "Drafts", (PurchaseOrder.Status.DRAFT,)),
        Tab("closed", "Closed", (PurchaseOrder.Status.RECEIVED, PurchaseOrder.Status.CANCELED)),
        Tab(ALL, "All"),
    )
    actions = (Action("New purchase order", "admin:catalog_purchaseorder_add", "catalog.add_purchaseorder"),)
    lines, parent = PurchaseOrderLine, "order"
    texts = ("supplier", "note")

    def sums(self, ids: Sequence[int]) -> Mapping[int, Mapping[str, int]]:
        lines = PurchaseOrderLine.objects.filter(order__in=ids).order_by().values("order")
        missing = Sum(Greatest(F("quantity") - F("received"), 0))
        return _by_document(lines.annotate(ordered=Sum("quantity"), missing=missing), "order")

    def row(self, document: PurchaseOrder, sums: Mapping[str, int], pictures: Sequence[Any]) -> Row:
        is_expected = document.status in PurchaseOrder.EXPECTED
        is_late = is_expected and document.expected_on is not None and document.expected_on < timezone.localdate()
        missing = f"{sums.get('missing', 0):,} to come" if is_expected else ""
        at, when = told(document, self.column)
        return Row(
            document,
            joined([document.supplier, document.note]),
            [
                Cell("Expected", day(document.expected_on), look="bad" if is_late else "", small="Late" * is_late),
                Cell("Units", f"{sums.get('ordered', 0):,}", NUMBER, small=missing),
                Cell("Deliver to", str(document.location)),
                Cell("By", name_of(document.user), "c-row" if document.user else "c-hide"),
            ],
            document.get_status_display(),
            purchase_look(document.status),
            at,
            when,
            pictures=pictures,
        )


class ReceiptList(DocumentList):
    model = Receipt
    title = "Deliveries"
    meta = "Everything that was received, newest first."
    placeholder = "Number, delivery note, supplier or SKU"
    empty = "No delivery"
    column = "created_at"
    tabs = (
        Tab(ALL, "All"),
        Tab("ordered", "For purchase orders", condition=lambda: Q(purchase__isnull=False)),
        Tab("other", "Without an order", condition=lambda: Q(purchase=None)),
    )
    actions = (RECEIVE,)
    lines, parent = ReceiptLine, "receipt"
    texts = ("delivery_note", "purchase__supplier", "note")
    related = ("location", "user", "purchase")

    def sums(self, ids: Sequence[int]) -> Mapping[int, Mapping[str, int]]:
        lines = ReceiptLine.objects.filter(receipt__in=ids).order_by().values("receipt")
        return _by_document(lines.annotate(units=Sum("quantity"), lines=Count("pk")), "receipt")

    def row(self, document: Receipt, sums: Mapping[str, int], pictures: Sequence[Any]) -> Row:
        at, when = told(document, self.column)
        purchase = document.purchase
        return Row(
            document,
            joined([document.delivery_note and f"Delivery note {document.delivery_note}", document.note]),
            [
                Cell("For", str(purchase or "–"), small=purchase.supplier if purchase else ""),
                Cell("Units", f"{sums.get('units', 0):,}", NUMBER, small=count_of(sums.get("lines", 0), "line")),
                Cell("Location", str(document.location)),
                Cell("By", name_of(document.user), "c-row" if document.user else "c-hide"),
            ],
            "Received",
            "ok",
            at,
            when,
            pictures=pictures,
        )


class TransferList(DocumentList):
    model = Transfer
    title = "Transfers"
    meta = "Stock sent from one location to another. On its way, it is available at neither."
    empty = "No transfer"
    column = "sent_at"
    tabs = (
        Tab("open", "On their way", Transfer.UNFINISHED),
        Tab("partly", "Partly arrived", (Transfer.Status.PARTLY,), is_urgent=True),
        Tab("closed", "Received", (Transfer.Status.RECEIVED,)),
        Tab(ALL, "All"),
    )
    actions = (Action("Send stock", "admin:catalog_transfer_add", MAY_CHANGE_STOCK),)
    lines, parent = TransferLine, "transfer"
    texts = ("note",)
    places = ("source", "destination")
    related = ("source", "destination", "user")

    def sums(self, ids: Sequence[int]) -> Mapping[int, Mapping[str, int]]:
        lines = TransferLine.objects.filter(transfer__in=ids).order_by().values("transfer")
        there = Sum(F("received") + F("lost") + F("returned"))
        return _by_document(lines.annotate(sent=Sum("quantity"), there=there), "transfer")

    def row(self, document: Transfer, sums: Mapping[str, int], pictures: Sequence[Any]) -> Row:
        missing = sums.get("sent", 0) - sums.get("there", 0)
        at, when = told(document, self.column)
        is_slow = document.status in Transfer.UNFINISHED and timezone.now() - at > SLOW
        return Row(
            document,
            document.note,
            [
                Cell("From", str(document.source)),
                Cell("To", str(document.destination)),
                Cell("Units", f"{sums.get('sent', 0):,}", NUMBER, small=f"{missing:,} not arrived" if missing else ""),
                Cell("By", name_of(document.user), "c-row" if document.user else "c-hide"),
            ],
            document.get_status_display(),
            transfer_look(document.status),
            at,
            when,
            "soon" if is_slow else "",
            pictures,
        )


class CountList(DocumentList):
    model = Stocktake
    title = "Counts"
    meta = "Counts of the stock. Orders go on while somebody counts."
    empty = "No count"
    column = "opened_at"
    tabs = (
        Tab("open", "Counting", (Stocktake.Status.OPEN,)),
        Tab("review", "To review", (Stocktake.Status.REVIEW,), is_urgent=True),
        Tab("closed", "Closed", (Stocktake.Status.POSTED, Stocktake.Status.CANCELED)),
        Tab(ALL, "All"),
    )
    actions = (Action("Count stock", "admin:catalog_stocktake_add", MAY_CHANGE_STOCK),)
    lines, parent = StocktakeLine, "stocktake"
    texts = ("note",)

    def sums(self, ids: Sequence[int]) -> Mapping[int, Mapping[str, int]]:
        """The lines of unfinished counts. A closed one can be long, and its page says how many lines it has."""
        unfinished = [each.pk for each in self.page.rows if each.status in Stocktake.UNFINISHED]
        lines = StocktakeLine.objects.filter(stocktake__in=unfinished).order_by().values("stocktake")
        done = Count("pk", filter=Q(counted__isnull=False))
        return _by_document(lines.annotate(lines=Count("pk"), done=done), "stocktake")

    def _pictures(self, ids: Sequence[int]) -> dict[int, list[Any]]:
        """None, because a count has too many lines to be told by three of them."""
        return {}

    def row(self, document: Stocktake, sums: Mapping[str, int], pictures: Sequence[Any]) -> Row:
        at, when = told(document, self.column)
        is_unfinished = document.status in Stocktake.UNFINISHED
        counted = f"{sums.get('done', 0):,} of {sums.get('lines', 0):,}" if is_unfinished else "–"
        return Row(
            document,
            joined(["Blind count" * document.is_blind, document.note]),
            [
                Cell("Location", str(document.location)),
                Cell("Counted", counted, NUMBER),
                Cell("By", name_of(document.user), "c-row" if document.user else "c-hide"),
            ],
            document.get_status_display(),
            stocktake_look(document.status),
            at,
            when,
            "soon" if is_unfinished and timezone.now() - at > SLOW else "",
        )
