"""Every call type with a Python client, its clock wrong by some seconds.

python -m tests.clients.python_client MODULE HOST KEY AGE_S SKEW_S
"""

import datetime as clock
import importlib
import sys
from datetime import timedelta
from typing import Any

SKEW = timedelta(seconds=float(sys.argv[5]))
_true = clock.datetime


class _Skewed(_true):
    @classmethod
    def now(cls, tz: clock.tzinfo | None = None) -> "_Skewed":
        true = _true.now(clock.UTC) + SKEW
        return cls.fromtimestamp(true.timestamp(), tz)


def main(module: str, host: str, key: str, age_s: float) -> None:
    clock.datetime = _Skewed  # type: ignore[misc]
    client: Any = importlib.import_module(f"{module}.client").Client(key, host=host)
    when = _Skewed.now(clock.UTC) - timedelta(seconds=age_s)
    who = {"user_id": "u-42", "timestamp": when}
    client.identify(traits={"email": "ines@halden.no"}, **who)
    client.track(event="Plan chosen", properties={"plan": "gold"}, **who)
    client.page(name="Pricing", properties={"url": "https://shop.example/pricing"}, **who)
    client.screen(name="Basket", **who)
    client.group(group_id="g-7", traits={"name": "Halden Foods"}, **who)
    client.alias("a-42", **who)
    client.flush()
    client.join()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4]))
