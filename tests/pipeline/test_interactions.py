from datetime import timedelta
from pathlib import Path

import pytest
from pysqlite3 import dbapi2 as sqlite
from pytest_django import DjangoCaptureOnCommitCallbacks

from loopline.access.actor import NotAllowedError
from loopline.access.models import BusinessUnit
from loopline.access.roles import Role
from loopline.pipeline.errors import PipelineError
from loopline.pipeline.interactions import Talk, log_interaction, own_event, report_interactions
from loopline.pipeline.models import Interaction
from tests.make import make_person, make_unit, make_user
from tests.pipeline.records import START, later, make_opportunity, make_seller
from tests.pipeline.said import last_audit

pytestmark = pytest.mark.django_db


def _events(folder: Path) -> int:
    """How many requests wait in the inbox of a folder."""
    connection = sqlite.connect(folder / "inbox.sqlite")
    [(count,)] = connection.execute("SELECT coalesce(sum(events), 0) FROM blocks").fetchall()
    connection.close()
    return int(count)


def _talk(unit: BusinessUnit, kind: str = "call", **said: object) -> Talk:
    return Talk(unit=unit, person=make_person(unit=unit), kind=kind, **said)  # type: ignore[arg-type]


def test_a_call_is_kept_with_who_made_it_and_when() -> None:
    user, actor, unit = make_seller()
    talk = _talk(unit, summary=" wants 50 seats \r\n soon ", happened_at=later(hours=1))
    interaction = log_interaction(talk, by=actor, at=later(hours=2))
    assert (interaction.by, interaction.at, interaction.was_answered) == (user, later(hours=1), True)
    assert interaction.summary == "wants 50 seats \n soon"
    assert last_audit() == ("log_interaction", {"kind": "call", "was_answered": True})


def test_an_answered_call_and_a_meeting_become_events_and_nothing_else_does(tmp_path: Path) -> None:
    _, actor, unit = make_seller()
    for talk in (
        _talk(unit, "call"),
        _talk(unit, "meeting"),
        _talk(unit, "call", was_answered=False),
        _talk(unit, "email"),
        _talk(unit, "note", summary="likes the audit trail"),
    ):
        log_interaction(talk, by=actor)
    assert report_interactions(tmp_path) == 2
    assert report_interactions(tmp_path) == 0
    assert _events(tmp_path) == 2
    assert set(Interaction.objects.exclude(reported_at=None).values_list("kind", flat=True)) == {"call", "meeting"}


def test_what_was_said_stays_out_of_the_event() -> None:
    _, actor, unit = make_seller()
    interaction = log_interaction(_talk(unit, summary="his wife is ill"), by=actor, at=START)
    event = own_event(interaction)
    assert (event.kind, event.touch_kind, event.person_id) == ("call", "call", str(interaction.person_id))
    assert (event.occurred_at, event.unit_id, event.channel) == (START, str(unit.pk), "Sales")
    assert "wife" not in repr(event)


def test_the_event_is_reported_once_the_record_is_committed(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    _, actor, unit = make_seller()
    with django_capture_on_commit_callbacks(execute=True):
        interaction = log_interaction(_talk(unit), by=actor)
        assert interaction.reported_at is None
    interaction.refresh_from_db()
    assert interaction.reported_at is not None


def test_what_could_not_be_reported_is_reported_the_next_time(tmp_path: Path) -> None:
    _, actor, unit = make_seller()
    blocked = tmp_path / "a file where the folder should be"
    blocked.write_text("")
    log_interaction(_talk(unit), by=actor)
    with pytest.raises(FileExistsError):
        report_interactions(blocked)
    assert Interaction.objects.get().reported_at is None
    assert report_interactions(tmp_path) == 1


def test_the_future_an_empty_note_and_an_unknown_kind_are_refused() -> None:
    _, actor, unit = make_seller()
    with pytest.raises(PipelineError, match="future"):
        log_interaction(_talk(unit, happened_at=START + timedelta(days=1)), by=actor, at=START)
    with pytest.raises(PipelineError, match="Write the note"):
        log_interaction(_talk(unit, "note", summary="  "), by=actor)
    with pytest.raises(PipelineError, match="There is no “telepathy”"):
        log_interaction(_talk(unit, "telepathy"), by=actor)


def test_people_and_opportunities_of_other_units_are_out_of_reach() -> None:
    _, actor, unit = make_seller()
    with pytest.raises(NotAllowedError, match="may not see this person"):
        log_interaction(Talk(unit=unit, person=make_person(), kind="call"), by=actor)
    with pytest.raises(PipelineError, match="another business unit"):
        log_interaction(_talk(unit, opportunity=make_opportunity(make_unit())), by=actor)
    with pytest.raises(NotAllowedError, match="does not work for"):
        log_interaction(_talk(make_unit()), by=actor)
    with pytest.raises(NotAllowedError):
        log_interaction(_talk(unit), by=make_user(Role.FINANCE, unit=unit).actor)
