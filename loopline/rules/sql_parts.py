"""Pieces of the SQL that a rule becomes: parameters for its values, columns for what has to be counted first."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from loopline.rules.measures import EventFilter, Measure, Measuring
from loopline.store.engine import Value


class Source(StrEnum):
    """What columns are gathered from, one row a person each."""

    ACTS = "acts"
    VIEWS = "views"
    CONSENTS = "consents"
    EMAILS = "emails"


@dataclass(slots=True)
class SqlParts:
    values: dict[str, Value] = field(default_factory=dict)
    """Parameters that hold the rule's own values."""
    windows: dict[str, int] = field(default_factory=dict)
    """Parameters that hold the moment so many days before the judging."""
    columns: dict[Source, dict[str, str]] = field(default_factory=dict)
    """Source → SQL of an aggregate → name of its column."""
    needs_free_mail_domains: bool = False

    def value(self, value: Value) -> str:
        """A parameter that holds `value`."""
        for name, known in self.values.items():
            if type(known) is type(value) and known == value:
                return f"${name}"
        name = f"v{len(self.values)}"
        self.values[name] = value
        return f"${name}"

    def days_ago(self, days: int) -> str:
        """A parameter that holds the moment `days` before the judging."""
        self.windows[f"days_{days}"] = days
        return f"$days_{days}"

    def column(self, source: Source, aggregate: str) -> str:
        """A column with `aggregate` over the person's rows of `source`; NULL for a person without any."""
        columns = self.columns.setdefault(source, {})
        return columns.setdefault(aggregate, f"{source.value}_{len(columns)}")

    def measure(self, measure: Measure) -> str:
        """A column with what is measured; NULL for a person without any event."""
        wanted = self._wanted(measure.events, measure.within_days)
        match measure.measuring:
            case Measuring.COUNT:
                return self.column(Source.ACTS, f"sum(CASE WHEN {wanted} THEN 1 ELSE 0 END)")
            case Measuring.LAST_AT:
                return self.column(Source.ACTS, f"max(CASE WHEN {wanted} THEN occurred_at END)")
            case Measuring.ENGAGED_MS:
                return self.column(Source.VIEWS, f"sum(CASE WHEN {wanted} THEN engaged_ms ELSE 0 END)")

    def _wanted(self, events: EventFilter, within_days: int | None) -> str:
        tests = [f"{column} = {self.value(value)}" for column, value in _exact(events)]
        if events.path:
            tests.append(f"starts_with(url_path, {self.value(events.path)})")
        if within_days is not None:
            tests.append(f"occurred_at > {self.days_ago(within_days)}")
        return " AND ".join(tests) or "TRUE"

    def bound(self, at: datetime) -> dict[str, Value]:
        """The parameters for judging at `at`."""
        moments: dict[str, Value] = {name: at - timedelta(days=days) for name, days in self.windows.items()}
        return self.values | moments


def _exact(events: EventFilter) -> list[tuple[str, str]]:
    return [(column, value) for column, value in (("kind", events.kind), ("name", events.name)) if value]
