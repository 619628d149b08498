"""The admin of imports and bulk edits: upload, review the plan, apply it in a worker, and undo it."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path

from catalog.admin.base import ReadOnly, found_or_404, guarded, require_permission
from catalog.admin.base import page as admin_page
from catalog.admin.products.bulk_edit import plan_bulk_again
from catalog.edits.history import record_action
from catalog.errors import UnreadableFile
from catalog.formats import NOTHING, count_of, moment, money
from catalog.importing.apply import default_target
from catalog.importing.export import export_lines
from catalog.importing.plan import Plan, PlannedChange, short_text
from catalog.importing.runs import RunRefused, is_outdated, plan_file, plan_of, source_of, start, start_undo
from catalog.importing.table import MAX_FILE_BYTES
from catalog.markets import default_market
from catalog.models import Product, Run
from catalog.pages import INTERNAL, page
from catalog.tasks import work_runs

MAX_SHOWN_PRODUCTS = 50  # on the page of a plan
MAX_SHOWN_DIFFERENCES = 40  # per product
LOOKS = {Run.Status.PLANNED: "warn", Run.Status.APPLIED: "ok", Run.Status.FAILED: "bad"}


class UploadForm(forms.Form):
    file = forms.FileField(
        label="Shopify product CSV",
        error_messages={"required": "Choose the file to import."},
        help_text="At most 20 MB and 100,000 rows. Nothing changes until you apply the plan.",
    )

    def clean_file(self) -> Any:
        upload = self.cleaned_data["file"]
        if upload.size > MAX_FILE_BYTES:
            raise forms.ValidationError("The file is larger than 20 MB.")
        return upload


@admin.register(Run)
class RunAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("name", "kind", "status", "counted", "user", "created_at")
    list_filter = ("kind", "status")
    list_select_related = ("user",)
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("source", "plan", "undo")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("catalog.add_run")

    def get_urls(self) -> list:
        custom = [
            path("<int:run_id>/apply/", guarded(self, self.apply), name="catalog_run_apply"),
            path("<int:run_id>/undo/", guarded(self, self.take_back), name="catalog_run_undo"),
            path("<int:run_id>/again/", guarded(self, self.plan_again), name="catalog_run_again"),
            path("export/", guarded(self, self.export), name="catalog_run_export"),
        ]
        return custom + super().get_urls()

    @admin.display(description="products")
    def counted(self, run: Run) -> str:
        return _counted(run) or "none"

    @page(INTERNAL, throttle="upload")
    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict | None = None) -> HttpResponse:
        """Plan the import of an uploaded file, and continue on the plan's page."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
        if form.is_valid():
            upload = form.cleaned_data["file"]
            try:
                run = plan_file(upload.read(), upload.name, user_id=request.user.pk)
            except UnreadableFile as error:
                form.add_error("file", str(error))
            else:
                return redirect("admin:catalog_run_change", run.pk)
        context = {"form": form, "title": "Import products"}
        return admin_page(self, request, "admin/catalog/run/add.html", context, 422 if form.errors else 200)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        require_permission(request, "catalog.view_run")
        run = found_or_404(Run.objects.select_related("user", "progress").defer("source", "undo"), object_id)
        plan = plan_of(run)
        titles = {change.handle: _title(change) for change in plan.changes}
        is_planned = run.status == Run.Status.PLANNED
        may_apply = request.user.has_perm("catalog.apply_run")
        outdated = is_planned and is_outdated(plan)
        shown = [
            {
                "change": change,
                "title": _title(change),
                "new": _new_product(change) if change.is_new else None,
                "rows": [
                    (label, short_text(before), short_text(after))
                    for label, before, after in change.differences[:MAX_SHOWN_DIFFERENCES]
                ],
                "more": max(0, len(change.differences) - MAX_SHOWN_DIFFERENCES),
            }
            for change in plan.changes[:MAX_SHOWN_PRODUCTS]
        ]
        context = {
            "run": run,
            "plan": plan,
            "shown": shown,
            "more": max(0, len(plan.changes) - MAX_SHOWN_PRODUCTS),
            "problems": [(problem, titles.get(problem.handle, problem.handle)) for problem in plan.problems[:200]],
            "has_lines": any(problem.line for problem in plan.problems),
            "now": "Now" if is_planned else "Before",
            "problems_heading": "Problems" if plan.skipped else "To check",
            "look": LOOKS.get(run.status, ""),
            "counted": _counted(run) or "nothing to change",
            "occasions": _occasions(run),
            "outcome": _outcome(run, plan, is_outdated=outdated),
            "outcome_look": "ok" if run.status == Run.Status.APPLIED else "",
            "is_waiting": run.status in (Run.Status.WAITING, Run.Status.UNDOING),
            "is_outdated": outdated,
            "can_apply": is_planned and may_apply and bool(plan.changes) and not outdated,
            "can_plan": run.status in (Run.Status.PLANNED, Run.Status.FAILED) and may_apply,
            "can_undo": run.status == Run.Status.APPLIED and may_apply,
            "title": str(run),
        }
        return admin_page(self, request, "admin/catalog/run/change.html", context)

    def apply(self, request: HttpRequest, run_id: int) -> HttpResponse:
        return self._begin(request, run_id, start, "Started to apply its changes.")

    def plan_again(self, request: HttpRequest, run_id: int) -> HttpResponse:
        """Plan the run's file or edit again for the current products."""
        require_permission(request, "catalog.apply_run")
        run = get_object_or_404(Run, pk=run_id)
        if request.method != "POST":
            return redirect("admin:catalog_run_change", run.pk)
        try:
            source = source_of(run)
            if run.kind == Run.Kind.IMPORT:
                new = plan_file(source, run.name, user_id=request.user.pk)
            else:
                new = plan_bulk_again(source, user_id=request.user.pk)
        except (RunRefused, UnreadableFile) as refused:
            messages.error(request, str(refused))
            return redirect("admin:catalog_run_change", run.pk)
        if new is None:
            messages.info(request, "There is nothing left to change: the products already match this plan.")
            return redirect("admin:catalog_run_change", run.pk)
        messages.success(request, "Planned again with the current products.")
        return redirect("admin:catalog_run_change", new.pk)

    def take_back(self, request: HttpRequest, run_id: int) -> HttpResponse:
        return self._begin(request, run_id, start_undo, "Started to take its changes back.")

    def _begin(self, request: HttpRequest, run_id: int, verb: Callable[[Run], None], sentence: str) -> HttpResponse:
        require_permission(request, "catalog.apply_run")
        run = get_object_or_404(Run, pk=run_id)
        if request.method == "POST":
            try:
                verb(run)
            except RunRefused as refused:
                messages.error(request, str(refused))
            else:
                record_action(request, run, sentence)
            work_runs.delay_on_commit()
        return redirect("admin:catalog_run_change", run.pk)

    @page(INTERNAL, throttle="export")
    def export(self, request: HttpRequest) -> HttpResponse:
        """Stream all products as a CSV file. Staff who may import products may export them."""
        require_permission(request, "catalog.add_run")
        target = default_target()
        lines = export_lines(Product.objects.all(), target.market, target.location)
        response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="products.csv"'
        return response


