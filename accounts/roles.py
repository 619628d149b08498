"""The staff roles and their permissions, created after every migrate."""

from collections.abc import Iterable
from typing import Any

from django.apps import AppConfig, apps
from django.contrib.auth.models import Group, Permission

# What each role may do, in words. docs/roles.md lists the pages that it opens.
SUMMARIES = {
    "Owner": "Everything, and the only role that manages staff.",
    "Manager": "Everything but staff, their logins and roles.",
    "Catalogue": "Products, prices, pictures, pages and promotions. No orders and no customers.",
    "Marketing": "Promotions, coupon codes, collections, pages and reviews. No orders and no customers.",
    "Fulfilment": "Ships orders and counts stock. Sees the addresses of customers.",
    "Support": "Answers customers: orders, cancellations, refunds within a limit, gift cards and notes.",
    "Finance": "Payments, refunds, gift cards, delivery prices, taxes, figures and reports.",
    "Read-only": "Looks at products, stock, orders and payments, without the names of customers.",
}

# Role → {model label: actions}. The Owner gets all permissions, and the Manager all but those of NOT_FOR_MANAGERS.
ROLES: dict[str, dict[str, str]] = {
    "Owner": {},
    "Manager": {},
    "Catalogue": {
        "catalog.category": "view add change delete",
        "catalog.product": "view add change",
        "catalog.variant": "view add change delete",
        "catalog.option": "view add change delete",
        "catalog.productimage": "view add change delete",
        "catalog.price": "view add change",
        "catalog.stock": "view change_backorder",
        "catalog.stockmovement": "view",
        "catalog.page": "view add change",
        "catalog.pagetext": "view add change delete",
        "catalog.menu": "view add change delete",
        "catalog.menuentry": "view add change delete",
        "catalog.redirect": "view add change delete",
        "catalog.swatch": "view add change delete",
        "catalog.attribute": "view add change delete",
        "catalog.attributevalue": "view add change delete",
        "catalog.producttype": "view add change delete",
        "catalog.collection": "view add change delete",
        "catalog.collectionentry": "view add change delete",
        "catalog.relatedproduct": "view add change delete",
        "catalog.synonym": "view add change delete",
        "catalog.review": "view change",
        "catalog.run": "view add apply",
        "catalog.transfer": "view",
        "catalog.stocktake": "view",
        "catalog.purchaseorder": "view add change",
        "catalog.receipt": "view",
        "orders.promotion": "view add change delete try",
        "orders.promotiontier": "view add change delete",
        "orders.coupon": "view add see_code",
    },
    "Marketing": {
        "catalog.category": "view",
        "catalog.collection": "view add change delete",
        "catalog.collectionentry": "view add change delete",
        "catalog.page": "view add change",
        "catalog.pagetext": "view add change delete",
        "catalog.product": "view",
        "catalog.review": "view change",
        "catalog.synonym": "view add change delete",
        "catalog.variant": "view",
        "orders.coupon": "view add see_code",
        "orders.promotion": "view add change delete try",
        "orders.promotiontier": "view add change delete",
    },
    "Fulfilment": {
        "orders.order": "view ship note see_customer",
        "orders.orderrun": "view",
        "catalog.stock": "view change_on_hand",
        "catalog.transfer": "view",
        "catalog.stocktake": "view",
        "catalog.stockmovement": "view",
        "catalog.purchaseorder": "view",
        "catalog.receipt": "view",
        "catalog.product": "view",
        "catalog.variant": "view",
    },
    "Support": {
        "orders.customer": "view change",
        "orders.order": "view cancel edit note mail export see_customer see_evidence",
        "orders.orderrun": "view",
        "orders.savedview": "share",
        "orders.giftcard": "view",
        "orders.promotion": "view try",
        "orders.coupon": "view",
        "payments.payment": "view",
        "payments.refund": "view",
        "payments.order": "refund capture",
        "payments.refundrequest": "view",
        "payments.dispute": "view",
    },
    "Finance": {
        "orders.giftcard": "view issue",
        "orders.shippingmethod": "view add change",
        "orders.shippingzone": "view add change",
        "orders.shippingrate": "view add change delete",
        "orders.closingday": "view add change delete",
        "orders.taxrate": "view add change",
        "orders.taxregion": "view add change",
        "orders.customer": "view",
        "orders.order": "view note export see_customer see_evidence",
        "payments.payment": "view receive",
        "payments.offlinemethod": "view change",
        "payments.refund": "view approve",
        "payments.order": "refund capture",
        "payments.refundrequest": "view",
        "payments.dispute": "view answer",
        "payments.refundlimit": "view add change delete",
        "payments.journal": "view",
        "payments.payout": "view",
        "payments.balancetransaction": "view",
        "payments.reports": "view",
    },
    "Read-only": {
        "catalog.product": "view",
        "catalog.category": "view",
        "catalog.variant": "view",
        "catalog.stock": "view",
        "orders.order": "view",
        "payments.payment": "view",
    },
}

# Apps and models that only Owners get permissions for: who may log in, and what they may do.
NOT_FOR_MANAGERS = {"account", "accounts.staff", "accounts.invitation", "auth", "contenttypes", "mfa", "sessions"}


def create_roles(app_config: AppConfig, using: str, **_: Any) -> None:
    """Write the roles after a migration. Only the signal of the last app is used, when all permissions exist."""
    if app_config == [app for app in apps.get_app_configs() if app.models_module][-1]:
        write_roles(using)


def write_roles(using: str) -> None:
    """Create missing roles and add missing permissions to them. Other permissions of a role stay."""
    permissions = {
        (permission.content_type.app_label, permission.codename): permission
        for permission in Permission.objects.using(using).select_related("content_type")
    }
    for role, grants in ROLES.items():
        group, _created = Group.objects.using(using).get_or_create(name=role)
        group.permissions.add(*_permissions_of(role, grants, permissions))


def _permissions_of(
    role: str, grants: dict[str, str], permissions: dict[tuple[str, str], Permission]
) -> Iterable[Permission]:
    if role == "Owner":
        return permissions.values()
    if role == "Manager":
        return [permission for permission in permissions.values() if _is_for_managers(permission)]
    return _granted(permissions, grants)


def _is_for_managers(permission: Permission) -> bool:
    label = f"{permission.content_type.app_label}.{permission.content_type.model}"
    return not {label, permission.content_type.app_label} & NOT_FOR_MANAGERS


def _granted(permissions: dict[tuple[str, str], Permission], grants: dict[str, str]) -> list[Permission]:
    names = [
        (label.split(".")[0], f"{action}_{label.split('.')[1]}")
        for label, actions in grants.items()
        for action in actions.split()
    ]
    # Permissions are missing only as long as the migrations of their apps have not run.
    return [permissions[name] for name in names if name in permissions]
