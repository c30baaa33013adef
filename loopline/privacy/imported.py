"""What imports and signals keep of a person: values before and after, ids in other systems, and what waits."""

import msgspec

from loopline.collect.erasing import without_theirs
from loopline.people.models import ReactorRefusal
from loopline.privacy.mentions import Mentions
from loopline.privacy.traces import Traces
from loopline.sync.models import ExternalId, ImportedRecord, WaitingEvents


def wipe_imported(traces: Traces, everywhere: Mentions, own: Mentions) -> None:
    """Opportunities keep their ids in other systems: imported again they would count twice."""
    ids = [*traces.person_ids, *traces.lead_ids, *traces.other_ids]
    changed = ImportedRecord.objects.filter(before__isnull=False)
    changed.filter(object_id__in=ids).update(before={})
    for one in changed.filter(object_id__in=traces.opportunity_ids):
        ImportedRecord.objects.filter(pk=one.pk).update(before=own.without(one.before))
    ExternalId.objects.filter(object_id__in=ids).delete()
    theirs = traces.theirs
    for waiting in WaitingEvents.objects.iterator():
        body, left = without_theirs(waiting.body.encode(), theirs)
        if not left:
            waiting.delete()
        elif left < waiting.events:
            WaitingEvents.objects.filter(pk=waiting.pk).update(body=body.decode(), events=left)
    for refusal in ReactorRefusal.objects.iterator():
        if _is_about(refusal, traces) or everywhere.without(refusal.signal) != refusal.signal:
            refusal.delete()


def _is_about(refusal: ReactorRefusal, traces: Traces) -> bool:
    said = refusal.signal
    return (
        said.get("user_id") in traces.users
        or said.get("visitor_id") in traces.visitors
        or traces.theirs.is_about(msgspec.json.encode(said), 0)
    )
