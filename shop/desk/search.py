"""The search over the whole desk: a page of results, and a fragment of it below the search box."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from catalog.desk_search import Hit, Source, search_sources
from shop.desk.navigation import navigation

ORDER = ("orders", "products", "variants", "customers", "mails", "promotions")


def find_settings(text: str, user: Any) -> Iterator[Hit]:
    """Pages of the desk whose name has all of these words, of those that the user may open."""
    request = HttpRequest()
    request.user = user
    shown = navigation(admin.site, request)
    words = text.casefold().split()
    pages = [(section.label, link) for section in shown.sections for link in section.links]
    for section, link in [*pages, *(("Records", link) for link in shown.records)]:
        if all(word in f"{section} {link.label}".casefold() for word in words):
            yield Hit(link.label, section, link.url)


search_sources.add(Source("settings", "Pages of the desk", "", find_settings))


def search(request: HttpRequest) -> HttpResponse:
    """Show what matches, by kind, or open the page of the one thing whose number this is."""
    groups, text = _found(request)
    exact = [hit for group in groups for hit in group.hits if hit.is_exact]
    if len(exact) == 1:
        return redirect(exact[0].url)
    count = sum(len(group.hits) for group in groups)
    title = f"Results for “{text}”" if text else "Search"
    context = {**admin.site.each_context(request), "title": title, "groups": groups, "text": text, "count": count}
    return render(request, "admin/search.html", context)


def suggest(request: HttpRequest) -> HttpResponse:
    """The results below the search box, without the rest of a page."""
    groups, text = _found(request)
    return render(request, "admin/search_hits.html", {"groups": groups, "text": text, "is_fragment": True})


def _found(request: HttpRequest) -> tuple[list, str]:
    text = " ".join(request.GET.get("q", "").split())
    return search_sources.found(text, request.user, ORDER), text
