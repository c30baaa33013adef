"""Facts of a person that wait in the outbox or stay there: the event store could be built anew from them."""

from loopline.facts.models import OutboxRow
from loopline.privacy.traces import Traces

BLANKED_PERSON = {"company_id": "", "country": "", "job_title": "", "language": "", "custom": ""}
BLANKED_LEAD = {"custom": ""}


def wipe_outbox(traces: Traces) -> None:
    """As `privacy.in_store` does with what is carried over. Inside the transaction of the records."""
    rows = OutboxRow.objects.all()
    _blank("person_facts", traces.person_ids, BLANKED_PERSON)
    _blank("lead_facts", traces.lead_ids, BLANKED_LEAD)
    for lead, origin in traces.origins.items():
        _blank("lead_facts", [lead], {"origin": origin})
    rows.filter(table="identity_facts", row_id__in=traces.own).delete()
    rows.filter(table="identity_facts", row_id__in=traces.released, row__person_id__in=traces.person_ids).delete()
    rows.filter(table="consent_facts", row__person_id__in=traces.person_ids).delete()
    rows.filter(table="bot_verdict_facts", row_id__in=traces.visitors).delete()
    rows.filter(table="browser_use_facts", row__identity__in=traces.own).delete()
    browsers = [f"visitor:{one}" for one in traces.visitors]
    rows.filter(table="experiment_assignment_facts", row__subject__in=browsers).delete()
    for use in rows.filter(table="browser_use_facts", row__person_id__in=traces.person_ids):
        OutboxRow.objects.filter(pk=use.pk).update(row=use.row | {"person_id": ""})


def _blank(table: str, ids: list[str], put: dict[str, str]) -> None:
    for one in OutboxRow.objects.filter(table=table, row_id__in=ids).iterator():
        if any(one.row.get(name) != value for name, value in put.items()):
            OutboxRow.objects.filter(pk=one.pk).update(row=one.row | put)
