"""Figures about the collector in Prometheus' text form. Counters survive restarts."""

from collections.abc import Iterable, Mapping

from loopline.collect.inbox import Inbox
from loopline.collect.state import State


def metrics_text(inbox: Inbox, state: State | None) -> str:
    lines = [
        *_metric("events_received_total", "counter", "Events answered with 2xx", {"": inbox.last_seq()}),
        *_metric("requests_refused_total", "counter", "Requests answered with an error", _refused(inbox), "reason"),
        *_metric("inbox_free_bytes", "gauge", "Room on the disk of the inbox", {"": inbox.free_bytes()}),
        *_metric("ready", "gauge", "1 when events are taken", {"": int(inbox.trouble is None and inbox.is_writing)}),
    ]
    if state is not None:
        counts = state.counts()
        lag = max(0, inbox.last_seq() - state.position())
        lines += [
            *_metric("events_stored_total", "counter", "Events stored", {"": counts.get(("stored", ""), 0)}),
            *_metric("events_dropped_total", "counter", "Events dropped by a step", _of(counts, "dropped"), "reason"),
            *_metric("events_quarantined_total", "counter", "Events set aside", _of(counts, "quarantined"), "reason"),
            *_metric("loader_lag_events", "gauge", "Events received and not yet loaded", {"": lag}),
            *_metric(
                "loader_lag_seconds", "gauge", "Age of the oldest waiting event", {"": inbox.age_s(state.position())}
            ),
        ]
    return "\n".join(lines) + "\n"


def _refused(inbox: Inbox) -> dict[str, int]:
    """Requests by reason, whoever sent them."""
    requests: dict[str, int] = {}
    for (_, reason), (count, _) in inbox.refused().items():
        requests[reason] = requests.get(reason, 0) + count
    return requests


def _of(counts: Mapping[tuple[str, str], int], outcome: str) -> dict[str, int]:
    return {reason: events for (kind, reason), events in counts.items() if kind == outcome}


def _metric(name: str, kind: str, meaning: str, values: Mapping[str, float], label: str = "") -> Iterable[str]:
    yield f"# HELP loopline_{name} {meaning}"
    yield f"# TYPE loopline_{name} {kind}"
    for key, value in sorted(values.items()):
        labels = f'{{{label}="{key}"}}' if label else ""
        yield f"loopline_{name}{labels} {value:g}" if isinstance(value, float) else f"loopline_{name}{labels} {value}"
