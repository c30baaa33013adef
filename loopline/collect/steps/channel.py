"""The channel of each event that belongs to a visit or is a touchpoint."""

from loopline.collect.channels import decide
from loopline.collect.work import Work


def decide_channel(work: Work) -> None:
    """Events of a visit carry the visit's channel; an event that is neither visit nor touchpoint has none."""
    own_rules = work.settings.channel_rules
    for item in work.items:
        if item.session_id or item.is_entry or item.touch_kind or item.visit.says_something:
            found = decide(item.visit, touch=item.touch_kind, kind=item.kind, own_rules=own_rules)
            item.channel, item.channel_rule = found.channel, found.rule
