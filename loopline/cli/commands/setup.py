"""`loopline setup`: the first administrator, the organisation and its first business unit."""

import getpass
import os
import sys
from argparse import ArgumentParser, Namespace

from loopline.cli.command import DONE, Command, CommandError
from loopline.cli.prepare import migrate
from loopline.cli.prepare import set_up as set_django_up

_ASKED = {
    "name": "Your name",
    "email": "Your e-mail address",
    "organisation": "Organisation",
    "unit": "First business unit (a brand or country organisation)",
    "time_zone": "Time zone, such as Europe/Oslo",
    "currency": "Reporting currency, such as EUR",
}
PASSWORD_VARIABLE = "LOOPLINE_SETUP_PASSWORD"  # noqa: S105 - the name of a variable


def run(given: Namespace) -> int:
    set_django_up()
    from django.core.exceptions import ValidationError

    from loopline.access.actions import OrganisationDetails
    from loopline.access.models import User
    from loopline.access.setup import Setup, set_up

    migrate()
    if User.objects.exists():
        raise CommandError("this installation is set up already; an administrator invites further people under Users")
    answers = {key: getattr(given, key) or _ask(question) for key, question in _ASKED.items()}
    password = os.environ.get(PASSWORD_VARIABLE) or _ask_password()
    details = OrganisationDetails(answers["organisation"], answers["time_zone"], answers["currency"].upper())
    try:
        user = set_up(Setup(details, answers["unit"], answers["name"], answers["email"], password))
    except ValidationError as error:
        raise CommandError(" ".join(error.messages)) from error
    print(f"Done. Start `loopline serve` and sign in as {user.email}.")
    return DONE


def _ask(question: str) -> str:
    if not sys.stdin.isatty():
        raise CommandError("some answers are missing and nobody is there to ask; see `loopline setup --help`")
    while not (answer := input(f"{question}: ").strip()):
        pass
    return answer


def _ask_password() -> str:
    if not sys.stdin.isatty():
        raise CommandError(f"no password: put it into {PASSWORD_VARIABLE}, or run this in a terminal")
    password = getpass.getpass("Password (12 characters or more): ")
    if password != getpass.getpass("The same again: "):
        raise CommandError("the two passwords differ; nothing was saved")
    return password


def configure(parser: ArgumentParser) -> None:
    for key, question in _ASKED.items():
        parser.add_argument(f"--{key.replace('_', '-')}", default="", help=question)
    parser.epilog = f"{parser.epilog}  Without a terminal the password comes from {PASSWORD_VARIABLE}."


COMMAND = Command(
    key="setup",
    summary="Create the first administrator, the organisation and its first business unit",
    example='loopline setup --name "Ada Berg" --email ada@example.com --organisation Nordwind --unit Nordics '
    "--time-zone Europe/Oslo --currency EUR",
    run=run,
    configure=configure,
)
