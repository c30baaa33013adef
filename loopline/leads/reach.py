"""The best way to reach a person, from what is known: numbers, consent, and which calls were answered when."""

from collections.abc import Sequence
from dataclasses import dataclass

_FEW = 2
"""With fewer answered calls than this nothing is said about the time of day."""


@dataclass(frozen=True, slots=True)
class Reachable:
    email: str = ""
    phone: str = ""
    refused: frozenset[str] = frozenset()
    """Purposes the person refused or withdrew, such as `phone` or `email`."""
    answered_hours: Sequence[int] = ()
    """Local hour of day of each answered call."""
    missed_calls: int = 0
    answered_mails: int = 0


@dataclass(frozen=True, slots=True)
class Advice:
    text: str
    """`best reached by phone, 8–10 h`"""
    because: str


def best_way(person: Reachable) -> Advice:
    """One way and why. Refusals come first, then what worked, then what there is."""
    can_call = bool(person.phone) and "phone" not in person.refused
    can_mail = bool(person.email) and "email" not in person.refused
    calls = len(person.answered_hours) + person.missed_calls
    if can_call and person.answered_hours:
        return Advice(
            f"best reached by phone{_hours(person.answered_hours)}", f"answered {len(person.answered_hours)} of {calls}"
        )
    if can_mail and person.answered_mails:
        return Advice("best reached by e-mail", f"answered {person.answered_mails} so far")
    if can_mail and calls and not person.answered_hours:
        return Advice("best reached by e-mail", f"answered none of {calls} calls")
    if can_call:
        return Advice("try the phone first", "a number is known and nobody called yet")
    if can_mail:
        return Advice("write an e-mail", "refused calls" if person.phone else "no phone number is known")
    if person.phone or person.email:
        return Advice("do not contact", f"refused {' and '.join(sorted(person.refused))}")
    return Advice("no way to reach this person is known", "neither e-mail address nor phone number")


def _hours(answered: Sequence[int]) -> str:
    """`, 8–10 h`: where the middle half of the answered calls lies."""
    if len(answered) < _FEW:
        return ""
    in_order = sorted(answered)
    low, high = in_order[len(in_order) // 4], in_order[(3 * (len(in_order) - 1) + 3) // 4]
    return f", {low}–{high + 1} h"
