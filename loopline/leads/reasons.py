"""Why a lead came back, in codes marketing can act on: what each code asks for, and how it reads. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from loopline.leads.models import Lead

FIELDS = {
    "email": "e-mail address", "phone": "phone number", "name": "name", "company": "company", "country": "country",
    "other": "something else",
}  # fmt: skip
"""What can be wrong about a person's data."""
NO_BUYERS = {
    "competitor": "a competitor",
    "job_seeker": "looks for a job",
    "student": "studies or writes",
    "spam": "spam",
}


class ReasonError(ValueError):
    """The reason lacks what it needs; the message is fit to show, `field` is what it is about."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class Asks:
    """What a code asks for beside the note."""

    key: str
    question: str
    choices: Mapping[str, str] | None = None
    is_number: bool = False


ASKED: dict[str, Asks] = {
    Lead.Reason.BELOW_DEFINITION: Asks("clause", "Which clause does it not meet?"),
    Lead.Reason.DUPLICATE: Asks("duplicate_of", "Of whom? Write the other person's e-mail address."),
    Lead.Reason.BAD_DATA: Asks("field", "What is wrong?", FIELDS),
    Lead.Reason.UNREACHABLE: Asks("attempts", "After how many attempts?", is_number=True),
    Lead.Reason.NOT_A_BUYER: Asks("kind", "Who is it?", NO_BUYERS),
}


def read_detail(reason: str, given: Mapping[str, object]) -> dict[str, object]:
    """What `given` says that this reason asks for; anything else is left out. Raises ReasonError for a wrong value.

    Nothing given is nothing kept: a reason that an import or an older version gave has no detail.
    """
    asks = ASKED.get(reason)
    value = given.get(asks.key) if asks else None
    if asks is None or value in (None, ""):
        return {}
    if asks.is_number and not (isinstance(value, int) and 0 < value <= 100):
        raise ReasonError(asks.key, "Give the number of attempts, from 1 to 100.")
    if asks.choices is not None and value not in asks.choices:
        raise ReasonError(asks.key, f"Choose one of: {', '.join(asks.choices.values())}.")
    return {asks.key: value if asks.is_number else str(value)[:300]}


def require_detail(reason: str, given: Mapping[str, object]) -> dict[str, object]:
    """The same for a person who can be asked: what the reason asks for must be there."""
    found, asks = read_detail(reason, given), ASKED.get(reason)
    if asks is not None and not found:
        raise ReasonError(asks.key, asks.question)
    return found


def detail_words(reason: str, detail: Mapping[str, object]) -> str:
    """`after 4 attempts` · `phone number` · `of eva@halden.example`; empty without detail."""
    asks = ASKED.get(reason)
    value = detail.get(asks.key) if asks else None
    if asks is None or value in (None, ""):
        return ""
    if asks.is_number:
        return f"after {value} attempt{'' if value == 1 else 's'}"
    if asks.choices is not None:
        return asks.choices.get(str(value), str(value))
    return f"of {value}" if asks.key == "duplicate_of" else str(value)
