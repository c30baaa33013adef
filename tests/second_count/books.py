"""The rows of an event store as Python sees them, as of a moment: the ground of a second count of every figure.

It shares nothing with the reports but the names of tables and columns: no SQL, no parts, no helper. Formulas come from
docs/DEFINITIONS.md and docs/reports.md.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from loopline.store.engine import Engine
from tests.store.rows import written

Raw = Mapping[str, Any]
JUDGED_BY = ("channel_rule", "utm_source", "utm_medium", "utm_campaign", "click_id_kind", "referrer_host", "touch_kind",
             "kind")  # fmt: skip
TABLES = ("person_facts", "identity_facts", "browser_use_facts", "lead_facts", "opportunity_facts", "cost_facts",
          "opportunity_contact_facts", "campaign_facts", "campaign_code_facts", "channel_facts", "bot_verdict_facts",
          "company_facts", "consent_facts", "clock_facts", "activity_facts")  # fmt: skip


def read_tables(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table with all that was written of it, nothing chosen."""
    return {table: engine.rows(f"SELECT {written(table)} FROM {table}") for table in ("events", *TABLES)}


@dataclass(frozen=True)
class Asked:
    """What a report is asked for, said once more in plain values."""

    first: date
    last: date
    as_of: datetime
    zone: str = "UTC"
    units: frozenset[str] | None = None
    """Those that are seen; None: all."""
    model: str = "linear"
    clock: str = "period"
    by: str = "campaign"
    lookback_days: int | None = 90
    half_life_days: float = 7.0
    people: str = "contacts"
    kinds: frozenset[str] | None = None
    ignores_direct: bool = False
    humans_only: bool = True
    margins: Mapping[str, int] = field(default_factory=dict)

    def sees(self, unit: str) -> bool:
        return self.units is None or unit in self.units

    @cached_property
    def begins(self) -> datetime:
        return datetime.combine(self.first, time(), ZoneInfo(self.zone)).astimezone(UTC)

    @cached_property
    def ends(self) -> datetime:
        return datetime.combine(self.last + timedelta(days=1), time(), ZoneInfo(self.zone)).astimezone(UTC)

    def has(self, moment: datetime | None) -> bool:
        return moment is not None and self.begins <= moment < self.ends

    def local_day(self, moment: datetime) -> date:
        return moment.astimezone(ZoneInfo(self.zone)).date()


@dataclass(frozen=True)
class Touch:
    """A touchpoint, with whose it is and what it counts for."""

    event: Raw
    at: datetime
    person: str
    """"" for strangers."""
    is_machine: bool
    channel: str
    can_earn: bool

    @property
    def key(self) -> tuple[datetime, str]:
        return self.at, str(self.event["event_id"])


