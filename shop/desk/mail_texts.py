"""The e-mails of the shop with a preview of each: the real templates, with an example order."""

from dataclasses import dataclass
from typing import Any

from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp, csp_update
from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.clickjacking import xframe_options_sameorigin

from accounts.emails import MAIL_TEXTS, account_mail
from catalog.admin.base import require_permission
from catalog.emails import rendered_mail
from orders.mail_examples import EXAMPLES, MailExample
from payments.authorization_mails import AUTHORIZATION_EXAMPLES
from payments.dispute_mails import DISPUTE_EXAMPLE
from payments.offline_mails import OFFLINE_EXAMPLES
from shop.desk.reports.mailing import REPORT_EXAMPLE

SEE_SETTINGS = "catalog.view_store"
STOCK_EXAMPLES = (
    MailExample(
        *("back_in_stock", "Back in stock", "To shoppers who asked to be told"),
        lambda: ("Stoneware mug is back in stock", {"variant": "Stoneware mug, Moss", "path": "/p/stoneware-mug/"}),
    ),
    MailExample(
        *("low_stock", "Low stock", "To the shop, when variants run low"),
        lambda: ("Low stock: 1 variant", {"rows": [("Stoneware mug, Moss", 2)], "count": 1}),
    ),
)
ALL_EXAMPLES = (
    *(*EXAMPLES, *OFFLINE_EXAMPLES, *STOCK_EXAMPLES, *AUTHORIZATION_EXAMPLES),
    *(DISPUTE_EXAMPLE, REPORT_EXAMPLE),
)
ORDER_MAILS = {example.kind: example for example in ALL_EXAMPLES}
ACCOUNT_MAILS = {name.replace("/email/", "-"): name for name in MAIL_TEXTS}
LINKS = {text.url for text in MAIL_TEXTS.values() if text.url.endswith("_url")}
ACCOUNT_VALUES = {
    "new_email": "anna.peeters@example.com",
    "to_email": "anna.peeters@example.com",
    "from_email": "anna@example.com",
    "deleted_email": "anna@example.com",
    "inviter": "Mara Lind",
    "ip": "192.0.2.7",
    "device": "Firefox on Windows",
    **dict.fromkeys(LINKS, "https://shop.example/link/"),
}


@dataclass(frozen=True)
class Preview:
    """An e-mail as its reader gets it."""

    subject: str
    text: str
    html: str


def preview_of(code: str) -> Preview:
    """The e-mail with this code. Raises Http404 if there is none."""
    if example := ORDER_MAILS.get(code):
        subject, context = example.example()
        mail = rendered_mail(example.kind, subject, context)
    elif name := ACCOUNT_MAILS.get(code):
        mail = account_mail(name, "anna@example.com", {**ACCOUNT_VALUES, "timestamp": timezone.now()})
    else:
        raise Http404
    return Preview(str(mail.subject), str(mail.body), _html_of(mail))


def _html_of(mail: Any) -> str:
    return next((str(part[0]) for part in mail.alternatives if part[1] == "text/html"), "")


def mails(request: HttpRequest) -> HttpResponse:
    """List every e-mail that the shop sends."""
    require_permission(request, SEE_SETTINGS)
    orders = [(example.kind, example.title, example.occasion) for example in ORDER_MAILS.values()]
    accounts = [(code, preview_of(code).subject, "") for code in ACCOUNT_MAILS]
    context = {"title": "E-mails", "groups": [("Orders and stock", orders), ("Accounts", accounts)]}
    return _page(request, "admin/settings/mails.html", context)


@csp_update({"frame-src": [SELF]})
def mail(request: HttpRequest, code: str) -> HttpResponse:
    """Show one e-mail, as HTML in a frame and as plain text."""
    require_permission(request, SEE_SETTINGS)
    preview = preview_of(code)
    return _page(request, "admin/settings/mail.html", {"title": preview.subject, "preview": preview, "code": code})


@xframe_options_sameorigin
@csp(
    {
        "default-src": [NONE],
        "style-src": [UNSAFE_INLINE],
        "img-src": [SELF],
        "frame-ancestors": [SELF],
        "sandbox": True,
    }
)
def mail_page(request: HttpRequest, code: str) -> HttpResponse:
    """The HTML part of an e-mail, without scripts or content of other sites."""
    require_permission(request, SEE_SETTINGS)
    html = preview_of(code).html
    if not html:
        raise Http404
    return HttpResponse(html)


def _page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    return render(request, template, {**admin.site.each_context(request), **context})
