"""Set up a shop: create what is missing, and keep everything that staff have changed."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from psycopg.types.range import TimestamptzRange

from catalog.models import Location, Page, Store, TaxClass
from catalog.page_versions import PageContent, keep_first_versions, save_page
from catalog.rich_text import clean
from orders.delivery.closing_days import seed_public_holidays
from orders.models import ClosingDay, ShippingMethod, ShippingRate, ShippingZone, TaxRate
from orders.starting_tax import add_starting_regions, starting_rates
from shop.setting_up.answers import Answers, Delivery
from shop.setting_up.starting_values import PAGES, STARTING_TEXT, StartingPage


@transaction.atomic
def set_up(answers: Answers) -> list[str]:
    """Create what is missing; return a sentence for each new part."""
    sentences = [
        *_store(answers),
        *_location(answers.location),
        *_tax(answers),
        *_deliveries(answers),
        *(sentence for page in PAGES for sentence in _page(page, answers)),
        *_closing_days(settings.SHOP_COUNTRY),
    ]
    keep_first_versions()
    return sentences


def _store(answers: Answers) -> Iterator[str]:
    """Fill the empty fields of the store record."""
    store, is_new = Store.objects.get_or_create(pk=1, defaults={"name": answers.seller.name})
    empty = {
        name: value
        for name, value in vars(answers.seller).items()
        if value and name != "name" and not getattr(store, name)
    }
    if is_new or empty:
        for name, value in empty.items():
            setattr(store, name, value)
        store.full_clean()
        store.save()
        yield f"Store: {store.name}, sold by {store.seller_name}."


def _location(name: str) -> Iterator[str]:
    if not Location.objects.exists():
        Location.objects.create(code="main", name=name)
        yield f"Location: {name}."


def _tax(answers: Answers) -> Iterator[str]:
    """Add tax rates for countries that never had one, and tax regions."""
    countries_with_rates = set(TaxRate.objects.filter(region="").values_list("country", flat=True))
    is_first = "tax" in answers.guessed and not countries_with_rates
    wanted = answers.tax.keys() if is_first or "tax" not in answers.guessed else {settings.SHOP_COUNTRY}
    new = {country: answers.tax[country] for country in answers.tax if country in wanted - countries_with_rates}
    reduced = starting_rates(settings.SHOP_COUNTRY, new) if "tax" in answers.guessed else {}
    rates = {country: {**reduced.get(country, {}), TaxClass.STANDARD: percent} for country, percent in new.items()}
    TaxRate.objects.bulk_create(
        TaxRate(country=country, tax_class=tax_class, percent=percent, valid=TimestamptzRange(None, None))
        for country, percents in rates.items()
        for tax_class, percent in percents.items()
    )
    if new:
        yield "Tax: " + ", ".join(_rates_sentence(country, percents) for country, percents in rates.items()) + "."
    # Add regions of Great Britain too, although it has no rate, because EU tax applies in Northern Ireland.
    charged = set(TaxRate.objects.filter(region="").values_list("country", flat=True))
    charged |= {"GB"} if is_first else set()
    if added := add_starting_regions(settings.SHOP_COUNTRY, charged):
        yield f"Tax regions: {added} with their own rates or outside the tax area."


def _rates_sentence(country: str, percents: Mapping[str, Decimal | str]) -> str:
    """Return the standard rate of a country and its reduced rates, like `DE 19 % (reduced: 7 %)`."""
    standard, *others = (
        f"{Decimal(percents[tax_class]).normalize():f} %"
        for tax_class in sorted(percents, key=lambda tax_class: (tax_class != TaxClass.STANDARD, tax_class))
    )
    return f"{country} {standard}" + (f" (reduced: {', '.join(others)})" if others else "")


def _deliveries(answers: Answers) -> Iterator[str]:
    """Add the owner's shipping methods; add default methods only if there are none."""
    if "delivery" in answers.guessed and ShippingMethod.objects.exists():
        return
    for delivery in answers.delivery:
        yield from _delivery(delivery)


def _delivery(delivery: Delivery) -> Iterator[str]:
    method, is_new = ShippingMethod.objects.get_or_create(
        code=delivery.code,
        defaults={
            "name": delivery.name,
            "free_from_minor": delivery.free_from_minor,
            "days_min": delivery.days[0],
            "days_max": delivery.days[1],
            "position": ShippingMethod.objects.count(),
        },
    )
    if is_new:
        zone, _ = ShippingZone.objects.get_or_create(
            name=delivery.zone, defaults={"countries": list(delivery.countries)}
        )
        ShippingRate.objects.create(method=method, zone=zone, price_minor=delivery.price_minor)
        yield f"Delivery: {method.name} to {zone.name}."


def _page(page: StartingPage, answers: Answers) -> Iterator[str]:
    """Create the page with the owner's text, or with a starting text whose first paragraph says so."""
    own_text = answers.pages.get(page.slug)
    notice = f"<p><strong>{STARTING_TEXT}</strong></p>"
    body = own_text or notice + render_to_string(f"shop/starting_pages/{page.slug}.html", vars(answers.seller))
    row, is_new = Page.objects.get_or_create(
        slug=page.slug, defaults={"section": page.section, "title": page.title, "body": clean(body)}
    )
    if not is_new and own_text and STARTING_TEXT in row.body:
        save_page(row, PageContent(row.title, clean(own_text), {}))
        is_new = True
    if is_new:
        yield f"Page: {page.title}{'' if own_text else ' (a starting text: read and change it)'}."


def _closing_days(country: str) -> Iterator[str]:
    """Add the public holidays of the shop's country once, so that days deleted by staff stay deleted."""
    if not ClosingDay.objects.filter(country=country).exists() and (count := seed_public_holidays(country)):
        yield f"Closing days: {count} public holidays."
