"""Values for a statement's `$name` parameters."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from loopline.lib.times import as_utc
from loopline.store.engine import StoreError, Value


def wanted(params: Mapping[str, Value], names: Iterable[str]) -> dict[str, Value]:
    """The values a statement names; others are left out, so that reports can share one set. Times become UTC.

    Raises StoreError for a name without a value and for a time without a zone.
    """
    wanted_names = sorted(names)
    if missing := [name for name in wanted_names if name not in params]:
        raise StoreError(f"The question needs a value for {', '.join('$' + name for name in missing)}")
    return {name: _plain(name, params[name]) for name in wanted_names}


def _plain(name: str, value: Value) -> Value:
    if isinstance(value, datetime):
        try:
            return as_utc(value)
        except ValueError as error:
            raise StoreError(f"${name}: {error}") from error
    if isinstance(value, str | int | float) or value is None or not isinstance(value, Iterable):
        return value
    return list(value)
