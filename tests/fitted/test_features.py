"""What a fitted score may know about a lead, on both engines: nothing of what came after it was decided on."""

from datetime import timedelta

from loopline.reports.fitted.features import CHANNELS, features_of, features_query
from loopline.store.engine import Engine
from tests.rules.population import FREE, NOW, UNIT, store
from tests.rules.test_population import PEOPLE
from tests.rules.test_replay import AS_OF, LEAKS, leads_of, learn

PERIOD = (NOW - timedelta(days=30), NOW + timedelta(days=1))


def known(engine: Engine) -> dict[str, dict[str, object]]:
    query, labels = features_query(["Paid Search"])
    params = query.replay_params(UNIT, PERIOD, AS_OF, free_mail_domains=FREE)
    return {str(row["lead_id"]): dict(features_of(row, labels)) for row in engine.rows(query.sql, params)}


def test_features_are_what_was_known_then_and_nothing_learned_later_changes_them(engine: Engine) -> None:
    store(engine, PEOPLE, {"lead_facts": leads_of(PEOPLE)})
    before = known(engine)
    ines, tom = before["lead-ines"], before["lead-tom"]
    told = ("country", "people in the company", "business e-mail", "pages", "pages within 7 days", "form events")
    assert [ines[name] for name in told] == ["no", 1200.0, 1.0, 3.0, 2.0, 1.0]
    assert (ines["engaged seconds"], ines["events from Paid Search"], ines["plan of the person"]) == (195.0, 1.0, "pro")
    assert (ines["budget of the lead"], ines["tier of the company"], ines["hours since the last event"]) == (
        5000.0, "gold", 24.0,
    )  # fmt: skip
    assert (tom["business e-mail"], tom["people in the company"]) == (0.0, None)
    for name, (_, rows) in LEAKS.items():
        learn(engine, name, **rows)
    assert known(engine) == before
    params = {"unit": UNIT, "as_of": AS_OF}
    assert [row["channel"] for row in engine.rows(CHANNELS, params)] == ["Paid Search"]