class Known:
    """What the books said at a moment: of each record the latest version that had been learnt by then."""

    def __init__(self, tables: Mapping[str, Iterable[Raw]], asked: Asked) -> None:
        self.asked = asked
        self._tables = tables
        self._latest: dict[str, dict[str, Raw]] = {}

    def all_of(self, table: str) -> dict[str, Raw]:
        """Of each record of the table the latest version, of deleted ones too."""
        if table not in self._latest:
            found: dict[str, Raw] = {}
            for row in self._tables[table]:
                if row["recorded_at"] <= self.asked.as_of:
                    before = found.get(row["id"])
                    if before is None or row["version"] > before["version"]:
                        found[row["id"]] = row
            self._latest[table] = found
        return self._latest[table]

    def those_of(self, table: str) -> list[Raw]:
        """The records that count now."""
        return [row for row in self.all_of(table).values() if not row["is_deleted"]]

    def seen_of(self, table: str) -> list[Raw]:
        return [row for row in self.those_of(table) if self.asked.sees(row["unit_id"])]

    # Who is who

    def remains(self, person: str) -> str:
        row = self.all_of("person_facts").get(person)
        return row["canonical_id"] if row and row["canonical_id"] else person

    @cached_property
    def _gone(self) -> set[str]:
        return {key for key, row in self.all_of("person_facts").items() if row["is_deleted"]}

    @cached_property
    def _uses(self) -> dict[str, tuple[list[datetime], list[str]]]:
        by_browser: dict[str, list[Raw]] = defaultdict(list)
        for use in self.those_of("browser_use_facts"):
            by_browser[use["identity"]].append(use)
        return {
            key: ([use["since"] for use in sorted(uses, key=lambda one: one["since"])],
                  [use["person_id"] for use in sorted(uses, key=lambda one: one["since"])])
            for key, uses in by_browser.items()
        }  # fmt: skip

    def whose(self, identity: str, at: datetime) -> str:
        """The person that remains; "" where it is nobody's that is known."""
        if identity.startswith("person:"):
            return self.remains(identity.removeprefix("person:"))
        link = self.all_of("identity_facts").get(identity)
        if link and not link["is_deleted"] and link["person_id"]:
            return self.remains(link["person_id"])
        since, people = self._uses.get(identity, ([], []))
        place = bisect_right(since, at) - 1
        return self.remains(people[place]) if place >= 0 and people[place] else ""

    @cached_property
    def linked(self) -> set[str]:
        """People that a browser or a user id is linked to."""
        links = [(row["id"], row["person_id"]) for row in self.those_of("identity_facts")]
        links += [(row["identity"], row["person_id"]) for row in self.those_of("browser_use_facts")]
        return {self.remains(person) for key, person in links if person and key.startswith(("visitor:", "user:"))}

    def employer_of(self, person: str) -> str:
        """The id of the company of the person that remains; "" of nobody's, and of somebody who was removed."""
        row = self.all_of("person_facts").get(person)
        return "" if row is None or row["is_deleted"] else str(row["company_id"])

    def company_of(self, person: str) -> Raw | None:
        """What it said last, also where it was removed."""
        return self.all_of("company_facts").get(self.employer_of(person))

    # Touchpoints

    @cached_property
    def events(self) -> list[Raw]:
        """Events that had been learnt by then, but for what was reported of people who were removed."""
        return [
            row for row in self._tables["events"]
            if row["recorded_at"] <= self.asked.as_of and row["identity"].removeprefix("person:") not in self._gone
        ]  # fmt: skip

    @cached_property
    def every_event(self) -> list[Raw]:
        return [row for row in self._tables["events"] if row["recorded_at"] <= self.asked.as_of]

    def is_machine(self, event: Raw) -> bool:
        verdict = self.all_of("bot_verdict_facts").get(event["visitor_id"]) if event["visitor_id"] else None
        told = verdict["verdict"] if verdict and not verdict["is_deleted"] else event["bot_verdict"]
        return bool(told.startswith("machine"))

    @cached_property
    def _channels(self) -> dict[tuple[str, ...], str]:
        return {tuple(row[name] for name in JUDGED_BY): row["channel"] for row in self.those_of("channel_facts")}

    def channel_of(self, event: Raw) -> str:
        return self._channels.get(tuple(event[name] for name in JUDGED_BY), event["channel"])

    @cached_property
    def touches(self) -> list[Touch]:
        asked, found = self.asked, []
        for event in self.events:
            if not event["touch_kind"]:
                continue
            channel, kind = self.channel_of(event), event["touch_kind"]
            may = kind != "self_reported" and (asked.kinds is None or kind in asked.kinds)
            found.append(
                Touch(event, event["occurred_at"], self.whose(event["identity"], event["occurred_at"]),
                      asked.humans_only and self.is_machine(event), channel,
                      may and not (asked.ignores_direct and channel == "Direct"))
            )  # fmt: skip
        return found

    @cached_property
    def touches_of(self) -> dict[str, list[Touch]]:
        """Person → their touchpoints, oldest first."""
        found: dict[str, list[Touch]] = defaultdict(list)
        for touch in self.touches:
            if touch.person:
                found[touch.person].append(touch)
        for touches in found.values():
            touches.sort(key=lambda one: one.key)
        return found

    # Rows

    @cached_property
    def _codes(self) -> dict[tuple[str, str], Raw]:
        return {
            (row["unit_id"], row["code"]): row for row in self.those_of("campaign_code_facts") if row["campaign_id"]
        }

    def code_of(self, event: Raw) -> Raw | None:
        return self._codes.get((event["unit_id"], event["utm_campaign"]))

    def row_of(self, touch: Touch, by: str) -> str:
        """The row of a report that the touchpoint counts for."""
        event = touch.event
        match by:
            case "campaign" | "activity" | "responsible":
                code = self.code_of(event)
                if code is None:
                    return "~unmapped" if event["utm_campaign"] else ""
                if by == "responsible":
                    return self.campaign(code["campaign_id"], "owner_id")
                return (by == "activity" and code["activity_id"]) or code["campaign_id"]
            case "channel":
                return touch.channel
            case "partner":
                return event["utm_source"] if touch.channel == "Partner" else ""
            case "industry" | "company_size":
                return self.segment(self.company_of(touch.person), by) if touch.person else ""
            case _:
                column = {"business_unit": "unit_id", "source": "utm_source", "content": "utm_content",
                          "country": "country", "landing_page": "landing_path"}[by]  # fmt: skip
                return str(event[column])

    @staticmethod
    def segment(company: Raw | None, by: str) -> str:
        if company is None:
            return ""
        if by in ("industry", "country"):
            return str(company[by])
        many = company["employees"]
        if many is None:
            return ""
        names = ((10, "1 to 9"), (50, "10 to 49"), (250, "50 to 249"), (1000, "250 to 999"))
        return next((name for limit, name in names if many < limit), "1,000 and more")

    def campaign(self, campaign_id: str, column: str) -> str:
        """Of a campaign, deleted or not; "" where it is not known."""
        row = self.all_of("campaign_facts").get(campaign_id)
        return str(row[column]) if row else ""

    # Cost

    def spent(self, amount: int | None, starts_on: date, ends_on: date, first: date, last: date) -> int | None:
        """What falls on the days from `first` to `last`, both included: dealt out evenly, what is left to the first
        days."""
        if amount is None:
            return None
        days = (ends_on - starts_on).days + 1
        base, left = divmod(abs(amount), days)
        begin, end = max(0, (first - starts_on).days), min(days, (last - starts_on).days + 1)
        total = sum(base + (day < left) for day in range(begin, end))
        return -total if amount < 0 else total

    def cost_lines(self, *kinds: str) -> list[tuple[Raw, int | None]]:
        """Cost lines with a day in the period, each with what falls on its days; None without an exchange rate."""
        first, last = self.asked.first, self.asked.last
        return [
            (row, self.spent(row["reporting_minor"], row["starts_on"], row["ends_on"], first, last))
            for row in self.seen_of("cost_facts")
            if row["cost_kind"] in kinds and row["starts_on"] <= last and row["ends_on"] >= first
        ]  # fmt: skip
