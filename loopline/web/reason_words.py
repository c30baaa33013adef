"""Why an event was set aside or left out, in words. The keys are those of `loopline.collect`."""

from loopline.web.audit_words import plain

_REASONS = {
    "body_too_large": "too much at once",
    "consent_identifies": "names someone without consent",
    "data_centre": "from a data centre",
    "id_reused": "id used before",
    "implausible_date": "date that cannot be",
    "invalid_engaged": "time in use that cannot be",
    "invalid_envelope": "batch that cannot be read",
    "invalid_gzip": "cannot be unpacked",
    "invalid_json": "not readable as JSON",
    "no_event_name": "without a name",
    "no_identity": "without an identity",
    "step_failed": "a step failed",
    "too_deep": "nested too deep",
    "type_not_allowed": "type this key may not send",
    "wrong_type": "value of another type",
}


def reason_words(key: str) -> str:
    """id_reused → id used before; a reason without words of its own loses its underscores."""
    return _REASONS.get(key) or plain(key)
