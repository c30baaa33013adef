"""Which parts of a report's questions are common to others."""

from loopline.attribution.shared_states import common_parts
from loopline.attribution.state import (
    IDENTITY_STATE,
    KNOWN_IDENTITIES,
    LEAD_STATE,
    MERGED_STATE,
    as_known_at,
    latest,
    question,
)

ASKED = "SELECT count(*) AS n FROM known_identities CROSS JOIN lead_state"


def test_the_state_of_records_as_of_the_moment_is_common() -> None:
    sales = latest("opportunity_facts", "closed_at", "outcome")
    found = dict(common_parts(question(f"{ASKED} CROSS JOIN ({sales}) AS s", KNOWN_IDENTITIES, LEAD_STATE)))
    assert set(found) == {KNOWN_IDENTITIES.sql, MERGED_STATE.sql, LEAD_STATE.sql, sales}
    assert found[KNOWN_IDENTITIES.sql] == question("SELECT * FROM known_identities", KNOWN_IDENTITIES)


def test_what_is_of_another_moment_or_of_some_records_is_not() -> None:
    again = question(ASKED, as_known_at(IDENTITY_STATE, "$then"), KNOWN_IDENTITIES, as_known_at(LEAD_STATE, "$then"))
    assert [text for text, _ in common_parts(again)] == [MERGED_STATE.sql]
    assert not [*common_parts(latest("lead_facts", "created_at", where="id = $one"))]


def test_what_many_questions_name_and_few_read_is_not() -> None:
    assert not [*common_parts(latest("person_facts", "canonical_id", "company_id"))]
