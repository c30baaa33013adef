"""Weights by milestones: the first touchpoint (FT), the last one at or before lead creation (LC), the last one at or
before opportunity creation (OC), and the last one of all (CW).

Where milestones fall on one touchpoint their shares add up there. A missing milestone, and the rest where no touchpoint
is left for it, spread over the others in proportion, because the ledger normalises. The rest is shared by the other
touchpoints up to the model's last milestone, as Marketo Measure does it: what happens after the opportunity was created
does not earn in a model of how opportunities come about.
"""

from dataclasses import dataclass

_FIRST, _LEAD, _OPPORTUNITY, _LAST = "1", "lead_position", "opportunity_position", "touches"


@dataclass(frozen=True, slots=True)
class Shares:
    """A share for each milestone, and for the rest together. In any unit: only their proportion counts."""

    first: float = 0
    lead: float = 0
    opportunity: float = 0
    last: float = 0
    rest: float = 0

    @property
    def weight_sql(self) -> str:
        """The weight of a touchpoint, over `position`, `touches`, `lead_position` and `opportunity_position`.

        A missing milestone stands at position 0, where no touchpoint is. Where nothing that has a share is on the
        path, the first touchpoint gets all: it is the nearest to a milestone that came before the whole path.
        """
        return " + ".join([*self._on_milestones, *self._on_rest, *self._on_nothing])

    @property
    def _places(self) -> dict[str, float]:
        """Where the milestones with a share stand, in the order in which milestones happen."""
        all_of_them = {_FIRST: self.first, _LEAD: self.lead, _OPPORTUNITY: self.opportunity, _LAST: self.last}
        return {place: share for place, share in all_of_them.items() if share}

    @property
    def _on_milestones(self) -> list[str]:
        return [f"CASE WHEN position = {place} THEN {share}e0 ELSE 0e0 END" for place, share in self._places.items()]

    @property
    def _on_rest(self) -> list[str]:
        if not self.rest:
            return []
        places = list(self._places)
        is_rest = " AND ".join([f"position <= {self._end}", *(f"position <> {place}" for place in places)])
        # Each place counts once, and only where its milestone is there.
        taken = [
            "CASE WHEN " + " AND ".join([f"{place} > 0", *(f"{place} <> {one}" for one in places[:number])])
            + " THEN 1 ELSE 0 END"
            for number, place in enumerate(places)
        ]  # fmt: skip
        return [f"CASE WHEN {is_rest} THEN {self.rest}e0 / ({' - '.join([self._end, *taken])}) ELSE 0e0 END"]

    @property
    def _end(self) -> str:
        """Position of the model's last milestone; the whole path where it is missing."""
        places = list(self._places)
        if not places or places[-1] == _LAST:
            return _LAST
        furthest = f"greatest({', '.join(places)})" if len(places) > 1 else places[0]
        return f"(CASE WHEN {places[-1]} = 0 THEN touches ELSE {furthest} END)"

    @property
    def _on_nothing(self) -> list[str]:
        if self.first or self.last or self.rest:
            return []
        is_missing = " AND ".join(["position = 1", *(f"{place} = 0" for place in self._places)])
        return [f"CASE WHEN {is_missing} THEN 1.0 ELSE 0e0 END"]
