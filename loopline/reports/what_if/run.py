"""A what-if of a lead definition: both definitions over the leads of a period, as of a moment."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from loopline.reports.what_if.comparison import Comparison, compare
from loopline.reports.what_if.judged_leads import judged_leads
from loopline.reports.what_if.verdict import Verdict, verdict
from loopline.rules.definition import Definition
from loopline.rules.past import Past
from loopline.store.engine import Engine


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked. The same question gives the same answer to the byte, whatever was learned since `as_of`."""

    unit_id: str
    first: datetime
    end: datetime
    """Leads created from `first` on and before `end`."""
    as_of: datetime
    free_mail_domains: Sequence[str] = ()
    edits: int = 0

    def past(self, engine: Engine) -> Past:
        """The leads that are looked at."""
        return Past(engine, self.unit_id, (self.first, self.end), self.as_of, tuple(self.free_mail_domains))


@dataclass(frozen=True, slots=True)
class WhatIf:
    asked: Asked
    comparison: Comparison
    verdict: Verdict

    def to_json(self) -> str:
        """The whole answer as text, in a fixed order."""
        return json.dumps(asdict(self), sort_keys=True, ensure_ascii=False, default=_plain)


def what_if(
    engine: Engine,
    old: Definition,
    new: Definition,
    asked: Asked,
    more: Mapping[str, Mapping[str, str]] | None = None,
) -> WhatIf:
    """`more` are further dimensions, as in `compare`.

    Raises StoreError, QueryTimeoutError, ValueError for a period without a length.
    """
    weeks = (asked.end - asked.first) / timedelta(weeks=1)
    if weeks <= 0:
        raise ValueError("The period ends before it begins. Choose another one.")
    leads = judged_leads(asked.past(engine), old, new)
    words = [
        f"never one who {clause.sentence}" if clause.part == "never" else clause.sentence for clause in new.clauses
    ]
    found = compare(leads, words, weeks, more)
    return WhatIf(asked, found, verdict(found, edits=asked.edits))


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
