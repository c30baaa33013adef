"""After the huddle everybody whose hand-overs were on its list gets their scorecard; of a partner's huddle its roster.

The link is signed, for one person and one huddle; it shows that card and nothing else, without a password, for a while.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core import signing
from django.db.models import QuerySet

from loopline.access.mail import NewMail, queue_mail
from loopline.access.models import User
from loopline.access.one_time_links import LinkNotValidError
from loopline.huddles.funnel import Funnel
from loopline.huddles.models import Huddle, HuddleSeries
from loopline.huddles.scorecard import LOOK_BACK, Scorecard, compared, handed_to, scorecard
from loopline.huddles.series import readers
from loopline.leads.clock import span
from loopline.leads.models import Lead
from loopline.lib.times import utc_now

OPEN_FOR = timedelta(days=14)
_signer = signing.Signer(salt="loopline.huddles.scorecard")


@dataclass(frozen=True, slots=True)
class Card:
    """What stands on one person's scorecard."""

    huddle: Huddle
    user: User
    about: str
    """Whose hand-overs: the person's, or a partner's."""
    since_last: Scorecard
    lately: Scorecard | None
    """The last 90 days; None on a partner's card."""
    place: Funnel | None
    """The person's own place among all; nobody else is on it."""


def token_of(huddle: Huddle, user: User) -> str:
    return _signer.sign(f"{huddle.pk}.{user.pk}")


def find_card(token: str, *, at: datetime | None = None) -> Card:
    """The card of a link. Raises LinkNotValidError for one that never was, is too old, or whose person left."""
    try:
        huddle_id, user_id = _signer.unsign(token).split(".")
    except (signing.BadSignature, ValueError) as error:
        raise LinkNotValidError("This link is not complete. Open it from the mail again.") from error
    huddle = Huddle.objects.select_related("unit", "series__campaign").filter(pk=huddle_id).first()
    user = User.objects.filter(pk=user_id).first()
    if huddle is None or huddle.closed_at is None or huddle.closed_at + OPEN_FOR <= (at or utc_now()):
        raise LinkNotValidError("This scorecard is too old. The newest came after the last huddle.")
    if user is None or not (user.is_active and user.actor.covers_unit(huddle.unit_id)):
        raise LinkNotValidError("This link is no longer yours. Ask whoever runs the huddle.")
    return card_of(huddle, user)


def card_of(huddle: Huddle, user: User) -> Card:
    """As of the moment the huddle opened."""
    listed = hand_overs_of(huddle).select_related("opportunity")
    if _is_partners(huddle):
        partner = huddle.series.campaign if huddle.series else None
        return Card(huddle, user, str(partner or huddle.series), scorecard(listed), None, None)
    since = huddle.opened_at - LOOK_BACK
    lately = handed_to(huddle.unit, since, huddle.opened_at).filter(owner=user)
    place = compared(huddle.unit, [user], since, huddle.opened_at)
    return Card(huddle, user, user.name, scorecard(listed.filter(owner=user)), scorecard(lately), place)


def hand_overs_of(huddle: Huddle) -> QuerySet[Lead]:
    """What its list is about, without the leads from before the last huddle that still wait: they come up because
    something is wrong with them, so they would darken everybody's card."""
    keys = [entry.lead_id for entry in huddle.leads.all() if not entry.is_older]
    return Lead.objects.filter(pk__in=keys)  # public: a card's own


def _is_partners(huddle: Huddle) -> bool:
    return huddle.series is not None and huddle.series.scope == HuddleSeries.Scope.PARTNER


def send_scorecards(huddle: Huddle, *, at: datetime) -> int:
    """In the transaction that closes the huddle; how many went into the post."""
    told: list[User]
    if _is_partners(huddle) and huddle.series is not None:
        told = list(readers(huddle.series)) if hand_overs_of(huddle).exists() else []
    else:
        owners = hand_overs_of(huddle).filter(owner__isnull=False).values("owner")
        told = list(User.objects.filter(pk__in=owners, units=huddle.unit, is_active=True).order_by("name"))
    return sum(_send(card_of(huddle, user), at) for user in told)


def _send(card: Card, at: datetime) -> bool:
    address = f"{settings.BASE_URL}/huddles/scorecard/{token_of(card.huddle, card.user)}"
    figures = "\n".join(lines(card.since_last))
    text = (
        f"{card.about}: what became of the hand-overs on the list of {card.huddle.series or card.huddle}\n\n"
        f"{figures}\n\n"
        f"With the last 90 days, and your place among all:\n{address}\n\n"
        "The link is yours alone, works without a password and ends after 14 days. Do not pass it on.\n"
    )
    key = f"huddle-scorecard/{card.huddle.pk}/{card.user.pk}"
    return queue_mail(NewMail(key, card.user, f"Scorecard: {card.about}", text), at=at)


def lines(card: Scorecard) -> list[str]:
    found = [
        f"{card.handed_over} handed over: {card.accepted} accepted, {card.sent_back} sent back, {card.waiting} waiting",
        f"{card.won} won",
    ]
    if card.by_code:
        found.append("sent back: " + ", ".join(f"{words} {count}" for words, count in card.by_code))
    if card.answer_time is not None:
        found.append(f"median time to answer: {span(card.answer_time)}")
    return found
