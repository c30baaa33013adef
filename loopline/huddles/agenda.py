"""What a huddle talks about, in the order of what talking about it is worth, within the minutes there are. Pure.

Worth = chance that a word changes the outcome × money at stake. The chances are a table, not a fit: both sides can read
it, and a huddle that finds another order better can change it. Several reasons for one thing add up as chances do:
1 − Π (1 − chance).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import prod


@dataclass(frozen=True, slots=True)
class Kind:
    key: str
    chance: float
    """That talking about it changes the outcome."""
    minutes: float
    label: str


KINDS = {
    kind.key: kind
    for kind in (
        Kind("carried_over", 0.9, 1.5, "carried over from last time"),
        Kind("help", 0.8, 2, "help wanted"),
        Kind("breached", 0.7, 1.5, "the clock ran out without an answer"),
        Kind("dispute", 0.6, 2, "disputed"),
        Kind("owed", 0.55, 1, "owed and late"),
        Kind("expiring", 0.5, 1, "the clock runs out within a day"),
        Kind("sent_back", 0.4, 1, "sent back"),
        Kind("partner_return", 0.4, 1, "a partner's lead came back"),
        Kind("stalled", 0.35, 1.5, "stalled"),
        Kind("promise", 0.3, 0.5, "a promise is due"),
        Kind("surprise", 0.25, 1, "turned out other than the definition said"),
        Kind("great", 0.2, 0.5, "great lead, says sales"),
        Kind("late", 0.15, 0.5, "answered after the clock had run out"),
    )
}


@dataclass(frozen=True, slots=True)
class Reason:
    kind: str
    detail: str = ""

    @property
    def words(self) -> str:
        return f"{KINDS[self.kind].label}: {self.detail}" if self.detail else KINDS[self.kind].label


@dataclass(frozen=True, slots=True)
class Topic:
    """One thing that could be talked about."""

    card: str
    key: str
    reasons: tuple[Reason, ...]
    stake_minor: int | None = None
    """Money at stake in the reporting currency; None where nobody knows: it counts like a middling one."""

    @property
    def chance(self) -> float:
        return 1 - prod(1 - KINDS[reason.kind].chance for reason in self.reasons)

    @property
    def minutes(self) -> float:
        return max((KINDS[reason.kind].minutes for reason in self.reasons), default=0)


@dataclass(frozen=True, slots=True)
class Card:
    key: str
    label: str
    minutes: float
    """What it takes by itself, without its topics."""


CARDS = (
    Card("wins", "Wins", 1),
    Card("promises", "Promises", 1),
    Card("loop", "Loop", 2),
    Card("leads", "Leads", 0),
    Card("bottleneck", "Bottleneck", 3),
    Card("definition", "Definition", 2),
    Card("deals", "Deals", 0),
    Card("close", "Close", 3),
)
CARD_KEYS = tuple(card.key for card in CARDS)


@dataclass(frozen=True, slots=True)
class Placed:
    topic: Topic
    worth: float
    is_within: bool
    """There is time for it; the others are talked about if some is left."""


@dataclass(frozen=True, slots=True)
class Agenda:
    placed: tuple[Placed, ...]
    """The most worth first."""
    card_minutes: dict[str, float] = field(default_factory=dict)

    def of(self, card: str) -> list[Placed]:
        return [one for one in self.placed if one.topic.card == card]


def agenda(topics: Iterable[Topic], minutes: float) -> Agenda:
    """Topics by their worth, and as many of them as the minutes hold; carried-over leads come before all others."""
    listed = [topic for topic in topics if topic.reasons]
    usual = _middle([topic.stake_minor for topic in listed if topic.stake_minor is not None])
    worth = {id(topic): topic.chance * (usual if topic.stake_minor is None else topic.stake_minor) for topic in listed}
    listed.sort(key=lambda topic: (not _is_carried(topic), -round(worth[id(topic)], 6)))
    left = minutes - sum(card.minutes for card in CARDS)
    card_minutes = {card.key: card.minutes for card in CARDS}
    placed = []
    for topic in listed:
        is_within = topic.minutes <= left
        if is_within:
            left -= topic.minutes
            card_minutes[topic.card] += topic.minutes
        placed.append(Placed(topic, worth[id(topic)], is_within))
    return Agenda(tuple(placed), card_minutes)


def _is_carried(topic: Topic) -> bool:
    return any(reason.kind == "carried_over" for reason in topic.reasons)


def _middle(stakes: Sequence[int]) -> float:
    return sorted(stakes)[len(stakes) // 2] if stakes else 1.0
