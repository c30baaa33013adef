"""The minutes of a huddle: plain text, written once when it closes."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from loopline.huddles.bounds import WORDS
from loopline.huddles.models import Decision, Huddle, HuddleLead
from loopline.lib.amounts import money_whole_text


def write_minutes(huddle: Huddle, entries: Sequence[HuddleLead], decisions: Sequence[Decision], zone: str) -> str:
    """What was won and lost, tried and decided, what both sides said of each lead, what is carried over."""
    local = ZoneInfo(zone)
    head = [
        f"Huddle of {huddle.unit}, {_moment(huddle.opened_at, local)}",
        f"Opened by {huddle.opened_by_name}, closed by {huddle.closed_by_name} at "
        f"{_moment(huddle.closed_at or huddle.opened_at, local)}.",
        "",
        _figures(huddle.snapshot),
    ]
    talked = [entry for entry in entries if entry.disposition]
    left = [entry for entry in entries if not entry.disposition]
    parts = [
        head,
        *_where_any("Won", _deals(huddle.snapshot.get("won_deals", ()))),
        *_where_any("Lost", _deals(huddle.snapshot.get("lost_deals", ()))),
        *_where_any("Tried on the definition", _tried(huddle.tried)),
        _section("Decisions", [line for decision in decisions for line in _decision(decision)], "None."),
        _section("Leads", [line for entry in talked for line in _lead(entry)], "None were handed over."),
    ]
    if left:
        parts.append(_section("Carried over to the next huddle", [_name(entry) for entry in left], ""))
    return "\n".join("\n".join(part) for part in parts).strip() + "\n"


def _figures(snapshot: Mapping[str, object]) -> str:
    if not snapshot:
        return ""
    return (
        f"{snapshot['handed_over']} handed over: {snapshot['accepted']} accepted, {snapshot['sent_back']} sent back, "
        f"{snapshot['waiting']} waiting; {snapshot['overdue']} past their clock."
    )


def _where_any(title: str, lines: list[str]) -> list[list[str]]:
    return [_section(title, lines, "")] if lines else []


def _deals(deals: Sequence[Mapping[str, Any]]) -> list[str]:
    """Closed since the last huddle, the largest first, with the reason and the route where they are known."""
    lines = []
    for one in deals:
        lines.append(f"* {one['name']}, {money_whole_text(one['amount_minor'], one['currency'])}")
        lines += [f"  {said}" for said in (one["reason"], one["route"]) if said]
    return lines


def _tried(tried: Mapping[str, Any]) -> list[str]:
    """Changes of the definition that were tried on the past, with what was found."""
    return [
        f"* {one['words']}\n  {' '.join(part for part in (one['text'], one['caveat']) if part)}"
        for one in tried.get("answers", {}).values()
    ]


def _section(title: str, lines: list[str], empty: str) -> list[str]:
    return ["", title, "-" * len(title), *(lines or [empty])]


def _decision(decision: Decision) -> list[str]:
    due = f", due {decision.due_on:%d %b %Y}" if decision.due_on else ""
    lines = [f"* {decision.text} ({decision.owner}{due})"]
    for label, text in (
        ("expected", decision.expected_effect),
        ("must not get worse", decision.guard_rail),
        ("taken back", decision.reversal),
        ("seen by", _measure(decision)),
        *((f"bound, {WORDS[one.kind]}", one.words) for one in decision.bounds),
        ("approved for marketing by", decision.marketing_approval),
        ("approved for sales by", decision.sales_approval),
    ):
        if text:
            lines.append(f"  {label}: {text}")
    return lines


def _measure(decision: Decision) -> str:
    if not decision.outcome:
        return ""
    points = f", {decision.expected_points:+} points" if decision.expected_points else ""
    weak = " (weak evidence)" if decision.is_weak_evidence else ""
    return f"{decision.outcome_label}{points}, {decision.get_design_display().lower()}{weak}"


def _name(entry: HuddleLead) -> str:
    company = f", {entry.frozen['company']}" if entry.frozen.get("company") else ""
    return f"* {entry.frozen.get('person', entry.lead)}{company}"


def _lead(entry: HuddleLead) -> list[str]:
    state, owner = entry.frozen.get("state_label", ""), entry.frozen.get("owner", "")
    answer = f"{state}, {owner}" if owner else state
    lines = [f"{_name(entry)} ({answer}): {entry.get_disposition_display().lower()}"]
    for side, note in (("sales", entry.sales_note), ("marketing", entry.marketing_note)):
        if note:
            lines.append(f"  {side}: {note}")
    return lines


def _moment(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%d %B %Y, %H:%M}"
