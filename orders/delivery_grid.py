"""Which method and which rate hold where: every place that is delivered to, by weight."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from catalog.markets import Market
from catalog.money import format_money
from orders.models import ShippingRate, ShippingZone
from orders.postcodes import example_postcode, is_within, narrowness
from orders.shipping import Choice, Parcel, Row, choose_rates, is_free, rate_rows


@dataclass(frozen=True)
class Price:
    """What one method costs in one place from one weight on, by which zone, and what others that hold it would charge."""

    method: str
    amount: str
    zone: str
    equals: tuple[str, ...] = ()
    overruled: tuple[str, ...] = ()


@dataclass(frozen=True)
class Place:
    """A country, or the part of one that a zone names by postcodes; the prices of each weight."""

    name: str
    part: str
    columns: tuple[tuple[Price, ...], ...]


@dataclass(frozen=True)
class Grid:
    """Places by weights; from each of these on a column holds."""

    headings: tuple[str, ...]
    places: tuple[Place, ...]


def delivery_grid(market: Market, goods_minor: int) -> Grid:
    """What delivery costs in each place of a market, for goods of this amount and before promotions; one query."""
    rates = ShippingRate.objects.filter(method__market=market.code, method__is_active=True)
    rows = rate_rows(rates.select_related("method", "zone").order_by("method__position", "pk"))
    weights = _weights(rows)
    places = []
    for country, name in market.country_choices():
        for part in ["", *_parts_of(country, rows)]:
            parcels = [Parcel(country, example_postcode(part), grams, goods_minor) for grams in weights]
            columns = tuple(
                tuple(_price(one, parcel, market) for one in choose_rates(rows, parcel)) for parcel in parcels
            )
            places.append(Place(name, part, columns))
    return Grid(tuple(f"from {grams:,} g" if grams else "any weight" for grams in weights), tuple(places))


def _weights(rows: Iterable[Row]) -> list[int]:
    """Every weight in grams at which a rate begins, or from which on a method takes no more."""
    begins = {row["from_grams"] for row in rows}
    return sorted({0} | begins | {row["most_grams"] + 1 for row in rows if row["most_grams"] is not None})


def _parts_of(country: str, rows: Sequence[Row]) -> list[str]:
    """The parts of the country that zones name by postcodes."""
    return sorted({row["postcodes"] for row in rows if row["postcodes"] and country in row["countries"]})


def _price(choice: Choice, parcel: Parcel, market: Market) -> Price:
    row = choice.row
    amount = "Free" if is_free(row, parcel) else format_money(row["price_minor"], market.currency)
    equals, overruled = (
        tuple(f"{other['zone']} {format_money(other['price_minor'], market.currency)}" for other in others)
        for others in (choice.equals, choice.overruled)
    )
    return Price(row["name"], amount, row["zone"], equals, overruled)


@dataclass(frozen=True)
class Overlap:
    """Two zones that hold one address, and the one that decides there; empty where neither is more specific."""

    names: tuple[str, str]
    countries: tuple[str, ...]
    winner: str

    def sentence_for(self, name: str) -> str:
        """What this means for one of the two."""
        other = self.names[1] if name == self.names[0] else self.names[0]
        where = ", ".join(self.countries)
        if not self.winner:
            return f"{where} also in “{other}”: neither is more specific, so the cheaper rate applies"
        return f"{where} also in “{other}”: “{self.winner}” applies"


def overlaps(zones: Iterable[ShippingZone]) -> list[Overlap]:
    """Every two zones that hold the same address."""
    return [found for one, other in combinations(list(zones), 2) if (found := _overlap(one, other))]


def _overlap(one: ShippingZone, other: ShippingZone) -> Overlap | None:
    shared = tuple(sorted(set(one.countries) & set(other.countries)))
    examples = [example_postcode(zone.postcodes) for zone in (one, other)]
    held = next(
        (code for code in examples if shared and all(_holds(zone, shared[0], code) for zone in (one, other))), None
    )
    if held is None:
        return None
    ranks = [(narrowness(held, zone.postcodes, shared[0]), -len(zone.countries)) for zone in (one, other)]
    winner = "" if ranks[0] == ranks[1] else one.name if ranks[0] > ranks[1] else other.name
    return Overlap((one.name, other.name), shared, winner)


def _holds(zone: ShippingZone, country: str, postcode: str) -> bool:
    return not zone.postcodes or is_within(postcode, zone.postcodes, country)
