"""Campaign codes: values of utm_campaign, and which campaign each belongs to, also after the fact."""

from django.db import transaction

from loopline.access.actor import Actor
from loopline.access.audit import audit, take_turn
from loopline.access.roles import Permission
from loopline.campaigns.fact_rows import code_id, code_row, unmapped_code_row
from loopline.campaigns.links import LinkTags, tagged_url
from loopline.campaigns.models import Activity, Campaign, CampaignCode, TrackedLink
from loopline.campaigns.refusal import CampaignRefusedError, refused_when_taken, require_in_unit
from loopline.campaigns.short_links import new_short_code
from loopline.facts.outbox import record_fact


class CodeTakenError(CampaignRefusedError):
    """The code belongs to another campaign; moving it takes its history along, so it has to be asked for."""

    def __init__(self, code: CampaignCode) -> None:
        super().__init__(
            f"“{code.code}” already belongs to “{code.campaign.name}”. "
            "Moving it takes its visits, leads and revenue along."
        )
        self.owner = code.campaign


def normalise_code(text: str) -> str:
    """A code as the collector stores it: trimmed, in lower case. Raises CampaignRefusedError for one that cannot be."""
    code = text.strip().lower()
    if not code:
        raise CampaignRefusedError("Give a code: the value of utm_campaign in the addresses of the campaign.")
    if len(code) > 200 or not code.isprintable():
        raise CampaignRefusedError("A code has at most 200 characters, all of them printable.")
    return code


@transaction.atomic
def map_code(
    campaign: Campaign, text: str, *, activity: Activity | None = None, move: bool = False, by: Actor
) -> CampaignCode:
    """From now on, and for the past, this code counts for `campaign`.

    Raises CodeTakenError when it belongs to another campaign, unless `move` says to take it from there.
    """
    require_in_unit(by, Permission.EDIT_CAMPAIGNS, campaign.unit_id)
    take_turn()
    code = normalise_code(text)
    if activity is not None and activity.campaign_id != campaign.pk:
        raise CampaignRefusedError(f"“{activity.name}” is not an activity of “{campaign.name}”.")
    row = CampaignCode.objects.select_for_update(of=("self",)).filter(unit=campaign.unit_id, code=code).first()
    if row is not None and (row.campaign_id, row.activity_id) == (campaign.pk, activity.pk if activity else None):
        return row
    if row is None:
        with refused_when_taken(f"Someone else mapped “{code}” a moment ago. Look at it again."):
            row = CampaignCode.objects.create(unit_id=campaign.unit_id, code=code, campaign=campaign, activity=activity)
        audit(by, "map_code", campaign, code=code, activity=activity and activity.name)
    else:
        _move(row, campaign, activity, is_allowed=move, by=by)
    record_fact("campaign_code_facts", code_id(row.unit_id, code), code_row(row))
    return row


def _move(row: CampaignCode, campaign: Campaign, activity: Activity | None, *, is_allowed: bool, by: Actor) -> None:
    before = row.campaign
    if before.pk != campaign.pk and not is_allowed:
        raise CodeTakenError(row)
    row.campaign, row.activity = campaign, activity
    row.save(update_fields=["campaign", "activity"])
    audit(by, "move_code", campaign, code=row.code, taken_from=before.name, taken_from_id=before.pk)


@transaction.atomic
def unmap_code(code: CampaignCode, *, by: Actor) -> None:
    """The code counts for no campaign any more, in the past too, until it is mapped again."""
    require_in_unit(by, Permission.EDIT_CAMPAIGNS, code.unit_id)
    take_turn()
    row = CampaignCode.objects.select_for_update(of=("self",)).get(pk=code.pk)
    audit(by, "unmap_code", row.campaign, code=row.code)
    record_fact("campaign_code_facts", code_id(row.unit_id, row.code), unmapped_code_row(row.unit_id, row.code))
    row.delete()


@transaction.atomic
def build_link(
    campaign: Campaign, url: str, tags: LinkTags, *, activity: Activity | None = None, note: str = "", by: Actor
) -> TrackedLink:
    """An address that tells where its visitors came from; its campaign code is mapped to the campaign.

    Raises LinkRefusedError for an address that cannot be tagged and CodeTakenError for another campaign's code.
    """
    require_in_unit(by, Permission.EDIT_CAMPAIGNS, campaign.unit_id)
    take_turn()
    address = tagged_url(url, tags)
    code = " ".join(tags.campaign.split()).lower()
    mapped = CampaignCode.objects.filter(unit=campaign.unit_id, code=code, campaign=campaign).exists()
    if not mapped:
        map_code(campaign, code, activity=activity, by=by)
    link = TrackedLink.objects.create(
        campaign=campaign, activity=activity, url=address, short_code=new_short_code(), note=note.strip()[:200]
    )
    audit(by, "build_link", campaign, link=str(link.pk), url=address, short_code=link.short_code)
    return link


def mapped_codes() -> set[tuple[str, str]]:
    """(unit id, code) of every code that belongs to a campaign."""
    return {(str(unit_id), code) for unit_id, code in CampaignCode.objects.values_list("unit_id", "code")}
