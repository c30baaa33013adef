"""What huddles need without anybody asking: homework and briefs before the meeting, reviews of decisions. Periodic."""

from datetime import datetime

from loopline.huddles.brief import send_briefs
from loopline.huddles.homework import ask_for_homework
from loopline.huddles.reviews import review_due
from loopline.lib.times import utc_now


def keep_rhythm(at: datetime | None = None) -> None:
    """Everything that is due; each is done once, whoever asks how often."""
    at = at or utc_now()
    ask_for_homework(at=at)
    send_briefs(at=at)
    review_due(at=at)
