"""Access tokens of the company's programs. Nobody has the tokens themselves: their digests are of nothing."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from loopline.access.models import AccessToken, User
from loopline.access.scopes import Scope
from loopline.lib.ids import uuid7

_READ = [Scope.METRICS_READ.value, Scope.REPORTS_READ.value]
_TOKENS = (
    ("ruth@halden.example", "Warehouse, every night", _READ, 365, timedelta(hours=9)),
    ("mara@halden.example", "Weekly spreadsheet", [Scope.REPORTS_READ.value], 90, timedelta(days=4)),
    ("mara@halden.example", "Agency's dashboard, until the pitch", [Scope.REPORTS_READ.value], 30, timedelta(days=45)),
)
"""Whose, what it is called, what it reads, how many days it lasts, and how long ago it was last used."""


def make_tokens(users: Mapping[str, User], until: datetime) -> None:
    for place, (email, name, scopes, days, ago) in enumerate(_TOKENS):
        made, noise = until - timedelta(days=60), bytes([place]) * 10
        AccessToken.objects.create(
            id=uuid7(round(made.timestamp() * 1000), noise), user=users[email], name=name, digest=noise.hex()[:8] * 8,
            hint=f"ll_api_{noise.hex()[:5]}", scopes=scopes, created_at=made, expires_at=made + timedelta(days=days),
            last_used_at=until - ago,
        )  # fmt: skip
