"""Rows of leads into people, leads and their first contact."""

from collections.abc import Sequence
from datetime import timedelta

from loopline.facts.bulk import record_like
from loopline.leads.fact_rows import lead_row
from loopline.leads.models import Lead
from loopline.lib.ids import id_text, uuid7
from loopline.people.by_address import people_with
from loopline.people.models import Person
from loopline.sync.companies import Companies
from loopline.sync.job import EVIDENCE, Job
from loopline.sync.known import Known, known_ids, refused_elsewhere
from loopline.sync.people import People, change_person, new_address
from loopline.sync.rows import LeadRow
from loopline.sync.verdicts import Answer, Verdict

AFTER_CONTACT = timedelta(seconds=1)
"""How long after its first contact an imported lead begins: files tell one date for both."""
_PERSON_FIELDS = ("name", "job_title", "phone", "country", "language")
_TOUCH_WORDS = {
    "at": "time", "source": "source", "medium": "medium", "campaign": "campaign", "channel": "channel",
    "landing_path": "landing page",
}  # fmt: skip


def take_leads(job: Job, rows: Sequence[LeadRow]) -> list[Verdict]:
    """What the rows do, put into `job`. No id and no address occurs twice in `rows`."""
    known = known_ids(job, "lead", [row.external_id for row in rows])
    refused = refused_elsewhere(job, Lead, rows, known)
    rows = [row for row in rows if row.line not in refused]
    changed = [row for row in rows if row.external_id in known and known[row.external_id].digest != row.digest]
    fresh = [row for row in rows if row.external_id not in known]
    verdicts = {row.line: _verdict(row, Answer.UNCHANGED) for row in rows}
    verdicts |= {one.line: one for one in _update(job, changed, known)}
    verdicts |= {one.line: one for one in _add(job, fresh)}
    return list((verdicts | refused).values())


def _add(job: Job, rows: Sequence[LeadRow]) -> list[Verdict]:
    if not rows:
        return []
    people = People(job, rows)
    found = [(row, *people.find_or_create(row, row.first_contact)) for row in rows]
    running = _running_leads(job, [person for _, person, is_new in found if not is_new])
    pattern = Lead(unit_id=job.unit.id, origin=job.origin)
    verdicts = []
    for row, person, _ in found:
        lead = running.get(person.id)
        if lead is None:
            lead = running[person.id] = _new_lead(job, row, person, pattern)
            answer, why = Answer.CREATED, ""
        else:
            answer, why = (
                Answer.UPDATED,
                f"{person.display_name} is a running lead already; the first contact was added",
            )
            job.adopt(row.external_id, lead, row.line)
        key, touch = id_text(lead.id), row.touch
        verdict = _verdict(row, answer, why, record=f"lead {key}")
        job.know("lead", row.external_id, lead, row.digest, touch)
        job.touchpoint(person.id, f"import:{key}:{row.external_id}"[:200], touch)
        verdicts.append(verdict)
    return verdicts


def _running_leads(job: Job, people: Sequence[Person]) -> dict[object, Lead]:
    if not people:
        return {}
    leads = Lead.objects.running().filter(unit=job.unit, person__in=[one.pk for one in people])
    return {lead.person_id: lead for lead in leads}


def _new_lead(job: Job, row: LeadRow, person: Person, pattern: Lead) -> Lead:
    # Only what happens strictly before a lead begins can have led to it.
    at = row.first_contact + AFTER_CONTACT
    lead = record_like(
        pattern, id=uuid7(), person_id=person.id, state=row.state, message=row.message, created_at=at,
        custom=row.custom_of("lead"),
        qualified_at=at if row.state == Lead.State.MARKETING_QUALIFIED else None,
    )  # fmt: skip
    job.create(lead, row.line)
    job.move(lead, "", Lead.State.NEW.value, at)
    if row.state != Lead.State.NEW:
        job.move(lead, Lead.State.NEW.value, row.state, at)
    job.fact("lead_facts", lead.id, lead_row(lead), at)
    return lead


def _update(job: Job, rows: Sequence[LeadRow], known: dict[str, Known]) -> list[Verdict]:
    """A row that changed since it was taken in last: its values replace what the records say."""
    if not rows:
        return []
    leads = Lead.objects.select_related("person__merged_into", "person__company").in_bulk(
        [known[row.external_id].object_id for row in rows]
    )
    by_id = {str(pk): lead for pk, lead in leads.items()}
    owners = people_with({row.email for row in rows if row.email})
    companies = Companies(job, rows)
    return [
        _update_one(job, row, known[row.external_id], by_id[known[row.external_id].object_id], owners, companies)
        for row in rows
    ]


def _update_one(
    job: Job, row: LeadRow, known: Known, lead: Lead, owners: dict[str, Person], companies: Companies
) -> Verdict:
    person = lead.person.canonical
    values: dict[str, object] = {
        name: value for name in _PERSON_FIELDS if (value := getattr(row, name)) and value != getattr(person, name)
    }
    if person.company_id is None or row.company_id:
        company = companies.find_or_create(row, job.now)
        if company is not None and company.id != person.company_id:
            values["company"] = company
    if row.email and row.email != person.email:
        if person.email is None and row.email not in owners:
            values["email"] = row.email
            job.link(f"email:{row.email}", person, EVIDENCE, job.now)
        elif owners.get(row.email) != person:
            row.warnings.append(new_address(row.email))
    if values:
        change_person(job, person, row.line, values, job.now)
    own = lead.custom | row.custom_of("lead")
    if own != lead.custom:
        values["lead_custom"] = own
        job.change(lead, row.line, custom=own)
        job.fact("lead_facts", lead.id, lead_row(lead), job.now)
    if row.message and row.message != lead.message:
        values["message"] = row.message
        job.change(lead, row.line, message=row.message)
    if known.touch and (
        moved := [word for key, word in _TOUCH_WORDS.items() if known.touch.get(key) != row.touch[key]]
    ):
        row.warnings.append(f"{', '.join(moved)} of the first contact changed; what was recorded first stays")
    known.take(job, row.line, row.digest)
    why = f"changed: {', '.join(values)}" if values else "nothing that is kept changed"
    return _verdict(row, Answer.UPDATED if values else Answer.UNCHANGED, why, record=f"lead {lead.pk}")


def _verdict(row: LeadRow, answer: Answer, why: str = "", record: str = "") -> Verdict:
    told = "; ".join([*([why] if why else []), *row.warnings]) if row.warnings else why
    return Verdict(row.line, answer, row.external_id, told, bool(row.warnings), record)
