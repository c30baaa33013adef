"""What the budget planner proposes: a total dealt out over the rows whose weeks teach something, for page and API."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from loopline.lib.amounts import money_whole_text
from loopline.lib.money import parse_minor
from loopline.reports.library.budget_planner import learnt_rows, outcome_words
from loopline.reports.options import Books, OptionError, Options, Scope
from loopline.reports.report import Report
from loopline.reports.response.curve import Response
from loopline.reports.response.proposal import Bounds, Proposal, bounds_of, propose
from loopline.reports.response.weeks import OUTCOME_KINDS
from loopline.reports.response.workings import Learnt
from loopline.reports.run import settle_for
from loopline.store.engine import Engine

MOST_MINOR = 10**13
USUAL_WITHIN = 30
"""In percent of what is spent now: how far a row may move where nothing is said."""
_GROUPED = re.compile(r"\d{1,3}(,\d{3})+(\.\d*)?")


@dataclass(frozen=True, slots=True)
class Curve:
    """A row that teaches something."""

    row: Learnt
    response: Response


@dataclass(frozen=True, slots=True)
class Taught:
    """What the weeks of the period teach."""

    scope: Scope
    known: Sequence[Curve]
    refused: Sequence[Learnt]
    """Rows that teach nothing; each says why."""

    @property
    def now_minor(self) -> int:
        """What the known rows cost now a week, all together."""
        return round(sum(one.response.now for one in self.known))

    @property
    def is_money(self) -> bool:
        """Whether the outcome is won revenue, and no count."""
        return OUTCOME_KINDS[self.scope.options.conversion] == "revenue"

    @property
    def outcome_words(self) -> str:
        return outcome_words(self.scope)

    def bounds(self, within: int) -> dict[str, Bounds]:
        """Row → how little and how much it may be given, within so many percent of now."""
        return {one.row.key: bounds_of(one.response, within) for one in self.known}

    def dealt(self, total_minor: int, within: int) -> Proposal | None:
        """`total_minor` a week dealt out within these bounds; None where no row teaches anything."""
        if not self.known:
            return None
        return propose({one.row.key: one.response for one in self.known}, self.bounds(within), total_minor)


def taught(report: Report, options: Options, engine: Engine, books: Books) -> Taught:
    """Raises OptionError and StoreError."""
    scope = settle_for(report, options, engine, books)
    rows = learnt_rows(scope, engine)
    known = [Curve(one, one.response) for one in rows if one.response is not None]
    return Taught(scope, known, [one for one in rows if one.response is None])


def total_of(text: str, currency: str) -> int:
    """What may be spent a week on all rows, such as `1,234.50`, in minor units. Raises OptionError."""
    is_grouped = _GROUPED.fullmatch(text.strip())  # a comma before cents, as in 1234,50, must not make it a hundredfold
    try:
        found = parse_minor(text.replace(",", "") if is_grouped else text, currency)
    except ValueError as error:
        raise OptionError(f"{error}.", "total") from error
    if not 0 <= found <= MOST_MINOR:
        most = money_whole_text(MOST_MINOR, currency)
        raise OptionError(f"“{text}” cannot be dealt out; give an amount from zero to {most}.", "total")
    return found


def within_of(text: str) -> int:
    """How far each row may move, in percent of now; `USUAL_WITHIN` where nothing is said. Raises OptionError."""
    if not text:
        return USUAL_WITHIN
    if not (text.isascii() and text.isdecimal()) or len(text) > 3 or int(text) > 100:
        raise OptionError(f"“{text}” is no percentage from 0 to 100.", "within")
    return int(text)
