"""What has to happen without anybody asking: start definitions that are due, hand leads over, judge new ones again.

A lead is judged when it is created; by then the visit it came from may not be in the event store yet, and people go
on reading. `leads.rejudge` judges those whose event was just stored; this is the round over all. A periodic job.
"""

from dataclasses import dataclass
from datetime import datetime

from loopline.access.actor import SYSTEM
from loopline.leads.definition_actions import start_due_definitions
from loopline.leads.hand_over import hand_over_waiting
from loopline.leads.rejudge import judge_new_leads
from loopline.lib.times import utc_now


@dataclass(frozen=True, slots=True)
class Swept:
    qualified: int
    handed_over: int


def sweep(at: datetime | None = None, *, judges_everybody: bool = True) -> Swept:
    """Hand over what waits and judge all new leads again. Raises StoreError when the event store does not answer."""
    at = at or utc_now()
    start_due_definitions(by=SYSTEM, at=at)
    handed_over = hand_over_waiting(by=SYSTEM, at=at)
    return Swept(judge_new_leads(at) if judges_everybody else 0, handed_over)
