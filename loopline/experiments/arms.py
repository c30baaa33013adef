"""Which arm: a keyed hash of the subject and the experiment's own salt. The same at every question. Pure."""

import hmac
from hashlib import sha256

from loopline.reports.experiments.lift import HOLDOUT, TREATED

_BYTES = 8


def arm_of(salt: str, subject: str, holdout_percent: int) -> str:
    """HOLDOUT for `holdout_percent` of all subjects, TREATED for the others.

    Every experiment has a salt of its own, so who is held out here says nothing about who is held out elsewhere.
    """
    digest = hmac.new(bytes.fromhex(salt), subject.encode(), sha256).digest()
    place = int.from_bytes(digest[:_BYTES], "big")
    return HOLDOUT if place * 100 < holdout_percent << (8 * _BYTES) else TREATED
