"""The channel of each event that belongs to a visit or is a touchpoint."""

from loopline.collect.channels import CHANNELS, Decision, Visit, decide
from loopline.collect.settings import Settings
from loopline.collect.work import Item, Work

DECLARED = "declared@1"
"""Stored as the rule where no rule decided: somebody declared the channel, as the mapping of an import does."""


def decide_channel(work: Work) -> None:
    """Events of a visit carry the visit's channel; an event that is neither visit nor touchpoint has none."""
    found: dict[tuple[Visit, str, str], Decision] = {}
    for item in work.items:
        if declared := _declared(item):
            item.channel, item.channel_rule = declared, DECLARED
        elif item.session_id or item.is_entry or item.touch_kind or item.visit.says_something:
            place = item.visit, item.touch_kind, item.kind
            decision = found.get(place)
            if decision is None:
                decision = found[place] = _decision(item, work.settings)
            item.channel, item.channel_rule = decision.channel, decision.rule


def _decision(item: Item, settings: Settings) -> Decision:
    return decide(item.visit, touch=item.touch_kind, kind=item.kind, own=settings.channel_rules)


def _declared(item: Item) -> str:
    own = item.event.loopline if item.request.source == "loopline" else None
    return own.channel if own is not None and own.channel in CHANNELS else ""
