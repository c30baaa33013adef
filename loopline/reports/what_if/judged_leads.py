"""Leads of a period with what both definitions say about each, by what was known then, and what became of it."""

from collections.abc import Sequence
from datetime import datetime

from loopline.reports.what_if.lead_columns import JudgedLeads, joined
from loopline.reports.what_if.outcomes_sql import OUTCOMES
from loopline.rules.definition import Definition
from loopline.rules.past import Past
from loopline.rules.population import Judged, RuleQuery, to_sql
from loopline.rules.tree import AnyOf
from loopline.store.engine import Engine


def judged_leads(
    engine: Engine,
    unit_id: str,
    definitions: tuple[Definition, Definition],
    period: tuple[datetime, datetime],
    as_of: datetime,
    free_mail_domains: Sequence[str],
) -> JudgedLeads:
    """Leads created within `period`, by their id. The same question as of the same moment gives the same answer.

    `definitions` are the old and the new one. Raises StoreError, QueryTimeoutError.
    """
    new = definitions[1]
    past = Past(engine, unit_id, period, as_of, tuple(free_mail_domains))
    return joined(past.verdicts(verdicts_query(*definitions)), past.answer(OUTCOMES), new, as_of)


def verdicts_query(old: Definition, new: Definition) -> RuleQuery:
    """What both definitions say about each lead, and each clause and score of the new one."""
    asked = (old.rule, new.rule, *(clause.asked for clause in new.clauses))
    return to_sql(AnyOf((old.rule, new.rule)), Judged.LEADS, scores=tuple(new.scores.values()), besides=asked)
