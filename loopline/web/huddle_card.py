"""A huddle as pages show it: its figures against last time, the leads on its list, the promises of the one before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from loopline.access.models import BusinessUnit, Organisation
from loopline.huddles.listing import Listed, frozen
from loopline.huddles.models import Decision, Huddle, HuddleLead
from loopline.leads.clock import ClockFace, clock_face
from loopline.lib.amounts import money_whole_text
from loopline.web.lead_card import Evidence
from loopline.web.wording import span_text

_TONES = {True: "good", False: "bad", None: "warn"}
_STATE_TONES = {"handed_over": "warn", "accepted": "accent", "converted": "good", "rejected": "bad"}
_SAID_TONES = {
    "good": "good",
    "too_early": "warn",
    "below_definition": "bad",
    "needs_help": "warn",
    "no_contact": "quiet",
    "on_track": "good",
}


@dataclass(frozen=True, slots=True)
class ShownFigure:
    label: str
    text: str
    against: str
    """How it was last time, in words; empty when nothing is known."""
    tone: str
    """good, bad or empty: whether it went the right way."""


@dataclass(frozen=True, slots=True)
class EntryCard:
    """A lead on the list, as it was when the huddle opened."""

    place: int
    lead_id: str
    frozen: Mapping[str, Any]
    state_tone: str
    face: ClockFace | None
    evidence: tuple[Evidence, ...]
    said: str
    said_tone: str
    sales_note: str
    marketing_note: str

    @property
    def why(self) -> Sequence[str]:
        """Why it is talked about; nothing for the quiet ones and for huddles held before reasons were kept."""
        why: Sequence[str] = self.frozen.get("why", ())
        return why

    @property
    def is_quiet(self) -> bool:
        return not self.why

    @property
    def homework(self) -> Mapping[str, str]:
        said: Mapping[str, str] = self.frozen.get("homework", {})
        return said

    @property
    def second(self) -> str:
        known = self.frozen
        return " · ".join(part for part in (known["job_title"], known["company"], known["origin"]) if part)


def entry_cards(entries: Sequence[HuddleLead], at: datetime) -> list[EntryCard]:
    """The list of a huddle that opened at `at`."""
    zone = Organisation.current().time_zone
    return [_entry_card(entry, at, zone) for entry in entries]


def _entry_card(entry: HuddleLead, at: datetime, zone: str) -> EntryCard:
    return EntryCard(
        said=entry.get_disposition_display().lower() if entry.disposition else "",
        said_tone=_SAID_TONES.get(entry.disposition, ""),
        sales_note=entry.sales_note,
        marketing_note=entry.marketing_note,
        **_shown(entry.place, str(entry.lead_id), entry.frozen, at, zone),
    )


def preview_cards(listed: Sequence[Listed], at: datetime) -> list[EntryCard]:
    """The list as it would be if the huddle opened now."""
    zone = Organisation.current().time_zone
    return [
        EntryCard(
            said="",
            said_tone="",
            sales_note="",
            marketing_note="",
            **_shown(place, str(one.lead.pk), frozen(one, at), at, zone),
        )
        for place, one in enumerate(listed, start=1)
    ]


def _shown(place: int, lead_id: str, known: Mapping[str, Any], at: datetime, zone: str) -> dict[str, Any]:
    due = datetime.fromisoformat(known["due_at"]) if known["due_at"] else None
    is_running = due is not None and known["state"] == "handed_over"
    return {
        "place": place,
        "lead_id": lead_id,
        "frozen": known,
        "state_tone": _STATE_TONES.get(known["state"], "quiet"),
        "face": clock_face(due, at, zone) if due and is_running else None,
        "evidence": tuple(Evidence(one["clause"], one["reason"], _TONES[one["is_met"]]) for one in known["evidence"]),
    }


def decisions_before(unit: BusinessUnit, huddle: Huddle | None) -> list[Decision]:
    """What was promised in the huddle before this one (None: in the last one), and what older ones still owe."""
    earlier = Huddle.objects.filter(unit=unit)
    if huddle is not None:
        earlier = earlier.filter(opened_at__lt=huddle.opened_at)
    last = earlier.first()
    if last is None:
        return []
    decisions = Decision.objects.filter(huddle__in=earlier).select_related("owner", "task").order_by("-created_at")
    return [one for one in decisions if one.huddle_id == last.pk or not one.is_done]


def figures_shown(now: Mapping[str, Any], before: Mapping[str, Any]) -> list[ShownFigure]:
    """The figures with their change since last time. Fewer late answers are better; more hand-overs are just more."""
    if not now:
        return []
    return [
        _count("Handed over", "handed_over", now, before, better=""),
        _share(now, before),
        _count("Sent back", "sent_back", now, before, better="less"),
        _count("Past their clock", "overdue", now, before, better="less"),
        _answer_time(now, before),
        _won(now),
    ]


def _count(label: str, key: str, now: Mapping[str, Any], before: Mapping[str, Any], *, better: str) -> ShownFigure:
    change = now[key] - before[key] if key in before else None
    tone = "" if not change or not better else "good" if change < 0 else "bad"
    return ShownFigure(label, f"{now[key]:,}", _signed(change), tone)


def _share(now: Mapping[str, Any], before: Mapping[str, Any]) -> ShownFigure:
    share, earlier = now["accepted_percent"], before.get("accepted_percent")
    change = share - earlier if share is not None and earlier is not None else None
    tone = "" if not change else "good" if change > 0 else "bad"
    text = "—" if share is None else f"{share} %"
    return ShownFigure("Accepted of answered", text, f"{_signed(change)} pt" if change is not None else "", tone)


def _answer_time(now: Mapping[str, Any], before: Mapping[str, Any]) -> ShownFigure:
    minutes, earlier = now["median_answer_minutes"], before.get("median_answer_minutes")
    text = "—" if minutes is None else _span(minutes)
    was = f"was {_span(earlier)}" if earlier is not None else ""
    tone = "" if minutes is None or not earlier or minutes == earlier else "good" if minutes < earlier else "bad"
    return ShownFigure("Median time to answer", text, was, tone)


def _span(minutes: int) -> str:
    return span_text(timedelta(minutes=minutes)) if minutes else "under 1 min"


def _won(now: Mapping[str, Any]) -> ShownFigure:
    count = sum(row["count"] for row in now["won"])
    amounts = " + ".join(money_whole_text(row["amount_minor"], row["currency"]) for row in now["won"])
    return ShownFigure("Won", f"{count:,}", amounts, "")


def _signed(change: int | None) -> str:
    if change is None:
        return ""
    return "±0" if change == 0 else f"+{change:,}" if change > 0 else f"−{-change:,}"
