"""What happens to every event between the inbox and the event store: these steps, in this order.

A step works on a whole stretch of events at a time. An event that leaves does so through `Work.drop` or
`Work.quarantine`, with a reason that is counted: received = stored + dropped + quarantined + still waiting.
"""

from collections.abc import Callable

from loopline.collect.steps import (
    campaign,
    channel,
    clock,
    consent,
    decode,
    devices,
    duplicates,
    identity,
    machines,
    places,
    sessions,
    touch,
    validate,
)
from loopline.collect.work import Work

Step = Callable[[Work], None]

STEPS: tuple[tuple[str, Step], ...] = (
    ("decode", decode.decode),
    ("validate", validate.validate),
    ("correct clock", clock.correct_clock),
    ("drop duplicates", duplicates.drop_duplicates),
    ("honour consent", consent.honour_consent),
    ("tell machines", machines.tell_machines),
    ("look up place", places.look_up_place),
    ("read device", devices.read_device),
    ("read campaign", campaign.read_campaign),
    ("build sessions", sessions.build_sessions),
    ("mark touchpoints", touch.mark_touchpoints),
    ("decide channel", channel.decide_channel),
    ("name identity", identity.name_identity),
)


def run_steps(work: Work) -> Work:
    """Take the blocks of `work` through all steps. Repeating it with the same state gives the same result."""
    for name, step in STEPS:
        work.step = name
        step(work)
    return work
