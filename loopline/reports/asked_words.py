"""What a report was asked, in words, from its JSON: every option that the report reads."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from loopline.attribution.conversions import PEOPLE
from loopline.attribution.model import MODELS, Model
from loopline.attribution.touchpoints import EARNING_KINDS
from loopline.reports.address import ABOUT
from loopline.reports.option_words import names_read
from loopline.reports.options import CLOCKS, DIRECTS, HUMANS
from loopline.reports.report import Report


def asked_words(told: Mapping[str, Any], report: Report, models: Mapping[str, Model] = MODELS) -> list[tuple[str, str]]:
    """Label → words, in the order of the page's chips. `models`: for the names of an organisation's own ones."""
    words = {
        "period": ("Period", days_words(told["from"], told["to"])),
        "clock": ("Clock", f"{told['clock']}: {CLOCKS.get(told['clock'], '')}"),
        "model": ("Model", _model(told, models)),
        "conversion": ("Conversions", ABOUT[told.get("conversion") or ""]),
        "people": ("Touchpoints of", PEOPLE.get(told.get("people", ""), "")),
        "kinds": ("Touchpoints", _counts(told)),
        "lookback": ("Window", _window(told["lookback_days"])),
    }
    read = names_read(report)
    return [words[name] for name in words if name in read]


def days_words(first: str, last: str) -> str:
    """2026-07-01, 2026-09-30 → 1 Jul 2026 to 30 Sep 2026"""
    return f"{date.fromisoformat(first):%-d %b %Y} to {date.fromisoformat(last):%-d %b %Y}"


def _model(told: Mapping[str, Any], models: Mapping[str, Model]) -> str:
    key = told["model"]
    label = models[key].label if key in models else key
    if told.get("half_life_days") is not None:
        return f"{label}, half-life {told['half_life_days']:g} days"
    return f"{label}, order {told['order']}" if told.get("order") is not None else label


def _counts(told: Mapping[str, Any]) -> str:
    kinds = [one for one in EARNING_KINDS if one in (told.get("touch_kinds") or ())]
    every = len(kinds) == len(EARNING_KINDS)
    words = "all kinds" if every else ", ".join(EARNING_KINDS[one] for one in kinds)
    humans = HUMANS["only" if told.get("humans_only", True) else "all"]
    return f"{words}; {DIRECTS.get(told.get('direct', ''), '')}; {humans}"


def _window(days: int | None) -> str:
    return "no window: all touchpoints before the conversion" if days is None else f"{days} days before the conversion"
