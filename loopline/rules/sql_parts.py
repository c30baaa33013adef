"""Pieces of the SQL that a rule becomes: parameters for its values, columns for what has to be counted first."""

import json
import re
from collections.abc import Set as Names
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from loopline.rules.measures import EventFilter, Measure, Measuring, PropertyTest
from loopline.rules.words import is_one_of
from loopline.store.engine import Value

_PARAMETER = re.compile(r"\$(\w+)")


class Source(StrEnum):
    """What columns are gathered from, one row a person each."""

    ACTS = "acts"
    VIEWS = "views"
    CONSENTS = "consents"
    EMAILS = "emails"


@dataclass(slots=True)
class SqlParts:
    is_replay: bool = False
    """Everyone is judged at a moment of their own, the column `judged_at`, instead of all at `$at`."""
    values: dict[str, Value] = field(default_factory=dict)
    """Parameters that hold the rule's own values."""
    windows: dict[str, int] = field(default_factory=dict)
    """Parameters that hold the moment so many days before the judging, or in a replay that number of days."""
    columns: dict[Source, dict[str, str]] = field(default_factory=dict)
    """Source → SQL of an aggregate → name of its column."""
    fields: dict[str, str] = field(default_factory=dict)
    """SQL of a field of a record → name of its column."""
    wanted_acts: dict[str, None] = field(default_factory=dict)
    """Conditions of which an event has to meet one to matter at all."""
    needs_campaigns: bool = False
    needs_leads: bool = False

    def value(self, value: Value) -> str:
        """A parameter that holds `value`."""
        for name, known in self.values.items():
            if type(known) is type(value) and known == value:
                return f"${name}"
        name = f"v{len(self.values)}"
        self.values[name] = value
        return f"${name}"

    def days_ago(self, days: int) -> str:
        """The moment `days` before the judging."""
        self.windows[f"days_{days}"] = days
        return f"(judged_at - INTERVAL ($days_{days}) DAY)" if self.is_replay else f"$days_{days}"

    @property
    def at(self) -> str:
        """The moment of the judging."""
        return "judged_at" if self.is_replay else "$at"

    def column(self, source: Source, aggregate: str) -> str:
        """A column with `aggregate` over the person's rows of `source`; NULL for a person without any."""
        columns = self.columns.setdefault(source, {})
        return columns.setdefault(aggregate, f"{source.value}_{len(columns)}")

    def field(self, sql: str) -> str:
        """A column with a field of the person `p`, the company `c` or the lead `l`."""
        self.needs_leads = self.needs_leads or "l." in sql
        return self.fields.setdefault(sql, f"f{len(self.fields)}")

    def measure(self, measure: Measure) -> str:
        """A column with what is measured; NULL for a person without any event that matters to the rule."""
        wanted = self._wanted(measure)
        self.wanted_acts[wanted] = None
        match measure.measuring:
            case Measuring.COUNT:
                if measure.half_life_days is None:
                    return self.column(Source.ACTS, f"sum(CASE WHEN {wanted} THEN 1 ELSE 0 END)")
                one = self._faded("1", measure.half_life_days)
                return self.column(Source.ACTS, f"round(sum(CASE WHEN {wanted} THEN {one} ELSE 0 END), 6)")
            case Measuring.LAST_AT:
                return self.column(Source.ACTS, f"max(CASE WHEN {wanted} THEN occurred_at END)")
            case Measuring.SUM:
                amount = self._faded(f"coalesce({self._number(measure.property)}, 0)", measure.half_life_days)
                return self.column(Source.ACTS, f"round(sum(CASE WHEN {wanted} THEN {amount} ELSE 0 END), 6)")
            case Measuring.ENGAGED_MS:
                return self.column(Source.VIEWS, f"sum(CASE WHEN {wanted} THEN engaged_ms ELSE 0 END)")

    def property(self, name: str) -> str:
        """A property of an event as text; NULL when it has none."""
        return f"json_extract_string(nullif(properties, ''), {self.value(name)})"

    def _number(self, name: str) -> str:
        return f"TRY_CAST({self.property(name)} AS DOUBLE)"

    def _faded(self, amount: str, half_life_days: int | None) -> str:
        if half_life_days is None:
            return amount
        seconds = self.value(half_life_days * 86_400)
        return f"{amount} * pow(0.5, (epoch({self.at}) - epoch(occurred_at)) / {seconds})"

    def _wanted(self, measure: Measure) -> str:
        events = measure.events
        tests = [f"{column} = {self.value(value)}" for column, value in _exact(events)]
        if events.path:
            tests.append(f"starts_with(url_path, {self.value(events.path)})")
        if events.campaigns:
            self.needs_campaigns = True
            pattern = self.value(is_one_of(events.campaigns))
            tests.append(f"(regexp_matches(utm_campaign, {pattern}) OR regexp_matches(campaign, {pattern}))")
        if measure.within_days is not None:
            tests.append(f"occurred_at > {self.days_ago(measure.within_days)}")
        tests += [test for one in events.where for test in self._tested(one)]
        return " AND ".join(tests) or "TRUE"

    def _tested(self, test: PropertyTest) -> list[str]:
        if test.words:
            said = f"coalesce({self.property(test.name)}, '')"
            return [f"regexp_matches({said}, {self.value(is_one_of(test.words))})"]
        bounds = ((">=", test.at_least), ("<=", test.at_most))
        return [
            f"coalesce({self._number(test.name)} {sign} {self.value(bound)}, FALSE)"
            for sign, bound in bounds
            if bound is not None
        ]

    def only(self, names: Names[str]) -> "SqlParts":
        """The same with these columns alone, and no more events than they need."""
        columns = {
            source: {sql: name for sql, name in found.items() if name in names}
            for source, found in self.columns.items()
            if names & set(found.values())
        }
        texts = [sql for found in columns.values() for sql in found]
        fields = {sql: name for sql, name in self.fields.items() if name in names}
        return replace(
            self,
            columns=columns,
            fields=fields,
            wanted_acts={wanted: None for wanted in self.wanted_acts if any(wanted in text for text in texts)},
            needs_leads=any("l." in sql for sql in fields),
        )

    def told(self) -> dict[str, str]:
        """Name of each column → what it holds, its SQL with the values in it: the same text, the same content."""
        gathered = {name: f"{source}: {sql}" for source, found in self.columns.items() for sql, name in found.items()}
        plain = {name: sql for sql, name in self.fields.items()}
        given = self.values | self.windows
        return {
            name: _PARAMETER.sub(lambda found: json.dumps(given.get(found[1], found[0])), sql)
            for name, sql in (plain | gathered).items()
        }

    def bound(self, at: datetime) -> dict[str, Value]:
        """The parameters for judging at `at`."""
        if self.is_replay:
            return self.values | self.windows
        moments: dict[str, Value] = {name: at - timedelta(days=days) for name, days in self.windows.items()}
        return self.values | moments


def _exact(events: EventFilter) -> list[tuple[str, str]]:
    pairs = (("kind", events.kind), ("name", events.name), ("channel", events.channel))
    return [(column, value) for column, value in pairs if value]
