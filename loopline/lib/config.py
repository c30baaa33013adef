"""What the environment says, read once and checked. Everything else is decided in the product."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from loopline.lib.email_url import MailServer, read_email_url
from loopline.lib.memory import usual_store_memory

_PROXIES = "127.0.0.1,::1"


class ConfigError(ValueError):
    """A setting in the environment cannot be used; the message says which and what to write."""


@dataclass(frozen=True, slots=True)
class Config:
    data: Path
    """Folder of all state (`LOOPLINE_DATA`)."""
    database_url: str
    """Records: empty for SQLite under `data`, or `postgresql://…` (`DATABASE_URL`)."""
    events_url: str
    """Event store: `duckdb:///path`, `clickhouse://…` or `chdb:///path` (`EVENTS_URL`)."""
    host: str
    port: int
    base_url: str
    """The address people and trackers use (`BASE_URL`)."""
    is_demo: bool
    """`LOOPLINE_DEMO=1`: demo people on the sign-in page. Only ever on a loopback address."""

    data_centres: str = ""
    """File with networks of data centres, one a line (`LOOPLINE_DATA_CENTRES`); empty = none."""
    mail_server: MailServer | None = None
    """Where mail is handed in (`EMAIL_URL`); None: no mail leaves."""
    places: tuple[str, ...] = ()
    """MMDB files that tell where an address is and whose network it belongs to (`LOOPLINE_PLACES`)."""

    store_memory: str = "1GB"
    """What DuckDB may hold in memory, for reports and of its file (`LOOPLINE_STORE_MEMORY`), such as `512MB`."""

    proxies: str = _PROXIES
    """Addresses and networks of proxies that say who asks (`LOOPLINE_PROXIES`), with commas between them."""

    @property
    def address(self) -> str:
        """Host and port as they stand in an address on this machine."""
        host = "127.0.0.1" if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104 - compared, not bound
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        return self.host in {"127.0.0.1", "::1", "localhost"}


def read_config(environment: Mapping[str, str] = os.environ) -> Config:
    """The configuration in `environment`. Raises ConfigError for a bind address or URL that cannot be used."""
    data = Path(environment.get("LOOPLINE_DATA") or "data").absolute()
    bind = environment.get("LOOPLINE_BIND") or "127.0.0.1:8000"
    host, _, port = bind.rpartition(":")
    if not host or not port.isdigit():
        raise ConfigError(f"LOOPLINE_BIND is “{bind}”; write an address and a port, such as 127.0.0.1:8000")
    events_url = environment.get("EVENTS_URL") or f"duckdb:///{data / 'events.duckdb'}"
    if events_url.partition("://")[0] not in {"duckdb", "clickhouse", "clickhouses", "chdb"}:
        raise ConfigError(f"EVENTS_URL is “{events_url}”; it starts with duckdb://, clickhouse:// or chdb://")
    config = Config(
        data=data,
        database_url=environment.get("DATABASE_URL", ""),
        events_url=events_url,
        host=host.strip("[]"),
        port=int(port),
        base_url=(environment.get("BASE_URL") or f"http://{bind}").rstrip("/"),
        is_demo=environment.get("LOOPLINE_DEMO") == "1",
        data_centres=environment.get("LOOPLINE_DATA_CENTRES", ""),
        proxies=environment.get("LOOPLINE_PROXIES") or _PROXIES,
        mail_server=_mail_server(environment.get("EMAIL_URL", "")),
        places=_paths(environment.get("LOOPLINE_PLACES", "")),
        store_memory=_size(environment.get("LOOPLINE_STORE_MEMORY") or usual_store_memory()),
    )
    if config.data_centres and not Path(config.data_centres).is_file():
        raise ConfigError(f"LOOPLINE_DATA_CENTRES is “{config.data_centres}”; there is no such file")
    if config.is_demo and not config.is_loopback:
        raise ConfigError("LOOPLINE_DEMO=1 lets anyone sign in; it works only with LOOPLINE_BIND on 127.0.0.1")
    return config


def _size(text: str) -> str:
    if not re.fullmatch(r"[1-9]\d*(MB|GB)", text):
        raise ConfigError(f"LOOPLINE_STORE_MEMORY is “{text}”; write a number with MB or GB, such as 512MB")
    return text


def _mail_server(url: str) -> MailServer | None:
    try:
        return read_email_url(url)
    except ValueError as error:
        raise ConfigError(str(error)) from error


def _paths(text: str) -> tuple[str, ...]:
    """Paths separated by commas, each made absolute. A missing one is no reason not to start: doctor names it."""
    return tuple(str(Path(one.strip()).absolute()) for one in text.split(",") if one.strip())
