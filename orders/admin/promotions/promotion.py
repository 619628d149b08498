"""Promotions in the admin: what they do is chosen first, then the form asks for what this needs."""

from functools import partial
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from catalog.admin.base import found_or_404, page, require_permission
from catalog.admin.pickers import picker_rows, use_pickers
from catalog.edits.history import record_action
from catalog.formats import count_of, listed
from catalog.markets import default_market
from orders.admin.promotions.change_list import BADGES, SEE_CODES, PromotionChangeList
from orders.admin.promotions.choices import CHOICES, GROUPS, PromotionChoice, choice_of
from orders.admin.promotions.coupons import batch_file, codes_page, export_file
from orders.admin.promotions.drafts import stored_draft, typed_draft
from orders.admin.promotions.form import SOURCES, TRY, PromotionForm, TierInline, sections
from orders.admin.promotions.trial import TrialForm, preview_of, preview_page, try_page
from orders.errors import CouponRefused
from orders.models import Coupon, Promotion
from orders.promotions import hold_limits
from orders.promotions.coupons import make_code, recount
from orders.promotions.states import OFF, state_of, switch


def rows_page(model_admin: admin.ModelAdmin, request: HttpRequest) -> HttpResponse:
    """The rows that a picker found, for its script."""
    require_permission(request, "orders.view_promotion")
    source = SOURCES.get(request.GET.get("source", ""))
    if source is None:
        raise Http404
    return HttpResponse(picker_rows(source.for_user(request.user), request.GET))


