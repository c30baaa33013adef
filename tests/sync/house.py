"""An import in a test: files in a folder, the whole way from text to records, and the event store when asked."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loopline.access.actor import SYSTEM, Actor
from loopline.access.models import BusinessUnit
from loopline.collect.inbox import Inbox
from loopline.collect.loader import Loader
from loopline.collect.settings import Settings
from loopline.collect.state import State
from loopline.facts.relay import Relay
from loopline.store.engine import Engine
from loopline.sync.importing import Import, run_import
from loopline.sync.mapping import read_mapping
from loopline.sync.models import ImportRun
from loopline.sync.sources import find_sources

LEADS = """
system = "crm"
[[file]]
kind = "leads"
[file.columns]
external_id = "id"
first_contact = "date"
email = "mail"
name = "name"
company = "company"
source = "source"
[file.defaults]
medium = "import"
"""
DEALS = """
[[file]]
kind = "deals"
[file.columns]
external_id = "deal"
lead = "lead"
won_at = "won"
lost_at = "lost"
amount = "amount"
"""
HEAD = "id,date,mail,name,company,source\n"
DEAL_HEAD = "deal,lead,won,lost,amount\n"


def asked(folder: Path, unit: BusinessUnit, mapping: str, **files: str | bytes) -> Import:
    """An import of files with this content: `leads="id,date…"` becomes leads.csv."""
    folder.mkdir(parents=True, exist_ok=True)
    given = []
    for name, content in files.items():
        path = folder / f"{name}.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        given.append((path, path.name))
    read = read_mapping(mapping)
    return Import(read, find_sources(read, given), unit, folder)


def take_in(
    folder: Path, unit: BusinessUnit, mapping: str = LEADS, *, by: Actor = SYSTEM, **files: str | bytes
) -> ImportRun:
    return run_import(asked(folder, unit, mapping, **files), by=by)


@contextmanager
def loaded(engine: Engine, folder: Path) -> Iterator[Engine]:
    """The event store after the relay and the loader carried everything over."""
    inbox, state = Inbox(folder), State(folder)
    try:
        Relay(engine).relay_all()
        Loader(inbox, engine, state, settings=Settings).load_all()
        yield engine
    finally:
        inbox.close()
        state.close()
