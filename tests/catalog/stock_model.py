"""Stock as a few lines of plain Python, for comparison with the shop's."""

from collections import Counter
from dataclasses import dataclass, field

from catalog.errors import InsufficientStock, Shortage, StockRefused
from catalog.inventory import Need, Target


@dataclass
class Row:
    on_hand: int = 0
    reserved: int = 0
    limit: int = 0

    @property
    def shortfall(self) -> int:
        return max(0, self.reserved - self.on_hand - self.limit)

    @property
    def left(self) -> int:
        return self.on_hand - self.reserved + self.limit


@dataclass
class Shipment:
    """A transfer: by variant, the units sent, received and lost."""

    source: int
    destination: int
    lines: dict[int, list[int]]

    @property
    def is_received(self) -> bool:
        return all(sent == received + lost for sent, received, lost in self.lines.values())

    @property
    def status(self) -> str:
        if self.is_received:
            return "received"
        return "partly" if any(received or lost for _, received, lost in self.lines.values()) else "sent"


@dataclass
class Count:
    """A stocktake: by variant, the units of the books when it was opened and when it was counted, and those found."""

    place: int
    lines: dict[int, list[int | None]]
    status: str = "open"


@dataclass
class Books:
    """The model. Places are numbers in the order of their priority; a refused verb raises before or half way."""

    rows: dict[tuple[int, int], Row] = field(default_factory=dict)
    held: dict[tuple[str, int, int, int], int] = field(default_factory=dict)
    out: Counter = field(default_factory=Counter)
    transfers: list[Shipment] = field(default_factory=list)
    counts: list[Count] = field(default_factory=list)
    movements: Counter = field(default_factory=Counter)

    def row(self, variant: int, place: int) -> Row:
        return self.rows.setdefault((variant, place), Row())

    def change(self, kind: str, variant: int, place: int, units: int) -> None:
        row = self.row(variant, place)
        row.on_hand += units
        self.movements[kind] += 1
        refuse_if(row.on_hand < 0)

    def receive(self, variant: int, place: int, quantity: int) -> None:
        refuse_if(quantity <= 0)
        self.change("received", variant, place, quantity)

    def adjust(self, variant: int, place: int, units: int, reason: str) -> None:
        refuse_if(not reason.strip())
        self.change("adjusted", variant, place, units)

    def set_on_hand(self, variant: int, place: int, target: int, limit: int | None) -> None:
        row = self.row(variant, place)
        if limit is not None:
            row.limit = limit
        if target != row.on_hand:
            self.change("adjusted", variant, place, target - row.on_hand)

    def set_levels(self, targets: dict[int, Target], place: int) -> None:
        for variant, target in targets.items():
            self.set_on_hand(variant, place, target.on_hand, target.backorder_limit)

    def reserve(self, reference: str, needs: list[Need]) -> None:
        picks, short = [], []
        left = {spot: row.left for spot, row in self.rows.items()}
        there = {spot: max(0, row.on_hand - row.reserved) for spot, row in self.rows.items()}
        home = self._home(needs, there)
        home = self._home(needs, left) if home is None else home
        for need in needs:
            places = sorted((p for v, p in self.rows if v == need.variant_id), key=lambda p: (p != home, p))
            is_there = sum(there[need.variant_id, p] for p in places) >= need.quantity
            stock = dict(there if is_there else left)
            alone = [p for p in places if stock[need.variant_id, p] >= need.quantity]
            missing = need.quantity
            for place in alone[:1] or places:
                units = min(missing, max(0, stock[need.variant_id, place]))
                left[need.variant_id, place] -= units
                there[need.variant_id, place] = max(0, there[need.variant_id, place] - units)
                missing -= units
                if units:
                    picks.append((need, place, units))
            if missing:
                short.append(Shortage(need.line, need.variant_id, need.quantity, need.quantity - missing))
        if short:
            raise InsufficientStock(short)
        for need, place, units in picks:
            self.row(need.variant_id, place).reserved += units
            self.held[reference, need.line, need.variant_id, place] = units
            self.movements["reserved"] += 1

    def _home(self, needs: list[Need], units: dict[tuple[int, int], int]) -> int | None:
        """The first location that has enough units of everything."""
        wanted: Counter = Counter()
        for need in needs:
            wanted[need.variant_id] += need.quantity
        places = sorted({place for _, place in self.rows})
        able = (p for p in places if all(units.get((v, p), 0) >= n for v, n in wanted.items()))
        return next(able, None)

    def release(self, reference: str) -> int:
        mine = {key: units for key, units in self.held.items() if key[0] == reference}
        for key, units in mine.items():
            self.row(*key[2:]).reserved -= units
            del self.held[key]
            self.movements["released"] += 1
        return sum(mine.values())

    def ship(self, reference: str, quantities: dict[int, int]) -> None:
        for line, quantity in quantities.items():
            missing = quantity
            for key in [key for key in self.held if key[:2] == (reference, line)]:
                units = min(missing, self.held[key])
                if units:
                    missing -= units
                    self._ship_part(key, units)
            refuse_if(missing > 0)

    def _ship_part(self, key: tuple[str, int, int, int], units: int) -> None:
        self.change("shipped", *key[2:], -units)
        self.row(*key[2:]).reserved -= units
        self.out[key[1]] += units
        self.held[key] -= units
        if not self.held[key]:
            del self.held[key]

    def restock(self, need: Need, place: int) -> None:
        refuse_if(not 0 < need.quantity <= self.out[need.line])
        self.out[need.line] -= need.quantity
        self.change("returned", need.variant_id, place, need.quantity)

    def send(self, quantities: dict[int, int], source: int, destination: int) -> None:
        refuse_if(source == destination or not quantities or min(quantities.values()) <= 0)
        for variant, units in quantities.items():
            row = self.row(variant, source)
            refuse_if(units > row.on_hand - row.reserved)
            self.change("sent", variant, source, -units)
        self.transfers.append(Shipment(source, destination, {v: [n, 0, 0] for v, n in quantities.items()}))

    def receive_transfer(self, number: int, arrived: dict[int, int], is_complete: bool) -> None:
        shipment = self.transfers[number]
        refuse_if(shipment.is_received)
        for variant, line in shipment.lines.items():
            units = arrived.get(variant, 0)
            refuse_if(not 0 <= units <= line[0] - line[1] - line[2])
            line[1] += units
            if is_complete:
                line[2] = line[0] - line[1]
            if units:
                self.change("arrived", variant, shipment.destination, units)

    def open_stocktake(self, place: int, variants: set[int] | None) -> None:
        here = {v: row.on_hand for (v, p), row in self.rows.items() if p == place}
        chosen = here.keys() if variants is None else here.keys() & variants
        self.counts.append(Count(place, {v: [here[v], None, None] for v in chosen}))

    def count(self, number: int, counted: dict[int, int]) -> None:
        stocktake = self.counts[number]
        refuse_if(stocktake.status != "open" or min(counted.values()) < 0)
        others = [c for c in self.counts if c is not stocktake and c.place == stocktake.place and c.status == "open"]
        refuse_if(any(other.lines.get(v, [None] * 3)[2] is not None for other in others for v in counted))
        for variant, units in counted.items():
            books = self.row(variant, stocktake.place).on_hand
            stocktake.lines[variant] = [stocktake.lines.get(variant, [books])[0], books, units]

    def post(self, number: int) -> int:
        stocktake = self.counts[number]
        refuse_if(stocktake.status != "open")
        stocktake.status = "posted"
        differing = {v: line for v, line in stocktake.lines.items() if line[1] != line[2]}
        for variant, (_, expected, counted) in differing.items():
            self.change("adjusted", variant, stocktake.place, counted - expected)
        return len(differing)

    def cancel(self, number: int) -> None:
        refuse_if(self.counts[number].status != "open")
        self.counts[number].status = "canceled"


def refuse_if(is_broken: bool) -> None:
    if is_broken:
        raise StockRefused("by the model")
