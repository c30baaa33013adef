"""Rules, teams, disputes, drafts and meetings of which every text is hostile."""

from collections.abc import Sequence
from datetime import date, time, timedelta
from itertools import cycle

from django.core.exceptions import ValidationError

from loopline.access.actor import SYSTEM
from loopline.access.models import BusinessUnit, User
from loopline.huddles.actions import Said, close_huddle, dispose_lead, open_huddle
from loopline.huddles.decisions import NewDecision, add_decision
from loopline.huddles.homework import ask_for_homework
from loopline.huddles.models import Homework, HuddleSeries
from loopline.huddles.series import SeriesPlan, start_series
from loopline.leads.actions import reject_lead
from loopline.leads.definition_actions import draft_definition
from loopline.leads.disputes import ask_for_evidence, open_dispute, pause_clocks
from loopline.leads.models import Lead
from loopline.leads.states import LeadStateError
from loopline.lib.times import utc_now
from loopline.routing.actions import NewRule, add_absence, save_rule, save_team, set_days_off

A_DAY = timedelta(days=1)


def write_routing(unit: BusinessUnit, seller: User, typed: Sequence[str]) -> None:
    later = utc_now().date() + 30 * A_DAY  # today there has to be somebody who takes leads
    for place, text in enumerate(typed):
        name = f"{text[:70]} {place}"
        try:
            team = save_team(unit, name, [seller], by=SYSTEM)
            condition: dict[str, object] = {"field": "person.country", "is": [text[:40] or "x"]}
            save_rule(unit, NewRule(name, condition, "queue", team=team), by=SYSTEM)
        except ValidationError:
            continue
        add_absence(seller, later, later, text, by=SYSTEM)
    set_days_off(unit, {later + place * A_DAY: text for place, text in enumerate(typed)}, by=SYSTEM)


def quarrel(unit: BusinessUnit, typed: Sequence[str]) -> None:
    """Leads sent back, disputed, waited for: each word of it hostile."""
    leads = Lead.objects.filter(unit=unit, state=Lead.State.HANDED_OVER, owner__isnull=False).order_by("pk")
    for place, (lead, text) in enumerate(zip(leads[:180:2], cycle(typed))):
        assert lead.owner is not None
        try:
            if place % 3 == 0:
                reject_lead(lead, "no_need", note=text, by=lead.owner.actor)
                open_dispute(lead, text, by=SYSTEM)
            elif place % 3 == 1:
                ask_for_evidence(lead, text, by=lead.owner.actor)
            else:
                pause_clocks(lead, text, by=lead.owner.actor)
        except LeadStateError:
            continue


def write_drafts(unit: BusinessUnit, typed: Sequence[str]) -> None:
    """Definitions that compare with hostile values, for hostile reasons."""
    typed = [one for one in typed if one.isprintable()]  # a rule takes no others
    for group in range(0, len(typed), 40):
        values = typed[group : group + 40]
        rules: dict[str, object] = {"any": [
            {"field": "person.country", "is": list(values)}, {"field": "person.job_title", "contains": values[:3]},
        ]}  # fmt: skip
        draft_definition(unit, rules, because=" ".join(values)[:500], by=SYSTEM)


def hold_huddles(unit: BusinessUnit, runner: User, seller: User, typed: Sequence[str]) -> None:
    """One that is over, and an open one of a series whose homework waits."""
    over = open_huddle(unit, by=SYSTEM)
    add_decision(over, NewDecision(typed[1], seller, None, typed[2], typed[3], typed[4]), by=SYSTEM)
    close_huddle(over, carry_over=True, by=SYSTEM)
    series = _series(unit, typed[0], (runner, seller))
    ask_for_homework()
    assert Homework.objects.exists()
    huddle = open_huddle(unit, series=series, by=SYSTEM)
    for entry, text in zip(huddle.leads.all()[:30], cycle(typed)):
        dispose_lead(entry, Said("good", sales_note=text, marketing_note=text), by=SYSTEM)
    for text in typed[::3]:
        add_decision(huddle, NewDecision(text, seller, date(2026, 12, 24), text, text, text), by=SYSTEM)


def _series(unit: BusinessUnit, name: str, roster: tuple[User, ...]) -> HuddleSeries:
    begins = utc_now() + timedelta(hours=2)
    plan = SeriesPlan(name[:120], begins.date(), time(begins.hour, begins.minute), roster)
    return start_series(unit, plan, by=SYSTEM)
