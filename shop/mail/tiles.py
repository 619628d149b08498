"""Tiles of the desk's home page about e-mails."""

from django.db.models import QuerySet

from catalog.admin.tile_registry import Tile, Urgency
from catalog.formats import moment
from shop.models import Mail


def _failed() -> QuerySet[Mail]:
    return Mail.objects.filter(status=Mail.Status.DEAD)


TILES = (
    Tile(
        *("failed-mails", "Failed e-mails", Urgency.TODAY, "shop.view_mail", "admin:shop_mail_changelist"),
        *({"status__exact": "dead"}, _failed),
        oldest="created_at",
        detail=lambda written: f"Oldest of {moment(written)}",
    ),
)
