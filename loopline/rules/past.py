"""Leads of the past with what was known of each then, gathered once and kept; rules judge them again in a moment.

A rule's SQL has two halves (`rules.population`): `known` gathers fields and behaviour of each lead as of its moment,
and verdicts are expressions over `known`. Whoever tries a definition changes a number, a word, a clause: the second
half. So each column of `known` is gathered once for a window of leads, kept (`store.kept`) under everything it depends
on, and shared by all rules that need it; what is missing is gathered for all of them in one question.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

import pyarrow as pa

from loopline.rules.population import JUDGED_AGAIN_DAYS, RuleQuery, gather_sql
from loopline.store.engine import Engine, Row, Value
from loopline.store.library import TABLES
from loopline.store.table_sql import ask_table

TIMEOUT_S = 120.0
LEADS = "leads"
"""Names the leads themselves, with the moment of each, among what is kept."""

# Rows are only ever added with a later `recorded_at`, but for history that is brought in and for what is erased.
_STATE = " UNION ALL ".join(
    f"SELECT '{name}' AS name, count(*) AS n, CAST(coalesce(sum(epoch_us(recorded_at) % 1000000007), 0) AS BIGINT) "
    f"AS moments FROM {name} WHERE recorded_at <= $as_of"
    for name in sorted(TABLES)
)


@dataclass(frozen=True, slots=True)
class Past:
    """The leads of a unit that were created within `period`, as of a moment."""

    engine: Engine
    unit_id: str
    period: tuple[datetime, datetime]
    as_of: datetime
    free_mail_domains: tuple[str, ...] = ()

    def verdicts(self, query: RuleQuery) -> pa.Table:
        """The answer of a query for leads, in the order of their ids. Raises StoreError."""
        return ask_table("known", self._known(query), query.verdicts_sql, self._params(query))

    def prepare(self, query: RuleQuery) -> None:
        """Gather at once what the query asks for, so that any query that asks for some of it is answered from what is
        kept. Raises StoreError."""
        self._known(query)

    def _known(self, query: RuleQuery) -> pa.Table:
        kept = _Kept(self)
        leads = kept.get(LEADS)
        columns = {name: kept.get(told) for name, told in query.columns.items()}
        missing = [name for name, column in columns.items() if column is None]
        if leads is None or missing:
            gathered = self.engine.query(gather_sql(query, missing), self._params(query), timeout_s=TIMEOUT_S)
            leads = gathered.select(["lead_id", "judged_at"])
            columns |= {name: gathered.select([name]) for name in missing}
            kept.put({LEADS: leads} | {query.columns[name]: gathered.select([name]) for name in missing})
        known = leads.rename_columns(["subject", "judged_at"])
        for name, column in columns.items():
            assert column is not None
            known = known.append_column(name, column.column(0))
        return known

    def _params(self, query: RuleQuery) -> dict[str, Value]:
        return query.replay_params(self.unit_id, self.period, self.as_of, free_mail_domains=self.free_mail_domains)

    def answer(self, sql: str) -> pa.Table:
        """Another answer about the same leads, such as what became of them. Raises StoreError."""
        kept = _Kept(self)
        found = kept.get(sql)
        if found is None:
            params: dict[str, Value] = {
                "unit": self.unit_id, "created_from": self.period[0], "created_to": self.period[1],
                "as_of": self.as_of,
            }  # fmt: skip
            found = self.engine.query(sql, params, timeout_s=TIMEOUT_S)
            kept.put({sql: found})
        return found

    def state(self) -> list[Row]:
        """What the store holds as of the moment, told shortly: another one means that it was changed behind it."""
        return sorted(
            self.engine.rows(_STATE, {"as_of": self.as_of}, timeout_s=TIMEOUT_S), key=lambda row: str(row["name"])
        )


class _Kept:
    """What is kept about a past, in the state in which the store is now and since its last erasure, by any process:
    what was kept before is not answered from any more, on no machine."""

    def __init__(self, past: Past) -> None:
        self._past, self._tables = past, past.engine.kept
        self._generation = self._tables.generation
        self._erasures = past.engine.erasures()
        self._state = past.state()

    def get(self, told: str) -> pa.Table | None:
        return self._tables.get(self._name(told))

    def put(self, tables: dict[str, pa.Table]) -> None:
        is_same = self._past.state() == self._state and self._past.engine.erasures() == self._erasures
        if is_same:  # else nobody knows which state the answer is of
            for told, table in tables.items():
                self._tables.put(self._name(told), table, self._generation)

    def _name(self, told: str) -> str:
        past = self._past
        window = [past.unit_id, *past.period, past.as_of, sorted(past.free_mail_domains), JUDGED_AGAIN_DAYS]
        text = json.dumps([told, window, self._state, self._erasures], default=str)
        return sha256(text.encode()).hexdigest()
