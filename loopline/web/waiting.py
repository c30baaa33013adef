"""What waits, as the short word at the right of a navigation item. Areas register a function for their item.

    @waits("leads")
    def leads_waiting(actor: Actor) -> str | None: ...

The function is called for every full page, so it asks one indexed question. None shows nothing.
"""

from collections.abc import Callable

from loopline.access.actor import Actor

Waiting = Callable[[Actor], str | int | None]

_by_route: dict[str, Waiting] = {}


def waits(route: str) -> Callable[[Waiting], Waiting]:
    """Register what waits behind the navigation item of this route."""

    def register(function: Waiting) -> Waiting:
        _by_route[route] = function
        return function

    return register


def waiting(route: str, actor: Actor) -> str | None:
    """What waits behind this item for this person, in a word; None for nothing."""
    function = _by_route.get(route)
    answer = function(actor) if function else None
    return None if answer in (None, 0, "") else f"{answer:,}" if isinstance(answer, int) else str(answer)
