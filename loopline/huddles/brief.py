"""The one page before the meeting as a mail: text and HTML, the chart as a picture in it.

Written by hand in the few tags that every mail program shows; whatever people typed is escaped.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.html import format_html, format_html_join

from loopline.access.mail import Attachment, NewMail, queue_mail
from loopline.access.models import BusinessUnit, Mail
from loopline.huddles.actions import meeting_of, prepare
from loopline.huddles.brief_chart import cohort_picture
from loopline.huddles.first_tries import first_answers
from loopline.huddles.known import known_before
from loopline.huddles.models import Huddle, HuddleSeries
from loopline.huddles.series import next_meeting_of, readers
from loopline.lib.amounts import money_whole_text
from loopline.lib.times import utc_now
from loopline.store.engine import StoreError

SENT_BEFORE = timedelta(hours=3)
ROUTES = 3
CHART = "cohorts"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the brief: what, how much, and the quiet second fact."""

    what: str
    value: str = ""
    second: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    title: str
    lines: tuple[Line, ...]


def send_briefs(*, at: datetime | None = None) -> int:
    """A brief to everybody on the roster, three hours before the meeting; how many were queued. A periodic job."""
    at = at or utc_now()
    sent = 0
    for series in HuddleSeries.objects.filter(is_active=True).select_related("unit"):
        meeting_at = next_meeting_of(series, at)
        if meeting_at - at <= SENT_BEFORE and not _was_sent(series, meeting_at):
            sent += _send(series, meeting_at, at)
    return sent


def _key(series: HuddleSeries, meeting_at: datetime) -> str:
    return f"huddle-brief/{series.pk}/{meeting_at:%Y%m%d%H%M}/"


def _was_sent(series: HuddleSeries, meeting_at: datetime) -> bool:
    return Mail.objects.filter(key__startswith=_key(series, meeting_at)).exists()


def _send(series: HuddleSeries, meeting_at: datetime, at: datetime) -> int:
    meeting = meeting_of(series.unit, series)
    ready = prepare(meeting, at, known_before(meeting, at))
    last = meeting.last()
    parts = brief_parts(ready.snapshot, last.snapshot if last else {}, _tried(series.unit, ready.snapshot, at))
    picture = cohort_picture(ready.snapshot.get("bottleneck", {}))
    address = f"{settings.BASE_URL}/huddles/?series={series.pk}"
    title = f"{series.name}, {series.unit.name}"
    html = as_html(title, parts, address, CHART if picture else "")
    attachments = (Attachment("cohorts.png", "image/png", picture, cid=CHART),) if picture else ()
    with transaction.atomic():
        return sum(
            queue_mail(
                NewMail(f"{_key(series, meeting_at)}{user.pk}", user, f"{series.name}: the brief",
                        as_text(title, parts, address), html, attachments),
                at=at,
            )
            for user in readers(series)
        )  # fmt: skip


def _tried(unit: BusinessUnit, snapshot: Mapping[str, Any], at: datetime) -> Mapping[str, Any]:
    """A first change of the clause that costs most leads, as the definition desk would answer now; empty without one.

    Where the event store does not answer the brief has the clause all the same.
    """
    answers: list[tuple[str, dict[str, Any]]] = []
    with suppress(StoreError):
        answers += first_answers(Huddle(unit=unit, opened_at=at, snapshot=dict(snapshot)))
    return answers[-1][1] if answers else {}


def brief_parts(
    now: Mapping[str, Any], before: Mapping[str, Any], tried: Mapping[str, Any] | None = None
) -> list[Part]:
    """The page: five figures against last time, the bottleneck, routes won and lost, the clause, what spoils it.

    `tried` is an answer about that clause, of `definition_desk.told`.
    """
    return [
        part
        for part in (
            Part("Since last time", tuple(_figures(now, before))),
            Part("Bottleneck", tuple(_bottleneck(now.get("bottleneck", {})))),
            Part("Won", tuple(_deals(now.get("won_deals", ())))),
            Part("Lost", tuple(_deals(now.get("lost_deals", ())))),
            Part("The clause that costs most leads", tuple(_clause(now, tried or {}))),
            Part("What spoils the figures", tuple(_quality(now.get("quality", ())))),
            Part("On the agenda", tuple(_agenda(now))),
        )
        if part.lines
    ]


def _figures(now: Mapping[str, Any], before: Mapping[str, Any]) -> Iterable[Line]:
    for key, label in (("handed_over", "Handed over"), ("accepted_percent", "Accepted of answered"),
                       ("sent_back", "Sent back"), ("overdue", "Past their clock"),
                       ("median_answer_minutes", "Median time to answer")):  # fmt: skip
        unit = {"accepted_percent": " %", "median_answer_minutes": " min"}.get(key, "")
        value, was = now.get(key), before.get(key)
        text = "—" if value is None else f"{value}{unit}"
        yield Line(label, text, "" if was is None else f"was {was}{unit}")


