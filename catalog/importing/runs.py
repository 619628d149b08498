"""Store, apply and undo imports and bulk edits. A run is applied completely or not at all, by one worker."""

import contextlib
import gzip
import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from django.db import DataError, IntegrityError, OperationalError, connection, transaction
from django.utils import timezone

from catalog.errors import CatalogError
from catalog.importing.apply import (
    Author,
    CatalogueMoved,
    Progress,
    apply_changes,
    default_target,
)
from catalog.importing.plan import Plan, PlannedChange, plan_import
from catalog.importing.shopify import read_bytes
from catalog.importing.undo import undo_changes
from catalog.models import Run, RunProgress
from catalog.products.document import known_part, read_documents

log = logging.getLogger(__name__)
MAX_COMPARED = 200  # products of a plan that its page compares with the catalogue
UNFINISHED = [Run.Status.WAITING, Run.Status.UNDOING]
SOURCES = {Run.Kind.IMPORT: "import", Run.Kind.BULK: "bulk edit"}


class RunRefused(CatalogError):
    """The run is not in a state that allows this. The message is for staff."""


def plan_file(content: bytes, name: str, *, user_id: int | None = None) -> Run:
    """Plan the import of a file and store the plan as a run. Raises UnreadableFile if the file cannot be read."""
    target = default_target()
    plan = plan_import(read_bytes(content, target.market.currency), target.market, target.location)
    return keep_plan(plan, Run.Kind.IMPORT, name, source=content, user_id=user_id)


def keep_plan(plan: Plan, kind: Run.Kind, name: str, *, source: bytes = b"", user_id: int | None = None) -> Run:
    """Store the plan as a run that can be reviewed and applied later, and planned again from its source."""
    run = Run.objects.create(
        kind=kind,
        name=name[:255],
        source=gzip.compress(source),
        plan=gzip.compress(plan.as_json().encode()),
        counts=plan.counts,
        user_id=user_id,
    )
    RunProgress.objects.create(run=run, total=len(plan.changes))
    return run


def plan_of(run: Run) -> Plan:
    """The stored plan of a run."""
    return Plan.from_json(gzip.decompress(bytes(run.plan)).decode())


def source_of(run: Run) -> bytes:
    """The file or the edit that the run was planned from. Raises RunRefused if it is no longer stored."""
    source = gzip.decompress(bytes(run.source)) if run.source else b""
    if not source:
        raise RunRefused(f"{run} cannot be planned again, because its source is no longer stored.")
    return source


def is_outdated(plan: Plan) -> bool:
    """Whether a product has changed since the plan was made. Compares only the first MAX_COMPARED products."""
    changes = plan.changes[:MAX_COMPARED]
    target = default_target()
    present_documents = read_documents((change.handle for change in changes), target.market, target.location)
    return any(known_part(present_documents.get(change.handle), change.before) != change.before for change in changes)


@transaction.atomic
def start(run: Run) -> None:
    """Queue the run to be applied by a worker. Raises RunRefused if it is not planned (any more)."""
    _refuse_if_importing(run)
    _move(run, Run.Status.PLANNED, Run.Status.WAITING, "is not waiting to be applied")


@transaction.atomic
def start_undo(run: Run) -> None:
    """Queue the run to be undone by a worker. Raises RunRefused if it is not applied."""
    _refuse_if_importing(run)
    _move(run, Run.Status.APPLIED, Run.Status.UNDOING, "is not applied")


def _refuse_if_importing(run: Run) -> None:
    """Raise RunRefused if another import of the same user is being applied or undone."""
    if run.kind != Run.Kind.IMPORT or not run.user_id:
        return
    with connection.cursor() as cursor:
        # Without this lock, two runs started at the same moment would not see each other.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('imports'), %s)", [run.user_id])
    unfinished = Run.objects.filter(user_id=run.user_id, kind=Run.Kind.IMPORT, status__in=UNFINISHED).exclude(pk=run.pk)
    if unfinished.exists():
        raise RunRefused("Another import of yours is in progress. Please wait until it has finished.")


def _move(run: Run, expected: Run.Status, target: Run.Status, problem: str) -> None:
    if not Run.objects.filter(pk=run.pk, status=expected).update(status=target):
        raise RunRefused(f"{Run.objects.get(pk=run.pk)} {problem}.")


