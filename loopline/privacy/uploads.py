"""Files that were sent to the import page and not taken in: those that hold the person go."""

import zipfile
from pathlib import Path

from loopline.privacy.traces import Traces


def remove_uploads(data: Path, traces: Traces) -> int:
    """How many files went. An import that still needs one says that its file is gone, and it can be sent again."""
    needles = [one.lower().encode(form) for one in traces.emails for form in ("utf-8", "utf-16-le", "utf-16-be")]
    found = [path for path in (data / "imports").glob("*/*") if path.is_file() and _holds(path, needles)]
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)


def _holds(path: Path, needles: list[bytes]) -> bool:
    contents = [path.read_bytes()]
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as book:
            contents += [book.read(name) for name in book.namelist()]
    return any(needle in content.lower() for content in contents for needle in needles)
