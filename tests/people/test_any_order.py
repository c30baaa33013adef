"""The same events in any order, some of them twice, make the same people with the same links."""

from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from loopline.access.models import BusinessUnit
from loopline.collect.reactor_feed import ReactorFeed
from loopline.collect.signals import Signal
from loopline.collect.state import Outcome, State
from loopline.leads.reactor import react_once
from loopline.people.actions import identities_of, person_of
from loopline.people.browser_uses import stretches_on
from loopline.people.models import Person, ReactorRefusal
from loopline.people.uses import EVER
from tests.make import make_unit

pytestmark = pytest.mark.django_db

BROWSERS, USERS = ("v1", "v2", "v3"), ("u1", "u2", "u3")
ADDRESSES = ("ines@halden.no", "tom@halden.no", "una@gmail.com")
NOBODYS = ("info@halden.no", "test@example.com")
AT_US = int(datetime(2026, 3, 2, 9, 0, tzinfo=UTC).timestamp() * 1_000_000)
Said = dict[str, Any]

some_browser = st.sampled_from(("", *BROWSERS))
some_user = st.sampled_from(("", *USERS, "null"))
some_phone = st.sampled_from(
    ({}, {"fields": {"phone": "+47 912 34 567"}}, {"fields": {"phone": "91234568", "country": "NO"}})
)
some_address = st.sampled_from((*ADDRESSES, *ADDRESSES, *NOBODYS))
identified = st.fixed_dictionaries(
    {"kind": st.just("identify"), "visitor_id": some_browser, "user_id": some_user, "email": some_address | st.just("")}
)
sent = st.fixed_dictionaries(
    {
        "kind": st.just("form"),
        "visitor_id": some_browser,
        "user_id": some_user,
        "email": some_address,
        "properties": some_phone,
    }
)
renamed = st.fixed_dictionaries(
    {"kind": st.just("alias"), "previous_id": st.sampled_from((*BROWSERS, *USERS)), "user_id": st.sampled_from(USERS)}
)
logged_out = st.fixed_dictionaries({"kind": st.just("logout"), "visitor_id": st.sampled_from(BROWSERS)})
a_moment = st.sampled_from((0, 10, 20, 50, 120, 121, 600))
"""Minutes: on one browser within a visit, near each other, and far apart."""
a_history = st.lists(
    st.builds(lambda said, minute: {**said, "minute": minute}, identified | sent | renamed | logged_out, a_moment),
    min_size=2, max_size=7,
)  # fmt: skip
Who = tuple[set[frozenset[str]], dict[str, list[tuple[int, str, str]]]]
"""The identities of each person; and of each shared browser from which minute on it was whose, and why."""


class Site:
    def __init__(self, folder: Path, unit: BusinessUnit) -> None:
        self._folder, self._unit, self._runs = folder, unit, 0

    def after(self, history: list[Said]) -> Who:
        """Who is who after these events, read in this order. Everything is taken back again."""
        self._runs += 1
        state = State(self._folder / str(self._runs))
        signals = [self._signal(seq, dict(said)) for seq, said in enumerate(history, 1)]
        state.commit(Outcome(first_seq=1, last_seq=len(signals), signals=signals))
        with transaction.atomic():
            react_once(ReactorFeed(state))
            assert not ReactorRefusal.objects.exists()
            found = who_is_who(), whose_when()
            transaction.set_rollback(True)
        state.close()
        return found

    def _signal(self, seq: int, said: Said) -> Signal:
        minute = said.pop("minute", 0)
        whole: Said = {
            "seq": seq, "kind": "", "event_id": f"e{seq}", "unit_id": str(self._unit.pk), "source_id": "k1",
            "source": "browser", "visitor_id": "", "user_id": "", "previous_id": "", "group_id": "", "session_id": "",
            "email": "", "name": "", "traits": {}, "properties": {}, "consent": 3,
            "occurred_us": AT_US + minute * 60_000_000, "bot_verdict": "human",
        }  # fmt: skip
        return Signal(**(whole | said))


def who_is_who() -> set[frozenset[str]]:
    people: dict[Person, set[str]] = defaultdict(set)
    for identity in (
        *(f"visitor:{one}" for one in (*BROWSERS, *USERS)),
        *(f"user:{one}" for one in (*USERS, *BROWSERS, "null")),
        *(f"email:{one}" for one in (*ADDRESSES, *NOBODYS)),
        "phone:+4791234567",
        "phone:+4791234568",
    ):
        if person := person_of(identity):
            people[person].add(identity)
    return {frozenset(one) for one in people.values()}


def whose_when() -> dict[str, list[tuple[int, str, str]]]:
    return {
        identity: [(minutes(one.use.since), one_identity(one.use.person), one.use.why) for one in stretches]
        for identity, stretches in stretches_on(f"visitor:{one}" for one in BROWSERS).items()
    }


def minutes(moment: datetime) -> int:
    """Since the first event; very few for the beginning of all."""
    return int(moment.timestamp() * 1_000_000 - AT_US) // 60_000_000 if moment > EVER else -999


