"""History follows both ways: a link, a sharing, a merge and its undoing, each seen as of the moment after it."""

from datetime import UTC, datetime

import pytest

from loopline.access.actor import SYSTEM
from loopline.attribution.state import KNOWN_IDENTITIES, question
from loopline.attribution.touchpoints import RowOf, touchpoints
from loopline.facts.relay import Relay
from loopline.people.actions import link_identity, merge_people, undo_merge
from loopline.store.arrow import to_arrow
from loopline.store.engine import Batch, Engine
from loopline.store.library import TABLES
from tests.make import make_person, make_unit

pytestmark = pytest.mark.django_db
LONG_AGO = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def visit(engine: Engine) -> None:
    row = {"event_id": "e1", "source_id": "key", "unit_id": "north", "occurred_at": LONG_AGO, "received_at": LONG_AGO,
           "kind": "page", "touch_kind": "entry", "identity": "visitor:v1", "visitor_id": "v1", "is_entry": True,
           "consent": 2, "bot_verdict": "human"}  # fmt: skip
    engine.write(Batch(token="visit", rows={"events": to_arrow(TABLES["events"], [row])}))


def told(engine: Engine) -> datetime:
    """The moment at which the store has learnt everything so far."""
    Relay(engine).relay_all()
    return engine.horizon()


def whose(engine: Engine, as_of: datetime) -> str:
    """The person of the visit, by the books as of this moment; "" for a stranger's."""
    [row] = engine.rows(question("SELECT person_id FROM touchpoints", touchpoints(RowOf("''"))), {"as_of": as_of})
    [known] = engine.rows(
        question("SELECT max(person_id) AS person_id FROM known_identities WHERE identity = 'visitor:v1'",
                 KNOWN_IDENTITIES), {"as_of": as_of}
    )  # fmt: skip
    assert known["person_id"] == row["person_id"]
    return str(row["person_id"] or "")


def test_a_visit_is_whose_it_was_known_to_be_at_each_moment(engine: Engine) -> None:
    visit(engine)
    unit = make_unit()
    ines, other = make_person("ines@halden.no", unit=unit), make_person("ines@gmail.com", unit=unit)
    unknown = told(engine)
    link_identity("visitor:v1", ines, "form", SYSTEM)
    linked = told(engine)
    link_identity("visitor:v1", other, "form", SYSTEM)
    shared = told(engine)
    merge = merge_people(other, ines, by=SYSTEM)
    merged = told(engine)
    undo_merge(merge, by=SYSTEM)
    apart = told(engine)
    moments = [whose(engine, one) for one in (unknown, linked, shared, merged, apart)]
    assert moments == ["", str(ines.pk), "", str(other.pk), ""]
