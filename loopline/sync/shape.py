"""What a file is before its rows are read: encoding, separator and column names. Nothing is guessed in silence:
what was found is said, and a file that fits nothing is refused with what to do.
"""

import codecs
import csv
import difflib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_PIECE = 1 << 20
_HEAD = 1 << 16
_MOST_COLUMNS = 2_000


class FileRefusedError(ValueError):
    """The file as a whole cannot be read; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Shape:
    encoding: str
    """Python's name of it."""
    because: str
    """Why this encoding was taken, in words fit to show."""
    separator: str
    header: tuple[str, ...]
    header_lines: int
    """Physical lines up to and with the header."""

    @property
    def sentence(self) -> str:
        name = SEPARATORS.get(self.separator, self.separator)
        return f"{self.because}; separator {name}; {len(self.header)} columns"


def find_shape(path: Path, *, encoding: str = "", separator: str = "", wanted: Sequence[str] = ()) -> Shape:
    """Look at a file. `encoding` and `separator` of a mapping win; `wanted` column names decide between separators.

    Raises FileRefusedError for a file that is empty, missing, a workbook or archive, or in no readable encoding.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise FileRefusedError(f"{path.name} cannot be opened: {error.strerror or error}.") from error
    _refuse_other_kinds(path.name, head)
    found, because = (encoding, f"read as {encoding}, as the mapping says") if encoding else _encoding(path, head)
    lines = _first_lines(path, found)
    number, text = next(((at, line) for at, line in enumerate(lines, 1) if line.strip()), (0, ""))
    if not number:
        raise FileRefusedError(f"{path.name} has no text in it. Export it again.")
    if "\0" in text or "\ufffd" in text or any("\udc80" <= one <= "\udcff" for one in text):
        raise FileRefusedError(f"The first line of {path.name} is not text in {found}. Save it as UTF-8.")
    header, chosen = _header(text, separator, wanted)
    if len(header) > _MOST_COLUMNS:
        raise FileRefusedError(f"{path.name} has {len(header)} columns in its first line; that is no table of leads.")
    return Shape(found, because, chosen, header, number)


def on_bad_bytes(encoding: str) -> str:
    """How the codec marks bytes that are no text, so that only their row is refused."""
    return "replace" if "16" in encoding or "32" in encoding else "surrogateescape"


def nearest(name: str, known: Sequence[str]) -> str:
    """A hint such as ` (nearest: “e-mail”)`, or nothing."""
    lower = {one.casefold(): one for one in known}
    close = difflib.get_close_matches(name.casefold(), list(lower), n=2, cutoff=0.5)
    return f" (nearest: {', '.join(f'“{lower[one]}”' for one in close)})" if close else ""


def _refuse_other_kinds(name: str, head: bytes) -> None:
    if not head:
        raise FileRefusedError(f"{name} is empty. Export it again.")
    if head.startswith(b"PK\x03\x04"):
        raise FileRefusedError(f"{name} is a workbook or a ZIP archive. Save the sheet as CSV and import that.")
    if head.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"%PDF", b"\xd0\xcf\x11\xe0")):
        raise FileRefusedError(f"{name} is packed or no text. Unpack it, or save it as CSV, and import that.")


def _encoding(path: Path, head: bytes) -> tuple[str, str]:
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if head.startswith(mark):
            return name, f"read as {name.upper().removesuffix('-SIG')}, as its first bytes say"
    zeros_even, zeros_odd = head[0::2].count(0), head[1::2].count(0)
    half = max(1, len(head) // 2)
    if zeros_odd > half * 0.4 and zeros_even < half * 0.05:
        return "utf-16-le", "read as UTF-16 (little endian), because every second byte is zero"
    if zeros_even > half * 0.4 and zeros_odd < half * 0.05:
        return "utf-16-be", "read as UTF-16 (big endian), because every second byte is zero"
    bad_line = _first_bad_line(path, "utf-8")
    if bad_line is None:
        return "utf-8", "read as UTF-8"
    bad_for_windows = _first_bad_line(path, "cp1252")
    if bad_for_windows is None:
        return "cp1252", f"read as Windows-1252, because line {bad_line} is not UTF-8; if accents look wrong, say which"
    raise FileRefusedError(
        f"{path.name} is neither UTF-8 (line {bad_line}) nor Windows-1252 (line {bad_for_windows}). "
        'Save it as UTF-8, or write its encoding into the mapping: encoding = "…".'
    )


def _first_bad_line(path: Path, encoding: str) -> int | None:
    """The line of the first byte that is not `encoding`; None when the whole file is."""
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            try:
                decoder.decode(piece)
            except UnicodeDecodeError as error:
                return line + piece[: max(0, error.start)].count(b"\n")
            line += piece.count(b"\n")
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return line
    return None


def _first_lines(path: Path, encoding: str) -> Iterator[str]:
    try:
        with (
            path.open("rb") as file,
            io.TextIOWrapper(file, encoding=encoding, errors=on_bad_bytes(encoding), newline="") as text,
        ):
            for _ in range(20):
                line = text.readline(_HEAD)
                if not line:
                    return
                yield line
    except LookupError as error:
        raise FileRefusedError(f"There is no encoding “{encoding}”; write utf-8, utf-16 or cp1252.") from error
    except UnicodeError as error:
        raise FileRefusedError(f"{path.name} is not {encoding}: {error}. Write another encoding.") from error


def _header(line: str, separator: str, wanted: Sequence[str]) -> tuple[tuple[str, ...], str]:
    """The column names, by the separator that gives most of the wanted ones, then most columns."""
    candidates = [separator] if separator else list(SEPARATORS)
    best: tuple[tuple[int, int], tuple[str, ...], str] | None = None
    for one in candidates:
        try:
            names = tuple(
                name.strip().lstrip("\ufeff") for name in next(csv.reader([line.rstrip("\r\n")], delimiter=one))
            )
        except csv.Error:
            continue
        score = (sum(name in names for name in wanted), len(names))
        if best is None or score > best[0]:
            best = (score, names, one)
    if best is None:
        raise FileRefusedError("The first line of the file is no line of column names. Export it again.")
    return best[1], best[2]
