"""Files of staff go in and out one at a time for each account."""

from datetime import timedelta

import pytest
from django.test import Client

from accounts.limits.locks import MAX_LOCK_SECONDS, acquire_lock, release_lock
from accounts.limits.throttle import TooManyAttempts
from accounts.models import Turn
from catalog.importing.plan import Plan
from catalog.importing.runs import RunRefused, apply_now, keep_plan, start, start_undo, work_waiting
from catalog.models import Run
from tests.accounts.throttling import (
    assert_refused,
)
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


def staff_client() -> Client:
    client = Client()
    client.force_login(make_user(is_staff=True, is_superuser=True))
    return client


def planned_run(user, kind=Run.Kind.IMPORT) -> Run:
    return keep_plan(Plan(), kind, "file.csv", user_id=user.pk)


EXPORT, IMPORT = "/admin/catalog/run/export/", "/admin/catalog/run/add/"


def test_while_an_export_is_sent_its_account_gets_no_second_file_and_others_get_theirs():
    own, other = staff_client(), staff_client()
    sending = own.get(EXPORT)
    assert sending.status_code == 200
    assert assert_refused(own.get(EXPORT), 10) == 10
    assert_refused(own.post(IMPORT), 10)
    assert own.get(IMPORT).status_code == 200
    assert b"".join(other.get(EXPORT)).startswith(b"Handle,Title")
    assert b"".join(sending).startswith(b"Handle,Title")
    assert own.post(IMPORT, {"file": ""}).status_code == 422
    assert Turn.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_an_export_that_is_broken_off_gives_its_turn_back():
    client = staff_client()
    client.get(EXPORT).close()
    assert b"".join(client.get(EXPORT)).startswith(b"Handle,Title")


def test_a_turn_that_nobody_gives_back_ends_by_itself_and_late_news_of_it_takes_nobody_elses():
    first = acquire_lock("k")
    with pytest.raises(TooManyAttempts):
        acquire_lock("k")
    Turn.objects.update(held_until=first - timedelta(seconds=MAX_LOCK_SECONDS + 1))
    second = acquire_lock("k")
    release_lock("k", first)
    assert Turn.objects.get().held_until == second
    release_lock("k", second)
    assert Turn.objects.count() == 0


def test_an_accounts_second_import_waits_until_the_first_is_carried_out_or_taken_back():
    anna, berta = make_user(), make_user()
    first, second = planned_run(anna), planned_run(anna)
    start(first)
    for verb in (lambda: start(second), lambda: apply_now(second)):
        with pytest.raises(
            RunRefused, match="Another import of yours is in progress. Please wait until it has finished"
        ):
            verb()
    start(planned_run(berta))
    start(planned_run(anna, Run.Kind.BULK))
    assert work_waiting() == 3
    assert apply_now(second).status == "applied"
    first.refresh_from_db()
    start_undo(first)
    with pytest.raises(RunRefused, match="Another import of yours"):
        start_undo(second)


@pytest.mark.django_db(transaction=True)
def test_one_of_eight_simultaneous_requests_gets_the_turn(at_once):
    results = at_once(*(lambda: acquire_lock("k") for _ in range(8)))
    assert sorted(type(result).__name__ for result in results) == ["TooManyAttempts"] * 7 + ["datetime"]


@pytest.mark.django_db(transaction=True)
def test_one_of_four_simultaneous_imports_of_an_account_is_started(at_once):
    user = make_user()
    runs = [planned_run(user) for _ in range(4)]
    results = at_once(*(lambda run=run: start(run) for run in runs))
    assert sorted(type(result).__name__ for result in results) == ["NoneType", "RunRefused", "RunRefused", "RunRefused"]
    assert Run.objects.filter(status=Run.Status.WAITING).count() == 1
