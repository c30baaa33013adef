"""Who gets the credit, counted a second time: conversions, their people, their paths, weights, whole cents."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from functools import cached_property

from tests.second_count.books import Asked, Known, Raw, Touch

MICRO = 1_000_000
SCALE = 10**12
REASONS = ("outside_window", "after_conversion", "left_out", "only_machine")


@dataclass(frozen=True)
class Conversion:
    kind: str
    record: Raw
    at: datetime
    amount: int
    """Minor units, or micro-units of records."""
    is_converted: bool = False
    lead_at: datetime | None = None
    opportunity_at: datetime | None = None


@dataclass(frozen=True)
class Dealt:
    """What one touchpoint, or nothing, earned of one conversion."""

    conversion: Conversion
    row: str
    amount: int
    touch: Touch | None = None
    reason: str = ""
    at: datetime | None = None
    """When it was touched; of credit that a record names the conversion's own moment."""


class Ledger:
    def __init__(self, known: Known) -> None:
        self.known = known
        self.asked: Asked = known.asked

    # Conversions

    @cached_property
    def _sales_of_leads(self) -> dict[str, list[Raw]]:
        found: dict[str, list[Raw]] = defaultdict(list)
        for row in self.known.those_of("opportunity_facts"):
            if row["lead_id"]:
                found[row["lead_id"]].append(row)
        return found

    def sales_of(self, lead_id: str) -> list[Raw]:
        return self._sales_of_leads.get(lead_id, [])

    def conversions(self, kind: str) -> list[Conversion]:
        found = []
        if kind in ("lead", "qualified"):
            column = "created_at" if kind == "lead" else "qualified_at"
            for lead in self.known.seen_of("lead_facts"):
                if lead[column] is not None:
                    is_converted = bool(self.sales_of(lead["id"]))
                    found.append(Conversion(kind, lead, lead[column], MICRO, is_converted, lead["created_at"]))
        else:
            for sale in self.known.seen_of("opportunity_facts"):
                at = sale["created_at"] if kind in ("opportunity", "pipeline") else sale["closed_at"]
                amount = sale["reporting_minor"] if kind in ("revenue", "pipeline") else MICRO
                is_meant = kind in ("opportunity", "pipeline") or sale["outcome"] == "won"
                lead = self.known.all_of("lead_facts").get(sale["lead_id"])
                lead_at = lead["created_at"] if lead and not lead["is_deleted"] else None
                if is_meant and at is not None and amount is not None:
                    found.append(Conversion(kind, sale, at, amount, False, lead_at, sale["created_at"]))
        if self.asked.clock == "cohort":
            return found
        return [one for one in found if self.asked.has(one.at)]

    def people_of(self, conversion: Conversion) -> set[str]:
        record, known = conversion.record, self.known
        if conversion.kind in ("lead", "qualified"):
            people = {known.remains(record["person_id"])}
        else:
            contacts = self.contacts_of(record["id"])
            if self.asked.people == "primary" and any(one["is_primary"] for one in contacts):
                contacts = [one for one in contacts if one["is_primary"]]
            people = {known.remains(one["person_id"]) for one in contacts}
            lead = known.all_of("lead_facts").get(record["lead_id"])
            if not people and lead:
                people = {known.remains(lead["person_id"])}
        if self.asked.people == "company":
            companies = {record["company_id"]} if conversion.kind not in ("lead", "qualified") else set()
            employed = known.those_of("person_facts")
            companies |= {row["company_id"] for row in employed if row["canonical_id"] in people}
            people |= {row["canonical_id"] for row in employed if row["company_id"] and row["company_id"] in companies}
        return people

    def contacts_of(self, opportunity_id: str) -> list[Raw]:
        return self._contacts.get(opportunity_id, [])

    @cached_property
    def _contacts(self) -> dict[str, list[Raw]]:
        found: dict[str, list[Raw]] = defaultdict(list)
        for row in self.known.those_of("opportunity_contact_facts"):
            found[row["opportunity_id"]].append(row)
        return found

    # Paths

    def _their_touches(self, conversion: Conversion) -> list[Touch]:
        touches = [one for person in self.people_of(conversion) for one in self.known.touches_of.get(person, [])]
        return sorted(touches, key=lambda one: one.key)

    def path_of(self, conversion: Conversion) -> list[Touch]:
        """Strictly before the conversion, not before the window, by humans, of the kinds that count; oldest first."""
        days = self.asked.lookback_days
        return [
            one for one in self._their_touches(conversion)
            if one.can_earn and not one.is_machine and one.at < conversion.at
            and (days is None or one.at >= conversion.at - timedelta(days=days))
        ]  # fmt: skip

    def reason_of(self, conversion: Conversion) -> str:
        found = set()
        for one in self._their_touches(conversion):
            if one.is_machine:
                found.add("only_machine")
            elif one.at >= conversion.at:
                found.add("after_conversion")
            else:
                found.add("outside_window" if one.can_earn else "left_out")
        if found:
            return next(reason for reason in REASONS if reason in found)
        return "no_touchpoint" if self.people_of(conversion) & self.known.linked else "no_identity"

    # Credit

    def dealt(self, kind: str, by: str, model: str = "") -> list[Dealt]:
        """Every conversion dealt out: credit to touchpoints, and what nothing earned."""
        found: list[Dealt] = []
        model = model or self.asked.model
        for conversion in self.conversions(kind):
            if model == "primary_campaign":
                found.append(self._by_record(conversion, by))
                continue
            path = self.path_of(conversion)
            if not path:
                reason = self.reason_of(conversion)
                found.append(Dealt(conversion, "~unattributed", conversion.amount, reason=reason))
            elif model == "influenced":
                found += self._overlapping(conversion, path, by)
            else:
                weights = weights_of(model, path, conversion, self.asked)
                for touch, amount in zip(path, deal(conversion.amount, weights), strict=True):
                    found.append(Dealt(conversion, self._seen_row(touch, by), amount, touch, at=touch.at))
        return found

    def _seen_row(self, touch: Touch, by: str) -> str:
        return self.known.row_of(touch, by) if self.asked.sees(touch.event["unit_id"]) else "~other_units"

    def _overlapping(self, conversion: Conversion, path: Sequence[Touch], by: str) -> list[Dealt]:
        """Whole on each row of the path; on the cohort clock by a touchpoint of the period, where it has one."""
        rows: dict[str, Touch] = {}
        for touch in path:
            row = self._seen_row(touch, by)
            if row not in rows or (self._counts_at(touch.at) and not self._counts_at(rows[row].at)):
                rows[row] = touch
        return [Dealt(conversion, row, conversion.amount, touch, at=touch.at) for row, touch in rows.items()]

    def _counts_at(self, at: datetime) -> bool:
        return self.asked.clock == "period" or self.asked.has(at)

    def _by_record(self, conversion: Conversion, by: str) -> Dealt:
        known, record = self.known, conversion.record
        sales = (
            [record] if "primary_campaign_id" in record else sorted(self.sales_of(record["id"]), key=lambda s: s["id"])
        )
        named = next((sale["primary_campaign_id"] for sale in sales if sale["primary_campaign_id"]), "")
        if not named:
            return Dealt(conversion, "~unattributed", conversion.amount, reason="no_primary_campaign")
        unit = known.campaign(named, "unit_id") or record["unit_id"]
        row = {
            "campaign": named, "activity": named, "channel": known.campaign(named, "channel"),
            "responsible": known.campaign(named, "owner_id"), "business_unit": unit,
        }.get(by, "")  # fmt: skip
        return Dealt(conversion, row if self.asked.sees(unit) else "~other_units", conversion.amount, at=conversion.at)


