"""Reports about cost, and how much is known at all, counted a second time."""

from collections import defaultdict
from collections.abc import Mapping

from tests.second_count.books import Known
from tests.second_count.closed_loop import TOTAL, Figures, Table, closed_loop, count_of
from tests.second_count.credit import Ledger
from tests.second_count.of_leads import courses
from tests.second_count.telling import Record, each, known_money, percent, table, week_of


def plan_and_actual(known: Known) -> Table:
    found = []
    for line, spent in known.cost_lines("planned", "committed", "actual"):
        row = {"campaign": line["campaign_id"], "channel": known.campaign(line["campaign_id"], "channel"),
               "category": line["category"], "unit": line["unit_id"]}[known.asked.by]  # fmt: skip
        found.append({"row": row, line["cost_kind"]: spent})
    return table(found, _of_plan)


def _of_plan(lines: list[Record]) -> Figures:
    planned, committed, actual = (known_money(lines, kind) for kind in ("planned", "committed", "actual"))
    left = None if planned is None or actual is None else planned - actual
    return {"planned_minor": planned, "committed_minor": committed, "actual_minor": actual, "left_minor": left,
            "used_rate": percent(actual, planned)}  # fmt: skip


def it_costs(known: Known) -> Table:
    asked = known.asked
    found: list[Record] = []
    for line, spent in known.cost_lines("actual"):
        is_it = line["category"] in ("it", "tools")
        found.append({"row": line["unit_id"], "all": spent, "it": spent if is_it else None})
    found += [
        {"row": lead["unit_id"], "lead": 1} for lead in known.seen_of("lead_facts") if asked.has(lead["created_at"])
    ]
    found += [{"row": event["unit_id"], "event": 1} for event in known.every_event
              if asked.sees(event["unit_id"]) and asked.has(event["occurred_at"])]  # fmt: skip
    return table(found, _of_it)


def _of_it(found: list[Record]) -> Figures:
    it, every = known_money(found, "it"), known_money(found, "all")
    events, leads = (sum(one.get(name, 0) for one in found) for name in ("event", "lead"))
    return {
        "it_minor": it, "unit_cost_minor": every, "it_share": percent(it, every), "events_collected": events,
        "unit_leads": leads, "it_per_thousand_minor": each(None if it is None else 1000 * it, events),
        "it_per_lead_minor": each(it, leads),
    }  # fmt: skip


def cost_per_stage(known: Known) -> Table:
    asked, stages = known.asked, defaultdict(int)
    columns = {"1": "created_at", "2": "qualified_at", "3": "handed_over_at", "4": "accepted_at"}
    for lead in courses(known):
        for row, column in columns.items():
            stages[row] += asked.has(lead[column])
    for sale in known.seen_of("opportunity_facts"):
        stages["5"] += asked.has(sale["created_at"])
        stages["6"] += sale["outcome"] == "won" and asked.has(sale["closed_at"])
    cost, told, before = known_money([{"spent": spent} for _, spent in known.cost_lines("actual")], "spent"), {}, None
    for row in sorted(row for row, count in stages.items() if count):
        told[row] = {"reached": stages[row], "period_cost_minor": cost, "cost_per_stage_minor": each(cost, stages[row]),
                     "of_stage_before": percent(stages[row], before)}  # fmt: skip
        before = stages[row]
    return told


def platform_claims(known: Known) -> Table:
    asked, found = known.asked, []
    for line, spent in known.cost_lines("actual"):
        if line["platform"]:
            row = {"campaign": line["campaign_id"], "channel": known.campaign(line["campaign_id"], "channel"),
                   "source": line["platform"]}[asked.by]  # fmt: skip
            cut = (line["starts_on"], line["ends_on"], asked.first, asked.last)
            found.append({
                "row": f"{row}|{line['platform']}", "spent": spent, "micro": known.spent(line["claimed_micro"], *cut),
                "minor": known.spent(line["claimed_reporting_minor"], *cut),
            })  # fmt: skip
    told, loop = table(found, _of_claims), closed_loop(known)
    del told[TOTAL]
    nothing = dict.fromkeys(("leads", "opportunities", "won", "revenue_minor"), 0)
    for row, figures in told.items():
        credited = loop.get(row.rpartition("|")[0], nothing)
        figures |= {key: credited[key] for key in nothing}
    return told


def _of_claims(lines: list[Record]) -> Figures:
    claimed = known_money(lines, "micro")
    return {"told_lines": len(lines), "told_minor": known_money(lines, "spent"),
            "claimed": None if claimed is None else count_of(claimed),
            "claimed_minor": known_money(lines, "minor")}  # fmt: skip


def coverage(known: Known) -> Table:
    asked, ledger = known.asked, Ledger(known)
    dealt = ledger.dealt("revenue", "campaign", "linear")
    earned = sum(one.amount for one in dealt if one.row != "~unattributed")
    visits = [one for one in known.events if one["touch_kind"] and one["is_entry"] and asked.has(one["occurred_at"])
              and asked.sees(one["unit_id"])]  # fmt: skip
    humans = [one for one in visits if not known.is_machine(one)]
    coded = [one for one in humans if one["utm_campaign"]]
    leads = [one for one in known.seen_of("lead_facts") if asked.has(one["created_at"])]
    agreed = {known.remains(one["person_id"]) for one in known.those_of("consent_facts") if one["is_granted"]}
    companies = [known.employer_of(known.remains(one["person_id"])) for one in leads]
    won = [one for one in known.seen_of("opportunity_facts") if one["outcome"] == "won" and asked.has(one["closed_at"])]
    lines = [spent for _, spent in known.cost_lines("actual")]
    pairs = {
        "origin": (earned / 100, sum(one.amount for one in dealt) / 100),
        "consent": (sum(one["consent"] >= 2 for one in humans), len(humans)), "human": (len(humans), len(visits)),
        "agreed": (sum(known.remains(one["person_id"]) in agreed for one in leads), len(leads)),
        "company": (sum(bool(one) for one in companies), len(leads)),
        "amount": (sum(one["reporting_minor"] is not None for one in won), len(won)),
        "rate": (sum(spent is not None for spent in lines), len(lines)),
        "codes": (sum(known.code_of(one) is not None for one in coded), len(coded)),
    }  # fmt: skip
    return {row: {"known": known_of, "known_of": of, "known_rate": percent(known_of, of)}
            for row, (known_of, of) in pairs.items()}  # fmt: skip


def weekly(known: Known) -> Mapping[tuple[str, str], Figures]:
    """Week and channel → spend, touches, leads, revenue; lines of which nothing is said are not in it."""
    asked, ledger = known.asked, Ledger(known)
    found: dict[tuple[str, str], Figures] = defaultdict(lambda: {"touches": 0, "leads": 0, "revenue_minor": 0})
    for touch in known.touches:
        if touch.can_earn and not touch.is_machine and asked.has(touch.at) and asked.sees(touch.event["unit_id"]):
            found[week_of(asked, touch.at), touch.channel]["touches"] += 1
    for kind, name in (("lead", "leads"), ("revenue", "revenue_minor")):
        for one in ledger.dealt(kind, "channel"):
            found[week_of(asked, one.conversion.at), one.row][name] += one.amount
    for figures in found.values():
        figures["leads"] = count_of(figures["leads"])
    return found
