"""An own model as somebody writes it on a command line, or as the JSON that is kept of it, read into its plan."""

import json
from dataclasses import fields
from pathlib import Path

from loopline.attribution.own_model import Plan, PlanError, plan_from
from loopline.attribution.touchpoints import EARNING_KINDS

SHARES = ("first", "lead", "opportunity", "last", "rest")
HALF_LIFE = "half_life_days"
WORDS = (*SHARES, *EARNING_KINDS, HALF_LIFE)


def plan_written(text: str) -> Plan:
    """`text` is words such as `first=40 last=40 rest=20 call=2 half_life_days=30`, or names a file of JSON.

    Raises PlanError for what cannot be meant.
    """
    plan = _of_words(text) if "=" in text else _of_file(Path(text))
    plan.check()
    return plan


def _of_words(text: str) -> Plan:
    told: dict[str, float] = {}
    for word in text.replace(",", " ").split():
        name, _, figure = word.partition("=")
        if name not in WORDS:
            raise PlanError(f"There is no weight “{name}”. Choose of: {', '.join(WORDS)}.")
        if name in told:
            raise PlanError(f"{name} is given twice; say it once.")
        try:
            told[name] = float(figure)
        except ValueError:
            raise PlanError(f"{name} is “{figure}”; write a number, such as {name}=40.") from None
    kinds = {name: told.pop(name) for name in list(told) if name in EARNING_KINDS}
    half_life = told.pop(HALF_LIFE, None)
    return Plan(**told, kinds=kinds, half_life_days=half_life)


def _of_file(path: Path) -> Plan:
    form = '{"first": 40, "last": 40, "rest": 20, "kinds": {"call": 2}, "half_life_days": 30}'
    if not path.is_file():
        raise PlanError(f"“{path}” is neither weights such as first=40 last=40 rest=20 nor a file that is there.")
    try:
        told = json.loads(path.read_text(encoding="utf-8-sig"))
        plan = plan_from(json.dumps(told))
        is_meant = all(_is_number(told.get(name, 0)) for name in SHARES) and _is_number(plan.half_life_days or 1)
        is_meant = is_meant and all(_is_number(times) for times in plan.kinds.values())
    except (ValueError, TypeError, AttributeError):
        is_meant = False
    if not is_meant:
        known = ", ".join(one.name for one in fields(Plan))
        raise PlanError(f"{path.name} is not a model. Write JSON with some of {known}, such as {form}.")
    return plan


def _is_number(figure: object) -> bool:
    return isinstance(figure, int | float) and not isinstance(figure, bool)
