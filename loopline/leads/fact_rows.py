"""How leads and lead definitions become rows of the event store."""

import json

from loopline.leads.hand_off_models import Clock
from loopline.leads.models import DefinitionVersion, Lead
from loopline.lib.ids import id_text
from loopline.people.custom import custom_json


def lead_row(lead: Lead) -> dict[str, object]:
    """Columns of `lead_facts` for this version of the lead."""
    return {
        "unit_id": id_text(lead.unit_id),
        "person_id": id_text(lead.person_id),
        "state": str(lead.state),
        "owner_id": str(lead.owner_id or ""),
        "reason": str(lead.reason),
        "origin": lead.origin,
        "custom": custom_json(lead.custom),
        "definition_id": str(lead.definition_id or ""),
        "created_at": lead.created_at,
        "qualified_at": lead.qualified_at,
        "handed_over_at": lead.handed_over_at,
        "accepted_at": lead.accepted_at,
        "rejected_at": lead.rejected_at,
        "converted_at": lead.converted_at,
        "explored_per_mille": lead.explored_per_mille if lead.is_explored else None,
    }


def definition_row(version: DefinitionVersion) -> dict[str, object]:
    """Columns of `definition_facts` for this version of the definition."""
    return {
        "unit_id": str(version.unit_id),
        "status": str(version.status),
        "rules": json.dumps(version.rules, sort_keys=True, ensure_ascii=False),
        "sentence": version.sentence,
        "in_force_from": version.in_force_from,
    }


def clock_row(clock: Clock) -> dict[str, object]:
    """Columns of `clock_facts` for this version of the clock."""
    return {
        "unit_id": id_text(clock.unit_id),
        "lead_id": id_text(clock.lead_id),
        "side": str(clock.side),
        "kind": str(clock.kind),
        "owner_id": str(clock.owner_id or ""),
        "started_at": clock.started_at,
        "due_at": clock.due_at,
        "breached_at": clock.breached_at,
        "stopped_at": clock.stopped_at,
    }
