from datetime import date

import pytest

from loopline.access.actor import NotAllowedError
from loopline.access.roles import Role
from loopline.pipeline.errors import PipelineError
from loopline.pipeline.tasks import NewTask, create_task, do_task, reopen_task
from tests.make import make_unit
from tests.pipeline.records import later, make_opportunity, make_seller
from tests.pipeline.said import last_audit

pytestmark = pytest.mark.django_db


def test_a_task_is_given_done_and_taken_up_again() -> None:
    user, actor, unit = make_seller()
    task = create_task(NewTask(unit=unit, title=" Send the offer ", owner=user, due_on=date(2026, 3, 5)), by=actor)
    assert task.title == "Send the offer"
    do_task(task, by=actor, at=later(days=1))
    do_task(task, by=actor, at=later(days=2))
    assert task.done_at == later(days=1)
    assert last_audit()[0] == "do_task"
    reopen_task(task, by=actor)
    assert task.done_at is None
    assert last_audit()[0] == "reopen_task"


def test_only_a_manager_gives_tasks_to_others_and_touches_theirs() -> None:
    user, actor, unit = make_seller()
    colleague, other, _ = make_seller(unit=unit)
    _, manager, _ = make_seller(Role.SALES_MANAGER, unit)
    with pytest.raises(NotAllowedError, match="tasks to yourself"):
        create_task(NewTask(unit=unit, title="Call", owner=colleague), by=actor)
    task = create_task(NewTask(unit=unit, title="Call", owner=user), by=manager)
    with pytest.raises(NotAllowedError, match=user.name):
        do_task(task, by=other)
    do_task(task, by=manager)


def test_a_task_stays_in_its_unit() -> None:
    user, actor, unit = make_seller()
    stranger, _, elsewhere = make_seller()
    _, manager, _ = make_seller(Role.SALES_MANAGER, unit)
    with pytest.raises(NotAllowedError, match="does not work for"):
        create_task(NewTask(unit=elsewhere, title="Call", owner=user), by=actor)
    with pytest.raises(PipelineError, match="does not work for"):
        create_task(NewTask(unit=unit, title="Call", owner=stranger), by=manager)
    with pytest.raises(PipelineError, match="another business unit"):
        create_task(NewTask(unit=unit, title="Call", owner=user, opportunity=make_opportunity(make_unit())), by=actor)


@pytest.mark.parametrize("title", ["", "   ", "x" * 201])
def test_a_task_says_what_is_to_be_done(title: str) -> None:
    user, actor, unit = make_seller()
    with pytest.raises(PipelineError, match="what is to be done"):
        create_task(NewTask(unit=unit, title=title, owner=user), by=actor)


@pytest.mark.parametrize("role", list(Role))
def test_everybody_has_tasks_of_their_own(role: Role) -> None:
    user, actor, unit = make_seller(role)
    task = create_task(NewTask(unit=unit, title="Write the page", owner=user), by=actor)
    assert do_task(task, by=actor).done_at is not None
