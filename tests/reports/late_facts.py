"""A small company whose books are edited at random: facts of every kind, some known in April, some only in May."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from random import Random

from loopline.attribution.own_model import Plan
from loopline.store.engine import Engine
from tests.attribution.shelf import Shelf, day

APRIL, MAY = datetime(2024, 4, 10, tzinfo=UTC), datetime(2024, 5, 20, tzinfo=UTC)
PEOPLE = tuple(f"p{number}" for number in range(12))
CHANNELS = ("Email", "Paid Search", "Direct", "Event")
CODES = ("spring", "fair", "sprnig", "")
EARLY = 50
"""Decided opportunities that are known in April: enough for a forecast."""


def early_books(engine: Engine, seed: int) -> None:
    """What is known in April, by any seed the same each time."""
    random, shelf = Random(seed), Shelf(engine)
    shelf.campaign("spring", "spring", learnt=APRIL)
    shelf.campaign("fair", learnt=APRIL)
    for number, person in enumerate(PEOPLE):
        shelf.person(person, f"v{number}", learnt=APRIL)
        company, industry = f"c{number % 3}", random.choice(("Steel", "Paper"))
        shelf.fact("company_facts", company, unit_id="north", name=company, industry=industry, learnt=APRIL)
    for number in range(30):
        touchpoints(shelf, random, f"early-{number}", APRIL)
    for number in range(EARLY):
        leads(shelf, random, f"early-{number}", APRIL)
        opportunities(shelf, random, f"early-{number}", APRIL)
        costs(shelf, random, f"early-{number}", APRIL)
        clocks(shelf, random, f"early-{number}", APRIL)
    shelf.store()


def touchpoints(shelf: Shelf, random: Random, name: str, learnt: datetime) -> None:
    shelf.touch(
        f"t-{name}", f"visitor:v{random.randrange(14)}", day(random.uniform(0, 30)), learnt=learnt,
        channel=random.choice(CHANNELS), utm_campaign=random.choice(CODES), visitor_id=f"v{random.randrange(14)}",
        kind="page", landing_path="/x", url_path="/x",
    )  # fmt: skip


def events(shelf: Shelf, random: Random, name: str, learnt: datetime) -> None:
    shelf.touch(f"e-{name}", f"visitor:v{random.randrange(14)}", day(random.uniform(0, 30)), learnt=learnt,
                kind="page", touch_kind="", is_entry=False, url_path="/read", channel="")  # fmt: skip


def identities(shelf: Shelf, random: Random, name: str, learnt: datetime) -> None:
    shelf.link(f"visitor:v{random.randrange(14)}", random.choice((*PEOPLE, "")), learnt=learnt)


def people(shelf: Shelf, random: Random, name: str, learnt: datetime) -> None:
    one, other = random.sample(PEOPLE, 2)
    shelf.person(one, canonical=other, learnt=learnt)


def verdicts(shelf: Shelf, random: Random, name: str, learnt: datetime) -> None:
    shelf.fact("bot_verdict_facts", f"v{random.randrange(14)}", verdict="machine:too_fast", rule_version="1",
               reasons=name, learnt=learnt)  # fmt: skip


def channels(shelf: Shelf, random: Random, name: str, learnt: datetime) -> None:
    shelf.fact("channel_facts", name, utm_campaign=random.choice(CODES), touch_kind="entry", kind="page",
               channel="Affiliates", learnt=learnt)  # fmt: skip


def codes(shelf: Shelf, random: Random, name: str, learnt: datetime) -> None:
    shelf.code(random.choice(CODES[:3]), random.choice(("spring", "fair", "")), learnt=learnt)


def leads(shelf: Shelf, random: Random, name: str, learnt: datetime) -> None:
    at = day(random.uniform(1, 29))
    handed = at + timedelta(hours=random.uniform(1, 9)) if random.random() < 0.7 else None
    answered = handed + timedelta(hours=random.uniform(1, 90)) if handed and random.random() < 0.7 else None
    shelf.lead(f"l-{name}", random.choice(PEOPLE), at, learnt=learnt, owner_id=random.choice(("ann", "bob")),
               qualified_at=handed, handed_over_at=handed, accepted_at=answered)  # fmt: skip


def opportunities(shelf: Shelf, random: Random, name: str, learnt: datetime) -> None:
    closed, outcome = day(random.uniform(3, 30)), random.choice(("won", "won", "lost", "open"))
    shelf.won(
        f"o-{name}", random.choice(PEOPLE), closed, random.randrange(1, 99_999), learnt=learnt, outcome=outcome,
        stage=random.choice(("qualified", *["proposal"] * 9)), lead_id=random.choice((f"l-{name}", "")),
        company_id=f"c{random.randrange(3)}", owner_id="ann", closed_at=None if outcome == "open" else closed,
    )  # fmt: skip


def refunds(shelf: Shelf, random: Random, name: str, learnt: datetime) -> None:
    shelf.won(f"o-early-{random.randrange(EARLY)}", "", day(random.uniform(3, 30)), 100_00, learnt=learnt,
              refunded_minor=40_00, reporting_minor=60_00)  # fmt: skip


def contacts(shelf: Shelf, random: Random, name: str, learnt: datetime) -> None:
    shelf.contact(f"o-early-{random.randrange(EARLY)}", random.choice(PEOPLE), learnt=learnt)


def costs(shelf: Shelf, random: Random, name: str, learnt: datetime) -> None:
    first = date(2024, 3, random.randint(1, 20))
    shelf.cost(f"c-{name}", random.choice(("spring", "fair", "")), random.choice((None, random.randrange(9_999))),
               first, first + timedelta(days=random.randrange(9)), learnt=learnt,
               cost_kind=random.choice(("actual", "planned")), category=random.choice(("media", "tools")))  # fmt: skip


def clocks(shelf: Shelf, random: Random, name: str, learnt: datetime) -> None:
    at = day(random.uniform(1, 29))
    shelf.fact("clock_facts", f"k-{name}", unit_id="north", lead_id=f"l-{name}", side="sales", kind="answer",
               owner_id="ann", started_at=at, due_at=at + timedelta(hours=8),
               breached_at=random.choice((None, at + timedelta(hours=8))),
               stopped_at=at + timedelta(hours=9), learnt=learnt)  # fmt: skip


def companies(shelf: Shelf, random: Random, name: str, learnt: datetime) -> None:
    shelf.fact("company_facts", f"c{random.randrange(3)}", unit_id="north", name=name, industry="Glass",
               employees=50, learnt=learnt)  # fmt: skip


def models(shelf: Shelf, random: Random, name: str, learnt: datetime) -> None:
    plan = random.choice((Plan(first=100), Plan(last=100)))
    shelf.fact("attribution_model_facts", "custom_ours", name=name, number=1, plan=plan.to_json(),
               sentence=plan.sentence, learnt=learnt)  # fmt: skip


LATE: dict[str, Callable[[Shelf, Random, str, datetime], None]] = {
    "touchpoints": touchpoints, "events": events, "identities": identities, "people": people, "verdicts": verdicts,
    "channels": channels, "codes": codes, "leads": leads, "opportunities": opportunities, "refunds": refunds,
    "contacts": contacts, "costs": costs, "clocks": clocks, "companies": companies, "models": models,
}  # fmt: skip
"""Cause → one more fact of it."""


def late_facts(engine: Engine, seed: int, *causes: str) -> None:
    """A few facts of each cause that are known in May only; of a cause the same, whichever others there are."""
    shelf = Shelf(engine)
    for cause in causes:
        random = Random(f"{seed} {cause}")
        for number in range(3):
            LATE[cause](shelf, random, f"late-{number}", MAY - timedelta(days=number))
    shelf.fact("activity_facts", "nothing", unit_id="north", name="The horizon is in May in any case", learnt=MAY)
    shelf.store()
