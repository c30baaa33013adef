"""`loopline events --explain ID`: the steps an event goes through, and which dropped or changed it."""

from collections.abc import Iterator

from loopline.cli.command import DONE, CommandError
from loopline.cli.prepare import set_up_again
from loopline.collect.arrived import MOST_LOOKED_AT, Arrived, find_by_message_id, find_event
from loopline.collect.keys import Keys
from loopline.collect.log import Log
from loopline.collect.state import State
from loopline.collect.trace import Trace, trace

_LARGEST = 1 << 62


def explain_event(wanted: str) -> int:
    """Print what becomes of the event with this number or messageId. Raises CommandError when it is not there."""
    config = set_up_again()
    from loopline.access.processing import settings_now  # models need Django to be set up first

    log, state, keys = Log(config.data), State(config.data), Keys(config.data)
    try:
        found = _find(log, wanted)
        print("\n".join(_lines(trace(found, state, settings_now(keys)))))
    finally:
        log.close()
        state.close()
        keys.close()
    return DONE


def _find(log: Log, wanted: str) -> Arrived:
    found = None
    if wanted.isascii() and wanted.isdecimal() and int(wanted) < _LARGEST:
        found = find_event(log, int(wanted))
    found = found or find_by_message_id(log, wanted)
    if found is None:
        raise CommandError(
            f"there is no event “{wanted[:80]}” among the newest {MOST_LOOKED_AT:,} in the inbox, which keeps about a "
            "week. What is older is in the event store: loopline events --message-id ID"
        )
    return found


def _lines(told: Trace) -> Iterator[str]:
    yield f"event {told.id}, {told.kind} {told.name}".rstrip() + f", messageId {told.message_id or 'none'}"
    yield f"from {told.source_id}, received {told.received_at.isoformat(timespec='milliseconds')}"
    yield told.text
    for step in told.steps:
        yield f"{'✗' if step.is_end else '→' if step.changes else '·'} {step.name}"
        for change in step.changes:
            before = f" (was {change.before})" if change.before else ""
            yield f"    {change.field} = {change.after or 'nothing'}{before}"
    outcome = f"{told.outcome}, once it is loaded" if told.is_waiting else told.outcome
    yield ": ".join(one for one in (outcome, told.reason, told.detail) if one)