def work_waiting(image_folder: Path | None = None) -> int:
    """Apply or undo every waiting run and return how many were handled.

    A run's row stays locked while it is worked on, so two workers never take the same run, and the run of a worker
    that dies stays waiting.
    """
    handled = 0
    tried: list[int] = []
    while (done := _work_next(tried, image_folder)) is not None:
        tried.append(done)
        handled += 1
    return handled


def _work_next(tried: Sequence[int], image_folder: Path | None) -> int | None:
    with transaction.atomic():
        waiting = Run.objects.filter(status__in=UNFINISHED).exclude(pk__in=tried)
        run = waiting.select_for_update(skip_locked=True).order_by("pk").first()
        if run is None:
            return None
        _work(run, image_folder)
        return run.pk


def _work(run: Run, image_folder: Path | None) -> None:
    """Apply or undo a locked run. If it is refused, nothing is changed and the reason is stored as its error."""
    with connection.cursor() as cursor:
        # The usual time limits are for pages. An import may take longer.
        cursor.execute("SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0")
    try:
        with transaction.atomic(), progress_of(run) as on_progress:
            if run.status == Run.Status.UNDOING:
                _take_back(run, on_progress)
            else:
                _apply(run, image_folder, on_progress)
    except CatalogError as error:
        _refuse(run, str(error))
    except (IntegrityError, DataError) as error:
        # Trying again would violate the same constraint again, so somebody has to look at it.
        log.exception("run %s was refused by the database", run.pk)
        _refuse(run, f"The database refused a part of the run, so nothing was changed: {str(error).splitlines()[0]}")
    except OperationalError:
        raise  # the database is unreachable or overloaded: the run stays waiting for the next worker
    except Exception:  # noqa: BLE001
        # An unexpected error must not block every later run.
        log.exception("run %s failed", run.pk)
        _refuse(run, "An unexpected error occurred, and nothing was changed. The log has the details.")
    run.save()


def _refuse(run: Run, sentence: str) -> None:
    """Mark the run as failed with this sentence. A run whose undo is refused stays applied."""
    run.status = Run.Status.APPLIED if run.status == Run.Status.UNDOING else Run.Status.FAILED
    run.error = sentence[:500]


def _apply(run: Run, image_folder: Path | None, on_progress: Progress) -> None:
    plan = plan_of(run)
    author = Author(SOURCES[Run.Kind(run.kind)], run.user_id, run.pk)
    done = apply_changes(plan.changes, default_target(image_folder), author, on_progress=on_progress)
    run.undo = gzip.compress(json.dumps([asdict(change) for change in done]).encode())
    run.status, run.applied_at, run.error, run.source = Run.Status.APPLIED, timezone.now(), "", b""


def _take_back(run: Run, on_progress: Progress) -> None:
    done = [PlannedChange(**change) for change in json.loads(gzip.decompress(bytes(run.undo)))]
    target = default_target()
    apply_changes(undo_changes(done, target), target, Author("undo", run.user_id, run.pk), on_progress=on_progress)
    run.status, run.undone_at, run.error = Run.Status.UNDONE, timezone.now(), ""


@contextlib.contextmanager
def progress_of(run: Run) -> Iterator[Progress]:
    """Yield a function that stores the run's progress outside its transaction, on a separate connection."""
    separate = connection.copy()

    def tell(done: int, total: int) -> None:
        with separate.cursor() as cursor:
            cursor.execute(
                "UPDATE catalog_runprogress SET done = %s, total = %s WHERE run_id = %s", [done, total, run.pk]
            )

    try:
        yield tell
    finally:
        separate.close()


def apply_now(run: Run, *, image_folder: Path | None = None) -> Run:
    """Apply a planned run in this process. Raises CatalogueMoved or RunRefused, and changes nothing, if it cannot."""
    start(run)
    return _work_now(run, image_folder)


def undo_now(run: Run) -> Run:
    """Undo an applied run in this process. Raises CatalogueMoved or RunRefused, and changes nothing, if it cannot."""
    start_undo(run)
    return _work_now(run, None)


def _work_now(run: Run, image_folder: Path | None) -> Run:
    with transaction.atomic():
        locked = Run.objects.select_for_update().get(pk=run.pk)
        if locked.status in (Run.Status.WAITING, Run.Status.UNDOING):  # otherwise a worker was faster
            _work(locked, image_folder)
    if locked.error:
        raise CatalogueMoved(locked.error)
    return locked
