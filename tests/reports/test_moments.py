from datetime import UTC, datetime, timedelta

from loopline.reports.visits.moments import DIRECT, Moment, merged, stretches, with_first_visits

DAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def _moment(hours: int, kind: str = "visit", **said: object) -> Moment:
    return Moment(DAY + timedelta(hours=hours), kind, str(said.pop("title", kind)), **said)  # type: ignore[arg-type]


def test_a_record_takes_the_place_of_the_event_it_was_reported_as() -> None:
    event = _moment(1, "form", event_id="e1")
    other = _moment(2, "form", event_id="e2")
    record = _moment(1, "form", event_id="e1", detail="“replacing spreadsheets”")
    assert merged([event, other], [record]) == [other, record]


def test_moments_without_an_event_do_not_hide_each_other() -> None:
    assert len(merged([_moment(1), _moment(2)], [_moment(3, "stage"), _moment(4, "lead")])) == 4


def test_each_persons_oldest_visit_is_the_first_one() -> None:
    moments = [
        _moment(9, person_id="a", title="Visit from"),
        _moment(3, person_id="b", title=DIRECT),
        _moment(1, person_id="a", title="Visit from", subject="Spring", detail="Email"),
    ]
    known = {"a": DAY + timedelta(hours=5), "b": DAY}
    late, other, first = with_first_visits(moments, known)
    assert late.title == "Visit from"
    assert (other.title, other.detail) == ("First visit, directly", "")
    assert (first.title, first.subject, first.detail) == ("First visit from", "Spring", "Email (then unknown)")
    assert first.emphasis
    assert other.emphasis


def test_a_route_without_visits_has_no_first_visit() -> None:
    moments = [_moment(1, "note")]
    assert with_first_visits(moments, {}) == moments


def test_a_long_quiet_run_is_folded_but_for_its_ends() -> None:
    quiet = [_moment(hours) for hours in range(20, 10, -1)]
    key = _moment(5, "form", emphasis=True)
    cut = stretches([*quiet, key])
    assert [(len(one.moments), one.is_folded) for one in cut] == [(2, False), (6, True), (2, False), (1, False)]
    assert (cut[1].last, cut[1].first) == (quiet[2], quiet[7])
    assert [moment for one in cut for moment in one.moments] == [*quiet, key]


def test_a_short_run_and_key_moments_are_never_folded() -> None:
    keys = [_moment(hours, "stage", emphasis=True) for hours in range(40, 20, -1)]
    assert not any(one.is_folded for one in stretches([*keys, *[_moment(hours) for hours in range(6)]]))
    assert stretches([]) == []
