"""Tags and filters of every template (no `{% load %}` needed). They write values; they calculate nothing."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import NamedTuple

import lucide
from django import template
from django.template.base import NodeList, Parser, Token
from django.template.context import Context
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from loopline.huddles.funnel import Funnel
from loopline.lib.amounts import NONE, money_text, money_whole_text
from loopline.lib.countries import country_name
from loopline.lib.times import utc_now
from loopline.web import navigation, wording
from loopline.web.audit_words import detail_text, plain
from loopline.web.form_titles import with_titles
from loopline.web.funnel_chart import funnel_svg
from loopline.web.reason_words import reason_words

register = template.Library()
register.filter(plain)  # `{{ entry.verb|plain }}`
Figure = int | float | Decimal | None


@register.filter
def money(amount_minor: int | None, currency: str) -> str:
    """`{{ line.amount_minor|money:line.currency }}` → €1,234.56"""
    return money_text(amount_minor, currency)


@register.filter
def money_whole(amount_minor: int | None, currency: str) -> str:
    """`{{ row.cost_minor|money_whole:currency }}` → €1,235"""
    return money_whole_text(amount_minor, currency)


@register.filter
def money_of(amount_minor: float, currency: str) -> str:
    """The same for an estimate, which is no whole number of cents."""
    return money_whole_text(round(amount_minor), currency)


@register.filter
def figure(value: Figure) -> str:
    """`{{ row.leads|figure }}` → 1,396; a fraction 109.4 with the exact 109.373804 on hover; None → —"""
    text = wording.figure_text(value)
    if value is None or isinstance(value, int) or value == int(value):
        return text
    return format_html('<span title="{}">{}</span>', f"{value:,.6f}".rstrip("0"), text)


@register.filter
def country(code: str) -> str:
    """`{{ person.country|country }}`: NO → Norway"""
    return country_name(code)


@register.simple_tag
def label_of(key: str, labels: dict[str, str]) -> str:
    """`{% label_of key labels %}`: the words people see for a key; a key without words loses its underscores."""
    return labels.get(key) or plain(key).capitalize()


@register.filter
def reason(key: str) -> str:
    """`{{ one.reason|reason }}`: id_reused → id used before, with the key on hover"""
    return format_html('<span title="{}">{}</span>', key, reason_words(key))


@register.filter
def scope(key: str) -> str:
    """`{{ scope|scope }}`: metrics:read → metrics, with the key on hover"""
    return format_html('<span title="{}">{}</span>', key, key.removesuffix(":read"))


@register.filter(is_safe=True)
def sentence(text: str) -> str:
    """`{% filter sentence %}Security Keys{% endfilter %}` → Security keys: what others wrote, in our case."""
    return wording.sentence_case(text)


@register.filter
def detail(value: object) -> str:
    """`{{ value|detail }}`: what an audit entry says, however deep"""
    return detail_text(value, timezone.get_current_timezone())


@register.filter
def form_titles(text: str) -> str:
    """`{{ clause.sentence|form_titles }}`: forms by their title instead of the word in their address."""
    return with_titles(text)


@register.filter
def percent(value: Figure, digits: int = 0) -> str:
    """`{{ row.romi|percent }}` → 286 %"""
    return wording.percent_text(value, digits)


@register.filter
def share(value: Figure, digits: int = 0) -> str:
    """`{{ 0.286|share }}` → 29 %; None → —"""
    return wording.percent_text(None if value is None else 100 * float(value), digits)


@register.filter
def signed_points(value: Figure) -> str:
    """`+3.2 pt`: a difference in percentage points; — when it is not known."""
    return wording.points_text(value)


@register.filter
def span(value: timedelta | None) -> str:
    """`{{ lead.answer_time|span }}` → 1 h 12 m"""
    return NONE if value is None else wording.span_text(value)


@register.filter
def moment(value: datetime | None) -> str:
    """`{{ lead.created_at|moment }}` → today 09:41, with the full moment on hover."""
    zone = timezone.get_current_timezone()
    return NONE if value is None else _time(value, wording.moment_text(value, utc_now(), zone))


@register.filter
def ago(value: datetime | None) -> str:
    """`{{ key.last_used_at|ago }}` → 12 m ago"""
    return NONE if value is None else _time(value, wording.ago_text(value, utc_now()))


@register.filter
def day(value: date | None) -> str:
    """`{{ task.due_on|day }}` → 12 Nov"""
    if value is None:
        return NONE
    text = wording.day_text(value, timezone.localdate())
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), text)


def _time(value: datetime, text: str) -> SafeString:
    full = wording.full_moment_text(value, timezone.get_current_timezone())
    return format_html('<time datetime="{}" title="{}">{}</time>', value.isoformat(), full, text)


@register.simple_tag
def clock(due_at: datetime | None) -> str:
    """`{% clock lead.due_at %}`: the time left as a pill: red when over, amber within two hours, else quiet."""
    if due_at is None:
        return ""
    left = due_at - utc_now()
    if left < timedelta(0):
        return pill(f"overdue {wording.span_text(left)}", "bad")
    return pill(wording.span_text(left), "warn" if left < timedelta(hours=2) else "quiet")


@register.simple_tag
def measured(value: Figure, unit: str, currency: str) -> str:
    """`{% measured row.value metric.unit currency %}`: a metric's value by its unit: money, percent or count."""
    if unit == "money":
        return money_whole_text(None if value is None else int(value), currency)
    return wording.percent_text(value) if unit == "percent" else figure(value)


