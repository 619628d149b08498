"""Redirects that staff enter, from a path that has no page to one that has."""

from django.conf import settings
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone

from catalog.clock import shop_now
from catalog.errors import MenuRefused, RedirectRefused
from catalog.menus import MAILTO, find_target, path_here
from catalog.models import MenuEntry, Page, Product, Redirect

MAX_STEPS = 20  # of a chain of redirects


def redirect_target(request: HttpRequest) -> str:
    """The URL that the requested path is redirected to, in the current market; empty if there is none. Counts the use."""
    if request.method not in ("GET", "HEAD"):
        return ""
    row = Redirect.objects.filter(kind=Redirect.Kind.PATH, old__in=spellings(request.path_info)).first()
    if not row:
        return ""
    Redirect.objects.filter(pk=row.pk).update(hits=F("hits") + 1, last_hit_at=timezone.now())
    return path_here(row.target)


def spellings(path: str) -> list[str]:
    """The path with and without a slash at the end."""
    return [path, path.removesuffix("/") if path.endswith("/") else f"{path}/"]


def cleaned_redirect(old: str, target: str, *, redirect_id: int | None = None) -> tuple[str, str]:
    """Return both paths as they are stored. Raises RedirectRefused, with the field and a sentence for staff."""
    old = _path_of("old", old)
    target = target.strip().removeprefix(settings.SHOP_URL) or "/"
    try:
        entry = MenuEntry(**find_target(target))
    except MenuRefused as refused:
        raise RedirectRefused("target", str(refused)) from refused
    if target.startswith(MAILTO) or entry.kind == MenuEntry.Kind.GIFT_CARDS:
        raise RedirectRefused("target", "Enter the path of a page, like /help/returns/.")
    target = entry.goes_to
    if _is_live(old):
        raise RedirectRefused("old", f"There is a page at {old}. A redirect works only where there is none.")
    if target in spellings(old) or leads_to(target, old, redirect_id):
        raise RedirectRefused("target", f"{target} leads back to {old}, so nobody would ever arrive.")
    return old, target


def _path_of(field: str, text: str) -> str:
    text = text.strip().removeprefix(settings.SHOP_URL)
    if (
        not text.startswith("/")
        or not text.isprintable()
        or text.startswith("//")
        or any(sign in text for sign in "?# \\")
    ):
        raise RedirectRefused(field, "Enter a path of this shop, like /products/old-mug/, without “?” and “#”.")
    if text.startswith(("/admin/", "/staff/", "/media/")):
        raise RedirectRefused(field, f"{text} is not a page for shoppers.")
    return text


def _is_live(path: str) -> bool:
    """Whether shoppers see a page at this path."""
    try:
        target = find_target(path)
    except MenuRefused:
        return False
    if isinstance(target["product"], Product):
        return target["product"].is_visible(shop_now())
    if target["collection"]:
        return target["collection"].is_active
    if isinstance(target["page"], Page):
        return Page.objects.public(shop_now()).filter(pk=target["page"].pk).exists()
    return True


def leads_to(start: str, end: str, redirect_id: int | None = None) -> bool:
    """Whether following redirects from one path leads to the other, once the pages between them are gone."""
    others = Redirect.objects.filter(kind=Redirect.Kind.PATH).exclude(pk=redirect_id)
    path = start
    for _step in range(MAX_STEPS):
        row = others.filter(old__in=spellings(path)).first()
        if not row:
            return False
        path = row.target
        if path in spellings(end):
            return True
    return True