def deal(amount: int, weights: Sequence[Fraction]) -> list[int]:
    """Whole cents by largest remainder; ties to the earlier touchpoint, and then to the smaller id.

    Weights are told to twelve digits behind the point and remainders to nine, as docs/attribution.md has it.
    """
    weights = [Fraction(round(weight * SCALE)) for weight in weights]
    whole = sum(weights)
    exact = [abs(amount) * weight / whole for weight in weights]
    parts = [share.numerator // share.denominator for share in exact]
    rest = [round(float(share - part), 9) for share, part in zip(exact, parts, strict=True)]
    order = sorted((place for place in range(len(parts)) if weights[place]), key=lambda at: (-rest[at], at))
    for place in order[: abs(amount) - sum(parts)]:
        parts[place] += 1
    return [-part if amount < 0 else part for part in parts]


def weights_of(model: str, path: Sequence[Touch], conversion: Conversion, asked: Asked) -> list[Fraction]:
    count = len(path)
    lead = _last_until(path, conversion.lead_at)
    opportunity = _last_until(path, conversion.opportunity_at)
    match model:
        case "first_touch":
            return _only(count, 0)
        case "last_touch":
            return _only(count, count - 1)
        case "last_non_direct":
            named = [place for place, one in enumerate(path) if one.channel != "Direct"]
            return _only(count, named[-1] if named else count - 1)
        case "lead_creation":
            return _only(count, lead if lead is not None else 0)
        case "opportunity_creation":
            return _only(count, opportunity if opportunity is not None else 0)
        case "linear":
            return [Fraction(1)] * count
        case "position_based":
            return _milestones(count, [(0, 400), (count - 1, 400)], 200)
        case "u_shaped":
            return _milestones(count, [(0, 400), (lead, 400)], 200)
        case "u_shaped_50_50":
            return _milestones(count, [(0, 500), (lead, 500)], 0)
        case "w_shaped":
            return _milestones(count, [(0, 300), (lead, 300), (opportunity, 300)], 100)
        case "full_path":
            return _milestones(count, [(0, 225), (lead, 225), (opportunity, 225), (count - 1, 225)], 100)
        case "time_decay":
            ago = [(conversion.at - one.at) / timedelta(days=1) for one in path]
            return [Fraction(2 ** ((ago[-1] - days) / asked.half_life_days)) for days in ago]
        case "shapley":
            many = Counter(one.channel for one in path)
            return [Fraction(1, many[one.channel]) for one in path]
    raise KeyError(model)


def _last_until(path: Sequence[Touch], at: datetime | None) -> int | None:
    places = [place for place, one in enumerate(path) if at is not None and one.at <= at]
    return places[-1] if places else None


def _only(count: int, place: int) -> list[Fraction]:
    return [Fraction(place == at) for at in range(count)]


def _milestones(count: int, milestones: Sequence[tuple[int | None, int]], rest: int) -> list[Fraction]:
    """A missing milestone leaves its share to the others; the rest is shared up to the model's last milestone."""
    weights = [Fraction(0)] * count
    for place, share in milestones:
        if place is not None:
            weights[place] += share
    places = [place for place, _ in milestones if place is not None]
    end = max(places) if milestones[-1][0] is not None else count - 1
    others = [place for place in range(end + 1) if place not in places]
    for place in others:
        weights[place] += Fraction(rest, len(others))
    return weights
