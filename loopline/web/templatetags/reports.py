"""Tags of the report pages. They write values; they calculate nothing."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from urllib.parse import parse_qsl, urlencode

from django import template
from django.template import Context
from django.utils.html import format_html

from loopline.lib.amounts import MINUS, NONE, major_text, money_text, money_whole_text
from loopline.reports.change.difference import Why
from loopline.reports.cost_gaps import gap_words
from loopline.reports.dimension import TOTAL
from loopline.reports.metric import Metric, Number, Unit
from loopline.reports.report import Report
from loopline.reports.result import Check, ReportResult, Row
from loopline.web import wording
from loopline.web.report_pages import Opening, Unread, unread_options
from loopline.web.templatetags.loopline import figure, mark, pill

register = template.Library()

GOOD_ROMI = 100
CLOSE_PER_UNIT = 100_00
"""Ratios below so many minor units are written to the cent."""


@register.simple_tag
def value_of(row: Row, key: str) -> Number:
    """`{% value_of row metric.key as value %}`"""
    return row.values[key]


@register.simple_tag
def cost_mark(row: Row, metric: Metric) -> str:
    """`{% cost_mark row metric %}`: the mark of a figure that rests on an incomplete cost; "" where it is whole."""
    return mark(gap_words(row, metric))


@register.simple_tag
def value_at(values: Mapping[str, object], key: str) -> object:
    """`{% value_at found.before metric.key as value %}`"""
    return values[key]


@register.simple_tag(takes_context=True)
def unread(context: Context) -> list[Unread]:
    """`{% unread as left_out %}`: options of this page's address that it does not read; it reads those of `takes`."""
    return unread_options(context["request"].GET, context["takes"])


@register.simple_tag(takes_context=True)
def in_row(context: Context, metric: Metric, row: str) -> Metric:
    """`{% in_row metric row.key as told %}`: the metric with the unit that it has in this row of the report."""
    report: Report = context["report"]
    return report.told_in(row, metric)


@register.simple_tag
def total(opening: Opening | None, result: ReportResult, metric: Metric, currency: str) -> str:
    """`{% total opening_now found.after metric currency %}`: a figure of the total as the reader adds it up, shares and
    times as they are read; `linked` to what is behind it."""
    value = result.totals.values.get(metric.key)  # a model that could not be learnt then has no column
    is_added = metric.unit in {Unit.MONEY, Unit.COUNT}
    text = exact(value, metric, currency) if is_added else measured_short(value, metric, currency)
    return linked(opening, TOTAL, metric.key, value, text)


@register.simple_tag
def change_of(found: Why, key: str) -> Number:
    """`{% change_of found metric.key as value %}`: the whole difference of a figure."""
    return found.change(key)


@register.simple_tag
def signed(value: Number, metric: Metric, currency: str) -> str:
    """A difference with its sign, to the cent: +€60.00, −3, and · where there is none."""
    if not value:
        return "·"
    text = exact(value, metric, currency)
    return text if value < 0 else f"+{text}"


@register.simple_tag
def more_or_less(value: float, currency: str = "") -> str:
    """An estimated change with its sign: “+20.24”, “−1.46”; as money where a currency is given, “+€1,200”."""
    said = money_whole_text(round(abs(value)), currency) if currency else f"{abs(value):,.2f}"
    return f"{'−' if value < 0 else '+'}{said}"


@register.simple_tag
def exact(value: Number, metric: Metric, currency: str) -> str:
    """A metric's value where figures are added up by the reader: money to the cent."""
    if metric.unit is Unit.MONEY:
        return money_text(None if value is None else int(value), currency)
    if metric.unit is Unit.AMOUNT:
        return major_text(value, currency)
    return wording.figure_text(value)


@register.simple_tag
def measured_short(value: Number, metric: Metric, currency: str) -> str:
    """A metric's value for a table: money to the whole unit, small ratios to the cent, credited counts to a tenth."""
    if metric.unit is Unit.MONEY:
        amount = None if value is None else int(value)
        is_close = metric.parts and amount is not None and abs(amount) < CLOSE_PER_UNIT
        return money_text(amount, currency) if is_close else money_whole_text(amount, currency)
    if metric.unit is Unit.AMOUNT:
        return major_text(value, currency)
    if metric.unit is Unit.PERCENT:
        return wording.percent_text(value)
    if metric.unit is Unit.HOURS:
        return NONE if value is None else wording.span_text(timedelta(hours=value))
    return figure(value)


@register.simple_tag
def linked(opening: Opening | None, row: str, metric: str, value: Number, text: str) -> str:
    """`{% linked one.opening row.key metric.key value text %}`: a figure as it is told, which leads to what is behind
    it where it opens."""
    address = opening.of(row, metric) if opening and value is not None else ""
    return format_html('<a href="{}">{}</a>', address, text) if address else text


@register.simple_tag
def opened(value: Number, metric: Metric, currency: str) -> str:
    """A figure beside what it is made of, and each part: money to the cent, so that the reader can add it up."""
    is_money = metric.unit is Unit.MONEY
    return exact(value, metric, currency) if is_money else measured_short(value, metric, currency)


@register.simple_tag(takes_context=True)
def cell(context: Context, value: Number, metric: Metric, currency: str) -> str:
    """A figure in a table: where one count of its column is a fraction, all of them have two digits after the point."""
    split: Collection[str] = context.get("fractional") or ()
    if value is None or metric.key not in split:
        return measured_short(value, metric, currency)
    return f"{value:,.2f}".replace("-", MINUS)


@register.simple_tag
def proof(check: Check) -> str:
    """`{% proof result.check %}`: the rows added up beside what the records say."""
    rows, records = (
        money_text(one, check.currency) if check.currency else f"{one:,}" for one in (check.rows, check.records)
    )
    return f"{rows} in the rows {'=' if check.holds else '≠'} {records} {check.what}"


@register.simple_tag
def romi_pill(value: Number) -> str:
    """A return as a verdict: green from 100 %, amber down to 0, red below."""
    if value is None:
        return NONE
    tone = "good" if value >= GOOD_ROMI else "warn" if value >= 0 else "bad"
    return pill(wording.percent_text(value), tone)


@register.simple_tag
def with_option(query: str, name: str, value: str) -> str:
    """The options with one of them changed, such as another model."""
    return urlencode([(one, told) for one, told in parse_qsl(query) if one != name] + [(name, value)])
