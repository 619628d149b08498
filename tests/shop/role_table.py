"""Which permission every page and action of the admin needs, and the text of docs/roles.md that follows from it."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import Model
from django.test import RequestFactory
from django.urls import URLPattern, URLResolver

from accounts.models import User
from accounts.roles import ROLES, SUMMARIES

ALL_STAFF = "all staff"
NOBODY = "nobody"
SEES_CUSTOMERS = "orders.view_customer and orders.see_customer_order"
STANDARD = {"changelist": "view", "history": "view", "change": "view", "add": "add", "delete": "delete"}

# URL name → the permission that its page needs, if Django's own does not follow from the name.
PAGES = {
    "index": ALL_STAFF,
    "login": ALL_STAFF,
    "logout": ALL_STAFF,
    "password_change": ALL_STAFF,
    "password_change_done": ALL_STAFF,
    "jsi18n": ALL_STAFF,
    "autocomplete": ALL_STAFF,  # Django asks for the permission to view the model
    "view_on_site": ALL_STAFF,  # asks for the permission to view the object
    "app_list": ALL_STAFF,  # lists the models that the user may see
    "auth_user_password_change": "accounts.change_user",
    "accounts_user_add": "accounts.add_user and accounts.change_user",
    "accounts_staff_send": "accounts.add_staff",
    "accounts_staff_revoke": "accounts.add_staff",
    "search": ALL_STAFF,  # finds what the user may see
    "search_suggest": ALL_STAFF,
    "settings": ALL_STAFF,  # lists what the user may open
    "settings_markets": "catalog.view_store",
    "settings_payments": "payments.view_payment",
    "settings_mails": "catalog.view_store",
    "settings_mail": "catalog.view_store",
    "settings_mail_page": "catalog.view_store",
    "reports": "payments.view_reports",
    "report": "payments.view_reports",
    "report_mails": "payments.view_reports",
    "books": "payments.view_reports",
    "books_file": "payments.view_reports and payments.view_journal",
    "catalog_page_version": "catalog.view_page",
    "catalog_page_version_cancel": "catalog.change_page",
    "catalog_menu_start": "catalog.add_menu",
    "catalog_run_apply": "catalog.apply_run",
    "catalog_run_undo": "catalog.apply_run",
    "catalog_run_again": "catalog.apply_run",
    "catalog_run_export": "catalog.add_run",
    "catalog_run_add": "catalog.add_run",
    "catalog_stocktake_add": "catalog.change_on_hand_stock",
    "catalog_stocktake_sheet": "catalog.view_stocktake",
    "catalog_transfer_add": "catalog.change_on_hand_stock",
    "catalog_stock_receive": "catalog.change_on_hand_stock",
    "catalog_purchaseorder_add": "catalog.add_purchaseorder",
    "catalog_purchaseorder_receive": "catalog.change_on_hand_stock",
    "catalog_purchaseorder_order": "catalog.change_purchaseorder",
    "catalog_purchaseorder_cancel": "catalog.change_purchaseorder",
    "catalog_purchaseorder_close": "catalog.change_purchaseorder",
    "catalog_store_add": "catalog.view_store",  # it redirects to the only row
    "catalog_product_variants": "catalog.add_variant",
    "catalog_product_pictures": "catalog.change_productimage",
    "catalog_product_picture": "catalog.change_productimage",
    "catalog_product_prices": "catalog.change_price",
    "catalog_product_timeline": "catalog.change_price",
    "catalog_product_bulk": "catalog.apply_run",
    "orders_order_ship": "orders.view_order and orders.ship_order",
    "orders_order_cancel": "orders.view_order and orders.cancel_order",
    "orders_order_accept-risk": "orders.view_order and orders.cancel_order",
    "orders_order_answer-dispute": "orders.view_order and orders.see_customer_order and orders.see_evidence_order and payments.answer_dispute",
    "orders_order_receive-money": "orders.view_order and payments.receive_payment",
    "orders_order_refund-sent": "orders.view_order and payments.receive_payment",
    "orders_order_refund": "orders.view_order and payments.refund_order",
    "orders_order_charge": "orders.view_order and payments.capture_order",
    "orders_order_release": "orders.view_order and payments.capture_order",
    "orders_order_capture": "orders.view_order and payments.capture_order",
    "orders_order_approve-refund": "orders.view_order and payments.approve_refund",
    "orders_order_decline-refund": "orders.view_order and payments.refund_order",
    "orders_order_pay-again": "orders.view_order and payments.refund_order",
    "orders_order_assign-refund": "orders.view_order and payments.refund_order",
    "orders_customer_changelist": SEES_CUSTOMERS,
    "orders_customer_account": SEES_CUSTOMERS,
    "orders_customer_order": SEES_CUSTOMERS,
    "orders_customer_change": SEES_CUSTOMERS,
    "orders_customer_history": SEES_CUSTOMERS,
    "orders_order_address": "orders.view_order and orders.edit_order and orders.see_customer_order",
    "orders_order_billing": "orders.view_order and orders.edit_order and orders.see_customer_order",
    "orders_order_email": "orders.view_order and orders.edit_order and orders.see_customer_order",
    "orders_order_tracking": "orders.view_order and orders.ship_order",
    "orders_order_mail": "orders.view_order and orders.mail_order",
    "orders_order_note": "orders.view_order and orders.note_order",
    "orders_promotion_rows": "orders.view_promotion",
    "orders_promotion_kind": "orders.change_promotion",
    "orders_order_bulk": "orders.view_order",  # each action asks for its own permission too
    "orders_order_export": "orders.view_order and orders.export_order",
    "orders_order_save_view": "orders.view_order",
    "orders_order_delete_view": "orders.view_order",
    "orders_orderrun_start": "orders.view_orderrun",  # and the permission of the run's action
    "orders_promotion_preview": "orders.try_promotion and orders.change_promotion",
    "orders_promotion_try": "orders.try_promotion",
    "orders_promotion_codes": "orders.add_coupon",
    "orders_promotion_batch": "orders.see_code_coupon",
    "orders_promotion_export": "orders.see_code_coupon",
    "orders_delivery_grid": "orders.view_shippingzone",
    "orders_taxrate_new": "orders.change_taxrate",
    "payments_dispute_evidence": "payments.view_dispute and orders.see_customer_order and orders.see_evidence_order",
    "orders_giftcard_issue": "orders.issue_giftcard",
}

# (model, action) → the permission that the action of its list needs.
ACTIONS = {
    ("catalog.Product", "bulk_edit"): "catalog.change_product",
    ("catalog.Review", "publish"): "catalog.change_review",
    ("catalog.Review", "reject"): "catalog.change_review",
    ("catalog.Swatch", "delete_selected"): "catalog.delete_swatch",
    ("catalog.Synonym", "delete_selected"): "catalog.delete_synonym",
    ("orders.Coupon", "end"): "orders.add_coupon",
    ("orders.Promotion", "switch_on"): "orders.change_promotion",
    ("orders.Promotion", "switch_off"): "orders.change_promotion",
    ("orders.GiftCard", "block"): "orders.issue_giftcard",
    ("orders.GiftCard", "unblock"): "orders.issue_giftcard",
}


@dataclass(frozen=True)
class AdminPage:
    """A URL of the admin. `permission` is None if no rule says who may open it."""

    name: str
    route: str
    permission: str | None


def admin_pages() -> list[AdminPage]:
    """Every URL of the admin, from its resolver, without the redirects of old URLs."""
    models = {f"{model._meta.app_label}_{model._meta.model_name}": model for model in admin.site._registry}
    found = {}
    for name, route in _routes(admin.site.urls[0]):
        if name:
            found.setdefault(name, AdminPage(name, route, _permission(name, models)))
    return list(found.values())


def _routes(patterns: list, prefix: str = "") -> Iterator[tuple[str | None, str]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, prefix + str(pattern.pattern))
        elif isinstance(pattern, URLPattern):
            yield pattern.name, prefix + str(pattern.pattern)


def _permission(name: str, models: dict[str, type[Model]]) -> str | None:
    if name in PAGES:
        return PAGES[name]
    label, _, page = name.rpartition("_")
    model = models.get(label)
    if model is None or page not in STANDARD:
        return None
    if not _may_owner(model, STANDARD[page]):
        return NOBODY
    return f"{model._meta.app_label}.{STANDARD[page]}_{model._meta.model_name}"


def _may_owner(model: type[Model], action: str) -> bool:
    """Whether the owner of the shop may do this with the model."""
    request = RequestFactory().get("/admin/")
    request.user = User(is_active=True, is_staff=True, is_superuser=True)
    return getattr(admin.site._registry[model], f"has_{action}_permission")(request)


def admin_actions() -> dict[tuple[str, str], str | None]:
    """The permission of every action of a list, or None if no rule says who may run it."""
    return {
        (model._meta.label, name): ACTIONS.get((model._meta.label, name))
        for model, model_admin in admin.site._registry.items()
        for name in (getattr(action, "__name__", action) for action in model_admin.actions or ())
    }


def table() -> str:
    """The text of docs/roles.md."""
    held = {
        role: set(Group.objects.get(name=role).permissions.values_list("content_type__app_label", "codename"))
        for role in ROLES
    }
    heads = " | ".join(ROLES)
    lines = [
        "# Roles",
        "",
        "Staff have one or more roles. `accounts/roles.py` says what each role may do, and every migration writes them.",
        "This page is written by a test that asks every URL of the admin: `WRITE_ROLES=1 pytest tests/shop/test_roles.py`.",
        "",
        "| role | what it may do |",
        "|---|---|",
        *(f"| {role} | {summary} |" for role, summary in SUMMARIES.items()),
        "",
        "## Pages",
        "",
        "Pages that show an object also open for roles that may change it.",
        "",
        f"| page | permission | {heads} |",
        f"|---|---|{'---|' * len(ROLES)}",
        *(_row(what, permission, held) for page in admin_pages() for what, permission in _uses(page)),
        "",
        "## Actions of lists",
        "",
        f"| action | permission | {heads} |",
        f"|---|---|{'---|' * len(ROLES)}",
        *(_row(f"{label}: {name}", permission or "?", held) for (label, name), permission in admin_actions().items()),
    ]
    return "\n".join(lines) + "\n"


def _uses(page: AdminPage) -> Iterator[tuple[str, str]]:
    """What can be done on the page, with the permission for it: looking at a change form and saving it are two things."""
    url = f"`/admin/{page.route}`"
    yield url, page.permission or "?"
    if page.name.endswith("_change") and page.name not in PAGES:
        models = {f"{model._meta.app_label}_{model._meta.model_name}": model for model in admin.site._registry}
        model = models[page.name.removesuffix("_change")]
        needed = f"{model._meta.app_label}.change_{model._meta.model_name}"
        yield f"{url} save", needed if _may_owner(model, "change") else NOBODY


def _row(what: str, permission: str, held: dict[str, set[tuple[str, str]]]) -> str:
    cells = " | ".join("yes" if _may(permission, permissions) else "" for permissions in held.values())
    return f"| {what} | {permission} | {cells} |"


def _may(needed: str, held: set[tuple[str, str]]) -> bool:
    return needed == ALL_STAFF or all(_has(permission, held) for permission in needed.split(" and "))


def _has(permission: str, held: set[tuple[str, str]]) -> bool:
    app, _, codename = permission.partition(".")
    also_changes = codename.startswith("view_") and (app, codename.replace("view_", "change_", 1)) in held
    return (app, codename) in held or also_changes
