"""Setting up a shop: whatever it lacks is created, and whatever staff changed stays as it is."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from psycopg.types.range import TimestamptzRange

from catalog.models import Location, Page, Store, TaxClass
from catalog.rich_text import clean
from orders.closing_days import seed_public_holidays
from orders.models import ClosingDay, ShippingMethod, ShippingRate, ShippingZone, TaxRate
from orders.starting_tax import add_starting_regions, starting_rates
from shop.setting_up.answers import Answers, Delivery
from shop.setting_up.starting_values import PAGES, STARTING_TEXT, StartingPage


@transaction.atomic
def set_up(answers: Answers) -> list[str]:
    """Create what is missing; returns a sentence for each part that is new."""
    return [
        *_store(answers),
        *_location(answers.location),
        *_tax(answers),
        *_deliveries(answers),
        *(sentence for page in PAGES for sentence in _page(page, answers)),
        *_closing_days(settings.SHOP_COUNTRY),
    ]


def _store(answers: Answers) -> Iterator[str]:
    """Fill what is empty in the store record; a field that says something keeps it."""
    store, is_new = Store.objects.get_or_create(pk=1, defaults={"name": answers.seller.name})
    empty = {
        name: value for name, value in vars(answers.seller).items() if value and name != "name" and not getattr(store, name)
    }  # fmt: skip
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
    """Rates for countries that never had one; a rate that staff changed or ended stays so."""
    known = set(TaxRate.objects.filter(region="").values_list("country", flat=True))
    wanted = {settings.SHOP_COUNTRY} if known and "tax" in answers.guessed else answers.tax.keys()
    new = {country: answers.tax[country] for country in answers.tax if country in wanted - known}
    reduced = starting_rates(settings.SHOP_COUNTRY, new) if "tax" in answers.guessed else {}
    rates = {country: {**reduced.get(country, {}), TaxClass.STANDARD: percent} for country, percent in new.items()}
    TaxRate.objects.bulk_create(
        TaxRate(country=country, tax_class=tax_class, percent=percent, valid=TimestamptzRange(None, None))
        for country, percents in rates.items()
        for tax_class, percent in percents.items()
    )
    if new:
        yield "Tax: " + ", ".join(_rates_in_words(country, percents) for country, percents in rates.items()) + "."
    # Of Great Britain only Northern Ireland is charged, so it stands beside the countries that have a rate.
    charged = set(TaxRate.objects.filter(region="").values_list("country", flat=True))
    charged |= {"GB"} if "tax" in answers.guessed and not known else set()
    if added := add_starting_regions(settings.SHOP_COUNTRY, charged):
        yield f"Tax regions: {added} places with rates of their own, or outside of the tax area."


def _rates_in_words(country: str, percents: Mapping[str, Decimal | str]) -> str:
    """The standard rate of a country with the reduced ones behind it, such as `DE 19 % (reduced: 7 %)`."""
    standard, *others = (
        f"{Decimal(percents[tax_class]).normalize():f} %"
        for tax_class in sorted(percents, key=lambda tax_class: (tax_class != TaxClass.STANDARD, tax_class))
    )
    return f"{country} {standard}" + (f" (reduced: {', '.join(others)})" if others else "")


def _deliveries(answers: Answers) -> Iterator[str]:
    """Methods that the owner names; guessed ones only where there are none."""
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
    """The owner's own text, or a starting text that says so in its first paragraph."""
    own = answers.pages.get(page.slug)
    start = f"<p><strong>{STARTING_TEXT}</strong></p>"
    body = own or start + render_to_string(f"shop/starting_pages/{page.slug}.html", vars(answers.seller))
    row, is_new = Page.objects.get_or_create(
        slug=page.slug, defaults={"section": page.section, "title": page.title, "body": clean(body)}
    )
    if not is_new and own and STARTING_TEXT in row.body:
        Page.objects.filter(pk=row.pk).update(body=clean(own))
        is_new = True
    if is_new:
        yield f"Page: {page.title}{'' if own else ' (a starting text: read and change it)'}."


def _closing_days(country: str) -> Iterator[str]:
    """The public holidays at home, once: a day that staff deleted stays deleted."""
    if not ClosingDay.objects.filter(country=country).exists() and (count := seed_public_holidays(country)):
        yield f"Closing days: {count} public holidays."
