"""What an empty installation needs before it can count anything, in order."""

from collections.abc import Callable
from dataclasses import dataclass

from loopline.access.actor import Actor
from loopline.access.models import User
from loopline.access.roles import Permission
from loopline.campaigns.models import Campaign, Form
from loopline.leads.models import DefinitionVersion
from loopline.web import collector
from loopline.web.navigation import address


@dataclass(frozen=True, slots=True)
class Step:
    title: str
    text: str
    url: str
    is_done: bool


@dataclass(frozen=True, slots=True)
class Kind:
    title: str
    text: str
    route: str
    permission: Permission
    """Whose step it is: those who may take it see it."""
    is_done: Callable[[], bool]


STEPS = (
    Kind(
        "Connect the web site",
        "A write key lets its pages send visits.",
        "write_keys",
        Permission.ADMINISTER,
        lambda: any(key.last_used_at for key in collector.keys().list()),
    ),
    Kind(
        "Publish a form",
        "What visitors send becomes a lead.",
        "forms",
        Permission.EDIT_FORMS,
        lambda: Form.objects.exists(),
    ),
    Kind(
        "Bring people in",
        "Marketing and sales, each in their units.",
        "users",
        Permission.ADMINISTER,
        lambda: User.objects.count() > 1,
    ),
    Kind(
        "Agree on a lead definition",
        "A first one is offered; once marketing and sales sign, leads are handed over.",
        "definition",
        Permission.EDIT_DEFINITION,
        lambda: DefinitionVersion.objects.filter(status=DefinitionVersion.Status.IN_FORCE).exists(),
    ),
    Kind(
        "Plan a campaign",
        "With its budget, costs and links.",
        "campaigns",
        Permission.EDIT_CAMPAIGNS,
        lambda: Campaign.objects.exists(),
    ),
)


def first_steps(actor: Actor) -> list[Step]:
    """The steps that are this person's to take, while one of them is open; none once all are done."""
    found = [(step, address(step.route, actor)) for step in STEPS if actor.may(step.permission)]
    steps = [Step(one.title, one.text, url, one.is_done()) for one, url in found if url is not None]
    return [] if all(step.is_done for step in steps) else steps
