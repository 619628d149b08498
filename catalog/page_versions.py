"""Write the pages of the shop. Every change is a new version, with its author, that applies at once or from a time on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from catalog.errors import VersionRefused
from catalog.models import Page, PageText, PageVersion, Store
from catalog.store_texts import PLACEHOLDER, placeholder_values

Texts = Mapping[str, Mapping[str, str]]  # {market: {"title": …, "body": …}}


@dataclass(frozen=True)
class PageContent:
    """What a page says: title and body of the default market, and those of the others that have their own."""

    title: str
    body: str
    texts: Texts


def stored_content(page: Page, at: datetime) -> PageContent:
    """What the page says at this time."""
    version = version_at(page, at)
    if version:
        return PageContent(version.title, version.body, version.texts)
    return PageContent(page.title, page.body, _stored_texts(page))


def _stored_texts(page: Page) -> Texts:
    return {text.market: {"title": text.title, "body": text.body} for text in page.texts.all()} if page.pk else {}


def version_at(page: Page, at: datetime) -> PageVersion | None:
    """The version that applies at this time, or None if the page has no versions yet."""
    return page.versions.filter(begins_at__lte=at).order_by("-begins_at", "-number").first() if page.pk else None


@transaction.atomic
def save_page(
    page: Page, content: PageContent, *, author: Any = None, begins_at: datetime | None = None
) -> PageVersion:
    """Save the page, and its content as a new version that applies from `begins_at` on, or from now on.

    Until a planned version begins, the page keeps its present title and body.
    """
    now = timezone.now()
    if page.pk:
        keep_first_version(Page.objects.select_for_update(no_key=True).get(pk=page.pk))
    is_planned = begins_at is not None and begins_at > now
    if not is_planned:
        page.title, page.body = content.title, content.body
    elif not page.pk:
        page.title, page.body = content.title, ""
    page.save()
    if not is_planned:
        _write_texts(page, content.texts)
    return _write_version(page, content, begins_at=begins_at if is_planned and begins_at else now, author=author)


def _write_version(
    page: Page, content: PageContent, *, begins_at: datetime, author: Any, values: Mapping[str, str] | None = None
) -> PageVersion:
    last = page.versions.aggregate(last=Max("number"))["last"] or 0
    return PageVersion.objects.create(
        page=page,
        number=last + 1,
        title=content.title,
        body=content.body,
        texts={market: dict(text) for market, text in content.texts.items()},
        values=dict(values or current_values()),
        begins_at=begins_at,
        author=author,
    )


def _write_texts(page: Page, texts: Texts) -> None:
    page.texts.exclude(market__in=texts).delete()
    for market, text in texts.items():
        PageText.objects.update_or_create(page=page, market=market, defaults=dict(text))


def keep_first_version(page: Page, values: Mapping[str, str] | None = None) -> None:
    """Write the present text of a page without versions as its first one, so that it stays readable."""
    if page.body and not page.versions.exists():
        content = PageContent(page.title, page.body, _stored_texts(page))
        _write_version(page, content, begins_at=page.updated_at, author=None, values=values)


def current_values() -> dict[str, str]:
    """What the placeholders stand for now."""
    return placeholder_values(Store.objects.first() or Store())


@transaction.atomic
def follow_settings(before: Mapping[str, str], *, author: Any = None) -> None:
    """Write a new version of every page that names a setting which has changed.

    `before` is what the placeholders stood for until now. The former versions keep that, because orders may have
    accepted them.
    """
    values, now = current_values(), timezone.now()
    changed = {name for name in values if values[name] != before.get(name)}
    PageVersion.objects.filter(values={}, begins_at__lte=now).update(values=dict(before))
    PageVersion.objects.filter(begins_at__gt=now).update(values=values)
    for page in Page.objects.select_for_update(no_key=True) if changed else ():
        content = stored_content(page, now)
        if changed & _named_settings(content):
            keep_first_version(page, before)
            _write_version(page, content, begins_at=now, author=author)


def _named_settings(content: PageContent) -> set[str]:
    """The placeholders in a page's text, in all markets."""
    bodies = [content.body, *(text["body"] for text in content.texts.values())]
    return {name for body in bodies for name in PLACEHOLDER.findall(body)}


def keep_first_versions() -> None:
    """Write the first version of every page that has none."""
    for page in Page.objects.filter(versions=None):
        keep_first_version(page)


@transaction.atomic
def cancel_planned(version: PageVersion) -> None:
    """Delete a version that has not begun. Raises VersionRefused for any other, because orders may have accepted it."""
    if not PageVersion.objects.filter(pk=version.pk, begins_at__gt=timezone.now()).delete()[0]:
        raise VersionRefused("This version has already begun, so it stays readable. Save another one instead.")
