"""Views of text pages, swatch colours and the icon."""

from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.text import slugify
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from catalog.clock import shop_now
from catalog.markets import all_markets, current_market
from catalog.models import AttributeValue, Page, PageVersion, Store, Swatch
from catalog.pages import SHARED_FILE, STOREFRONT, page
from catalog.store_colours import colour_rules
from catalog.store_texts import page_in, version_in


@page(STOREFRONT)
@require_safe
def text(request: HttpRequest, section: str, slug: str) -> HttpResponse:
    pages = Page.objects.public(shop_now()).with_version(shop_now())
    text_page = get_object_or_404(pages, section=section, slug=slug)
    context = {"page": page_in(text_page, current_market()), "markets_here": list(all_markets().values())}
    return render(request, "catalog/page.html", context)


@page(STOREFRONT, is_always_open=True)
def legal_text(request: HttpRequest, section: str, slug: str) -> HttpResponse:
    """A legal page, which is available even before the shop has opened."""
    return text(request, section, slug)


@page(STOREFRONT, is_always_open=True)
@require_safe
def text_version(request: HttpRequest, section: str, slug: str, version_id: int) -> HttpResponse:
    """A legal page as it was at another time, for example the terms that an order accepted. Not a planned one."""
    versions = PageVersion.objects.select_related("page").filter(page__section=section, page__slug=slug)
    version = get_object_or_404(versions, pk=version_id, begins_at__lte=timezone.now())
    context = {"page": version_in(version, current_market()), "version": version}
    return render(request, "catalog/page_version.html", context)


@page(SHARED_FILE)
@require_safe
@cache_control(public=True, max_age=300)
def swatches(request: HttpRequest) -> HttpResponse:
    """The colours of the shop and of option and attribute values, as a style sheet: the CSP forbids inline styles."""
    colours = {slugify(swatch.name): swatch.colour for swatch in Swatch.objects.all()}
    colours |= dict(AttributeValue.objects.exclude(colour="").values_list("slug", "colour")[:500])
    rules = [f".swatch-{slugify(name)}{{--c:{colour}}}" for name, colour in colours.items()]
    sheet = colour_rules(Store.objects.first() or Store()) + "@layer components{" + "".join(rules) + "}"
    return HttpResponse(sheet, content_type="text/css; charset=utf-8")


@page(SHARED_FILE)
@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """The shop's own icon, or the default one, for browsers that ask for this path without being told."""
    store = Store.objects.first()
    return redirect(store.icon.url if store and store.icon else staticfiles_storage.url("img/icon.svg"))
