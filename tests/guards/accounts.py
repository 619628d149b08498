"""The guards of accounts, e-mails and ledgers."""

from allauth.account.forms import ResetPasswordForm

from accounts import forms, links, notices
from accounts.limits import throttle
from shop.middleware import second_factor
from tests.guards.registry import Monkey, execute, guard


@guard(
    "counting-statement",
    "tests/accounts/test_throttles.py::test_ten_of_thirty_simultaneous_searches_pass_if_ten_are_left",
)
def no_counting_statement(monkeypatch: Monkey) -> None:
    """An attempt reads the counter and then writes one more."""
    as_read = (
        "(SELECT seen.count FROM accounts_throttlecounter AS seen"
        " WHERE seen.key = excluded.key AND seen.window_start = excluded.window_start)"
    )
    monkeypatch.setattr(throttle, "COUNTED", as_read)


@guard(
    "link-state",
    "tests/accounts/test_links.py::test_an_added_address_cannot_be_confirmed_after_the_password_is_changed",
)
def no_state_in_links(monkeypatch: Monkey) -> None:
    """Links confirm an address even after the password has changed, and pending addresses are kept."""
    monkeypatch.setattr(links, "account_state", lambda _user: "")
    monkeypatch.setattr(notices, "drop_pending", lambda _user: None)


@guard("reset-to-confirmed", "tests/accounts/test_links.py::test_an_address_that_is_not_confirmed_gets_no_reset_link")
def no_unconfirmed_check(monkeypatch: Monkey) -> None:
    """Resets are sent to unconfirmed addresses too."""
    monkeypatch.setattr(forms.CountedResetForm, "clean_email", ResetPasswordForm.clean_email)


@guard("staff-second-factor", "tests/accounts/test_staff.py::test_staff_without_a_second_factor_reach_its_set_up_only")
def no_second_factor(monkeypatch: Monkey) -> None:
    """Staff can log in with only a password."""
    monkeypatch.setattr(second_factor, "is_mfa_enabled", lambda _user: True)


@guard("message-key", "tests/shop/test_outbox.py::test_the_same_message_id_is_one_mail")
def no_message_key(monkeypatch: Monkey) -> None:
    """The outbox stores the same e-mail twice."""
    execute("ALTER TABLE shop_mail DROP CONSTRAINT IF EXISTS shop_mail_message_id_key")


@guard("append-only", "tests/shop/test_ledger_guards.py")
def no_append_only(monkeypatch: Monkey) -> None:
    """Ledgers can be rewritten."""
    for table in ("catalog_stockmovement", "orders_orderevent", "payments_journal", "payments_posting"):
        execute(f"DROP TRIGGER IF EXISTS append_only ON {table}")
