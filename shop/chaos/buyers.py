"""Buyers who order over HTTP and keep trying, whatever breaks, and remember what the shop told them."""

import http.client
import random
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urljoin

from shop.chaos.journal import Journal
from shop.chaos.shopper import Answer, Shopper

PATIENCE_SECONDS = 150  # how long a buyer tries again before giving up
PAUSE_SECONDS = 0.7  # between two tries
ORDER = re.compile(r"/orders/([0-9a-f]{8}-[0-9a-f-]{27})/")
CARD, DECLINED, SECURE = "4242424242424242", "4000000000000002", "4000002500003155"
ADDRESS = {
    "name": "Anna Peeters",
    "line1": "Kraanlei 12",
    "postcode": "10115",
    "city": "Berlin",
    "country": "DE",
}


class GaveUp(Exception):
    """A buyer's patience has run out."""


class TurnedAway(Exception):
    """The shop refused politely, for example because something is sold out."""


@dataclass
class Purchase:
    """What one buyer did and was shown."""

    email: str
    public_id: str = ""
    is_paid: bool = False
    is_thanked: bool = False
    end: str = "waiting"
    errors: list[str] = field(default_factory=list)


class Buyer:
    """One visit: look at a product, order it, pay or not, come back or not."""

    def __init__(self, number: int, shop_url: str, products: list[str], journal: Journal, draw: random.Random) -> None:
        address = f"127.{1 + number // 62500}.{1 + number // 250 % 250}.{1 + number % 250}"
        self.shop_url = shop_url
        self.shopper = Shopper(shop_url, address)
        self.products = products
        self.journal = journal
        self.draw = draw
        self.purchase = Purchase(f"buyer-{number}@example.com")
        self.deadline = time.monotonic() + PATIENCE_SECONDS

    def buy(self) -> Purchase:
        try:
            self._go_shopping()
        except GaveUp as gave_up:
            self.purchase.end = f"gave up: {gave_up}"
        except TurnedAway as reason:
            self.purchase.end = f"turned away: {reason}"
        self.journal.write("purchase", **vars(self.purchase))
        return self.purchase

    def _go_shopping(self) -> None:
        self._patiently("add", self._add)
        session_url = self._patiently("place", self._place)
        kind = self.draw.random()
        if kind < 0.06:
            self.purchase.end = "left without paying"
            return
        self._patiently("pay", lambda: self._pay(session_url, kind))
        self.purchase.is_paid = True
        self.purchase.end = "paid, and did not return"
        if self.draw.random() < 0.7:
            self._patiently("return", self._come_back)
            self.purchase.end = "paid"

    def _patiently(self, what: str, step: Callable[[], str]) -> str:
        """Repeat a step until it answers; every failure is remembered."""
        while True:
            try:
                return step()
            except (OSError, http.client.HTTPException, LookupError, Unexpected) as error:
                self.purchase.errors.append(f"{what}: {type(error).__name__} {error}"[:200])
                if time.monotonic() > self.deadline:
                    raise GaveUp(what) from error
                time.sleep(PAUSE_SECONDS * self.draw.uniform(0.5, 1.5))

    def _add(self) -> str:
        page = expect(self.shopper.get(f"{self.shop_url}{self.draw.choice(self.products)}"), 200)
        answer = self.shopper.submit(page.form("/cart/add/"), quantity=str(self.draw.choice((1, 1, 2))))
        if answer.status in (409, 422) or "sold out" in answer.text.lower():
            raise TurnedAway("not in stock")
        return expect(answer, 200).url

    def _place(self) -> str:
        """Place the order, and return the URL of the page where it is paid."""
        page = self.shopper.get(f"{self.shop_url}/checkout/")
        self._remember_order(page)
        if self.purchase.public_id and "/checkout/" not in page.url:
            # The order was placed, and only the answer was lost.
            page = self.shopper.get(f"{self.shop_url}/orders/{self.purchase.public_id}/pay/")
        else:
            form = expect(page, 200).form("/checkout/")
            page = self.shopper.submit(form, **ADDRESS, email=self.purchase.email)
        self._remember_order(page)
        if page.status == 409:
            raise TurnedAway("sold out")
        if "/c/pay/" not in page.url:
            raise Unexpected(page)
        return page.url

    def _remember_order(self, page: Answer) -> None:
        found = ORDER.search(" ".join(page.trail))
        if found:
            self.purchase.public_id = found[1]

    def _pay(self, session_url: str, kind: float) -> str:
        """Pay at the stand-in for Stripe, sometimes after a declined card or a question from the bank."""
        path = session_url.split("?")[0]
        if kind < 0.14:
            self.shopper.once("POST", path, {"number": DECLINED, "action": "pay"})
        if kind > 0.94:
            self.shopper.once("POST", path, {"number": SECURE, "action": "pay"})
            status, location = self.shopper.once("POST", path, {"number": SECURE, "action": "authenticate"})
        else:
            status, location = self.shopper.once("POST", path, {"number": CARD, "action": "pay"})
        if status != 303:
            raise TurnedAway(f"the payment page answered {status}")
        self.return_url = urljoin(session_url, location)
        return location

    def _come_back(self) -> str:
        page = expect(self.shopper.get(self.return_url), 200)
        if "Thank you" in page.text:
            self.purchase.is_thanked = True
        elif "Almost there" not in page.text:
            raise Unexpected(page)
        return page.url


class Unexpected(Exception):
    """The shop answered with another page than a buyer needs to go on."""

    def __init__(self, page: Answer) -> None:
        heading = re.search(r"<h1[^>]*>(.*?)</h1>", page.text, re.DOTALL)
        words = re.sub(r"<[^>]+>|\s+", " ", heading[1]).strip() if heading else ""
        super().__init__(f"{page.status} {words}")


def expect(page: Answer, status: int) -> Answer:
    """Return the page if it has this status."""
    if page.status != status:
        raise Unexpected(page)
    return page


class Crowd:
    """Buyers on several threads, spread evenly over a time."""

    def __init__(self, shop_url: str, products: list[str], journal: Journal, seed: int) -> None:
        self.shop_url = shop_url
        self.products = products
        self.journal = journal
        self.seed = seed
        self.purchases: list[Purchase] = []
        self._next = 0
        self._lock = threading.Lock()
        self.threads: list[threading.Thread] = []

    def start(self, orders: int, seconds: float, threads: int) -> None:
        """Let this many buyers begin within the time."""
        self.begun, self.orders, self.seconds = time.monotonic(), orders, seconds
        self.threads = [threading.Thread(target=self._shop, daemon=True) for _ in range(threads)]
        for thread in self.threads:
            thread.start()

    @property
    def is_done(self) -> bool:
        return not any(thread.is_alive() for thread in self.threads)

    def _shop(self) -> None:
        while (number := self._take_number()) is not None:
            due = self.begun + number * self.seconds / self.orders
            time.sleep(max(0.0, due - time.monotonic()))
            draw = random.Random(f"{self.seed}-{number}")
            purchase = Buyer(number, self.shop_url, self.products, self.journal, draw).buy()
            with self._lock:
                self.purchases.append(purchase)

    def _take_number(self) -> int | None:
        with self._lock:
            is_over = self._next >= self.orders or time.monotonic() > self.begun + self.seconds
            if is_over:
                return None
            self._next += 1
            return self._next - 1
