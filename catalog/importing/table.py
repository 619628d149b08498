"""Reads a file as a table: encoding, separators, quotes and limits; what the columns mean is for others to say."""

import csv
import io
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from catalog.errors import UnreadableFile
from catalog.importing.realign import realigned

MAX_FILE_BYTES = 20 * 1024 * 1024
MAX_ROWS = 100_000
MAX_CELL_LENGTH = 10_000
MANY_LINES = 1_000  # of one cell that is too long anyway: it has probably swallowed other rows
# Beginnings of zip and office files, gzip, PDF and UTF-16.
NOT_TEXT = (b"PK\x03\x04", b"\x1f\x8b", b"%PDF", b"\xff\xfe", b"\xfe\xff")
# Spreadsheets run a cell that begins so.
RISKY = ("=", "+", "-", "@", "\t", "\r")

# Names in a row that are no columns.
SLIPPED = "(slipped)"  # its cells had slipped away from their headers and were moved back
REFUSED = "(refused)"  # why the row cannot be taken

Row = tuple[int, dict[str, str]]

# The csv module's own limit ends the reading of the whole file; ours refuses one row. A process has one such limit.
csv.field_size_limit(MAX_FILE_BYTES)


def file_content(path: Path) -> bytes:
    """The file's bytes; raises UnreadableFile where there is none or it is too large to be read."""
    if not path.is_file():
        raise UnreadableFile(f"{path} is a folder." if path.is_dir() else f"There is no file {path}.")
    if path.stat().st_size > MAX_FILE_BYTES:
        raise UnreadableFile("The file is larger than 20 MB.")
    return path.read_bytes()


def _decode(content: bytes) -> str:
    if content.startswith(NOT_TEXT) or b"\x00" in content[:4096]:
        raise UnreadableFile("This is not a CSV file: export the products as plain CSV and try again.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    return unicodedata.normalize("NFC", text)


def table_rows(
    content: bytes, name_columns: Callable[[list[str]], list[str | None]], longer: Mapping[str, int]
) -> Iterator[Row]:
    """Yield each row that holds anything, with the line it begins on; columns without a name are left out.

    A row with a cell that cannot be taken says why under REFUSED, and the cell is empty. `longer` are the columns
    that may hold more than MAX_CELL_LENGTH characters. Raises UnreadableFile with one clear sentence where the file
    as a whole cannot be read, also while rows are read.
    """
    if len(content) > MAX_FILE_BYTES:
        raise UnreadableFile("The file is larger than 20 MB.")
    text = _decode(content)
    header = text.partition("\n")[0]
    # Spreadsheets of half of Europe separate by semicolons.
    delimiter = ";" if header.count(";") > header.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), strict=_is_strict(text, delimiter), delimiter=delimiter)
    try:
        headers = next(reader, [])
        names = name_columns(headers)
        begins = reader.line_num + 1
        for count, cells in enumerate(reader, start=1):
            if count > MAX_ROWS:
                raise UnreadableFile(f"The file has more than {MAX_ROWS:,} rows.")
            moved = realigned(headers, cells)
            row = _row(headers, names, moved or cells, longer)
            if moved:
                row[SLIPPED] = "yes"
            if any(row.values()):
                yield begins, row
            begins = reader.line_num + 1
    except csv.Error as error:
        raise _unreadable(reader.line_num, error) from error


def _row(
    headers: Sequence[str], names: Sequence[str | None], cells: Sequence[str], longer: Mapping[str, int]
) -> dict[str, str]:
    row: dict[str, str] = {}
    for header, name, cell in zip(headers, names, cells, strict=False):
        if not name:
            continue
        refusal = _refusal(header, cell, longer.get(name, MAX_CELL_LENGTH))
        row[name] = "" if refusal else unguarded(cell.strip())
        if refusal:
            row[REFUSED] = refusal
    return row


def _unreadable(line: int, error: csv.Error) -> UnreadableFile:
    return UnreadableFile(f"Line {line}: the quotes do not match ({error}).")


def _is_strict(text: str, delimiter: str) -> bool:
    """Whether every quoted cell ends at its quotes. Padded tables have blanks behind them, and are read leniently;
    quotes that never close raise UnreadableFile here, because a lenient reader would swallow the rest of the file."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=delimiter)
    try:
        for _row in reader:
            pass
    except csv.Error as error:
        if "expected after" not in str(error) or text.count('"') % 2:
            raise _unreadable(reader.line_num, error) from error
        return False
    return True


def _refusal(header: str, text: str, longest: int) -> str:
    """Why this cell cannot be taken; empty where it can."""
    if len(text) > longest:
        lines = text.count("\n")
        spread = f" over {lines:,} lines; perhaps a quotation mark is missing" if lines > MANY_LINES else ""
        return f"'{header.strip()[:60]}' has {len(text):,} characters{spread}; at most {longest:,} are taken"
    if "\x00" in text:
        return f"'{header.strip()[:60]}' contains a character that cannot be stored"
    return ""


def guarded(text: str) -> str:
    """The text so that a spreadsheet shows it instead of running it (OWASP, CSV injection)."""
    return f"'{text}" if text.startswith((*RISKY, "'")) else text


def unguarded(text: str) -> str:
    """The text without the apostrophe that `guarded` put in front; other apostrophes stay."""
    return text[1:] if text[:1] == "'" and text[1:2] in (*RISKY, "'") else text
