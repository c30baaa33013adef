"""The organisation as reports need it, cut to what one person may see."""

from loopline.access.actor import Actor
from loopline.access.models import BusinessUnit, Organisation, User
from loopline.reports.options import Books


def books_for(actor: Actor) -> Books:
    """Currency, zone, units and margins for `run_report`; only the units this person may see."""
    organisation = Organisation.current()
    units = list(BusinessUnit.objects.visible_to(actor))
    return Books(
        currency=organisation.reporting_currency,
        zone=organisation.time_zone,
        units={str(unit.pk): unit.name for unit in units},
        margins={str(unit.pk): unit.margin_percent for unit in units},
        colleagues={str(user_id): name for user_id, name in User.objects.values_list("pk", "name")},
        sees_all_units=actor.sees_all_units,
    )