def one_identity(person: Person | None) -> str:
    """What tells a person from the others, the same in each run."""
    if person is None:
        return ""
    return person.email or min(one.identity for one in identities_of(person) if one.identity.startswith("user:"))


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path, make_unit())


def identify(**said: str) -> Said:
    return {"kind": "identify", **said}


def form(**said: str) -> Said:
    return {"kind": "form", **said}


# Without shrinking: a failing history is short anyway, and each takes a tenth of a second.
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)  # fmt: skip
@given(history=a_history, chance=st.randoms(use_true_random=False))
@example(  # a user id without an address, then two of them
    history=[identify(user_id="u1"), identify(user_id="u1", email="ines@halden.no"),
             identify(user_id="u1", email="tom@halden.no"), identify(user_id="u1", visitor_id="v1")],
    chance=None,
)  # fmt: skip
@example(  # a user id known through another one, before anything was said of itself
    history=[form(user_id="u1", email="tom@halden.no"), {"kind": "alias", "previous_id": "u1", "user_id": "u2"},
             identify(user_id="u2", email="ines@halden.no")],
    chance=None,
)  # fmt: skip
def test_the_same_people_and_links_follow_in_any_order_of_arrival(site: Site, history: list[Said], chance: Any) -> None:
    shuffled = [*history, *history[:2]]
    if chance is None:
        shuffled.reverse()
    else:
        chance.shuffle(shuffled)
    people, uses = site.after(history)
    assert site.after(shuffled) == (people, uses)
    for one in people:
        assert sum(identity.startswith("email:") for identity in one) <= 1
        assert len(one) == 1 or not one & {f"email:{address}" for address in NOBODYS}
        assert "user:null" not in one


@pytest.mark.parametrize(
    ("history", "people"),
    [
        # Two who signed in on one browser stay two, and what it did without a name stays nobody's.
        ([identify(visitor_id="v1", user_id="u1"), identify(visitor_id="v1", user_id="u2")], ["user:u1", "user:u2"]),
        # A logout starts a new browser id: both stretches are told apart.
        ([identify(visitor_id="v1", user_id="u1"), identify(visitor_id="v2", user_id="u2")],
         ["user:u1 visitor:v1", "user:u2 visitor:v2"]),
        # A colleague's address in a form, while signed in, does not take the user id away.
        ([identify(user_id="u1", email="ines@halden.no"), form(user_id="u1", email="tom@halden.no", visitor_id="v1")],
         ["email:ines@halden.no user:u1", "email:tom@halden.no visitor:v1"]),
        # A mailbox that several people read is a record of its own, whatever came with it.
        ([form(visitor_id="v1", email="info@halden.no"), form(visitor_id="v1", email="ines@halden.no")],
         ["email:info@halden.no", "email:ines@halden.no visitor:v1"]),
        # What sites send for nobody joins nobody.
        ([identify(visitor_id="v1", user_id="null"), identify(visitor_id="v2", user_id="null"),
          identify(visitor_id="v3", user_id="null", email="test@example.com")], []),
        # Two user ids with an address each stay two, even when the site says that they are one.
        ([identify(user_id="u1", email="ines@halden.no"), identify(user_id="u2", email="tom@halden.no"),
          {"kind": "alias", "previous_id": "u1", "user_id": "u2"}], ["email:ines@halden.no", "email:tom@halden.no"]),
    ],
)  # fmt: skip
def test_who_is_who_after_these_events(site: Site, history: list[Said], people: list[str]) -> None:
    assert site.after(history)[0] == {frozenset(one.split()) for one in people}
    assert site.after(history[::-1])[0] == {frozenset(one.split()) for one in people}


INES, TOM = "ines@halden.no", "tom@halden.no"


def test_two_on_one_browser_each_have_it_while_it_can_be_told(site: Site) -> None:
    history = [
        {"minute": 60, **identify(visitor_id="v1", email=INES)},
        {"minute": 70, **identify(visitor_id="v1", email=TOM)},
        {"minute": 500, **form(visitor_id="v1", email=INES)},
        {"minute": 510, "kind": "logout", "visitor_id": "v1"},
        {"minute": 900, **identify(visitor_id="v1", email=TOM)},
    ]
    uses = [(-999, "", "before"), (30, INES, "named"), (70, TOM, "named"), (100, "", "between"), (470, INES, "named"),
            (510, TOM, "alone")]  # fmt: skip
    for order in (history, history[::-1], history[2:] + history[:2]):
        assert site.after(order)[1] == {"visitor:v1": uses}


def test_a_browser_with_one_person_is_theirs_whoever_logged_out(site: Site) -> None:
    history = [{"minute": 5, **form(visitor_id="v1", email=INES)}, {"minute": 6, "kind": "logout", "visitor_id": "v1"}]
    assert site.after(history) == ({frozenset({f"email:{INES}", "visitor:v1"})}, {})
