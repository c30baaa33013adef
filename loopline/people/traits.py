"""What traits of an identify call or fields of a form say about a person, whatever their senders call them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from loopline.lib.text import one_line
from loopline.people.actions import Details
from loopline.people.custom import CustomValue, custom_from

_NAME = ("name", "fullname", "yourname")
_FIRST, _LAST = ("firstname", "givenname"), ("lastname", "familyname", "surname")
_TITLE = ("jobtitle", "title", "position", "role")
_PHONE = ("phone", "phonenumber", "telephone", "tel", "mobile")
_COMPANY = ("company", "companyname", "organization", "organisation", "employer")
_COUNTRY = ("country", "countrycode")
_LANGUAGE = ("language", "locale")
_MESSAGE = ("message", "comment", "comments", "question", "notes")

_OF_A_PERSON = frozenset((*_NAME, *_FIRST, *_LAST, *_TITLE, *_PHONE, *_COMPANY, *_COUNTRY, *_LANGUAGE, *_MESSAGE))
_OF_A_COMPANY = frozenset(("name", "employees", "size", "headcount", "domain", "website", "url", "industry", *_COUNTRY))
_NO_FIELD = frozenset(("id", "userid", "anonymousid", "createdat", "consent"))


@dataclass(frozen=True, slots=True)
class CompanyTraits:
    """What a group call says about a company. Empty or None: nothing was said."""

    name: str = ""
    domain: str = ""
    industry: str = ""
    employees: int | None = None
    country: str = ""


def details_from(traits: Mapping[str, object]) -> Details:
    """A person's details. Keys are compared without case, spaces, - and _; `address` and `company` may be objects."""
    said = _flat(traits)
    address, company = said.get("address"), _first(said, _COMPANY)
    inner = _flat(address) if isinstance(address, Mapping) else {}
    whole = _text(said, _NAME) or f"{_text(said, _FIRST)} {_text(said, _LAST)}".strip()
    return Details(
        name=whole,
        job_title=_text(said, _TITLE),
        phone=_text(said, _PHONE),
        country=_text(said, _COUNTRY) or _text(inner, _COUNTRY),
        language=_text(said, _LANGUAGE),
        company_name=_text(_flat(company), _NAME) if isinstance(company, Mapping) else _text(said, _COMPANY),
    )


def company_from(traits: Mapping[str, object]) -> CompanyTraits:
    said = _flat(traits)
    employees = _first(said, ("employees", "size", "headcount"))
    is_count = isinstance(employees, int) and not isinstance(employees, bool) and 0 < employees < 10_000_000
    country = _text(said, _COUNTRY).upper()
    return CompanyTraits(
        name=_text(said, _NAME),
        domain=_host(_text(said, ("domain", "website", "url"))),
        industry=_text(said, ("industry",))[:100],
        employees=int(str(employees)) if is_count else None,
        country=country if len(country) == 2 and country.isalpha() and country.isascii() else "",
    )


def custom_of_person(traits: Mapping[str, object]) -> dict[str, CustomValue]:
    """What was said about a person that no field of ours is for."""
    return custom_from(traits, _OF_A_PERSON | _NO_FIELD)


def custom_of_company(traits: Mapping[str, object]) -> dict[str, CustomValue]:
    return custom_from(traits, _OF_A_COMPANY | _NO_FIELD)


def message_from(fields: Mapping[str, object]) -> str:
    return _text(_flat(fields), _MESSAGE, 5000)


def _flat(said: Mapping[str, object]) -> dict[str, object]:
    return {key.lower().replace("_", "").replace("-", "").replace(" ", ""): value for key, value in said.items()}


def _first(said: Mapping[str, object], keys: tuple[str, ...]) -> object:
    return next((said[key] for key in keys if said.get(key)), None)


def _text(said: Mapping[str, object], keys: tuple[str, ...], limit: int = 200) -> str:
    return next((text for key in keys if (text := one_line(said.get(key), limit))), "")


def _host(text: str) -> str:
    """`https://www.halden.no/en` → `halden.no`; empty when it is no host."""
    host = text.lower().removeprefix("https://").removeprefix("http://").split("/")[0].removeprefix("www.")
    return host if "." in host and "@" not in host and " " not in host else ""
