"""Small random histories with everything that books are not supposed to hold, and do."""

import json
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from loopline.store.engine import Engine
from tests.attribution.shelf import Shelf

UNITS = ("north", "south", "west")
CHANNELS = ("Direct", "Email", "Paid Search", "Partner", "Event", "")
PLANS = ("planned", "committed")
CODES = ("spring", "autumn", "mistyped", "")
KINDS = (
    "entry",
    "entry",
    "entry",
    "form",
    "email_click",
    "call",
    "meeting",
    "partner",
    "reply",
    "event",
    "self_reported",
)
STATES = ("new", "marketing_qualified", "handed_over", "accepted", "rejected")
ANSWERS = ("search", "event", "other", "unanswered")
EARLY, LATER = datetime(2024, 4, 2, 8, tzinfo=UTC), datetime(2024, 4, 5, 8, tzinfo=UTC)
"""When most is learnt, and when the rest is: the books may be asked as of between them."""
BETWEEN = datetime(2024, 4, 3, tzinfo=UTC)


class History:
    """January to April of a leap year: 29 February, and the last Sunday of March, on which clocks go on."""

    def __init__(self, engine: Engine, seed: int, *, people: int = 14) -> None:
        self.chance, self.shelf = Random(seed), Shelf(engine)
        self.people = [f"p{number}" for number in range(people)]
        self._companies()
        self._campaigns()
        self._people()
        self._visits()
        self._sales()
        self._costs()
        self._clocks()
        self._second_thoughts()
        self.shelf.store()

    def is_so(self, chance: float = 0.5) -> bool:
        return self.chance.random() < chance

    def one_of(self, *values: Any) -> Any:
        return self.chance.choice(values)

    def moment(self) -> datetime:
        """Often the very same as another, at a border of a day, or in an hour that is there twice or not at all."""
        odd = (
            datetime(2024, 2, 29, 22, 30, tzinfo=UTC), datetime(2024, 2, 29, 23, 30, tzinfo=UTC),
            datetime(2024, 3, 31, 0, 59, 59, 999_999, tzinfo=UTC), datetime(2024, 3, 31, 1, tzinfo=UTC),
            datetime(2024, 3, 10, 7, tzinfo=UTC), datetime(2024, 3, 1, tzinfo=UTC),
            datetime(2024, 3, 15, 12, tzinfo=UTC),
        )  # fmt: skip
        if self.is_so(0.3):
            return self.one_of(*odd)
        return datetime(2024, 1, 1, tzinfo=UTC) + timedelta(microseconds=self.chance.randrange(91 * 86_400 * 1_000_000))

    def learnt(self) -> datetime:
        return EARLY if self.is_so(0.8) else LATER

    def amount(self) -> int | None:
        return self.one_of(None, 0, 1, -1, -7, 100, self.chance.randrange(10**4), self.chance.randrange(10**8),
                           self.chance.randrange(10**8), -self.chance.randrange(10**5))  # fmt: skip

    def _companies(self) -> None:
        for number in range(4):
            self.shelf.fact(
                "company_facts", f"firm{number}", unit_id=self.one_of(*UNITS), name=f"Firm {number}",
                industry=self.one_of("", "Steel", "Water"), country=self.one_of("", "NO", "DE"),
                employees=self.one_of(None, 0, 9, 10, 49, 250, 1000), learnt=EARLY,
            )  # fmt: skip

    def _campaigns(self) -> None:
        for name in ("spring", "autumn", "winter"):
            self.shelf.fact(
                "campaign_facts", name, unit_id=self.one_of(*UNITS), name=name.title(), status="running",
                channel=self.one_of("Email", "Event", ""), currency="EUR", owner_id=self.one_of("", "ann", "bo"),
                is_deleted=self.is_so(0.15), learnt=EARLY,
            )  # fmt: skip
        self.shelf.activity("mailing", "spring", "mailing")
        for code in ("spring", "autumn"):
            for unit in UNITS:
                if self.is_so(0.8):
                    self.shelf.code(code, self.one_of(code, "winter", ""), self.one_of("", "mailing"), unit=unit,
                                    learnt=self.learnt())  # fmt: skip
        if self.is_so():
            self.shelf.code("mistyped", "spring", learnt=LATER)

    def _people(self) -> None:
        merged: set[str] = set()
        for person in self.people:
            others = [one for one in self.people if one < person and one not in merged]
            canonical = self.one_of(*others) if others and self.is_so(0.25) else person
            if canonical != person:
                merged.add(person)
            at = self.learnt()
            self._person(person, canonical if at == LATER or self.is_so() else person, EARLY)
            if at == LATER:
                self._person(person, canonical, LATER)
        for person in self.people:
            if self.is_so(0.85):
                self.shelf.link(f"visitor:v-{person}", person, learnt=self.learnt())
            if self.is_so(0.3):
                self.shelf.link(f"user:u-{person}", self.one_of(person, ""), learnt=self.learnt())
            self.shelf.fact(
                "consent_facts", f"{person}/email", person_id=person, purpose="email", is_granted=self.is_so(),
                learnt=EARLY,
            )  # fmt: skip
        self.shelf.fact("identity_facts", "visitor:shared", person_id="", evidence="shared", learnt=EARLY)
        for since in (datetime(1970, 1, 1, tzinfo=UTC), *sorted({self.moment() for _ in range(3)})):
            self.shelf.fact(
                "browser_use_facts", f"visitor:shared@{since.isoformat()}", identity="visitor:shared", since=since,
                why="named", person_id=self.one_of("", *self.people), learnt=EARLY,
            )  # fmt: skip

    def _person(self, person: str, canonical: str, learnt: datetime) -> None:
        self.shelf.fact(
            "person_facts", person, unit_id="north", canonical_id=canonical, learnt=learnt,
            company_id=self.one_of("", "firm0", "firm1", "firm2"), is_deleted=self.is_so(0.05),
            erased=self.one_of("", "", "yes"),
        )  # fmt: skip

    def _visits(self) -> None:
        browsers = [f"visitor:v-{one}" for one in self.people] + ["visitor:shared", "visitor:stranger"]
        for number in range(self.chance.randrange(10, 120)):
            kind, person = self.one_of(*KINDS), self.one_of(*self.people)
            identity = self.one_of(*browsers, f"person:{person}", f"user:u-{person}")
            said = {"self_reported": self.one_of(*ANSWERS)} if kind == "form" and self.is_so() else {}
            channel, is_own = self.one_of(*CHANNELS), identity.startswith("person:")
            self.shelf.touch(
                f"e{self.chance.randrange(10**6):06}-{number}", identity, self.moment(), learnt=self.learnt(),
                unit_id=self.one_of(*UNITS), is_entry=kind == "entry", channel=channel, channel_rule="r1",
                touch_kind=self.one_of(kind, kind, kind, ""),
                kind="form" if said or is_own else self.one_of("page", kind),
                visitor_id=identity.removeprefix("visitor:") if identity.startswith("visitor:") else "",
                utm_campaign=self.one_of(*CODES), utm_source=self.one_of("", "google", "acme"),
                utm_content=self.one_of("", "a", "b"), landing_path=self.one_of("", "/a", "/b"),
                url_path=self.one_of("", "/a", "/price"), country=self.one_of("", "NO"),
                consent=self.chance.randrange(4), bot_verdict=self.one_of("human", "human", "human", "machine:crawler"),
                properties=json.dumps(said) if said else "",
            )  # fmt: skip
        for person in self.people[:2]:
            self.shelf.fact("bot_verdict_facts", f"v-{person}", learnt=self.learnt(), is_deleted=self.is_so(0.2),
                            verdict=self.one_of("human", "machine:headless"))  # fmt: skip
        self.shelf.fact(
            "channel_facts", "again", channel_rule="r1", utm_source="google", utm_medium="", utm_campaign="spring",
            click_id_kind="", referrer_host="", touch_kind="entry", kind="page", channel="Paid Social", rule="r2",
            learnt=self.learnt(),
        )  # fmt: skip

    def _sales(self) -> None:
        for number in range(self.chance.randrange(25)):
            self._lead(f"l{number}")
        for number in range(self.chance.randrange(25)):
            self._sale(f"o{number}")

    def _lead(self, lead_id: str) -> None:
        created = self.moment()
        later = [created + timedelta(hours=self.chance.choice((0, 1, 4, 30, 700))) * place for place in range(1, 5)]
        reached = self.chance.randrange(5)
        times = {
            name: at if place < reached and self.is_so(0.8) else None
            for place, (name, at) in enumerate(
                zip(("qualified_at", "handed_over_at", "accepted_at", "rejected_at"), later, strict=True)
            )
        }
        self.shelf.fact(
            "lead_facts", lead_id, unit_id=self.one_of(*UNITS), person_id=self.one_of(*self.people, "nobody"),
            state=STATES[reached], owner_id=self.one_of("", "ann", "bo"), created_at=created, learnt=self.learnt(),
            is_deleted=self.is_so(0.08), **times,
        )  # fmt: skip

    def _sale(self, sale_id: str) -> None:
        created, amount = self.moment(), self.amount()
        outcome = self.one_of("won", "won", "won", "lost", "open")
        closed = created + timedelta(hours=self.chance.choice((0, 3, 100, 900)))
        self.shelf.fact(
            "opportunity_facts", sale_id, unit_id=self.one_of(*UNITS), outcome=outcome,
            lead_id=f"l{self.chance.randrange(25)}" if self.is_so(0.7) else "", currency=self.one_of("EUR", "USD"),
            company_id=self.one_of("", "firm0", "firm3"), owner_id=self.one_of("", "ann", "bo"), amount_minor=amount,
            primary_campaign_id=self.one_of("", "spring", "unheard of"), refunded_minor=0, reporting_minor=amount,
            created_at=created, closed_at=None if outcome == "open" or self.is_so(0.05) else closed,
            learnt=self.learnt(), is_deleted=self.is_so(0.08),
        )  # fmt: skip
        for person in self.chance.sample(self.people, self.chance.randrange(3)):
            self.shelf.fact(
                "opportunity_contact_facts", f"{sale_id}/{person}", opportunity_id=sale_id, person_id=person,
                is_primary=self.is_so(0.3), is_deleted=self.is_so(0.1), learnt=self.learnt(),
            )  # fmt: skip

    def _costs(self) -> None:
        for number in range(self.chance.randrange(14)):
            first = date(2024, 1, 20) + timedelta(days=self.chance.randrange(80))
            amount = self.amount()
            self.shelf.cost(
                f"c{number}", self.one_of("", "spring", "autumn", "unheard of"), amount, first,
                first + timedelta(days=self.one_of(0, 0, 1, 6, 40, 400)), unit_id=self.one_of(*UNITS),
                activity_id=self.one_of("", "mailing"), cost_kind=self.one_of("actual", "actual", *PLANS),
                category=self.one_of("media", "it", "tools"), is_deleted=self.is_so(0.1), learnt=self.learnt(),
                platform=self.one_of("", "google", "linkedin"), claimed_micro=self.one_of(None, 0, 2_500_000),
                claimed_reporting_minor=self.one_of(None, 0, 12_345), currency=self.one_of("EUR", "USD"),
            )  # fmt: skip

    def _clocks(self) -> None:
        for number in range(self.chance.randrange(12)):
            started = self.moment()
            stopped = started + timedelta(minutes=self.chance.randrange(9000)) if self.is_so(0.7) else None
            self.shelf.fact(
                "clock_facts", f"k{number}", unit_id=self.one_of(*UNITS), lead_id=f"l{number}", side="sales",
                kind=self.one_of("answer", "take", "ripen"), owner_id=self.one_of("", "ann"), started_at=started,
                due_at=started + timedelta(days=1), stopped_at=stopped, learnt=self.learnt(),
                breached_at=None if stopped and self.is_so() else started + timedelta(days=1),
            )  # fmt: skip

    def _second_thoughts(self) -> None:
        """Records that change later: refunds beyond the sale, a rate that came, what is deleted and comes back."""
        for number in range(4):
            self._sale(f"o{number}")
            self._lead(f"l{number}")
        self.shelf.fact("company_facts", "firm1", unit_id="north", name="Firm 1", industry="Air", country="SE",
                        employees=20, is_deleted=self.is_so(0.4), learnt=LATER)  # fmt: skip
