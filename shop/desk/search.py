"""The search over the whole desk: a page of results, and a fragment of it below the search box."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from catalog.desk_search import Hit, Source, search_sources
from shop.desk.navigation import navigation
from shop.desk.settings_list import visible_groups

ORDER = ("orders", "products", "variants", "customers", "mails", "promotions", "staff")


def find_settings(text: str, user: Any) -> Iterator[Hit]:
    """Pages of the desk that the user may open, with all of these words in their name or in what the settings say of them."""
    request = HttpRequest()
    request.user = user
    shown = navigation(admin.site, request)
    words = text.casefold().split()
    pages = [(link.label, section.label, link.url) for section in shown.sections for link in section.links]
    pages += [(link.label, "Records", link.url) for link in shown.records]
    found = {
        url: Hit(label, where, url)
        for label, where, url in pages
        if all(word in f"{where} {label}".casefold() for word in words)
    }
    for group, settings in visible_groups(user):
        for setting in settings:
            about = f"{group} {setting.label} {setting.detail}".casefold()
            if all(word in about for word in words):
                found.setdefault(setting.url, Hit(setting.label, setting.detail, setting.url))
    return iter(found.values())


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
