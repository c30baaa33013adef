"""The organisation's own channel rules: they live with the collector, the audit log keeps who changed them.

They hold for events loaded from then on. Events that are stored stay as they are; what they count as since they were
judged again is a fact of its own, so reports as of an earlier moment keep their figures.

Rules are settled after their audit entry, as write keys are: a crash in between leaves a note of a change that did not
come about, never a rule that nobody noted.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import slugify

from loopline.access.actor import Actor
from loopline.access.audit import audit, take_turn
from loopline.access.models import Organisation
from loopline.access.roles import Permission
from loopline.access.write_keys import noted
from loopline.collect.channels import CHANNELS, RULES, Condition, Rule
from loopline.collect.keys import Keys
from loopline.facts.outbox import Fact, record_facts
from loopline.lib.times import utc_now
from loopline.reports.visits.judge_again import Judgement, judge_again
from loopline.store.engine import Engine

MOST = 100
FIELDS = ("source", "site", "medium", "campaign", "referrer", "click_id", "category")
TESTS = ("is", "contains", "starts", "ends")
"""What an own rule can look at and ask. A pattern of the writer's own could hold up every event, so there is none."""


@dataclass(frozen=True, slots=True)
class NewRule:
    name: str
    channel: str
    conditions: tuple[Condition, ...]
    """All of them have to hold."""


def add_channel_rule(keys: Keys, new: NewRule, *, by: Actor) -> Rule:
    """Put a rule behind the organisation's other ones. ValidationError for one that cannot be used, or is the same."""
    by.require(Permission.EDIT_CHANNELS)
    with noted(keys):
        known = keys.channel_rules().rules
        rule = Rule(f"own-{slugify(new.name)[:40]}", new.channel, (tuple(map(_clean, new.conditions)),))
        if rule.key == "own-" or any(one.key == rule.key for one in (*known, *RULES)):
            raise ValidationError(
                {"name": "There is a rule of this name already, or the name is empty; choose another."}
            )
        if rule.channel not in CHANNELS:
            raise ValidationError({"channel": f"“{rule.channel}” is no channel."})
        if not new.conditions:
            raise ValidationError("A rule needs at least one condition.")
        if len(known) >= MOST:
            raise ValidationError(f"There are {MOST} rules already; remove one that is not needed any more.")
        _keep(keys, (*known, rule), "added channel rule", rule, by)
        return rule


def remove_channel_rule(keys: Keys, key: str, *, by: Actor) -> None:
    """ValidationError when there is no such rule."""
    by.require(Permission.EDIT_CHANNELS)
    with noted(keys):
        known = keys.channel_rules().rules
        rule = known[_place(known, key)]
        _keep(keys, [one for one in known if one.key != key], "removed channel rule", rule, by)


def raise_channel_rule(keys: Keys, key: str, *, by: Actor) -> None:
    """Ask this rule before the one that now stands in front of it. ValidationError when there is no such rule."""
    by.require(Permission.EDIT_CHANNELS)
    with noted(keys):
        known = list(keys.channel_rules().rules)
        place = _place(known, key)
        if place > 0:
            known[place - 1 : place + 1] = [known[place], known[place - 1]]
            _keep(keys, known, "moved channel rule up", known[place - 1], by)


@transaction.atomic
def judge_channels_again(keys: Keys, engine: Engine, *, by: Actor) -> Judgement:
    """Let all stored events count as today's rules say. Raises StoreError when the event store does not answer."""
    by.require(Permission.EDIT_CHANNELS)
    take_turn()
    own = keys.channel_rules()
    found = judge_again(engine, own)
    now = utc_now()
    record_facts(Fact("channel_facts", move.id, move.row, now) for move in found.moves)
    audit(by, "judged channels again", Organisation.current(), version=own.version, events=found.events)
    return found


def _place(known: Sequence[Rule], key: str) -> int:
    for place, rule in enumerate(known):
        if rule.key == key:
            return place
    raise ValidationError("This rule is gone; somebody removed it in the meantime.")


def _clean(condition: Condition) -> Condition:
    if condition.field not in FIELDS or condition.test not in TESTS:
        raise ValidationError("A condition looks at a source, a medium or the like, and asks whether it is something.")
    values = tuple(dict.fromkeys(one.strip().lower() for one in condition.values if one.strip()))
    if not values:
        raise ValidationError("A condition needs at least one word to compare with.")
    return msgspec.structs.replace(condition, values=values)


def _keep(keys: Keys, rules: Sequence[Rule], verb: str, rule: Rule, by: Actor) -> None:
    organisation = Organisation.current()
    number = keys.channel_rules().number + 1
    audit(by, verb, organisation, rule=rule.key, channel=rule.channel, when=rule.words(), number=number)
    keys.set_channel_rules(rules)
