"""Many browsers submit one checkout at the same moment: one order, one payment page, one charge."""

import copy
import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from shop.chaos.buyers import ADDRESS, CARD, ORDER, expect
from shop.chaos.run import LISTED, running_stage
from shop.chaos.shopper import Form, Shopper
from shop.chaos.stage import Stage

ORDERS = "SELECT public_id::text, email FROM orders_order"
CAPTURES = """
    SELECT count(DISTINCT p.session_id), count(*), (SELECT count(*) FROM payments_journal WHERE kind = 'capture')
    FROM payments_payment p JOIN orders_order o ON o.id = p.order_id WHERE o.status = 'confirmed'"""


def run_submits(checkouts: int, parallel: int, seed: int, say: Callable[[str], None]) -> list[str]:
    """Submit each checkout `parallel` times at once, pay it, and return everything that is wrong."""
    draw = random.Random(seed)
    answers: Counter[str] = Counter()
    named: dict[str, set[str]] = defaultdict(set)
    begun = time.monotonic()
    with running_stage(say) as stage:
        products = [f"/p/{row[0]}/" for row in stage.rows(LISTED)][:-2]
        for number in range(checkouts):
            shopper = Shopper(stage.url, f"127.1.{1 + number // 250}.{1 + number % 250}")
            email = f"double-{number}@example.com"
            expect(shopper.get(draw.choice(products)), 200)
            assert shopper.page
            expect(shopper.submit(shopper.page.form("/cart/add/")), 200)
            form = expect(shopper.get(f"{stage.url}/checkout/"), 200).form("/checkout/")
            for kind, public_id in _submit_at_once(shopper, form, email, parallel):
                answers[kind] += 1
                named[email].add(public_id)
            _pay(shopper, stage, named[email])
        problems = _problems(stage, checkouts, named, answers)
        say(f"{checkouts} checkouts, {parallel} submits each, in {time.monotonic() - begun:.0f} s: {dict(answers)}")
        return problems


def _submit_at_once(shopper: Shopper, form: Form, email: str, parallel: int) -> list[tuple[str, str]]:
    """Send the same form on many connections at once; return each answer and the order that it leads to."""
    barrier = threading.Barrier(parallel)

    def submit(_number: int) -> tuple[str, str]:
        browser = Shopper(shopper.base, shopper.address)
        browser.cookies, browser.page = copy.deepcopy(shopper.cookies), shopper.page
        body = {**dict(form.fields), **ADDRESS, "email": email}
        barrier.wait()
        status, location = browser.once("POST", f"{shopper.base}{form.action or '/checkout/'}", body)
        found = ORDER.search(location)
        return f"{status}", found[1] if found else ""

    with ThreadPoolExecutor(parallel) as pool:
        return list(pool.map(submit, range(parallel)))


def _pay(shopper: Shopper, stage: Stage, public_ids: set[str]) -> None:
    """Open the payment page in two tabs, pay in both, and return in both at once."""
    public_id = next(iter(public_ids))
    with ThreadPoolExecutor(2) as pool:
        tabs = [copy.deepcopy(shopper) for _ in range(2)]
        pages = list(pool.map(lambda tab: tab.get(f"{stage.url}/orders/{public_id}/pay/"), tabs))
        form = {"number": CARD, "action": "pay"}
        list(pool.map(lambda pair: pair[0].once("POST", pair[1].url, form), zip(tabs, pages, strict=True)))
        list(pool.map(lambda tab: tab.get(f"{stage.url}/orders/{public_id}/return/"), tabs))


def _problems(stage: Stage, checkouts: int, named: dict[str, set[str]], answers: Counter[str]) -> list[str]:
    problems = [f"{count} answers had status {status}" for status, count in answers.items() if status != "302"]
    order_of: dict[str, set[str]] = defaultdict(set)
    for public_id, email in stage.rows(ORDERS):
        order_of[email].add(public_id)
    problems += [
        f"{email}: named {named[email]}, made {order_of[email]}"
        for email in named
        if len(order_of[email]) != 1 or named[email] != order_of[email]
    ]
    if sum(map(len, order_of.values())) != checkouts:
        problems.append(f"{sum(map(len, order_of.values()))} orders of {checkouts} checkouts")
    figures = stage.rows(CAPTURES)[0]
    if figures != (checkouts, checkouts, checkouts):
        problems.append(f"sessions, payments and captures are {figures} for {checkouts} orders")
    charged = sum(bool(intent["amount_received"]) for intent in stage.objects("payment_intents"))
    if charged != checkouts:
        problems.append(f"Stripe took {charged} payments")
    return problems
