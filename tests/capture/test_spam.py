from dataclasses import replace
from datetime import timedelta

import pytest

from loopline.campaigns.spam import Circumstances, spam_reason

GENUINE = Circumstances(
    {"email": "ines@halden.no", "name": "Ines", "message": "See https://halden.no and https://halden.no/specs"},
    opened_before=timedelta(seconds=20),
    from_network=3,
)


def test_a_person_with_two_links_in_a_busy_office_is_genuine() -> None:
    assert spam_reason(GENUINE) == ""


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"honeypot": "http://spam.example"}, "filled in a field that people do not see"),
        ({"opened_before": None}, "sent without opening the form"),
        ({"opened_before": timedelta(milliseconds=300)}, "sent 0.3 s after the form was opened"),
        ({"opened_before": timedelta(seconds=-5)}, "sent -5.0 s after the form was opened"),
        ({"opened_before": timedelta(days=8)}, "the form was opened more than a week before"),
        ({"values": {"name": "Buy www.spam.example"}}, "a link in the field name"),
        ({"values": {"message": "http://a http://b [url=c] www.d"}}, "4 links in the text"),
        ({"values": {"email": "x@mailinator.com"}}, "a throw-away mailbox at mailinator.com"),
        ({"from_network": 10}, "10 others from the same network within 10 minutes"),
    ],
)
def test_each_sign_of_spam_has_its_reason(change: dict[str, object], reason: str) -> None:
    assert spam_reason(replace(GENUINE, **change)) == reason  # type: ignore[arg-type]
