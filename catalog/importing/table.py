"""Read a CSV file as rows: encoding, separators, quotes and limits. The caller decides what the columns mean."""

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
MANY_LINES = 1_000  # a too long cell with more lines than this has probably swallowed other rows
# The first bytes of zip and office files, gzip, PDF and UTF-16.
NOT_TEXT = (b"PK\x03\x04", b"\x1f\x8b", b"%PDF", b"\xff\xfe", b"\xfe\xff")
# Spreadsheets execute cells that begin with these characters.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

# Keys of a row that are not columns.
SLIPPED = "(slipped)"  # set if the row's cells had shifted away from their headers and were moved back
REFUSED = "(refused)"  # the reason why the row cannot be imported

Row = tuple[int, dict[str, str]]

# The csv module's limit would abort the whole file, ours refuses only the row. The csv limit is global to the process.
csv.field_size_limit(MAX_FILE_BYTES)


def file_content(path: Path) -> bytes:
    """The file's bytes. Raises UnreadableFile if there is no such file or it is too large."""
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
    """Yield (line number, row) for each row that is not empty. Columns without a name are left out.

    If a cell cannot be imported, it is empty and the row has the reason under REFUSED. `longer` maps columns that may
    have more than MAX_CELL_LENGTH characters to their limits. Raises UnreadableFile, with a message for staff, if the
    file as a whole cannot be read; this may happen after some rows.
    """
    if len(content) > MAX_FILE_BYTES:
        raise UnreadableFile("The file is larger than 20 MB.")
    text = _decode(content)
    header = text.partition("\n")[0]
    # Spreadsheets in many European countries use semicolons.
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
    """Whether every quoted cell ends at its closing quote; padded tables have spaces after it and need lenient reading.

    Raises UnreadableFile for quotes that never close, because a lenient reader would swallow the rest of the file.
    """
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
    """The reason why this cell cannot be imported, or an empty string."""
    if len(text) > longest:
        lines = text.count("\n")
        spread = f" over {lines:,} lines; perhaps a quotation mark is missing" if lines > MANY_LINES else ""
        return f"'{header.strip()[:60]}' has {len(text):,} characters{spread}; at most {longest:,} are allowed"
    if "\x00" in text:
        return f"'{header.strip()[:60]}' contains a character that cannot be stored"
    return ""


def guarded(text: str) -> str:
    """Escape the text so that a spreadsheet shows it instead of executing it (OWASP, CSV injection)."""
    return f"'{text}" if text.startswith((*FORMULA_STARTS, "'")) else text


def unguarded(text: str) -> str:
    """Remove the apostrophe that guarded() adds. Other apostrophes stay."""
    return text[1:] if text[:1] == "'" and text[1:2] in (*FORMULA_STARTS, "'") else text
