"""Leads of a period with what both definitions say about each, by what was known then, and what became of it."""

from collections.abc import Sequence

from loopline.reports.what_if.lead_columns import JudgedLeads, joined
from loopline.reports.what_if.outcomes_sql import OUTCOMES
from loopline.rules.definition import Definition
from loopline.rules.past import Past
from loopline.rules.population import Judged, RuleQuery, to_sql
from loopline.rules.tree import AnyOf


def judged_leads(past: Past, old: Definition, new: Definition) -> JudgedLeads:
    """The leads by their id. The same question as of the same moment gives the same answer.

    Raises StoreError, QueryTimeoutError.
    """
    verdicts = past.verdicts(verdicts_query(old, new))
    return joined(verdicts, past.answer(OUTCOMES), new, past.as_of)


def prepare(past: Past, definitions: Sequence[Definition]) -> None:
    """Gather once what any two of these definitions ask for. Raises StoreError, QueryTimeoutError."""
    scores = [score for one in definitions for score in one.scores.values()]
    clauses = [clause.asked for one in definitions for clause in one.clauses]
    past.prepare(to_sql(AnyOf(tuple(one.rule for one in definitions)), Judged.LEADS, scores=scores, besides=clauses))
    past.answer(OUTCOMES)


def verdicts_query(old: Definition, new: Definition) -> RuleQuery:
    """What both definitions say about each lead, and each clause and score of the new one."""
    asked = (old.rule, new.rule, *(clause.asked for clause in new.clauses))
    return to_sql(AnyOf((old.rule, new.rule)), Judged.LEADS, scores=tuple(new.scores.values()), besides=asked)
