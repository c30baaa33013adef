"""The best way to reach a person: refusals first, then what worked, then what there is."""

import pytest

from loopline.leads.reach import Reachable, best_way


@pytest.mark.parametrize(
    ("person", "text", "because"),
    [
        (Reachable("a@b.no", "+47 1", answered_hours=[8, 9, 9, 15], missed_calls=1),
         "best reached by phone, 9–16 h", "answered 4 of 5"),
        (Reachable("a@b.no", "+47 1", answered_hours=[8]), "best reached by phone", "answered 1 of 1"),
        (Reachable("a@b.no", "+47 1", missed_calls=3), "best reached by e-mail", "answered none of 3 calls"),
        (Reachable("a@b.no", "+47 1", missed_calls=3, answered_mails=2), "best reached by e-mail", "answered 2 so far"),
        (Reachable("a@b.no", "+47 1"), "try the phone first", "a number is known and nobody called yet"),
        (Reachable("a@b.no"), "write an e-mail", "no phone number is known"),
        (Reachable("a@b.no", "+47 1", frozenset({"phone"}), [9, 9]), "write an e-mail", "refused calls"),
        (Reachable("a@b.no", "", frozenset({"email", "phone"})), "do not contact", "refused email and phone"),
        (Reachable(), "no way to reach this person is known", "neither e-mail address nor phone number"),
    ],
)  # fmt: skip
def test_one_way_and_why(person: Reachable, text: str, because: str) -> None:
    advice = best_way(person)
    assert (advice.text, advice.because) == (text, because)
