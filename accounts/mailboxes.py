"""The one normal form of an e-mail address: one mailbox is one customer."""

import re
import unicodedata

import idna
from django.core.exceptions import ValidationError
from email_validator import EmailNotValidError, validate_email

# Characters that Unicode says are not shown: https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point,
# and every format character (zero-width, soft hyphen, byte order mark, direction marks, tags).
HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
INVALID = "Enter an e-mail address like name@example.com."
JOINERS = re.compile("[\u200c\u200d]")


def normalize_mailbox(text: str) -> str:
    """Return the one spelling under which a mailbox is stored, compared, counted and written to.

    Hidden characters go, full-width letters become plain ones (NFKC), capitals small. The domain is kept in its ASCII
    form (`xn--bcher-kva.example`, not `bücher.example`): mail servers, Stripe and old clients all take that one, a
    domain has exactly one of it, and it compares byte by byte. Because mail goes to the normal form too, nobody can
    reach the account of another mailbox through a spelling that merely looks or folds like it.

    Whatever is no address comes back cleaned as far as possible, so look-ups and counters take any text.
    """
    folded = unicodedata.normalize("NFKC", text)
    local, at, domain = folded.rpartition("@")
    if not at:
        return _fold(HIDDEN.sub("", folded))
    return f"{_fold(HIDDEN.sub('', local))}@{_ascii_domain(domain)}"


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text.lower()).strip()


def _ascii_domain(domain: str) -> str:
    # Some scripts need joiners inside words: they stay where the standard for domains allows them.
    spelled = HIDDEN.sub(lambda found: found[0] if JOINERS.match(found[0]) else "", domain).strip().rstrip(".")
    for candidate in (spelled, JOINERS.sub("", spelled)):
        try:
            return idna.encode(candidate, uts46=True).decode()
        except UnicodeError:
            continue
    return _fold(JOINERS.sub("", spelled))


def validate_mailbox(address: str) -> None:
    """Refuse an address that no mail can be written to, before anybody waits for one."""
    try:
        validate_email(address, allow_smtputf8=False, check_deliverability=False)
    except (EmailNotValidError, UnicodeError) as error:
        raise ValidationError(INVALID, code="invalid") from error
