"""Reports about leads, counted a second time."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime

from tests.second_count.books import Asked, Known, Raw
from tests.second_count.closed_loop import TOTAL, Figures, Table
from tests.second_count.credit import Ledger
from tests.second_count.telling import (
    DAY,
    Record,
    hours,
    many,
    middle,
    money,
    month_of,
    nine_tenths,
    percent,
    table,
    week_of,
    wilson,
)


def courses(known: Known) -> Iterable[Record]:
    """Every lead with when it reached which stage; a stage that was passed over counts as passed."""
    ledger = Ledger(known)
    for lead in known.seen_of("lead_facts"):
        sales = ledger.sales_of(lead["id"])
        won = [sale for sale in sales if sale["outcome"] == "won"]
        converted_at = min((sale["created_at"] for sale in sales), default=None)
        accepted_at = lead["accepted_at"] or converted_at
        handed_over_at = lead["handed_over_at"] or accepted_at
        yield {
            "lead": lead, "created_at": lead["created_at"], "converted_at": converted_at, "accepted_at": accepted_at,
            "handed_over_at": handed_over_at, "qualified_at": lead["qualified_at"] or handed_over_at,
            "won_at": min((sale["closed_at"] for sale in won if sale["closed_at"]), default=None),
            "minor": money(won, "reporting_minor"), "is_won": bool(won),
        }  # fmt: skip


def funnel(known: Known) -> Table:
    asked = known.asked
    found = [one | {"row": _funnel_row(known, one["lead"])} for one in courses(known) if asked.has(one["created_at"])]
    return table(found, _of_funnel)


def _funnel_row(known: Known, lead: Raw) -> str:
    by = known.asked.by
    if by == "month":
        return month_of(known.asked, lead["created_at"])
    if by in ("person", "unit"):
        return str(lead["owner_id" if by == "person" else "unit_id"])
    company = known.company_of(known.remains(lead["person_id"]))
    return known.segment(company, "company_size" if by == "size" else by)


def _of_funnel(leads: list[Record]) -> Figures:
    reached = {key: many(leads, f"{key}_at") for key in ("qualified", "handed_over", "accepted", "converted", "won")}
    return {
        "leads_created": len(leads), "reached_qualified": reached["qualified"],
        "reached_handed_over": reached["handed_over"], "reached_accepted": reached["accepted"],
        "reached_opportunity": reached["converted"], "reached_won": reached["won"],
        "won_later_minor": money([one for one in leads if one["won_at"]], "minor"),
        "qualified_rate": percent(reached["qualified"], len(leads)),
        "accepted_rate": percent(reached["accepted"], reached["handed_over"]),
        "won_rate": percent(reached["won"], len(leads)),
    }  # fmt: skip


def cohort_maturity(known: Known) -> Table:
    asked = known.asked
    found = [
        one | {"row": month_of(asked, one["created_at"])} for one in courses(known) if asked.has(one["created_at"])
    ]
    told = table(found, lambda leads: _of_maturity(leads, asked))
    for row, figures in told.items():
        if row == TOTAL:
            continue
        first = date.fromisoformat(row)
        last = min((first + 32 * DAY).replace(day=1) - DAY, asked.last)
        after = Asked(first=last, last=last, as_of=asked.as_of, zone=asked.zone).ends
        for days in (14, 30, 45, 60, 90, 120, 180):
            if asked.as_of - after < days * DAY:
                figures[f"won_share_{days}"] = None
    return told


def _of_maturity(leads: list[Record], asked: Asked) -> Figures:
    told: Figures = {
        "cohort_leads": len(leads),
        "cohort_won_minor": money([one for one in leads if one["won_at"]], "minor"),
    }
    for days in (14, 30, 45, 60, 90, 120, 180):
        old = [one for one in leads if asked.as_of - one["created_at"] >= days * DAY]
        won = [one for one in old if one["won_at"] and one["won_at"] - one["created_at"] < days * DAY]
        told |= {f"won_within_{days}": len(won), f"aged_{days}": len(old),
                 f"won_share_{days}": percent(len(won), len(old))}  # fmt: skip
    return told


def source_quality(known: Known) -> Table:
    ledger, asked = Ledger(known), known.asked
    limit, found = _mature_after(known), []
    for one in ledger.dealt("lead", asked.by, "last_touch"):
        if not one.amount:
            continue
        sales = ledger.sales_of(one.conversion.record["id"])
        won = [sale for sale in sales if sale["outcome"] == "won"]
        old = (asked.as_of - one.conversion.at) // DAY
        found.append({
            "row": one.row, "judged": limit is not None and old >= limit, "converted": bool(sales), "won": bool(won),
            "minor": money(won, "reporting_minor"),
        })  # fmt: skip
    return table(found, _of_sources)


def _mature_after(known: Known) -> int | None:
    """After how many days nine tenths of all leads that ever converted had."""
    days = sorted(
        max((one["converted_at"] - one["created_at"]) // DAY, 0) + 1 for one in courses(known) if one["converted_at"]
    )
    return next((day for place, day in enumerate(days, start=1) if place >= 0.9 * len(days) - 1e-9), None)


def _of_sources(leads: list[Record]) -> Figures:
    judged = [one for one in leads if one["judged"]]
    converted = many(judged, "converted")
    low, high = wilson(converted, len(judged)) if judged else (None, None)
    return {
        "source_leads": len(leads), "source_young": len(leads) - len(judged), "source_judged": len(judged),
        "source_converted": converted, "source_rate": percent(converted, len(judged)),
        "source_at_least": None if low is None else 100 * low, "source_at_most": None if high is None else 100 * high,
        "source_won": many(judged, "won"), "source_minor": money([one for one in leads if one["won"]], "minor"),
    }  # fmt: skip


def speed_to_lead(known: Known) -> Table:
    asked, ledger, found = known.asked, Ledger(known), []
    for lead in known.seen_of("lead_facts"):
        if not asked.has(lead["handed_over_at"]):
            continue
        answers = [at for at in (lead["accepted_at"], lead["rejected_at"]) if at]
        took = hours(lead["handed_over_at"], min(answers)) if answers else None
        sales = ledger.sales_of(lead["id"])
        speeds = ((1, "1"), (4, "2"), (24, "3"), (72, "4"))
        speed = "6" if took is None else next((key for limit, key in speeds if took <= limit), "5")
        row = {"speed": speed, "person": lead["owner_id"], "unit": lead["unit_id"],
               "week": week_of(asked, lead["handed_over_at"])}[asked.by]  # fmt: skip
        found.append({"row": row, "hours": took, "accepted": lead["accepted_at"], "converted": sales,
                      "won": [sale for sale in sales if sale["outcome"] == "won"]})  # fmt: skip
    return table(found, _of_speed)


def _of_speed(leads: list[Record]) -> Figures:
    took = [one["hours"] for one in leads if one["hours"] is not None]
    converted, won = many(leads, "converted"), many(leads, "won")
    return {
        "handed": len(leads), "answered": len(took), "unanswered": len(leads) - len(took),
        "hours_to_answer": middle(took), "hours_to_answer_slow": nine_tenths(took),
        "accepted_answers": many(leads, "accepted"), "converted_answers": converted, "won_answers": won,
        "converted_of_handed": percent(converted, len(leads)), "won_of_handed": percent(won, len(leads)),
    }  # fmt: skip


def hand_off(known: Known) -> Table:
    asked, found = known.asked, []
    for clock in known.seen_of("clock_facts"):
        if asked.has(clock["started_at"]):
            row = {"promise": clock["kind"], "person": clock["owner_id"], "unit": clock["unit_id"],
                   "week": week_of(asked, clock["started_at"])}[asked.by]  # fmt: skip
            took = hours(clock["started_at"], clock["stopped_at"]) if clock["stopped_at"] else None
            found.append({"row": row, "kept": clock["breached_at"] is None, "hours": took})
    return table(found, _of_promises)


def _of_promises(clocks: list[Record]) -> Figures:
    kept, took = many(clocks, "kept"), [one["hours"] for one in clocks if one["hours"] is not None]
    return {
        "promises": len(clocks), "promises_kept": kept, "promises_broken": len(clocks) - kept,
        "promises_kept_rate": percent(kept, len(clocks)), "hours_to_keep": middle(took),
        "hours_to_keep_slow": nine_tenths(took),
    }  # fmt: skip


def self_reported(known: Known, said_of: Callable[[Raw], str | None], categories: Sequence[str]) -> Table:
    """`said_of`: the category of the answer that a form event carries, None where it did not ask."""
    ledger, asked, found = Ledger(known), known.asked, []
    answers: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
    for event in known.events:
        if event["kind"] == "form" and event["touch_kind"] == "form" and event["identity"].startswith("person:"):
            said = said_of(event)
            if said is not None:
                answers[known.whose(event["identity"], event["occurred_at"])].append((event["occurred_at"], said))
    for one in ledger.dealt("lead", "channel", asked.by):
        if one.amount:
            people = ledger.people_of(one.conversion)
            before = [told for person in people for told in answers.get(person, ()) if told[0] <= one.conversion.at]
            said = max(before, key=lambda told: told[0])[1] if before else None
            found.append({"row": one.row, "said": said})
    return table(found, lambda leads: _of_answers(leads, categories))


def _of_answers(leads: list[Record], categories: Sequence[str]) -> Figures:
    asked = [one["said"] for one in leads if one["said"] is not None]
    answered = [said for said in asked if said != "unanswered"]
    told: Figures = {"leads_tracked": len(leads), "leads_asked": len(asked), "leads_answered": len(answered),
                     "answer_rate": percent(len(answered), len(asked))}  # fmt: skip
    return told | {f"said_{key}": answered.count(key) for key in categories}
