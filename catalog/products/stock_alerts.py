"""E-mails about stock: to shoppers when a variant is back in stock, to staff when stock is low."""

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, Sum
from django.utils import timezone

from catalog.emails import Priority, write_mail
from catalog.inventory.availability import AVAILABLE
from catalog.models import LowStockNotice, Product, Stock, StockAlert, Store, Variant
from catalog.products.page import variant_path

MAX_ALERTS_PER_RUN = 200


def ask_for_alert(variant: Variant, email: str) -> None:
    """Request one e-mail to this address when the variant is back in stock. Asking again changes nothing."""
    StockAlert.objects.bulk_create([StockAlert(variant=variant, email=email.lower())], ignore_conflicts=True)


@transaction.atomic
def send_stock_alerts() -> int:
    """Send an e-mail for each alert whose variant can be bought again, and delete the alert; return their number."""
    waiting = StockAlert.objects.select_for_update(of=("self",), skip_locked=True).select_related("variant__product")
    rows = Stock.objects.filter(variant=OuterRef("variant"), location__is_active=True)
    can_be_sold = rows.alias(available=AVAILABLE).filter(available__gt=0)
    back = waiting.filter(
        Q(variant__is_tracked=False) | Exists(can_be_sold),
        variant__is_active=True,
        variant__product__in=Product.objects.visible(timezone.now()),
    )
    alerts = list(back.order_by("pk")[:MAX_ALERTS_PER_RUN])
    for alert in alerts:
        context = {"variant": alert.variant, "path": variant_path(alert.variant)}
        subject = f"Back in stock: {alert.variant}"
        write_mail(
            "back_in_stock", f"{alert.pk}", to=alert.email, subject=subject, context=context, priority=Priority.BULK
        )
    StockAlert.objects.filter(pk__in=[alert.pk for alert in alerts]).delete()
    return len(alerts)


def low_variants() -> dict[int, int]:
    """Variants at or below their low-stock threshold, with their unreserved units (negative if promised units are missing)."""
    variants = Variant.objects.filter(
        is_active=True,
        is_tracked=True,
        product__status__in=[Product.Status.ACTIVE, Product.Status.UNLISTED],
        stock__location__is_active=True,
    )
    unreserved = Sum(F("stock__on_hand") - F("stock__reserved"))
    counted = variants.order_by().values("pk").annotate(unreserved=unreserved)
    return dict(counted.filter(unreserved__lte=F("low_stock_at")).values_list("pk", "unreserved"))


@transaction.atomic
def send_low_stock_notices() -> int:
    """Tell staff in one e-mail which variants became low in stock since the last one; return the number of variants."""
    to = Store.objects.values_list("contact_email", flat=True).first()
    low = low_variants()
    LowStockNotice.objects.exclude(variant_id__in=list(low)).delete()
    if not to:
        return 0
    reported = set(LowStockNotice.objects.values_list("variant_id", flat=True))
    new = sorted(set(low) - reported)
    LowStockNotice.objects.bulk_create([LowStockNotice(variant_id=pk) for pk in new], ignore_conflicts=True)
    if not new:
        return 0
    variants = (
        Variant.objects.filter(pk__in=new[:MAX_ALERTS_PER_RUN])
        .select_related("product")
        .order_by("product__title", "pk")
    )
    rows = [(variant, low[variant.pk]) for variant in variants]
    last_notice = LowStockNotice.objects.filter(variant_id__in=new).order_by("-pk").values_list("pk", flat=True).first()
    subject = f"Low stock: {len(new)} variant{'s' if len(new) > 1 else ''}"
    context = {"rows": rows, "count": len(new)}
    write_mail("low_stock", f"{last_notice}", to=to, subject=subject, context=context, priority=Priority.BULK)
    return len(new)
