"""The steps of an erasure. Each may be repeated; what was done last is written down, and a restart goes on there."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from django.db import connection, transaction

from loopline.access.actor import Actor
from loopline.access.audit import audit, take_turn
from loopline.access.models import BusinessUnit
from loopline.access.roles import Role
from loopline.collect.erasing import erase_from_archive, erase_from_log, erase_from_state, forget_signals
from loopline.collect.log import Log
from loopline.collect.state import State
from loopline.facts import relay
from loopline.leads.reactor import CURSOR
from loopline.lib.times import utc_now
from loopline.people.models import Person, ReactorCursor
from loopline.privacy.in_store import erase_from_store, find_events
from loopline.privacy.models import Erasure
from loopline.privacy.records import wipe_records
from loopline.privacy.register import note_finished
from loopline.privacy.traces import gather, read_traces
from loopline.privacy.uploads import remove_uploads
from loopline.store.engine import Engine

Step = Erasure.Step
_ORDER = list(Step)
TRIES = 50
log = logging.getLogger(__name__)


class NotYetError(RuntimeError):
    """The step cannot be done now and is tried again; the message says what it waits for."""


@dataclass(slots=True)
class Tools:
    """What an erasure reaches into."""

    data: Path
    engine: Engine
    log: Log
    state: State
    is_compact: bool = False
    """The event store was written anew since rows last went."""


def finish(erasure: Erasure, tools: Tools, *, upto: Erasure.Step | None = None) -> None:
    """Do all steps that are left, or those up to `upto`.

    Raises NotYetError, StoreError and errors of databases: then it goes on next time.
    """
    while erasure.finished_at is None and not (upto and _ORDER.index(Step(erasure.step)) >= _ORDER.index(upto)):
        _STEPS[Step(erasure.step)](erasure, tools)
        erasure.refresh_from_db()


def finish_all(data: Path, engine: Engine) -> int:
    """Go on with every erasure that is not finished; how many are finished now. A periodic job.

    Files are written anew once for all of them.
    """
    waiting = list(Erasure.objects.unfinished())
    if not waiting:
        return 0
    tools = Tools(data, engine, Log(data), State(data))
    try:
        going = [one for one in waiting if _is_done(one, tools, Step.INBOX)]
        return sum(_is_done(one, tools, None) for one in going)
    finally:
        tools.state.close()
        tools.log.close()


def _is_done(erasure: Erasure, tools: Tools, upto: Erasure.Step | None) -> bool:
    try:
        finish(erasure, tools, upto=upto)
    except NotYetError as error:
        _say(erasure, error)
        return False
    except Exception as error:  # whatever it is, the others go on and this one is tried again
        log.exception("An erasure could not go on and is tried again")
        _say(erasure, error)
        return False
    return True


def _say(erasure: Erasure, error: Exception) -> None:
    Erasure.objects.filter(pk=erasure.pk).update(trouble=str(error)[:500])


def _from_records(erasure: Erasure, tools: Tools) -> None:
    if tools.state.position() < erasure.upto_seq:
        raise NotYetError("Events that had arrived before are still being loaded.")
    with transaction.atomic():
        take_turn()
        person = Person.objects.filter(pk=erasure.person_id).first()
        if person is None:
            raise NotYetError("The person's record is not there; was a backup restored?")
        ReactorCursor.objects.select_for_update().filter(name=CURSOR).first()
        traces = gather(person)
        forget_signals(tools.state, traces.theirs, erasure.upto_seq)
        counts = wipe_records(traces, by=_actor(erasure), at=utc_now())
        _note(erasure, Step.RECORDS, traces=traces.as_json(), counts=erasure.counts | counts)


def _from_store(erasure: Erasure, tools: Tools) -> None:
    traces, counts = read_traces(erasure.traces), erasure.counts
    if "events_by_source" not in counts:
        by_source, apart = find_events(tools.engine, traces)
        traces.event_ids = sorted({*traces.event_ids, *apart})
        counts = counts | {"events_by_source": by_source, "events": sum(by_source.values())}
        # Before they go: what is counted and found only while they are there must not be lost with a crash.
        _note(erasure, Step.RECORDS, traces=traces.as_json(), counts=counts, upto_seq=tools.state.position())
    tools.is_compact = False
    with relay.turn:  # a batch that was read before the records changed has been written
        erase_from_store(tools.engine, traces)
    _note(erasure, Step.EVENTS)


def _from_inbox(erasure: Erasure, tools: Tools) -> None:
    theirs, units = read_traces(erasure.traces).theirs, BusinessUnit.objects.values_list("pk", flat=True)
    erase_from_log(tools.log, theirs, erasure.upto_seq)
    erase_from_archive(tools.log.folder, theirs)
    erase_from_state(tools.state, theirs, [str(one) for one in units], erasure.upto_seq)
    tools.state.note_erased(str(erasure.pk), erasure.counts["events_by_source"], erasure.upto_seq)
    _note(erasure, Step.INBOX)


def _from_files(erasure: Erasure, tools: Tools) -> None:
    removed = remove_uploads(tools.data, read_traces(erasure.traces))
    if not (tools.log.wipe() and tools.state.wipe()):
        raise NotYetError("The inbox is being read; what it held before goes once that has ended.")
    if not tools.is_compact:
        tools.engine.compact()
        tools.is_compact = True
    _note(erasure, Step.FILES, counts=erasure.counts | {"uploads": removed})


def _close(erasure: Erasure, tools: Tools) -> None:
    note_finished(tools.data, erasure)  # first: a restored backup must find it
    with transaction.atomic():
        take_turn()
        person = Person.objects.get(pk=erasure.person_id)
        audit(_actor(erasure), "finished_erasure", person, counts=_told(erasure.counts))
        _note(erasure, Step.FILES, traces={}, trouble="", finished_at=utc_now())
    _wipe_records_file()


def _wipe_records_file() -> None:
    """What SQLite wrote beside the file goes into it, where what was there before is overwritten."""
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        return
    for _ in range(TRIES):
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            if not cursor.fetchone()[0]:
                return
        time.sleep(0.1)  # somebody reads a state from before
    log.warning("The records are being read; what was erased leaves the file beside them with their next checkpoint")


_STEPS: Mapping[Erasure.Step, Callable[[Erasure, Tools], None]] = {
    Step.ASKED: _from_records,
    Step.RECORDS: _from_store,
    Step.EVENTS: _from_inbox,
    Step.INBOX: _from_files,
    Step.FILES: _close,
}


def _note(erasure: Erasure, step: Erasure.Step, **values: object) -> None:
    Erasure.objects.filter(pk=erasure.pk).update(step=step, **values)


def _told(counts: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in counts.items() if isinstance(value, int)}


def _actor(erasure: Erasure) -> Actor:
    """Whoever asked, as they were: only administrators may."""
    return Actor(id=erasure.by_id, name=erasure.by_name, role=Role.ADMINISTRATOR, sees_all_units=True)
