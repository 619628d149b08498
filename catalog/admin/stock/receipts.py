"""The admin of deliveries: what arrived, when, and what it cost."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from catalog.admin.base import ReadOnly, found_or_404, page, require_permission
from catalog.admin.stock.document_lists import ReceiptList
from catalog.admin.stock.documents import list_page
from catalog.admin.stock.variants import shown_by_id
from catalog.formats import count_of, moment, money
from catalog.models import Receipt


@admin.register(Receipt)
class ReceiptAdmin(ReadOnly, admin.ModelAdmin):
    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        return list_page(self, request, ReceiptList)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        """The page of a delivery."""
        require_permission(request, "catalog.view_receipt")
        receipt = found_or_404(Receipt.objects.select_related("location", "purchase", "user"), object_id)
        lines = list(receipt.lines.order_by("pk"))
        shown = shown_by_id(line.variant_id for line in lines)
        costs = [line.quantity * line.unit_cost_minor for line in lines if line.unit_cost_minor is not None]
        facts = [f"{moment(receipt.created_at)} at {receipt.location}"]
        facts += [str(receipt.user)] if receipt.user else []
        facts += [f"delivery note {receipt.delivery_note}"] if receipt.delivery_note else []
        context = {
            "title": str(receipt),
            "receipt": receipt,
            "facts": " · ".join(facts),
            "may_see_purchase": request.user.has_perm("catalog.view_purchaseorder"),
            "units": count_of(sum(line.quantity for line in lines), "unit"),
            "cost": money(sum(costs), receipt.currency) if costs else "",
            "cost_label": "Value at cost" if len(costs) == len(lines) else "Value of lines with a cost",
            "rows": [(shown[line.variant_id], line, money(line.unit_cost_minor, receipt.currency)) for line in lines],
        }
        return page(self, request, "admin/catalog/receipt/change.html", context)