def _counted(run: Run) -> str:
    """How many products are new, changed, unchanged and refused, without the zeros."""
    return ", ".join(f"{number:,} {label}" for label, number in run.counts.items() if number)


def _occasions(run: Run) -> list[str]:
    by = f" by {run.user}" if run.user else ""
    times = (("applied", run.applied_at), ("undone", run.undone_at))
    return [f"{moment(run.created_at)}{by}", *(f"{word} {moment(at)}" for word, at in times if at)]


def _outcome(run: Run, plan: Plan, *, is_outdated: bool) -> str:
    """What the run means for the shop, in a sentence; empty while it works or if something else says it."""
    if run.status == Run.Status.PLANNED and not is_outdated:
        if not plan.changes:
            return "This would change nothing."
        return "Nothing has changed yet. This is what would change when you press Apply."
    if run.status == Run.Status.APPLIED:
        return f"Applied: {_counted(run)}. Undo restores what was there before."
    if run.status == Run.Status.UNDONE:
        return "The products are as they were before. New ones are withdrawn, and new categories stay."
    return ""


def _title(change: PlannedChange) -> str:
    document = change.after or change.before or {}
    return document.get("product", {}).get("title") or change.handle


def _new_product(change: PlannedChange) -> dict[str, Any]:
    """The preview of a new product: a summary, and its variants with prices and stock."""
    document, currency = change.after or {}, default_market().currency
    variants = list(document["variants"].items())
    return {
        "summary": [
            count_of(len(variants), "variant"),
            count_of(len(document["images"]), "picture"),
            document["product"]["status"],
        ],
        "variants": [
            {
                "name": " · ".join(part for part in key.split("\n") if part) or "the only one",
                "sku": variant["sku"] or NOTHING,
                "price": money(variant["price"], currency),
                "sale": money(variant["sale"], currency),
                "on_hand": "not counted" if variant["on_hand"] is None else f"{variant['on_hand']:,}",
            }
            for key, variant in variants[:MAX_SHOWN_DIFFERENCES]
        ],
        "more": max(0, len(variants) - MAX_SHOWN_DIFFERENCES),
    }
