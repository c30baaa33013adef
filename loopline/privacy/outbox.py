"""Facts of a person that wait in the outbox or stay there: the event store could be built anew from them."""

from typing import Any

from django.db.models import Q

from loopline.facts.bulk import remove_rows
from loopline.facts.models import OutboxRow
from loopline.privacy.traces import Traces

BLANKED_PERSON = {"company_id": "", "country": "", "job_title": "", "language": "", "custom": "", "erased": "yes"}
BLANKED_LEAD = {"custom": ""}


def wipe_outbox(traces: Traces) -> None:
    """As `privacy.in_store` does with what is carried over. Inside the transaction of the records.

    The outbox holds every version of every record, so it is read once, and told by ids rather than by what rows say.
    """
    gone = []
    for pk, table, row_id, row in OutboxRow.objects.filter(_theirs(traces)).values_list("pk", "table", "row_id", "row"):
        new = _without(traces, table, row_id, row)
        if new is None:
            gone.append(pk)
        elif new != row:
            OutboxRow.objects.filter(pk=pk).update(row=new)
    remove_rows(OutboxRow, "id", gone)


def _theirs(traces: Traces) -> Q:
    browsers = [one for one in (*traces.own, *traces.released) if one.startswith("visitor:")]
    found = (
        Q(table="person_facts", row_id__in=traces.person_ids)
        | Q(table="lead_facts", row_id__in=traces.lead_ids)
        | Q(table="identity_facts", row_id__in=[*traces.own, *traces.released])
        | Q(table="bot_verdict_facts", row_id__in=traces.visitors)
    )
    for one in traces.person_ids:
        found |= Q(table="consent_facts", row_id__startswith=f"{one}/")
    for one in browsers:
        found |= Q(table="browser_use_facts", row_id__startswith=f"{one}@")
        found |= Q(table="experiment_assignment_facts", row_id__endswith=f"/{one}")
    return found


def _without(traces: Traces, table: str, row_id: str, row: dict[str, Any]) -> dict[str, Any] | None:
    """The row as it stays; None where it goes."""
    if table == "person_facts":
        return row | BLANKED_PERSON
    if table == "lead_facts":
        origin = traces.origins.get(row_id)
        return row | BLANKED_LEAD | ({"origin": origin} if origin is not None else {})
    is_theirs = row.get("person_id") in traces.person_ids
    if table == "identity_facts":
        return None if row_id in traces.own or is_theirs else row
    if table == "browser_use_facts":
        if row["identity"] in traces.own:
            return None
        return row | {"person_id": ""} if is_theirs else row
    if table == "experiment_assignment_facts":
        return None if row["subject"] in traces.own else row
    return None
