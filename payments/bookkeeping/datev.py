"""The journal as a DATEV Buchungsstapel: EXTF header 700, format version 13.

https://developer.datev.de/datev/platform/en/dtvf/formate/buchungsstapel. Each row moves one amount between two accounts, so a
journal becomes as many rows as its entries need. The sums of all accounts are those of the books to the cent.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby

from django.conf import settings
from django.utils import timezone

from catalog.importing.table import guarded
from catalog.money import exponent, to_major
from payments.bookkeeping.chart import AUTOMATIC, numbers, sales_key, tax_key
from payments.books import Account, Entry, entries, postings_of
from payments.errors import BooksRefused
from payments.models import Journal
from payments.reports.periods import Period

MAX_ROWS = 99_999  # of one Buchungsstapel
ENCODING = "cp1252"
INFORMATION = [name for number in range(1, 9) for name in (f"Beleginfo - Art {number}", f"Beleginfo - Inhalt {number}")]
FURTHER = [
    name
    for number in range(1, 21)
    for name in (f"Zusatzinformation - Art {number}", f"Zusatzinformation- Inhalt {number}")
]
COLUMNS = (
    *("Umsatz (ohne Soll/Haben-Kz)", "Soll/Haben-Kennzeichen", "WKZ Umsatz", "Kurs", "Basis-Umsatz"),
    *("WKZ Basis-Umsatz", "Konto", "Gegenkonto (ohne BU-Schlüssel)", "BU-Schlüssel", "Belegdatum", "Belegfeld 1"),
    *("Belegfeld 2", "Skonto", "Buchungstext", "Postensperre", "Diverse Adressnummer", "Geschäftspartnerbank"),
    *("Sachverhalt", "Zinssperre", "Beleglink", *INFORMATION, "KOST1 - Kostenstelle", "KOST2 - Kostenstelle"),
    *("Kost-Menge", "EU-Land u. UStID (Bestimmung)", "EU-Steuersatz (Bestimmung)", "Abw. Versteuerungsart"),
    *("Sachverhalt L+L", "Funktionsergänzung L+L", "BU 49 Hauptfunktionstyp", "BU 49 Hauptfunktionsnummer"),
    *("BU 49 Funktionsergänzung", *FURTHER, "Stück", "Gewicht", "Zahlweise", "Forderungsart", "Veranlagungsjahr"),
    *("Zugeordnete Fälligkeit", "Skontotyp", "Auftragsnummer", "Buchungstyp", "USt-Schlüssel (Anzahlungen)"),
    *("EU-Land (Anzahlungen)", "Sachverhalt L+L (Anzahlungen)", "EU-Steuersatz (Anzahlungen)"),
    *("Erlöskonto (Anzahlungen)", "Herkunft-Kz", "Buchungs GUID", "KOST-Datum", "SEPA-Mandatsreferenz"),
    *("Skontosperre", "Gesellschaftername", "Beteiligtennummer", "Identifikationsnummer", "Zeichnernummer"),
    *("Postensperre bis", "Bezeichnung SoBil-Sachverhalt", "Kennzeichen SoBil-Buchung", "Festschreibung"),
    *("Leistungsdatum", "Datum Zuord. Steuerperiode", "Fälligkeit", "Generalumkehr (GU)", "Steuersatz", "Land"),
    *("Abrechnungsreferenz", "BVV-Position", "EU-Land u. UStID (Ursprung)", "EU-Steuersatz (Ursprung)"),
    "Abw. Skontokonto",
)
DEBIT, CREDIT = "S", "H"
NOT_IN_REFERENCES = re.compile(r"[^A-Za-z0-9$&%*+\-/]")


@dataclass(frozen=True)
class Leg:
    """An amount on one numbered account, debits positive. `destination` is the country that taxes it, with its rate."""

    number: str
    minor: int
    destination: str = ""
    percent: Decimal | None = None


@dataclass(frozen=True)
class Row:
    """An amount that moves from one account (credit) to another (debit). `leg` says where it is taxed."""

    minor: int
    debit: str
    credit: str
    leg: Leg


def datev_file(period: Period, currency: str, now: datetime) -> Iterator[bytes]:
    """Yield the lines of the file. Raise BooksRefused if the format cannot hold this period or currency."""
    year = _business_year(period)
    if exponent(currency) > 2:
        raise BooksRefused(f"The format has two decimals, and {currency} has three. Export the journal as CSV.")
    if _count(period, currency) > MAX_ROWS:
        raise BooksRefused(f"The format holds {MAX_ROWS:,} entries. Choose a shorter period.")
    return _lines(period, currency, year, now)


def file_name(period: Period, currency: str) -> str:
    return f"EXTF_Buchungsstapel_{currency}_{period.first:%Y%m%d}_{period.last:%Y%m%d}.csv"


def _business_year(period: Period) -> date:
    """Return the first day of the business year of the period, which must not reach into another one."""
    begins = [_year_of(day) for day in (period.first, period.last)]
    if begins[0] != begins[1]:
        raise BooksRefused("A file covers one business year. Choose a period that ends before the next one begins.")
    return begins[0]


def _year_of(day: date) -> date:
    first = day.replace(month=settings.BOOKS_FIRST_MONTH, day=1)
    return first if first <= day else first.replace(year=first.year - 1)


def _count(period: Period, currency: str) -> int:
    """Return the number of entries, counted as far as it matters. A journal has fewer rows than entries."""
    return postings_of(period, currency).order_by()[: MAX_ROWS + 1].count()


def _lines(period: Period, currency: str, year: date, now: datetime) -> Iterator[bytes]:
    yield _line(_header(period, currency, year, now))
    yield _line(COLUMNS)
    for _id, of_journal in groupby(entries(period, currency), key=lambda entry: entry.journal_id):
        for line in lines_of(list(of_journal), currency):
            yield _line(line)


def _line(values: Iterable[str]) -> bytes:
    return (";".join(values) + "\r\n").encode(ENCODING, errors="replace")


def _quoted(text: str) -> str:
    return '"{}"'.format(guarded(text).replace('"', '""'))


def _header(period: Period, currency: str, year: date, now: datetime) -> list[str]:
    local = timezone.localtime(now)
    created = f"{local:%Y%m%d%H%M%S}{local.microsecond // 1000:03d}"
    length = max(len(number) for number in numbers().values())
    chart = {"skr03": "03", "skr04": "04"}[settings.BOOKS_CHART]
    return [
        *('"EXTF"', "700", "21", '"Buchungsstapel"', "13", created, "", '"RE"', '""', '""'),
        *(str(settings.DATEV_CONSULTANT), str(settings.DATEV_CLIENT), f"{year:%Y%m%d}", str(length)),
        *(f"{period.first:%Y%m%d}", f"{period.last:%Y%m%d}", _quoted(f"Shop {period.first:%Y-%m}"), '""'),
        *("1", "0", "0", _quoted(currency), "", '""', "", "", _quoted(chart), "", "", '""', '""'),
    ]


def lines_of(journal: Sequence[Entry], currency: str) -> list[list[str]]:
    """Return the values of the rows of one journal, in the order of the columns."""
    first = journal[0]
    kind = str(Journal.Kind(first.kind).label)
    reference = NOT_IN_REFERENCES.sub("", first.order_number or first.reference)[:36]
    text = f"{kind} {first.order_number or first.reference}"[:60]
    return [_values(row, first, currency, reference, text) for row in rows_of(journal)]


def _values(row: Row, entry: Entry, currency: str, reference: str, text: str) -> list[str]:
    filled = {
        "Umsatz (ohne Soll/Haben-Kz)": f"{to_major(row.minor, currency):.2f}".replace(".", ","),
        "Soll/Haben-Kennzeichen": _quoted(DEBIT),
        "WKZ Umsatz": _quoted(currency),
        "Konto": row.debit,
        "Gegenkonto (ohne BU-Schlüssel)": row.credit,
        "Belegdatum": f"{entry.day:%d%m}",
        "Belegfeld 1": _quoted(reference),
        "Buchungstext": _quoted(text),
        "Festschreibung": "0",
    }
    if row.leg.destination:
        filled["EU-Land u. UStID (Bestimmung)"] = _quoted(row.leg.destination)
    if row.leg.percent is not None:
        filled["EU-Steuersatz (Bestimmung)"] = f"{row.leg.percent:.2f}".replace(".", ",")
    return [filled.get(column, "") for column in COLUMNS]


def rows_of(journal: Sequence[Entry]) -> list[Row]:
    """Divide a journal into amounts between two accounts. Debits meet credits in the order of the books."""
    others = [entry for entry in journal if entry.account not in _SOLD]
    sides = {entry.amount_minor > 0 for entry in others}
    legs = _sold_legs(journal, is_single=len(others) == 1 and len(sides) == 1)
    chart = numbers()
    legs += [Leg(chart[entry.account], entry.amount_minor) for entry in others]
    return list(_paired([leg for leg in legs if leg.minor > 0], [leg for leg in legs if leg.minor < 0]))


_SOLD = (Account.SALES, Account.SHIPPING, Account.TAX)


def _sold_legs(journal: Sequence[Entry], *, is_single: bool) -> list[Leg]:
    """Return sales, delivery and tax by rate, or as they are booked if the rates do not explain them.

    If one other account meets them, a gross amount on an account with automatic tax says both, unless the program would
    round the tax of this amount to another cent.
    """
    chart, first = numbers(), journal[0]
    sold = {entry.account: entry.amount_minor for entry in journal if entry.account in _SOLD}
    if not sold:
        return []
    base = sum(tax["base_minor"] for tax in first.taxes)
    tax_minor = sum(tax["tax_minor"] for tax in first.taxes)
    net = sold.get(Account.SALES, 0) + sold.get(Account.SHIPPING, 0)
    if not first.taxes or (base, tax_minor) != (-net, -sold.get(Account.TAX, 0)):
        return [Leg(chart[account], minor) for account, minor in sold.items()]
    legs: list[Leg] = []
    for tax in first.taxes:
        legs += _rate_legs(first, Decimal(tax["percent"]), tax["base_minor"], tax["tax_minor"], is_single=is_single)
    return legs


def _rate_legs(entry: Entry, percent: Decimal, base: int, tax: int, *, is_single: bool) -> Iterator[Leg]:
    chart = numbers()
    key = sales_key(entry.country, entry.treatment, percent)
    if key in AUTOMATIC:
        if is_single and tax == automatic_tax(base + tax, AUTOMATIC[key]):
            yield Leg(chart[key], -(base + tax))
            return
        yield Leg(chart[Account.SALES], -base)
    elif key == "sales.abroad":
        yield Leg(chart[key], -base, entry.country, percent)
    elif key == "sales.reverse_charge":
        yield Leg(chart[key], -base, entry.vat_id or entry.country)
    else:
        yield Leg(chart[key], -base)
    if tax:
        yield Leg(chart[tax_key(entry.country, entry.treatment, percent)], -tax)


def automatic_tax(gross: int, percent: Decimal) -> int:
    """Return the tax that a bookkeeping program takes out of a gross amount."""
    return int((gross * percent / (100 + percent)).quantize(Decimal(1), ROUND_HALF_UP))


def _paired(debits: list[Leg], credits: list[Leg]) -> Iterator[Row]:
    """Yield rows that move each debit from the next credits."""
    waiting, left = list(credits), 0
    for debit in debits:
        needed = debit.minor
        while needed:
            left = left or -waiting[0].minor
            minor = min(needed, left)
            credit = waiting[0]
            leg = debit if debit.destination else credit
            yield Row(minor, debit.number, credit.number, leg)
            needed, left = needed - minor, left - minor
            if not left:
                waiting.pop(0)
