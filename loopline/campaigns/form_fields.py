"""The fields of a form: how they are written in a form's record, and what may be typed into them. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from loopline.attribution.heard import ANSWER_KEY
from loopline.lib.text import many_lines, one_line
from loopline.people.emails import InvalidEmailError, normalise

KINDS = {
    "text": "One line of text",
    "email": "E-mail address",
    "tel": "Phone number",
    "textarea": "Several lines of text",
    "select": "Choice from a list",
}
KNOWN_KEYS = {
    "email": "the address that makes a person",
    "name": "fills the person's name",
    "company": "fills the company's name",
    "job_title": "fills the job title",
    "phone": "fills the phone number",
    "country": "two letters, fills the country",
    "message": "shown to sales with the lead",
    ANSWER_KEY: "“How did you hear about us?”, told beside the tracked source",
}
"""Keys that fill something beyond the submission itself."""
HONEYPOT = "website_address"
"""A field that people do not see and that must stay empty."""
OWN_PREFIX = "ll_"
"""Hidden fields of ours begin with this; no field of a form may."""

_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
_LIMITS = {"text": 300, "email": 254, "tel": 50, "textarea": 5000, "select": 300}
_MOST_FIELDS = 20
_AUTOCOMPLETE = {"email": "email", "name": "name", "company": "organization", "job_title": "organization-title",
                 "phone": "tel", "country": "country"}  # fmt: skip


class FieldsRefusedError(ValueError):
    """A form cannot have these fields; the message says what to change."""


@dataclass(frozen=True, slots=True)
class FormField:
    key: str
    label: str
    kind: str = "text"
    is_required: bool = False
    choices: tuple[str, ...] = ()

    @property
    def limit(self) -> int:
        return _LIMITS[self.kind]

    @property
    def autocomplete(self) -> str:
        return _AUTOCOMPLETE.get(self.key, "off")

    @property
    def as_json(self) -> dict[str, object]:
        return {"key": self.key, "label": self.label, "kind": self.kind, "is_required": self.is_required,
                "choices": list(self.choices)}  # fmt: skip


EMAIL_FIELD = FormField("email", "E-mail", "email", is_required=True)


@dataclass(frozen=True, slots=True)
class Filled:
    """What was typed: cleaned values by key, and what is wrong by key, in words for the person who typed it."""

    values: Mapping[str, str]
    errors: Mapping[str, str] = field(default_factory=dict)


def read_fields(stored: Sequence[Mapping[str, object]]) -> list[FormField]:
    """The fields of a form's record, an e-mail field among them always. Raises FieldsRefusedError."""
    fields = [_read(one) for one in stored]
    keys = [one.key for one in fields]
    if len(set(keys)) < len(keys):
        raise FieldsRefusedError("Two fields have the same key; give each its own.")
    if len(fields) > _MOST_FIELDS:
        raise FieldsRefusedError(f"A form has at most {_MOST_FIELDS} fields; nobody fills in more.")
    return fields if "email" in keys else [EMAIL_FIELD, *fields]


def fill(fields: Sequence[FormField], typed: Mapping[str, object]) -> Filled:
    """Check what was typed into the fields. Keys that are no field of the form are left out."""
    values: dict[str, str] = {}
    errors: dict[str, str] = {}
    for one in fields:
        text = many_lines(typed.get(one.key), one.limit + 1)
        values[one.key] = text if one.kind == "textarea" else one_line(text, one.limit + 1)
        if problem := _problem(one, values[one.key]):
            errors[one.key] = problem
    if "email" in values and "email" not in errors:
        values["email"] = normalise(values["email"])
    return Filled(values, errors)


def _problem(one: FormField, value: str) -> str:
    if not value:
        return f"Please fill in “{one.label}”." if one.is_required else ""
    if len(value) > one.limit:
        return f"Please write at most {one.limit} characters."
    if one.kind == "select" and value not in one.choices:
        return "Please choose one from the list."
    if one.kind == "email":
        try:
            normalise(value)
        except InvalidEmailError as error:
            return f"{error}."
    return ""


def _read(stored: Mapping[str, object]) -> FormField:
    key, kind = str(stored.get("key", "")).strip(), str(stored.get("kind", "text"))
    label = one_line(stored.get("label"), 200)
    choices = stored.get("choices") or ()
    if not _KEY.fullmatch(key) or key.startswith(OWN_PREFIX) or key == HONEYPOT:
        raise FieldsRefusedError(
            f"“{key}” cannot be a field's key; use small letters, digits and _, such as job_title."
        )
    if kind not in KINDS:
        raise FieldsRefusedError(f"“{kind}” is no kind of field; use one of {', '.join(KINDS)}.")
    if not label:
        raise FieldsRefusedError(f"The field {key} needs a label; people read it.")
    if not isinstance(choices, (list, tuple)):
        raise FieldsRefusedError(f"The choices of “{label}” are not a list.")
    cleaned = tuple(text for text in (one_line(one, 300) for one in choices) if text)
    if kind == "select" and not cleaned:
        raise FieldsRefusedError(f"“{label}” is a choice from a list; write the choices, one a line.")
    if key == "email":
        return FormField("email", label, "email", is_required=True)
    return FormField(key, label, kind, bool(stored.get("is_required")), cleaned if kind == "select" else ())
