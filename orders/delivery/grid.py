"""The delivery grid for staff: which shipping rate applies in each place, by weight; and overlapping zones."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from catalog.markets import Market
from catalog.money import format_money
from orders.delivery.options import Choice, ShippingQuery, choose_rates, is_free
from orders.delivery.postcodes import example_postcode, is_within, narrowness
from orders.models import ShippingRate, ShippingZone
from orders.rules import ShippingRule, shipping_rules

ANY_WEIGHT = "any weight"
MAX_NAMED_PLACES = 8  # of a gap


@dataclass(frozen=True)
class Price:
    """The price of one shipping method in one place from one weight on, its zone, and the rates of other matching zones."""

    method: str
    amount: str
    zone: str
    equals: tuple[str, ...] = ()
    overruled: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cell:
    """The prices for one weight in one place. Empty: no delivery."""

    heading: str
    prices: tuple[Price, ...]


@dataclass(frozen=True)
class Place:
    """A country, or a part of one given by postcodes, with the prices for each weight."""

    name: str
    part: str
    columns: tuple[tuple[Price, ...], ...]
    headings: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        return f"{self.name} ({self.part})" if self.part else self.name

    @property
    def cells(self) -> list[Cell]:
        """The prices, each with the heading of its column for the cards on phones."""
        return [Cell(heading, prices) for heading, prices in zip(self.headings, self.columns, strict=True)]


@dataclass(frozen=True)
class Grid:
    """Prices by place and weight. Each heading is the weight from which its column applies."""

    headings: tuple[str, ...]
    places: tuple[Place, ...]

    @property
    def gaps(self) -> list[str]:
        """A sentence for each weight that is not delivered to some places."""
        missing = [(cell.heading, place.full_name) for place in self.places for cell in place.cells if not cell.prices]
        names = {heading: [name for other, name in missing if other == heading] for heading in self.headings}
        return [f"{_weight(heading)}: no delivery to {_listed(names[heading])}." for heading in names if names[heading]]


def delivery_grid(market: Market, goods_minor: int) -> Grid:
    """Return the delivery prices in each place of a market, before promotions, with one query.

    `goods_minor` is the value of the goods, which decides about free delivery.
    """
    rates = ShippingRate.objects.filter(method__market=market.code, method__is_active=True)
    rules = shipping_rules(rates.select_related("method", "zone").order_by("method__position", "pk"))
    weights = _weights(rules)
    headings = tuple(f"from {grams:,} g" if grams else ANY_WEIGHT for grams in weights)
    places = []
    for country, name in market.country_choices():
        for part in ["", *_parts_of(country, rules)]:
            queries = [ShippingQuery(country, example_postcode(part), grams, goods_minor) for grams in weights]
            columns = tuple(
                tuple(_price(choice, query, market) for choice in choose_rates(rules, query)) for query in queries
            )
            places.append(Place(name, part, columns, headings))
    return Grid(headings, tuple(places))


def _weight(heading: str) -> str:
    return "Any weight" if heading == ANY_WEIGHT else f"{heading[0].upper()}{heading[1:]}"


def _listed(names: Sequence[str]) -> str:
    if len(names) <= MAX_NAMED_PLACES:
        return ", ".join(names)
    return f"{', '.join(names[:MAX_NAMED_PLACES])} and {len(names) - MAX_NAMED_PLACES} more"


def _weights(rules: Iterable[ShippingRule]) -> list[int]:
    """Return each weight in grams at which a rate begins, or from which a method no longer applies."""
    starts = {rule.from_grams for rule in rules}
    return sorted({0} | starts | {rule.most_grams + 1 for rule in rules if rule.most_grams is not None})


def _parts_of(country: str, rules: Sequence[ShippingRule]) -> list[str]:
    """Return the postcode patterns of zones in the country."""
    return sorted({rule.postcodes for rule in rules if rule.postcodes and country in rule.countries})


def _price(choice: Choice, query: ShippingQuery, market: Market) -> Price:
    rule = choice.rule
    amount = "Free" if is_free(rule, query) else format_money(rule.price_minor, market.currency)
    equals, overruled = (
        tuple(f"{other.zone} {format_money(other.price_minor, market.currency)}" for other in others)
        for others in (choice.equals, choice.overruled)
    )
    return Price(rule.name, amount, rule.zone, equals, overruled)


@dataclass(frozen=True)
class Overlap:
    """Two zones that cover the same address. `winner` is the more specific one; empty if neither is."""

    names: tuple[str, str]
    countries: tuple[str, ...]
    winner: str

    def sentence_for(self, name: str) -> str:
        """Return a sentence for staff about the overlap, as seen from the zone with this name."""
        other = self.names[1] if name == self.names[0] else self.names[0]
        where = ", ".join(self.countries)
        if not self.winner:
            return f"{where} also in “{other}”: neither is more specific, so the cheaper rate applies"
        return f"{where} also in “{other}”: “{self.winner}” applies"


def overlaps(zones: Iterable[ShippingZone]) -> list[Overlap]:
    """Return every pair of zones that cover the same address."""
    pairs = combinations(list(zones), 2)
    return [overlap for zone, other in pairs if (overlap := _overlap(zone, other))]


def _overlap(first: ShippingZone, second: ShippingZone) -> Overlap | None:
    zones = (first, second)
    countries = tuple(sorted(set(first.countries) & set(second.countries)))
    examples = [example_postcode(zone.postcodes) for zone in zones]
    shared = next(
        (code for code in examples if countries and all(_covers(zone, countries[0], code) for zone in zones)), None
    )
    if shared is None:
        return None
    ranks = [(narrowness(shared, zone.postcodes, countries[0]), -len(zone.countries)) for zone in zones]
    winner = "" if ranks[0] == ranks[1] else first.name if ranks[0] > ranks[1] else second.name
    return Overlap((first.name, second.name), countries, winner)


def _covers(zone: ShippingZone, country: str, postcode: str) -> bool:
    return not zone.postcodes or is_within(postcode, zone.postcodes, country)
