"""Tags of the report pages. They write values; they calculate nothing."""

from urllib.parse import parse_qsl, urlencode

from django import template

from loopline.reports.metric import Metric, Number, Unit
from loopline.reports.result import Row
from loopline.web import wording
from loopline.web.templatetags.loopline import figure, pill

register = template.Library()

GOOD_ROMI = 100
CLOSE_PER_UNIT = 100_00
"""Ratios below so many minor units are written to the cent."""


@register.simple_tag
def value_of(row: Row, key: str) -> Number:
    """`{% value_of row metric.key as value %}`"""
    return row.values[key]


@register.simple_tag
def measured_short(value: Number, metric: Metric, currency: str) -> str:
    """A metric's value for a table: money to the whole unit, small ratios to the cent, credited counts to a tenth."""
    if metric.unit is Unit.MONEY:
        amount = None if value is None else int(value)
        is_close = metric.parts and amount is not None and abs(amount) < CLOSE_PER_UNIT
        return wording.money_text(amount, currency) if is_close else wording.money_whole_text(amount, currency)
    if metric.unit is Unit.PERCENT:
        return wording.percent_text(value)
    return figure(value)


@register.simple_tag
def romi_pill(value: Number) -> str:
    """A return as a verdict: green from 100 %, amber down to 0, red below."""
    if value is None:
        return wording.NONE
    tone = "good" if value >= GOOD_ROMI else "warn" if value >= 0 else "bad"
    return pill(wording.percent_text(value), tone)


@register.simple_tag
def with_model(query: str, model: str) -> str:
    """The options with another model."""
    return urlencode([(name, value) for name, value in parse_qsl(query) if name != "model"] + [("model", model)])
