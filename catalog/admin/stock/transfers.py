"""The admin of transfers: send stock to another location, and receive it there."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from catalog.admin.base import Question, ReadOnly, ask, found_or_404, page, require_permission
from catalog.admin.stock.document_lists import TransferList
from catalog.admin.stock.documents import list_page
from catalog.admin.stock.looks import transfer_look
from catalog.admin.stock.quantities import MAY_CHANGE_STOCK, whole_number
from catalog.admin.stock.sending import send_view
from catalog.admin.stock.variants import shown_by_id
from catalog.edits.history import record_action
from catalog.errors import StockRefused
from catalog.formats import count_of, listed, moment
from catalog.inventory import receive_transfer, return_missing
from catalog.markets import default_market
from catalog.models import Location, Transfer, TransferLine
from catalog.money import format_money
from catalog.prices import prices_at


@admin.register(Transfer)
class TransferAdmin(ReadOnly, admin.ModelAdmin):
    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        return list_page(self, request, TransferList)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(MAY_CHANGE_STOCK)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict | None = None) -> HttpResponse:
        return send_view(self, request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        """The page of a transfer: the units in transit, and the form to receive them."""
        require_permission(request, "catalog.view_transfer")
        transfer = found_or_404(Transfer.objects.select_related("source", "destination", "user"), object_id)
        lines = list(transfer.lines.select_related("variant__product").order_by("pk"))
        error = ""
        if request.method == "POST":
            require_permission(request, MAY_CHANGE_STOCK)
            try:
                return self._received(request, transfer, lines)
            except StockRefused as refused:
                error = str(refused)
        return self._page(request, transfer, lines, error)

    def _received(self, request: HttpRequest, transfer: Transfer, lines: list[TransferLine]) -> HttpResponse:
        """Do what the pressed button says. Everything but the arrival of all units is confirmed first."""
        if "back" in request.POST:
            return self._return(request, transfer, lines)
        arrived = self._arrived(request, lines)
        is_complete = "complete" in request.POST
        question = _loss(transfer, lines, arrived) if is_complete else _partial_arrival(transfer, lines, arrived)
        if question and not question.is_answered(request):
            return ask(self, request, question, ["complete", "all", *(f"line-{line.pk}" for line in lines)])
        seen = {line.pk: line.in_transit for line in lines}
        receive_transfer(transfer, arrived, is_complete=is_complete, seen=seen, user_id=request.user.pk)
        units = count_of(sum(arrived.values()), "unit")
        lost = sum(seen.values()) - sum(arrived.values()) if is_complete else 0
        written_off = f" {count_of(lost, 'unit')} written off." if lost else ""
        record_action(request, transfer, f"Received {units} at {transfer.destination}.{written_off}")
        messages.success(request, f"{units} received at {transfer.destination}.")
        return redirect("admin:catalog_transfer_change", transfer.pk)

    def _page(self, request: HttpRequest, transfer: Transfer, lines: list[TransferLine], error: str) -> HttpResponse:
        shown = shown_by_id(line.variant_id for line in lines)
        missing = sum(line.in_transit for line in lines)
        may_change = request.user.has_perm(MAY_CHANGE_STOCK) and transfer.status in Transfer.UNFINISHED
        sender = f" by {transfer.user.get_full_name()}" if transfer.user else ""
        facts = [f"Sent {moment(transfer.sent_at)}{sender}", *([transfer.note] if transfer.note else [])]
        facts += [f"received {moment(transfer.received_at)}"] if transfer.received_at else []
        context = {
            "transfer": transfer,
            "look": transfer_look(transfer.status),
            "facts": " · ".join(facts),
            "rows": [
                (shown[line.variant_id], line, request.POST.get(f"line-{line.pk}", "") if error else "")
                for line in lines
            ],
            "error": error,
            "may_change": may_change,
            "missing_units": missing,
            "missing": f"{missing:,} {'unit has' if missing == 1 else 'units have'} not arrived",
            "is_undecided": may_decide(transfer),
            "closed": _closed(transfer.destination),
            "title": f"{transfer}: {transfer.source} to {transfer.destination}",
        }
        return page(self, request, "admin/catalog/transfer/change.html", context, 422 if error else 200)

    def _return(self, request: HttpRequest, transfer: Transfer, lines: list[TransferLine]) -> HttpResponse:
        """Ask whether the missing units are back at the source, and then put them there."""
        question = _return_question(transfer, lines)
        if transfer.status in Transfer.UNFINISHED and not question.is_answered(request):
            return ask(self, request, question, ["back"])
        return_missing(transfer, user_id=request.user.pk)
        back = count_of(sum(line.in_transit for line in lines), "unit")
        record_action(request, transfer, f"Put {back} back into the stock at {transfer.source}.")
        messages.success(request, f"The missing units are in stock at {transfer.source} again.")
        return redirect("admin:catalog_transfer_change", transfer.pk)

    def _arrived(self, request: HttpRequest, lines: list[TransferLine]) -> dict[int, int]:
        """The typed units by line id. Raises StockRefused if there are none or more than are in transit."""
        if "all" in request.POST:
            return {line.pk: line.in_transit for line in lines}
        arrived = {line.pk: _typed(request, line) for line in lines}
        for line in lines:
            if arrived[line.pk] > line.in_transit:
                raise StockRefused(
                    f"{line.in_transit} of {line.variant} are in transit, so {arrived[line.pk]} cannot arrive."
                )
        if not any(arrived.values()) and "complete" not in request.POST:
            raise StockRefused("Nothing was received. Enter how many units of each product arrived.")
        return arrived


def may_decide(transfer: Transfer) -> bool:
    """Whether staff may say what became of missing units: some of them arrived, or their destination was closed."""
    is_closed = transfer.status == Transfer.Status.SENT and not transfer.destination.is_active
    return transfer.status == Transfer.Status.PARTLY or is_closed


def _closed(location: Location) -> str:
    """What it means that the location is closed; empty for an open one."""
    return "" if location.is_active else f"{location} is closed: shoppers cannot buy what arrives there."


def _typed(request: HttpRequest, line: TransferLine) -> int:
    try:
        return whole_number(request.POST.get(f"line-{line.pk}", "0"))
    except StockRefused as refused:
        raise StockRefused(f"{line.variant}: {refused}") from refused


def _partial_arrival(transfer: Transfer, lines: list[TransferLine], arrived: dict[int, int]) -> Question | None:
    """The confirmation if something differs from what was sent, or if it arrives at a closed location."""
    missing = {line: line.in_transit - arrived[line.pk] for line in lines if line.in_transit > arrived[line.pk]}
    closed = _closed(transfer.destination)
    if not missing and not closed:
        return None
    sentences = [
        f"{count_of(sum(arrived.values()), 'unit')} arrived and will be added to the stock at {transfer.destination}."
    ]
    if missing:
        stays = "stays" if sum(missing.values()) == 1 else "stay"
        sentences.append(
            f"{count_of(sum(missing.values()), 'unit')} did not arrive and {stays} on the way: "
            f"{listed(f'{number} × {line.variant}' for line, number in missing.items())}."
        )
    sentences += [closed] if closed else []
    back = reverse("admin:catalog_transfer_change", args=[transfer.pk])
    return Question(f"{transfer}: what arrived", sentences, "Receive these units", back, str(transfer))


def _return_question(transfer: Transfer, lines: list[TransferLine]) -> Question:
    """The confirmation for putting the units that did not arrive back into the stock of the source."""
    missing = {line: line.in_transit for line in lines if line.in_transit}
    sentences = [
        f"{listed(f'{number} × {line.variant}' for line, number in missing.items())} "
        f"will be added to the stock at {transfer.source} again.",
        *filter(None, [_closed(transfer.source)]),
        "The transfer is closed. This cannot be undone.",
    ]
    back = reverse("admin:catalog_transfer_change", args=[transfer.pk])
    return Question(f"{transfer}: back at {transfer.source}", sentences, "Put them back", back, str(transfer))


def _loss(transfer: Transfer, lines: list[TransferLine], arrived: dict[int, int]) -> Question:
    """The confirmation for writing off the units of the transfer that did not arrive."""
    missing = {line: line.in_transit - arrived[line.pk] for line in lines if line.in_transit > arrived[line.pk]}
    market = default_market()
    prices = prices_at([line.variant_id for line in missing], market)
    worth = sum(prices[line.variant_id].regular_minor * n for line, n in missing.items() if line.variant_id in prices)
    sentences = [
        f"{count_of(sum(arrived.values()), 'unit')} arrived and will be added to the stock at {transfer.destination}.",
        f"{count_of(sum(missing.values()), 'unit')} never arrived and will be written off: "
        f"{listed(f'{number} × {line.variant}' for line, number in missing.items())}.",
        f"At today’s prices the lost units are worth {format_money(worth, market.currency)}.",
        f"The stock at {transfer.source} does not change: the units left it when the transfer was sent.",
        "The transfer is closed. This cannot be undone.",
    ]
    back = reverse("admin:catalog_transfer_change", args=[transfer.pk])
    button = "Receive these units and write off the rest"
    return Question(f"{transfer}: write off the rest", sentences, button, back, str(transfer), is_dangerous=True)
