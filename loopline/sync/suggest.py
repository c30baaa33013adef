"""A first mapping for a file nobody described yet: which column could be which field, by their names."""

import json
import re
from collections.abc import Sequence

from loopline.sync.fields import FIELDS, FileKind
from loopline.sync.shape import Shape

_DECIDING = {
    FileKind.LEADS: {"first_contact"},
    FileKind.DEALS: {"amount", "won_at", "lost_at", "outcome"},
    FileKind.ADS: {"cost", "conversions", "conversion_value"},
}
"""Fields that tell what kind of file it is."""


def suggested_mapping(shapes: Sequence[tuple[str, Shape]], *, unit: str) -> str:
    """The text of a mapping for files (name, shape). What is needed and was not found stands in it to be filled in."""
    system = re.sub(r"[^a-z0-9]+", "-", shapes[0][0].rpartition(".")[0].lower()).strip("-")[:40] or "file"
    lines = [f"system = {_quoted(system)}  # name of the system that the ids come from", f"unit = {_quoted(unit)}"]
    for name, shape in shapes:
        lines += ["", *_part(name, shape)]
    return "\n".join(lines) + "\n"


def _part(name: str, shape: Shape) -> list[str]:
    found = {kind: _columns(kind, shape.header) for kind in FileKind}
    kind = max(FileKind, key=lambda one: (bool(_DECIDING[one] & found[one].keys()), len(found[one])))
    columns = found[kind]
    lines = ["[[file]]", f"kind = {_quoted(kind.value)}", f"path = {_quoted(name)}", "", "[file.columns]"]
    for field in FIELDS[kind].values():
        if field.name in columns:
            lines.append(f"{field.name} = {_quoted(columns[field.name])}")
        elif field.is_required:
            lines.append(f'{field.name} = ""  # needed: {field.meaning}')
    unused = [column for column in shape.header if column not in columns.values()]
    return [*lines, f"# not used: {', '.join(unused)}" if unused else "# all columns are used"]


def _columns(kind: FileKind, header: Sequence[str]) -> dict[str, str]:
    """field → column whose name suggests it, each column once."""
    free = {_plain(name): name for name in reversed(header)}
    found = {}
    for field in FIELDS[kind].values():
        for hint in field.hints:
            if (column := free.pop(_plain(hint), None)) is not None:
                found[field.name] = column
                break
    return found


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", " ", name.lower()).strip()


def _quoted(text: str) -> str:
    """A TOML string; JSON's quoting is a part of TOML's."""
    return json.dumps(text, ensure_ascii=False)
