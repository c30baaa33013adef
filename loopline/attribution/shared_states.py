"""What questions as of the same moment have in common: the state of records, which each would put together anew.

A page asks a dozen questions as of one moment, and the latest versions of a hundred thousand leads are the same in all
of them. `Engine.together` is told here which parts of a question those are.
"""

import re
from collections.abc import Iterator

from loopline.attribution.state import KNOWN_IDENTITIES, MERGED_STATE, Part, question

# As `state.latest()` writes it: all records, the moment the only value. Not those tables whose state many questions
# name and few read: nobody computes a part that is not read, and whether it is only the engine knows.
_LATEST = re.compile(
    r"SELECT id, (?:(?! FROM ).)+ FROM (?:lead|opportunity|opportunity_contact|cost)_facts "
    r"WHERE recorded_at <= \$as_of AND TRUE GROUP BY id"
)
_PARTS = KNOWN_IDENTITIES, MERGED_STATE


def common_parts(sql: str) -> Iterator[tuple[str, str]]:
    """Parts of a question: each as its text says it, and as a question that gives the same rows by itself."""
    for part in _PARTS:
        if all(f"{one.name} AS ({one.sql})" in sql for one in _with_what_it_reads(part)):
            yield part.sql, question(f"SELECT * FROM {part.name}", part)
    for text in dict.fromkeys(_LATEST.findall(sql)):
        yield text, text


def _with_what_it_reads(part: Part) -> Iterator[Part]:
    """A part of the same text that reads others, as of another moment, is another part."""
    yield part
    for one in part.reads:
        yield from _with_what_it_reads(one)
