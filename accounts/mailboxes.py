"""Normalization and validation of e-mail addresses, so that one mailbox is one customer."""

import re
import unicodedata

import idna
from django.core.exceptions import ValidationError

# Invisible characters: https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point and all format characters
# (zero-width characters, soft hyphen, byte order mark, direction marks, tags).
HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
INVALID = "Enter an e-mail address like name@example.com."
JOINERS = re.compile("[\u200c\u200d]")


def normalize_mailbox(text: str) -> str:
    """The normal form of an e-mail address, in which it is stored, compared, counted and written to.

    Removes hidden characters, converts full-width letters to plain ones (NFKC) and capitals to lower case. The domain is
    in its ASCII form (`xn--bcher-kva.example`, not `bücher.example`), because it is unique and because mail servers,
    Stripe and old clients accept it. E-mails are sent to the normal form, too, so nobody can reach another mailbox's
    account with a spelling that only looks similar.

    Texts that are not addresses are cleaned as far as possible, so lookups and counters accept any text.
    """
    folded = unicodedata.normalize("NFKC", text)
    local, at, domain = folded.rpartition("@")
    if not at:
        return _fold(HIDDEN.sub("", folded))
    return f"{_fold(HIDDEN.sub('', local))}@{_ascii_domain(domain)}"


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text.lower()).strip()


def _ascii_domain(domain: str) -> str:
    # Some scripts need joiners within words, so they stay if the standard for domain names allows them.
    with_joiners = HIDDEN.sub(lambda match: match[0] if JOINERS.match(match[0]) else "", domain).strip().rstrip(".")
    for candidate in (with_joiners, JOINERS.sub("", with_joiners)):
        try:
            return idna.encode(candidate, uts46=True).decode()
        except UnicodeError:
            continue
    return _fold(JOINERS.sub("", with_joiners))


def validate_mailbox(address: str) -> None:
    """Raise ValidationError for an address to which no e-mail can be sent."""
    # Slow to import, and models import this module in every process.
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415

    try:
        validate_email(address, allow_smtputf8=False, check_deliverability=False)
    except (EmailNotValidError, UnicodeError) as error:
        raise ValidationError(INVALID, code="invalid") from error
