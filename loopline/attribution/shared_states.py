"""What questions as of the same moment have in common: the state of records, which each would put together anew.

A page asks a dozen questions as of one moment, and the latest versions of a hundred thousand leads are the same in all
of them. `Engine.together` is told here which parts of a question those are. Only DuckDB has use for it: where a row
stands (`rowid`) is its own.
"""

import re
from collections.abc import Iterator, Sequence

from loopline.attribution.state import KNOWN_IDENTITIES, MERGED_STATE, Part, question
from loopline.store.engine import Shared

# As `state.latest()` writes it: all records, the moment the only value. Not those tables whose state many questions
# name and few read: nobody computes a part that is not read, and whether it is only the engine knows.
_LATEST = re.compile(
    r"SELECT id, (?P<picks>(?:(?! FROM ).)+) FROM (?P<table>(?:lead|opportunity|opportunity_contact|cost)_facts) "
    r"WHERE recorded_at <= \$as_of AND TRUE GROUP BY id"
)
_PICKED = re.compile(r" AS (\w+)")
_PARTS = KNOWN_IDENTITIES, MERGED_STATE


def common_parts(sql: str) -> Iterator[Shared]:
    """The parts of a question that others have, too."""
    for part in _PARTS:
        if all(f"{one.name} AS ({one.sql})" in sql for one in _with_what_it_reads(part)):
            yield Shared(part.sql, question(f"SELECT * FROM {part.name}", part))
    for text, found in {found.group(): found for found in _LATEST.finditer(sql)}.items():
        yield _latest_rows(text, found["table"], _PICKED.findall(found["picks"]))


def _latest_rows(text: str, table: str, picked: Sequence[str]) -> Shared:
    """Which row is the latest of each record is one number, the same for all columns that questions pick from it.

    Rows of these tables stay where they are: erasing a person only writes over texts in them.
    """
    return Shared(
        text,
        f"SELECT arg_max(rowid, version) AS place FROM {table} WHERE recorded_at <= $as_of GROUP BY id",
        f"SELECT id, {', '.join(picked)} FROM {table} WHERE rowid IN (SELECT place FROM {{table}})",
    )


def _with_what_it_reads(part: Part) -> Iterator[Part]:
    """A part of the same text that reads others, as of another moment, is another part."""
    yield part
    for one in part.reads:
        yield from _with_what_it_reads(one)