def _bottleneck(known: Mapping[str, Any]) -> Iterable[Line]:
    if known.get("error"):
        yield Line("Not known", "", known["error"])
    for stage in known.get("stages", ()):
        if stage["key"] == known["worst"]:
            lost = money_whole_text(stage["lost_minor"], known["currency"])
            yield Line(
                stage["label"], f"{stage['moved']} of {stage['mature']}",
                f"moved on to {stage['moves_on']}; the others were expected to bring {lost}",
            )  # fmt: skip


def _deals(deals: Sequence[Mapping[str, Any]]) -> Iterable[Line]:
    for one in deals[:ROUTES]:
        reason = f"{one['reason']}; " if one["reason"] else ""
        yield Line(one["name"], money_whole_text(one["amount_minor"], one["currency"]), f"{reason}{one['route']}")


def _clause(now: Mapping[str, Any], tried: Mapping[str, Any]) -> Iterable[Line]:
    """The one that sales sends most leads back for; else the one that keeps most below the definition. With what a
    first change of it would have done."""
    for key, why in (("rejection_clauses", "sent back for it"), ("failing_clauses", "kept below the definition by it")):
        for clause, count in list(now.get(key, ()))[:1]:
            yield Line(str(clause), str(count), f"leads {why}; try a change: {_what_if(now)}")
            if tried:
                said = " ".join(part for part in (tried["text"], tried["caveat"]) if part)
                yield Line(f"What if: {tried['words']}", "", f"{said} {_change_of(tried)}")
            return


def _change_of(tried: Mapping[str, Any]) -> str:
    cells = {one["key"]: one for one in tried["cells"]}
    lost, new = cells["only_old"], cells["only_new"]
    return (
        f"Of {tried['n']} leads of half a year {new['n']} more would pass ({new['won']} of them won), "
        f"{lost['n']} would be refused ({lost['won']} won)."
    )


def _what_if(now: Mapping[str, Any]) -> str:
    """Where a version that is talked about is tried on the past, else where a change is begun."""
    open_ones = now.get("definition", {}).get("open", ())
    path = reverse("definition_what_if", args=[open_ones[0]["id"]]) if open_ones else reverse("definition")
    return f"{settings.BASE_URL}{path}"


def _quality(found: Any) -> Iterable[Line]:
    if isinstance(found, Mapping):
        yield Line("Not checked", "", str(found["error"]))
        return
    for one in found:
        yield Line(one["what"], "", one["text"])


def _agenda(now: Mapping[str, Any]) -> Iterable[Line]:
    plan = now["agenda"]
    yield Line("To talk about", str(plan["topics"]), f"{plan['within']} fit into {plan['minutes']} minutes")


def as_text(title: str, parts: Sequence[Part], address: str) -> str:
    lines = [title, "=" * len(title)]
    for part in parts:
        lines += ["", part.title, "-" * len(part.title)]
        for one in part.lines:
            lines.append(f"* {one.what}{f': {one.value}' if one.value else ''}")
            lines += [f"  {one.second}"] if one.second else []
    return "\n".join([*lines, "", address, ""])


_CELL = "padding:6px 12px 6px 0;border-bottom:1px solid #e7e5e0;vertical-align:top;"
_QUIET = "color:#6b6e75;font-size:13px;"


def as_html(title: str, parts: Sequence[Part], address: str, chart: str) -> str:
    """The same with tables; `chart` is the picture's name in the mail, shown under the bottleneck."""
    picture = format_html('<p><img src="cid:{}" width="560" alt="Entered and moved on, by month"></p>', chart)
    body = format_html_join(
        "",
        '<h2 style="font-size:15px;margin:24px 0 4px;">{}</h2><table role="presentation" width="100%" '
        'style="border-collapse:collapse;">{}</table>{}',
        (
            (
                part.title,
                format_html_join(
                    "",
                    '<tr><td style="{}">{}<br><span style="{}">{}</span></td><td align="right" style="{}"><b>{}</b>'
                    "</td></tr>",
                    ((_CELL, one.what, _QUIET, one.second, _CELL, one.value) for one in part.lines),
                ),
                picture if chart and part.title == "Bottleneck" else "",
            )
            for part in parts
        ),
    )
    return str(
        format_html(
            '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{}</title></head>'
            '<body style="margin:0;background:#fbfaf8;color:#17181a;font:14px/20px system-ui,sans-serif;">'
            '<div style="max-width:600px;margin:0 auto;padding:24px;background:#ffffff;">'
            '<h1 style="font-size:20px;margin:0;">{}</h1>{}<p style="margin-top:24px;"><a href="{}">Open it</a></p>'
            "</div></body></html>",
            title,
            title,
            body,
            address,
        )
    )
