"""Channels: how many sessions each brought, week by week."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from loopline.access.roles import Permission
from loopline.lib.times import day_start
from loopline.reports.visits import sessions as report
from loopline.reports.visits.visitors import Asked
from loopline.store.current import engine
from loopline.web.access import PageRequest, allow
from loopline.web.browsing import AHEAD, Browsing, browsing
from loopline.web.lately import ask
from loopline.web.templatetags.loopline import Column

WEEKS = {"13": "13 weeks", "26": "26 weeks", "52": "52 weeks"}


@dataclass(frozen=True, slots=True)
class Row:
    channel: str
    """Empty for all of them together."""
    columns: list[Column]
    sessions: int
    share: float | None
    """Of all sessions, in percent."""
    change: float | None
    """Of the last four whole weeks against the four before, in percent; None where there is nothing to compare with."""


@allow(Permission.SEE_CAMPAIGNS)
def channel_trend(request: PageRequest) -> HttpResponse:
    """Sessions by the week they began in and the channel they came by; the running week is marked as not whole."""
    chosen = browsing(request)
    weeks = request.GET.get("weeks", "") if request.GET.get("weeks") in WEEKS else "13"
    told = ask(lambda: _trend(chosen, int(weeks)))
    trend = told.value
    context = chosen.shown | {
        "rows": [_row(one, trend) for one in trend.channels] if trend else [],
        "all_channels": _row(trend.all_channels, trend) if trend else None,
        "most": max(trend.all_channels.weeks, default=0) if trend else 0,
        "by_week": _by_week(trend) if trend else [],
        "machine_visits": trend.machine_visits if trend else None,
        "weeks": weeks, "weeks_offered": WEEKS, "trouble": told.trouble,
    }  # fmt: skip
    return render(request, "visitors/channel_trend.html", context)


def _trend(chosen: Browsing, weeks: int) -> report.Trend:
    today = timezone.localdate()
    first = today - timedelta(days=today.weekday(), weeks=weeks - 1)
    asked = Asked(day_start(first, chosen.zone), chosen.now + AHEAD, chosen.unit_ids)
    return report.channel_trend(engine(), asked, chosen.zone, first, weeks)


def _row(one: report.ChannelWeeks, trend: report.Trend) -> Row:
    lately, before = one.lately
    total = trend.all_channels.sessions
    columns = [
        Column(f"{one.channel or 'All channels'}, week of {_day(monday)}", many)
        for monday, many in zip(trend.mondays, one.weeks, strict=True)
    ]
    return Row(
        channel=one.channel,
        columns=columns,
        sessions=one.sessions,
        share=100 * one.sessions / total if total else None,
        change=100 * (lately - before) / before if before else None,
    )


def _by_week(trend: report.Trend) -> list[tuple[date, list[tuple[str, int]], int]]:
    """(Monday, sessions of each channel, all of them), the latest week first."""
    weeks = [
        (monday, [(one.channel, one.weeks[place]) for one in trend.channels], trend.all_channels.weeks[place])
        for place, monday in enumerate(trend.mondays)
    ]
    return weeks[::-1]


def _day(day: date) -> str:
    return f"{day.day} {day:%b}"