@register.simple_tag
@cache
def icon(name: str, size: int = 16) -> str:
    """`{% icon "inbox" %}`: a Lucide icon, for the eye only; put words beside it."""
    svg = lucide._render_icon(name, size, **{"class": "icon", "aria-hidden": "true", "stroke-width": "1.75"})
    return mark_safe(svg)  # noqa: S308 - comes from the library's own files; `name` picks one


@register.simple_tag
def mark(why: str) -> str:
    """`{% mark cost_note %}`: a sign that a figure is not whole; `why` on hover and aloud, and without it no sign.

    In a cell of a table a space stands behind it; large figures keep it at a distance by themselves.
    """
    if not why:
        return ""
    words = '<span class="mark" title="{0}">{1}<span class="visually-hidden">{0}</span></span>'
    return format_html(words, why, icon("triangle-alert", 14))


@register.simple_tag
def pill(text: object, tone: str = "quiet") -> str:
    """`{% pill "on time" "good" %}`; tones: good, warn, bad, quiet, accent."""
    return format_html('<span class="pill is-{}">{}</span>', tone, text)


@register.simple_tag
def bar_pair(cost: int | None, revenue: int | None, largest: int) -> str:
    """`{% bar_pair row.cost row.revenue largest %}`: grey over blue, drawn on one scale from zero to `largest`."""
    return format_html(
        '<svg class="bar-pair" viewBox="0 0 {} 16" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="is-cost" y="1" width="{}" height="6"/>'
        '<rect class="is-revenue" y="9" width="{}" height="6"/></svg>',
        max(largest, 1), max(cost or 0, 0), max(revenue or 0, 0),
    )  # fmt: skip


@register.simple_tag
def bar(value: Figure, largest: int, tone: str = "accent") -> str:
    """`{% bar row.sessions largest %}`: one bar on a scale from zero to `largest`."""
    return format_html(
        '<svg class="bar" viewBox="0 0 {} 6" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="is-{}" width="{}" height="6"/></svg>',
        max(largest, 1), tone, max(value or 0, 0),
    )  # fmt: skip


class Column(NamedTuple):
    """A column of a chart: what it stands for, how much it is, and how much of it is marked."""

    label: str
    total: int
    marked: int = 0


@register.simple_tag
def columns(found: Sequence[Column], words: str = "") -> str:
    """`{% columns by_hour "by known people" %}`: one scale from zero, each says its figures on hover.

    With words for what is marked, that part is drawn in the accent and the rest in grey; without, all of it is.
    """
    largest = max((one.total for one in found), default=0) or 1
    parts = [
        (place, one.label, f"{one.total:,}", f", {one.marked:,} {words}" if words else "", f"{place + 0.12:.2f}",
         *(f"{part:.2f}" for high in (100 * one.total / largest, 100 * (one.marked if words else one.total) / largest)
           for part in (100 - high, high)))
        for place, one in enumerate(found)
    ]  # fmt: skip
    drawn = format_html_join(
        "",
        '<g><title>{1}: {2}{3}</title><rect class="is-whole" x="{0}" width="1" height="100"/>'
        '<rect class="is-rest" x="{4}" y="{5}" width="0.76" height="{6}"/>'
        '<rect class="is-accent" x="{4}" y="{7}" width="0.76" height="{8}"/></g>',
        parts,
    )
    return format_html(
        '<svg class="column-chart" viewBox="0 0 {} 100" preserveAspectRatio="none" aria-hidden="true">{}</svg>',
        max(len(found), 1), drawn,
    )  # fmt: skip


@register.simple_tag
def funnel_plot(found: Funnel) -> str:
    """`{% funnel_plot funnel %}`: for the eye; put the table beside it."""
    return funnel_svg(found)


@register.tag
def capture(parser: Parser, token: Token) -> "CaptureNode":
    """`{% capture as heading %}…{% endcapture %}`: what is inside, once, to be used in several places."""
    name = token.split_contents()[-1]
    nodelist = parser.parse(("endcapture",))
    parser.delete_first_token()
    return CaptureNode(nodelist, name)


class CaptureNode(template.Node):
    def __init__(self, nodelist: NodeList, name: str) -> None:
        self.nodelist = nodelist
        self.name = name

    def render(self, context: Context) -> SafeString:
        context[self.name] = mark_safe(self.nodelist.render(context).strip())  # noqa: S308 - rendered by a template
        return mark_safe("")


@register.simple_tag(takes_context=True)
def address_for(context: Context, route: str) -> str:
    """`{% address_for "write_keys" as keys_url %}`: where this page is; empty for who may not open it."""
    actor = context.get("actor")
    return (navigation.address(route, actor) if actor else None) or ""


@register.simple_tag(takes_context=True)
def address_with(context: Context, of: str = "", **changes: object) -> str:
    """`{% address_with model="linear" page=None %}`: this page's address with these options changed; None removes.

    With `of`, the address of that page with the options of this one.
    """
    query = context["request"].GET.copy()
    for name, value in changes.items():
        if value is None:
            query.pop(name, None)
        else:
            query[name] = str(value)
    return f"{of}?{query.urlencode()}" if query else of or context["request"].path
