"""A run: a shop of its own, buyers, disturbances, and what must be true afterwards."""

import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from shop.chaos.buyers import Crowd
from shop.chaos.disturbing import Disturbances, Plan
from shop.chaos.journal import Journal
from shop.chaos.proof import Outcome, wait_until_true
from shop.chaos.stage import Stage

PRODUCTS = 40
LISTED = "SELECT slug FROM catalog_product WHERE status = 'active' ORDER BY id"
STATUSES = "SELECT status, count(*) FROM orders_order GROUP BY 1 ORDER BY 1"


@dataclass(frozen=True)
class Options:
    """The options of the command line."""

    seconds: float
    orders: int
    threads: int
    plan: Plan
    timeline: Path
    is_kept: bool


@contextmanager
def running_stage(say: Callable[[str], None], *, scarce_units: int = 10, is_kept: bool = False) -> Iterator[Stage]:
    """A filled shop in a temporary folder, which every account may enter because PostgreSQL's must."""
    folder = Path(tempfile.mkdtemp(prefix="mercer-chaos-", dir="/var/tmp"))  # noqa: S108
    folder.chmod(0o711)
    stage = Stage(folder, say)
    try:
        say("Starting PostgreSQL, Valkey, the sandbox, two web servers, two workers and beat …")
        stage.start_storage()
        stage.prepare("migrate", "--verbosity", "0")
        stage.prepare("chaos", "fill", "--products", str(PRODUCTS), "--scarce-units", str(scarce_units))
        stage.start_shop()
        yield stage
    finally:
        stage.stop()
        if is_kept:
            say(f"The logs are in {folder}.")
        else:
            shutil.rmtree(folder, ignore_errors=True)


def run_chaos(options: Options, say: Callable[[str], None]) -> list[str]:
    """Disturb a shop under load, and return everything that is wrong afterwards."""
    with running_stage(say, is_kept=options.is_kept) as stage:
        products = [f"/p/{row[0]}/" for row in stage.rows(LISTED)]
        journal = Journal(options.timeline)
        crowd = Crowd(stage.url, products, journal, options.plan.seed)
        disturbances = Disturbances(stage, options.plan, journal)
        say(f"{options.orders} buyers in {options.seconds:.0f} s, seed {options.plan.seed} …")
        end = time.monotonic() + options.seconds
        crowd.start(options.orders, options.seconds, options.threads)
        disturbances.start()
        # The disturbances last as long as there are buyers, also those who are late.
        disturbances.run(lambda: time.monotonic() < end or not crowd.is_done)
        disturbances.stop()
        say(f"Quiet after {time.monotonic() - journal.begun:.0f} s. Waiting until everything is mended …")
        outcome = wait_until_true(stage, crowd.purchases, journal)
        _report(stage, crowd, journal, outcome, say)
        return [*disturbances.violations, *outcome.problems]


def _report(stage: Stage, crowd: Crowd, journal: Journal, outcome: Outcome, say: Callable[[str], None]) -> None:
    counts, purchases = journal.counts, crowd.purchases
    ends = Counter(purchase.end for purchase in purchases)
    errors = Counter(error.split(" ")[1] for purchase in purchases for error in purchase.errors)
    statuses = ", ".join(f"{count} {status}" for status, count in stage.rows(STATUSES))
    copies = sum(count - 1 for count in stage.sink.ids.values())
    say(
        f"{counts['kill']} processes killed, Redis emptied {counts['redis emptied']} times, "
        f"PostgreSQL crashed {counts['postgres crashed']} times; {counts['sample']} samples during the run"
    )
    say(
        f"{counts['forged']} forged webhooks refused, {counts['refunds']} refunds and {counts['disputes']} disputes at Stripe"
    )
    say("buyers: " + ", ".join(f"{count} {end}" for end, count in ends.most_common()))
    say(f"tries that failed and were repeated: {sum(errors.values())} ({dict(errors.most_common(6))})")
    say(f"orders: {statuses}; {outcome.paid} payments at Stripe, {outcome.refunded_late} refunded in full")
    say(f"mails: {len(stage.sink.ids)} arrived, {copies} of them again with the same Message-ID")
    say(f"clean after {outcome.seconds:.0f} s; reconcile booked {outcome.booked} that no webhook had told")
    say(f"timeline: {journal.path}")
