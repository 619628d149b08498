"""Thousands of verbs in any order: the shop's counters are those of a few lines of plain Python, refusals too."""

import copy
from collections import Counter
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from catalog import inventory
from catalog.errors import CatalogError
from catalog.inventory import Need, Target, stocktakes
from catalog.models import (
    Location,
    Reservation,
    Stock,
    StockMovement,
    Stocktake,
    StocktakeLine,
    Transfer,
    TransferLine,
    Variant,
)
from shop.operations.audit import run_audit
from tests.catalog.movements import moved_until
from tests.catalog.stock_model import Books
from tests.factories import make_location, make_variant

EXAMPLES, STEPS = 100, 36
STOCK_INVARIANTS = ("S1 ", "S1b ", "S2 ", "S3 ", "S4 ")
some_variant = st.integers(0, 2)
some_place = st.integers(0, 1)
some_units = st.integers(1, 6)
some_number = st.integers(0, 100)  # of a reference, a line, a transfer, a stocktake: modulo how many there are


class Shop(RuleBasedStateMachine):
    """Each rule does the same in the shop and in the model. Each example is rolled back at its end."""

    variants: ClassVar[list[Variant]]
    locations: ClassVar[list[Location]]
    steps: ClassVar[Counter] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.everything = transaction.atomic()
        self.everything.__enter__()
        self.books = Books()
        self.transfers: list[Transfer] = []
        self.counts: list[Stocktake] = []
        self.orders: list[list[Need]] = []
        self.mine: Counter = Counter()

    def teardown(self) -> None:
        try:
            findings = [finding for finding in run_audit() if finding.invariant.startswith(STOCK_INVARIANTS)]
            assert findings == []
            counters = {(row.variant_id, row.location_id): (row.on_hand, row.reserved) for row in Stock.objects.all()}
            history = moved_until(timezone.now())
            assert {spot: history.get(spot, (0, 0)) for spot in counters} == counters
            assert history.keys() <= counters.keys()
        finally:
            transaction.set_rollback(True)
            self.everything.__exit__(None, None, None)

    def both(self, verb: str, ask: Callable[[], Any], model: Callable[[Books], Any]) -> Any:
        """The shop does what the model does, and refuses what the model refuses."""
        after, refusal, expected = copy.deepcopy(self.books), None, None
        try:
            expected = model(after)
        except CatalogError as error:
            refusal = error
        if refusal:
            self.note(verb, "refused")
            with pytest.raises(type(refusal)) as caught:
                ask()
            assert getattr(refusal, "short", None) in (None, getattr(caught.value, "short", None))
            return None
        self.note(verb, "done")
        answer = ask()
        self.books = after
        assert expected is None or answer == expected
        return answer

    def note(self, verb: str, outcome: str) -> None:
        self.mine[verb, outcome] += 1
        Shop.steps[verb, outcome] += 1

    def variant(self, number: int) -> int:
        return self.variants[number].pk

    def by_variant(self, numbered: dict[int, Any]) -> dict[int, Any]:
        return {self.variant(number): value for number, value in numbered.items()}

    # The model speaks of the shop's own variant ids, and of places by their number.

    @initialize(first=st.integers(2, 9), second=st.integers(2, 9))
    def begin(self, first: int, second: int) -> None:
        """Create stock, a partly shipped order, a transfer and two stocktakes, so that every rule can do something."""
        for variant in range(3):
            self.receive(variant, 0, first)
            self.receive(variant, 1, second)
        self.reserve([(1, 2), (2, 2)])
        self.ship(0, [1, 0])
        self.send({0: 2}, 0, True)
        self.open_stocktake(0, None)
        self.open_stocktake(1, None)
        Shop.steps.subtract(self.mine)  # only what follows is counted

    @rule(variant=some_variant, place=some_place, quantity=st.integers(-1, 12))
    def receive(self, variant: int, place: int, quantity: int) -> None:
        pk = self.variant(variant)
        self.both(
            "receive",
            lambda: inventory.receive(pk, self.locations[place], quantity),
            lambda books: books.receive(pk, place, quantity),
        )

    @rule(variant=some_variant, place=some_place, units=st.integers(-8, 4), reason=st.sampled_from(["broken", " "]))
    def adjust(self, variant: int, place: int, units: int, reason: str) -> None:
        pk = self.variant(variant)
        self.both(
            "adjust",
            lambda: inventory.adjust(pk, self.locations[place], units, reason=reason),
            lambda books: books.adjust(pk, place, units, reason),
        )

    @rule(variant=some_variant, place=some_place, units=st.integers(-1, 9), limit=st.none() | st.integers(0, 4))
    def set_on_hand(self, variant: int, place: int, units: int, limit: int | None) -> None:
        pk = self.variant(variant)
        self.both(
            "set_on_hand",
            lambda: inventory.set_on_hand(pk, self.locations[place], units, reason="set", backorder_limit=limit),
            lambda books: books.set_on_hand(pk, place, units, limit),
        )

    @rule(
        levels=st.dictionaries(some_variant, st.builds(Target, st.integers(-3, 9), st.integers(0, 4)), min_size=1),
        place=some_place,
    )
    def set_levels(self, levels: dict[int, Target], place: int) -> None:
        wanted = self.by_variant(levels)
        self.both(
            "set_levels",
            lambda: inventory.set_levels(wanted, self.locations[place], reason="import"),
            lambda books: books.set_levels(wanted, place),
        )

    @rule(wanted=st.lists(st.tuples(some_variant, some_units), min_size=1, max_size=3))
    def reserve(self, wanted: list[tuple[int, int]]) -> None:
        first = 10 * len(self.orders)
        needs = [Need(first + i, self.variant(variant), units) for i, (variant, units) in enumerate(wanted)]
        reference = f"O-{len(self.orders)}"
        self.orders.append(needs)
        self.both("reserve", lambda: inventory.reserve(reference, needs), lambda books: books.reserve(reference, needs))

    def order(self, number: int) -> int:
        """An order with reserved units, or None."""
        holding = sorted({int(reference.removeprefix("O-")) for reference, *_ in self.books.held})
        return holding[number % len(holding)] if holding else number % len(self.orders)

    @precondition(lambda self: self.orders)
    @rule(order=some_number)
    def release(self, order: int) -> None:
        reference = f"O-{self.order(order)}"
        self.both("release", lambda: inventory.release(reference), lambda books: books.release(reference))

    @precondition(lambda self: self.orders)
    @rule(order=some_number, units=st.lists(st.integers(0, 3), min_size=3, max_size=3))
    def ship(self, order: int, units: list[int]) -> None:
        number = self.order(order)
        quantities = {need.line: quantity for need, quantity in zip(self.orders[number], units, strict=False)}
        self.both(
            "ship",
            lambda: inventory.ship(f"O-{number}", quantities),
            lambda books: books.ship(f"O-{number}", quantities),
        )

    @precondition(lambda self: self.orders)
    @rule(line=some_number, quantity=st.integers(0, 4), place=some_place)
    def restock(self, line: int, quantity: int, place: int) -> None:
        sent_out = sorted(number for number, units in self.books.out.items() if units)
        lines = sent_out or [need.line for needs in self.orders for need in needs]
        chosen = lines[line % len(lines)]
        ordered = self.orders[chosen // 10][chosen % 10]
        back = Need(ordered.line, ordered.variant_id, quantity)
        self.both(
            "restock",
            lambda: inventory.restock(f"O-{chosen // 10}", back, self.locations[place]),
            lambda books: books.restock(back, place),
        )

    @rule(
        quantities=st.dictionaries(some_variant, st.integers(0, 6), max_size=2),
        source=some_place,
        is_away=st.booleans(),
    )
    def send(self, quantities: dict[int, int], source: int, is_away: bool) -> None:
        units = self.by_variant(quantities)
        destination = 1 - source if is_away else source
        places = {"source": self.locations[source], "destination": self.locations[destination]}
        sent = self.both(
            "send", lambda: inventory.send(units, **places), lambda books: books.send(units, source, destination)
        )
        self.transfers += [sent] if sent else []

    @precondition(lambda self: self.transfers)
    @rule(transfer=some_number, shares=st.lists(st.integers(-1, 4), min_size=2, max_size=2), is_complete=st.booleans())
    def receive_transfer(self, transfer: int, shares: list[int], is_complete: bool) -> None:
        """Receive some quarters of the units in transit for each line, sometimes one unit too many or too few."""
        number = transfer % len(self.transfers)
        arrived = {}
        lines = self.books.transfers[number].lines.items()
        for share, (variant, (sent, received, lost)) in zip(shares, lines, strict=False):
            coming = sent - received - lost
            arrived[variant] = coming + 1 if share == 3 and sent % 2 else coming * share // 4
        keys = dict(self.transfers[number].lines.values_list("variant_id", "pk"))
        by_line = {keys[variant]: units for variant, units in arrived.items()}
        self.both(
            "receive_transfer",
            lambda: inventory.receive_transfer(self.transfers[number], by_line, is_complete=is_complete),
            lambda books: books.receive_transfer(number, arrived, is_complete),
        )

    @rule(place=some_place, chosen=st.none() | st.sets(some_variant, min_size=1))
    def open_stocktake(self, place: int, chosen: set[int] | None) -> None:
        variants = None if chosen is None else {self.variant(number) for number in chosen}
        opened = self.both(
            "open_stocktake",
            lambda: stocktakes.open_stocktake(self.locations[place], variants),
            lambda books: books.open_stocktake(place, variants),
        )
        self.counts.append(opened)

    @precondition(lambda self: self.counts)
    @rule(number=some_number, found=st.dictionaries(some_variant, st.integers(-1, 9), min_size=1))
    def count(self, number: int, found: dict[int, int]) -> None:
        chosen, counted = number % len(self.counts), self.by_variant(found)
        self.both(
            "count",
            lambda: stocktakes.count(self.counts[chosen], counted),
            lambda books: books.count(chosen, counted),
        )

    @precondition(lambda self: self.counts)
    @rule(number=some_number, is_given_up=st.booleans())
    def close_stocktake(self, number: int, is_given_up: bool) -> None:
        chosen = number % len(self.counts)
        if is_given_up:
            self.both("cancel", lambda: stocktakes.cancel(self.counts[chosen]), lambda books: books.cancel(chosen))
        else:
            self.both("post", lambda: stocktakes.post(self.counts[chosen]), lambda books: books.post(chosen))

    @invariant()
    def the_shop_says_what_the_model_says(self) -> None:
        place_of = {location.pk: number for number, location in enumerate(self.locations)}
        rows = Stock.objects.values_list(
            "variant_id", "location_id", "on_hand", "reserved", "backorder_limit", "shortfall"
        )
        assert {(v, place_of[p]): tuple(numbers) for v, p, *numbers in rows} == {
            spot: (row.on_hand, row.reserved, row.limit, row.shortfall) for spot, row in self.books.rows.items()
        }
        held = Reservation.objects.values_list("reference", "line", "variant_id", "location_id", "quantity")
        assert {(r, line, v, place_of[p]): units for r, line, v, p, units in held} == self.books.held
        assert Counter(StockMovement.objects.values_list("kind", flat=True)) == self.books.movements
        self._compare_transfers(place_of)
        self._compare_stocktakes(place_of)

    def _compare_transfers(self, place_of: dict[int, int]) -> None:
        lines = TransferLine.objects.values_list("transfer_id", "variant_id", "quantity", "received", "lost")
        found: dict[int, dict[int, list[int]]] = {transfer.pk: {} for transfer in self.transfers}
        for transfer, variant, *numbers in lines:
            found[transfer][variant] = numbers
        assert list(found.values()) == [shipment.lines for shipment in self.books.transfers]
        rows = Transfer.objects.order_by("pk").values_list("source_id", "destination_id", "status")
        assert [(place_of[a], place_of[b], status) for a, b, status in rows] == [
            (shipment.source, shipment.destination, shipment.status) for shipment in self.books.transfers
        ]

    def _compare_stocktakes(self, place_of: dict[int, int]) -> None:
        lines = StocktakeLine.objects.values_list("stocktake_id", "variant_id", "frozen", "expected", "counted")
        found: dict[int, dict[int, list[int | None]]] = {stocktake.pk: {} for stocktake in self.counts}
        for stocktake, variant, *numbers in lines:
            found[stocktake][variant] = numbers
        assert list(found.values()) == [count.lines for count in self.books.counts]
        rows = Stocktake.objects.order_by("pk").values_list("location_id", "status")
        assert [(place_of[p], status) for p, status in rows] == [(c.place, c.status) for c in self.books.counts]


@pytest.mark.django_db
@pytest.mark.full
def test_stock_equals_a_plain_model_after_each_of_two_thousand_steps():
    Shop.variants = [make_variant(on_hand=0) for _ in range(3)]
    Shop.locations = [make_location("main", 10), make_location("second", 20)]
    Shop.steps = Counter()
    run_state_machine_as_test(
        Shop,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert Shop.steps.total() >= 2000
    seen = +Shop.steps  # those that happened at all
    refused = {verb for verb, outcome in seen if outcome == "refused"}
    done = {verb for verb, outcome in seen if outcome == "done"}
    always_done = {"release", "open_stocktake"}
    assert refused == done - always_done
    assert done == always_done | {
        *("receive", "adjust", "set_on_hand", "set_levels", "reserve", "ship", "restock"),
        *("send", "receive_transfer", "count", "post", "cancel"),
    }
