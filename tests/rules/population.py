"""A small population in the event store, and the same people as `Facts`, for holding SQL and Python together."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from loopline.rules.facts import Facts, Measured, SentForm
from loopline.rules.measures import Measure, Measuring, PropertyTest
from loopline.store.arrow import to_arrow
from loopline.store.engine import Batch, Engine
from loopline.store.library import TABLES

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
UNIT = "unit-1"
FREE = ["gmail.com"]


@dataclass(frozen=True)
class Act:
    kind: str
    path: str = ""
    days_ago: float = 1.0
    name: str = ""
    form: str = ""
    view: str = ""
    engaged_ms: int | None = None
    verdict: str = "human"
    unit: str = UNIT
    channel: str = ""
    campaign: str = ""
    """A code; `CAMPAIGN_NAMES` says whose."""
    properties: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Someone:
    id: str
    email: str = ""
    country: str = ""
    job_title: str = ""
    company: str = ""
    employees: int | None = None
    industry: str = ""
    company_country: str = ""
    consents: dict[str, bool] = field(default_factory=dict)
    acts: tuple[Act, ...] = ()
    visitor: str = ""
    custom: dict[str, object] = field(default_factory=dict)
    company_custom: dict[str, object] = field(default_factory=dict)
    lead: dict[str, object] = field(default_factory=dict)
    """Custom fields of a lead that begins ten days before NOW, if there is one."""

    def facts(self, measures: Sequence[Measure]) -> Facts:
        domain = self.email.partition("@")[2]
        return Facts(
            at=NOW,
            fields={
                "person.email": self.email,
                "person.business_email": domain if domain not in FREE else None,
                "person.country": self.country,
                "person.job_title": self.job_title,
                "company.known": self.company,
                "company.employees": self.employees,
                "company.industry": self.industry,
                "company.country": self.company_country,
                **{f"person.custom.{key}": value for key, value in self.custom.items()},
                **{f"company.custom.{key}": value for key, value in self.company_custom.items()},
                **{f"lead.custom.{key}": value for key, value in self.lead.items()},
                **({"lead.origin": "import", "lead.state": "handed_over"} if self.lead else {}),
            },
            consents=self.consents,
            forms=[SentForm(act.form, _at(act)) for act in self._own_acts if act.form],
            behaviour={measure: self._measured(measure) for measure in measures},
        )

    @property
    def _own_acts(self) -> list[Act]:
        return [act for act in self.acts if act.unit == UNIT and act.verdict == "human"]

    def _measured(self, measure: Measure) -> Measured:
        events = measure.events
        acts = [
            act
            for act in self._own_acts
            if (not events.kind or act.kind == events.kind)
            and (not events.name or act.name == events.name)
            and act.path.startswith(events.path)
            and (not events.channel or act.channel == events.channel)
            and (not events.campaigns or _in_campaign(act, events.campaigns))
            and all(_passes(act, test) for test in events.where)
            and (measure.within_days is None or act.days_ago < measure.within_days)
        ]
        match measure.measuring:
            case Measuring.COUNT:
                return _rounded(sum(_weight(act, measure) for act in acts))
            case Measuring.SUM:
                given = [_number(act.properties.get(measure.property)) for act in acts]
                amounts = zip(acts, given, strict=True)
                return _rounded(sum((amount or 0) * _weight(act, measure) for act, amount in amounts))
            case Measuring.LAST_AT:
                return max((_at(act) for act in acts), default=None)
        views = {act.view: 0 for act in acts if act.view}
        for act in acts:
            if act.view:
                views[act.view] = max(views[act.view], act.engaged_ms or 0)
        return sum(views.values())


CAMPAIGN_NAMES = {"autumn-26": "Autumn fair", "autumn-ads": "Autumn fair"}


def _in_campaign(act: Act, asked: Sequence[str]) -> bool:
    names = {act.campaign.lower(), CAMPAIGN_NAMES.get(act.campaign, "").lower()} - {""}
    return bool(names & {one.lower() for one in asked})


def _passes(act: Act, test: PropertyTest) -> bool:
    value = act.properties.get(test.name)
    if test.words:
        return str(value).lower() in [word.lower() for word in test.words]
    number = _number(value)
    least, most = test.at_least, test.at_most
    return number is not None and (least is None or number >= least) and (most is None or number <= most)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _weight(act: Act, measure: Measure) -> float:
    return 1 if measure.half_life_days is None else 0.5 ** (act.days_ago / measure.half_life_days)


def _rounded(value: float) -> float:
    return round(value, 6)


def _at(act: Act) -> datetime:
    return NOW - timedelta(days=act.days_ago)


def store(engine: Engine, people: Sequence[Someone], extra: dict[str, list[dict[str, object]]] | None = None) -> None:
    """Write the population, everything recorded an hour before NOW."""
    rows: dict[str, list[dict[str, object]]] = {name: [] for name in _TABLES}
    for one in people:
        _add(rows, one)
    rows["campaign_facts"].append(fact("fair", unit_id=UNIT, name="Autumn fair"))
    rows["campaign_code_facts"] += [
        fact(f"{UNIT}/{code}", unit_id=UNIT, code=code, campaign_id="fair") for code in CAMPAIGN_NAMES
    ]
    for table, more in (extra or {}).items():
        rows[table] += more
    recorded = {"recorded_at": NOW - timedelta(hours=1)}
    batch = {name: to_arrow(TABLES[name], [recorded | row for row in found]) for name, found in rows.items() if found}
    engine.write(Batch("population", batch))


_TABLES = (
    "events", "person_facts", "company_facts", "identity_facts", "consent_facts", "bot_verdict_facts", "lead_facts",
    "campaign_facts", "campaign_code_facts",
)  # fmt: skip


def fact(row_id: str, version: int = 1, **columns: object) -> dict[str, object]:
    return {"id": row_id, "version": version, "is_deleted": False, "occurred_at": NOW - timedelta(days=9)} | columns


def _add(rows: dict[str, list[dict[str, object]]], one: Someone) -> None:
    company_id = f"company-{one.id}" if one.company else ""
    rows["person_facts"].append(
        fact(
            one.id, unit_id=UNIT, canonical_id=one.id, company_id=company_id, country=one.country,
            job_title=one.job_title, custom=json.dumps(one.custom) if one.custom else "",
        )
    )  # fmt: skip
    rows["company_facts"].append(
        fact(
            company_id or f"none-{one.id}", unit_id=UNIT, employees=one.employees, industry=one.industry,
            country=one.company_country, custom=json.dumps(one.company_custom) if one.company_custom else "",
        )
    )  # fmt: skip
    if one.email:
        rows["identity_facts"].append(fact(f"email:{one.email}", person_id=one.id))
    if one.visitor:
        rows["identity_facts"].append(fact(f"visitor:{one.visitor}", person_id=one.id))
    for purpose, is_granted in one.consents.items():
        rows["consent_facts"].append(
            fact(f"{one.id}/{purpose}", person_id=one.id, purpose=purpose, is_granted=is_granted)
        )
    if one.lead:
        began = NOW - timedelta(days=10)
        rows["lead_facts"].append(
            fact(
                f"lead-{one.id}", unit_id=UNIT, person_id=one.id, state="handed_over", origin="import",
                created_at=began, qualified_at=began, custom=json.dumps(one.lead),
            )
        )  # fmt: skip
    identity = f"visitor:{one.visitor}" if one.visitor else f"person:{one.id}"
    rows["events"] += [_event(one, number, act, identity) for number, act in enumerate(one.acts)]


def _event(one: Someone, number: int, act: Act, identity: str) -> dict[str, object]:
    properties = json.dumps(act.properties | ({"form": act.form} if act.form else {}))
    return {
        "event_id": f"{one.id}-{number}",
        "unit_id": act.unit,
        "occurred_at": _at(act),
        "received_at": _at(act),
        "kind": act.kind,
        "name": act.name,
        "identity": identity,
        "visitor_id": one.visitor,
        "url_path": act.path,
        "channel": act.channel,
        "utm_campaign": act.campaign,
        "page_view_id": act.view,
        "engaged_ms": act.engaged_ms,
        "properties": properties,
        "bot_verdict": act.verdict,
        "is_entry": False,
        "consent": 2,
    }