def kind_page(model_admin: admin.ModelAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """Choose what an existing promotion should do instead. Nothing changes before its form is saved."""
    require_permission(request, "orders.change_promotion")
    promotion = found_or_404(model_admin.get_queryset(request), str(pk))
    url = reverse("admin:orders_promotion_change", args=[promotion.pk])
    if promotion.is_active:
        messages.warning(request, "Switch the promotion off before it does something else.")
        return redirect(url)
    return choices_page(model_admin, request, url, promotion)


def choices_page(
    model_admin: admin.ModelAdmin, request: HttpRequest, url: str, promotion: Promotion | None = None
) -> HttpResponse:
    """The cards with everything that a promotion can do."""
    context = {
        "title": f"What should “{promotion}” do?" if promotion else "New promotion",
        "groups": GROUPS,
        "url": url,
        "promotion": promotion,
        "current": choice_of(promotion) if promotion else None,
    }
    return page(model_admin, request, "admin/orders/promotion/choices.html", context)


@admin.register(Promotion)
class PromotionAdmin(admin.ModelAdmin):
    form = PromotionForm
    inlines = (TierInline,)
    list_display = ("name",)  # its own template shows more
    search_fields = ("name",)
    actions = ("switch_on", "switch_off")
    change_list_template = "admin/orders/promotion/change_list.html"
    change_form_template = "admin/orders/promotion/change_form.html"
    fieldsets: ClassVar = ((None, {"fields": ("name",)}),)  # without a choice; see get_fieldsets()

    @property
    def rows_url(self) -> str:
        """Where the scripts of pickers find rows."""
        return reverse("admin:orders_promotion_rows")

    def choice(self, request: HttpRequest | None, promotion: Promotion | None) -> PromotionChoice | None:
        """What the promotion of this page does or will do; None if that is still to be chosen."""
        asked = CHOICES.get(request.GET.get("kind") or request.POST.get("kind", "")) if request else None
        if promotion is None or promotion.pk is None:
            return asked
        return asked if asked and not promotion.is_active else choice_of(promotion)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[PromotionChangeList]:
        return PromotionChangeList

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        shown = {"may_change": self.has_change_permission(request)}
        return super().changelist_view(request, {**(extra_context or {}), **shown})

    @admin.action(description="Switch on", permissions=["change"])
    def switch_on(self, request: HttpRequest, queryset: QuerySet) -> None:
        self._switch(request, queryset, is_on=True)

    @admin.action(description="Switch off", permissions=["change"])
    def switch_off(self, request: HttpRequest, queryset: QuerySet) -> None:
        self._switch(request, queryset, is_on=False)

    def _switch(self, request: HttpRequest, queryset: QuerySet, *, is_on: bool) -> None:
        word = "on" if is_on else "off"
        with transaction.atomic():
            changed, refused = switch(
                Promotion.objects.filter(pk__in=list(queryset.values_list("pk", flat=True))), is_on=is_on
            )
            for promotion in changed:
                before, after = ("no", "yes") if is_on else ("yes", "no")
                record_action(request, promotion, f"Switched {word}.", [["On", before, after]])
        if changed:
            messages.success(request, f"{count_of(len(changed), 'promotion')} switched {word}.")
        elif not refused:
            messages.info(request, f"They were {word} already.")
        if refused:
            messages.error(request, f"Without a code that can be used, these were not switched on: {listed(refused)}.")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        choice = self.choice(request, obj)
        if not choice:
            return super().get_fieldsets(request, obj)
        is_changeable = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        return sections(choice, has_code=is_changeable and request.user.has_perm("orders.add_coupon"))

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        choice = self.choice(request, obj)
        return self.inlines if choice and choice.kind == Promotion.Kind.TIERED else ()

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002
        form = super().get_form(request, obj, change=change, **kwargs)
        if choice := self.choice(request, obj):
            form.choice = choice
        use_pickers(form.base_fields.values(), self.rows_url)
        return form

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        choice = self.choice(request, None)
        return dict(choice.initial) if choice else {}

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[list, dict, set, list]:
        """Allow deleting a promotion together with its codes, unless an order has used it."""
        listed, counts, permissions, protected = super().get_deleted_objects(objs, request)
        return listed, counts, permissions - {Coupon._meta.verbose_name}, protected

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Let staff choose what a new promotion does, then show its form.

        If a use between validation and saving exceeds a new limit, show an error, and save nothing.
        """
        if object_id is None and not self.choice(request, None):
            if not self.has_add_permission(request):
                raise PermissionDenied
            return choices_page(self, request, request.path)
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except CouponRefused as refused:
            request.refused_sentence = str(refused)  # type: ignore[attr-defined]
            return super().changeform_view(request, object_id, form_url, extra_context)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        promotion = kwargs.get("obj")
        stored = Promotion.objects.filter(pk=promotion.pk).first() if promotion and promotion.pk else None
        context |= {
            "state": BADGES[state_of(stored, timezone.now())] if stored else BADGES[OFF],
            "choice": self.choice(request, promotion),
            **self._aside(request, promotion),
        }
        return super().render_change_form(request, context, *args, **kwargs)

    def _aside(self, request: HttpRequest, promotion: Promotion | None) -> dict[str, Any]:
        """What stands beside the form: what the promotion does, as typed if somebody tries it, or as stored."""
        if not request.user.has_perm("orders.try_promotion"):
            return {}
        stored = promotion if promotion and promotion.pk else None
        may_save = self.has_change_permission(request, stored) if stored else self.has_add_permission(request)
        is_tried = request.method == "POST" and TRY in request.POST and may_save
        market = promotion.market if promotion else default_market().code
        is_sent = request.method == "POST" and may_save
        form = TrialForm(
            market, self.rows_url, request.POST if is_sent else None, user=request.user, form_id="promotion_form"
        )
        preview = None
        if is_tried:
            again = self.get_queryset(request).get(pk=stored.pk) if stored else None
            preview = preview_of(typed_draft(self, request, again), form)
        elif stored and request.method == "GET":
            draft = stored_draft(stored, sees_codes=request.user.has_perm(SEE_CODES))
            preview = preview_of(draft, TrialForm(market, self.rows_url, {"try-with_code": "on"}, user=request.user))
        query = {"kind": choice.code} if (choice := self.choice(request, promotion)) else {}
        query |= {"of": stored.pk} if stored else {}
        url = f"{reverse('admin:orders_promotion_preview')}?{urlencode(query)}"
        return {"preview": preview, "preview_url": url, "trial_form": form if may_save else None}

    def save_model(self, request: HttpRequest, obj: Promotion, form: Any, change: bool) -> None:  # noqa: FBT001  (Django's)
        if change:
            hold_limits(obj)
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001  (Django's)
        super().save_related(request, form, formsets, change)
        promotion = form.instance
        if promotion.kind != Promotion.Kind.TIERED:
            promotion.tiers.all().delete()
        if promotion.kind != Promotion.Kind.BUY_GET:
            promotion.reward_products.clear()
        recount(promotion)
        if code := form.cleaned_data.get("code"):
            make_code(promotion, code)

    def get_urls(self) -> list[URLPattern]:
        pages = [
            ("rows/", rows_page, "rows"),
            ("preview/", preview_page, "preview"),
            ("<int:pk>/kind/", kind_page, "kind"),
            ("<int:pk>/try/", try_page, "try"),
            ("<int:pk>/codes/", codes_page, "codes"),
            ("<int:pk>/codes.csv", export_file, "export"),
            ("<int:pk>/codes/<slug:batch>.csv", batch_file, "batch"),
        ]
        urls = [
            path(route, self.admin_site.admin_view(partial(view, self)), name=f"orders_promotion_{name}")
            for route, view, name in pages
        ]
        return urls + super().get_urls()
