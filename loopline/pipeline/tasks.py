"""What someone promised to do: give a task, do it, take it up again."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from loopline.access.actor import Actor, NotAllowedError
from loopline.access.audit import audit, take_turn
from loopline.access.models import BusinessUnit, User
from loopline.access.roles import Permission
from loopline.lib.times import utc_now
from loopline.people.models import Person
from loopline.pipeline.errors import PipelineError
from loopline.pipeline.models import Opportunity, Task
from loopline.pipeline.record import require_unit


@dataclass(frozen=True, slots=True)
class NewTask:
    unit: BusinessUnit
    title: str
    owner: User
    due_on: date | None = None
    person: Person | None = None
    opportunity: Opportunity | None = None


@transaction.atomic
def create_task(new: NewTask, *, by: Actor, at: datetime | None = None) -> Task:
    """Write down a task. Only a manager gives tasks to others. Raises NotAllowedError and PipelineError."""
    by.require(Permission.WORK_TASKS)
    take_turn()
    require_unit(by, new.unit)
    if str(new.owner.pk) != by.id and not by.may(Permission.ASSIGN_LEADS):
        raise NotAllowedError("You can give tasks to yourself. Ask a sales manager to give one to someone else.")
    if not new.owner.actor.covers_unit(new.unit.pk):
        raise PipelineError(f"{new.owner.name} does not work for {new.unit.name}; choose someone who does.")
    if new.person is not None and not new.owner.actor.may(Permission.SEE_PEOPLE):
        raise PipelineError(f"{new.owner.name} may not see people; choose someone who may.")
    title = new.title.strip()
    if not title or len(title) > 200:
        raise PipelineError("Say in 1 to 200 characters what is to be done.")
    if new.opportunity is not None and new.opportunity.unit_id != new.unit.pk:
        raise PipelineError("The opportunity belongs to another business unit.")
    moment = at or utc_now()
    task = Task.objects.create(
        unit=new.unit,
        title=title,
        owner=new.owner,
        due_on=new.due_on,
        person=new.person,
        opportunity=new.opportunity,
        created_at=moment,
    )
    audit(by, "create_task", task, at=moment, title=title, owner=new.owner.pk, due_on=new.due_on)
    return task


@transaction.atomic
def do_task(task: Task, *, by: Actor, at: datetime | None = None) -> Task:
    """It is done. Doing it twice changes nothing."""
    moment = at or utc_now()
    row = _locked(task, by)
    if row.done_at is None:
        row.done_at = moment
        row.save(update_fields=["done_at"])
        audit(by, "do_task", row, at=moment)
    return row


@transaction.atomic
def reopen_task(task: Task, *, by: Actor, at: datetime | None = None) -> Task:
    """It was not done after all."""
    moment = at or utc_now()
    row = _locked(task, by)
    if row.done_at is not None:
        row.done_at = None
        row.save(update_fields=["done_at"])
        audit(by, "reopen_task", row, at=moment)
    return row


def _locked(task: Task, by: Actor) -> Task:
    by.require(Permission.WORK_TASKS)
    take_turn()
    task.refresh_from_db(from_queryset=Task.objects.select_for_update())
    require_unit(by, task.unit)
    if str(task.owner_id) != by.id and not by.may(Permission.ASSIGN_LEADS):
        raise NotAllowedError(f"This is {task.owner.name}'s task. Ask them, or a sales manager.")
    return task
