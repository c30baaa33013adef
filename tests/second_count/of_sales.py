"""Reports about sales and what led to them, counted a second time."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby

from tests.second_count.books import Known, Raw
from tests.second_count.closed_loop import TOTAL, Figures, Table, count_of
from tests.second_count.credit import Ledger
from tests.second_count.telling import DAY, Record, each, hours, many, middle, money, percent, table, wilson

LENGTHS = ((1, "1"), (3, "2"), (6, "3"), (12, "4"))


def buyers(known: Known) -> Table:
    return table((one | {"row": _buyer(known, one["sale"])} for one in _decided(known)), _of_buyers)


def _decided(known: Known) -> Iterable[Record]:
    asked = known.asked
    for sale in known.seen_of("opportunity_facts"):
        if sale["outcome"] in ("won", "lost") and asked.has(sale["closed_at"]):
            yield {"sale": sale, "won": sale["outcome"] == "won", "minor": sale["reporting_minor"],
                   "hours": hours(sale["created_at"], sale["closed_at"])}  # fmt: skip


def _buyer(known: Known, sale: Raw) -> str:
    by = known.asked.by
    if by in ("company", "person", "unit"):
        return str(sale[{"company": "company_id", "person": "owner_id", "unit": "unit_id"}[by]])
    company = known.all_of("company_facts").get(sale["company_id"])
    return known.segment(company, "company_size" if by == "size" else by)


def _of_buyers(sales: list[Record]) -> Figures:
    won = [one for one in sales if one["won"]]
    return {
        "decided": len(sales), "decided_won": len(won), "decided_lost": len(sales) - len(won),
        "closed_minor": money(won, "minor"), "won_without_amount": sum(one["minor"] is None for one in won),
        "win_rate": percent(len(won), len(sales)), "mean_won_minor": each(money(won, "minor"), len(won)),
        "hours_to_won": middle([one["hours"] for one in won]),
    }  # fmt: skip


def paths(known: Known) -> Table:
    ledger, records = Ledger(known), []
    for conversion in ledger.conversions("won"):
        path = ledger.path_of(conversion)
        turns = [key or "No channel" for key, _ in groupby(one.channel for one in path)]
        ties = len({one.at for one in path}) < len(path)
        records.append({
            "row": _way(known.asked.by, turns, len(path)), "minor": conversion.record["reporting_minor"],
            "touches": len(path), "turns": len(turns), "ties": ties,
            "hours": hours(path[0].at, conversion.at) if path else None,
        })  # fmt: skip
    return table(records, _of_paths)


def _way(by: str, turns: list[str], length: int) -> str:
    if not turns:
        return ""
    if by == "path":
        return " › ".join(turns[:6] + ["…"] * (len(turns) > 6))
    if by == "length":
        return next((key for limit, key in LENGTHS if length <= limit), "5")
    return turns[0] if by == "first" else turns[-1]


def _of_paths(found: list[Record]) -> Figures:
    real = [one for one in found if one["touches"]]
    return {
        "path_won": len(found), "path_minor": money(found, "minor"),
        "path_mean_minor": each(money(found, "minor"), len(found)),
        "path_touches": middle([one["touches"] for one in real]),
        "path_channels": middle([one["turns"] for one in real]),
        "path_hours": middle([one["hours"] for one in real]),
        "path_longest": max((one["touches"] for one in real), default=None), "path_tied": many(found, "ties"),
    }  # fmt: skip


def pipeline_created(known: Known) -> Table:
    ledger, by, records = Ledger(known), known.asked.by, []
    for kind in ("opportunity", "pipeline"):
        for one in ledger.dealt(kind, by):
            records.append({"row": one.row, "kind": kind, "amount": one.amount,
                            "outcome": one.conversion.record["outcome"]})  # fmt: skip
    return table(records, _of_pipeline)


def _of_pipeline(found: list[Record]) -> Figures:
    opened = sum(one["amount"] for one in found if one["kind"] == "opportunity")
    by_outcome: dict[str, int] = defaultdict(int)
    for one in found:
        if one["kind"] == "pipeline":
            by_outcome[one["outcome"]] += one["amount"]
    whole = sum(by_outcome.values())
    return {
        "opened": count_of(opened), "opened_minor": whole, "still_open_minor": by_outcome["open"],
        "opened_won_minor": by_outcome["won"], "opened_lost_minor": by_outcome["lost"],
        "opened_won_rate": percent(by_outcome["won"], whole),
    }  # fmt: skip


def model_comparison(known: Known, models: Sequence[str]) -> Table:
    """Revenue by each of these models, and how far they are apart where they share out by touchpoints."""
    ledger, found = Ledger(known), defaultdict(lambda: dict.fromkeys((f"by_{key}" for key in models), 0))
    for key in models:
        for one in ledger.dealt("revenue", known.asked.by, key):
            found[one.row][f"by_{key}"] += one.amount
            found[TOTAL][f"by_{key}"] += one.amount
    return dict(found)


def company_engagement(known: Known) -> Table:
    """What people say of themselves is no touchpoint."""
    asked, by_person = known.asked, defaultdict(list)
    for touch in known.touches:
        is_counted = touch.person and not touch.is_machine and touch.event["touch_kind"] != "self_reported"
        if is_counted and asked.has(touch.at) and asked.sees(touch.event["unit_id"]):
            by_person[touch.person].append(touch)
    records: list[Record] = []
    for person, touches in by_person.items():
        records.append({
            "row": known.employer_of(person), "touches": len(touches),
            "sessions": sum(bool(one.event["is_entry"]) for one in touches),
            "asked": any(one.event["touch_kind"] == "form" for one in touches),
            "quiet": hours(max(one.at for one in touches), asked.as_of),
        })  # fmt: skip
    for sale in known.seen_of("opportunity_facts"):
        if sale["outcome"] != "lost":
            records.append({"row": sale["company_id"], "outcome": sale["outcome"], "minor": sale["reporting_minor"]})
    return table(records, _of_companies)


def _of_companies(found: list[Record]) -> Figures:
    people = [one for one in found if "touches" in one]
    is_open = [one for one in found if one.get("outcome") == "open"]
    return {
        "active_people": len(people), "company_sessions": money(people, "sessions"),
        "company_touches": money(people, "touches"), "people_asked": many(people, "asked"),
        "quiet_hours": min((one["quiet"] for one in people), default=None), "open_opportunities": len(is_open),
        "at_stake_minor": money(is_open, "minor"),
        "bought_minor": money([one for one in found if one.get("outcome") == "won"], "minor"),
    }  # fmt: skip


def content(known: Known) -> Table:
    """Each decided opportunity on every page that one of its people read within the window; the total once."""
    asked, ledger = known.asked, Ledger(known)
    column = {"page": "url_path", "content": "utm_content"}[asked.by]
    pages: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
    for event in known.events:
        if event["kind"] == "page" and event[column] and not known.is_machine(event) and asked.sees(event["unit_id"]):
            pages[known.whose(event["identity"], event["occurred_at"])].append((event["occurred_at"], event[column]))
    records, once = [], []
    for record in _decided(known):
        sale, at = record["sale"], record["sale"]["closed_at"]
        lead = known.all_of("lead_facts").get(sale["lead_id"])
        people = {known.remains(one["person_id"]) for one in ledger.contacts_of(sale["id"])}
        people |= {known.remains(lead["person_id"])} if lead else set()
        since = None if asked.lookback_days is None else at - asked.lookback_days * DAY
        rows = {row for person in people if person for when, row in pages.get(person, ())
                if when < at and (since is None or when >= since)}  # fmt: skip
        once.append(record)
        records += [record | {"row": row} for row in rows or {""}]
    return table(records, _of_content) | {TOTAL: _of_content(once) | {"content_at_least": None}}


def _of_content(found: list[Record]) -> Figures:
    won = [one for one in found if one["won"]]
    return {
        "content_decided": len(found), "content_won": len(won), "content_lost": len(found) - len(won),
        "content_win_rate": percent(len(won), len(found)), "content_minor": money(won, "minor"),
        "content_at_least": 100 * wilson(len(won), len(found))[0] if found else None,
    }  # fmt: skip
