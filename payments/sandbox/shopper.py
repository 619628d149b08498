"""The pages that a shopper sees: the hosted payment page and the one that a shop embeds."""

from dataclasses import dataclass

from payments.sandbox import pages, paying
from payments.sandbox.api import Api
from payments.sandbox.customers import saved_methods
from payments.sandbox.store import Thing
from payments.sandbox.timers import run_due


@dataclass(frozen=True)
class Page:
    """An answer to a browser."""

    body: str = ""
    status: int = 200
    location: str = ""


def answer(api: Api, method: str, session: Thing | None, form: dict[str, str]) -> Page:
    """Show the page of a session, or pay it."""
    run_due(api)
    session = api.store.find(session["id"]) if session else None
    if not session or session["object"] != "checkout.session":
        return Page(pages.FRAME.format(title="Not found", body="<h1>There is no such payment.</h1>"), 404)
    if session["status"] != "open":
        return Page(pages.closed_page(session))
    if method != "POST":
        return Page(_payment_page(api, session, form))
    return _take_card(api, session, form)


def embedded_session(api: Api, client_secret: str) -> Thing | None:
    """Return the session that a client secret opens."""
    session = api.store.find(client_secret.partition("_secret_")[0])
    return session if session and session.get("client_secret") == client_secret else None


def _payment_page(api: Api, session: Thing, form: dict[str, str], error: str = "") -> str:
    return pages.payment_page(session, saved_methods(api, session), error)


def _take_card(api: Api, session: Thing, form: dict[str, str]) -> Page:
    if form.get("action") == "fail":
        paying.refuse_authentication(api, session["id"])
        sentence = "Your bank could not confirm that it is you. Try another card."
        return Page(_payment_page(api, session, form, sentence))
    attempt = paying.Attempt(
        number=form.get("number", ""),
        method=form.get("payment_method", ""),
        is_saved="save" in form,
        is_authenticated=form.get("action") == "authenticate",
    )
    outcome = paying.pay(api, session["id"], attempt)
    session = api.get("checkout.session", session["id"])
    if outcome == "secure":
        return Page(pages.secure_page(session, form))
    if outcome != "paid":
        return Page(_payment_page(api, session, form, outcome))
    target = pages.return_address(session)
    if session["ui_mode"] == "embedded_page" and ("framed" in form or not target):
        return Page(pages.done_page(target))
    return Page(status=303, location=target)
