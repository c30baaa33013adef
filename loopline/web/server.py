"""The whole product in one process on one port: collector, pages, loader, reactor, relay and what is due at times.

The event store belongs to this process alone. Threads share it; everything that can be lost is on disk before it is
acknowledged, so the process may be killed at any moment.
"""

import logging
import threading
import time
from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from typing import Any, cast

import msgspec
import uvicorn

from loopline.backup import hold
from loopline.collect.asgi import Collector
from loopline.collect.inbox import Inbox
from loopline.collect.keys import Keys
from loopline.collect.loader import Loader
from loopline.collect.preparer_process import PreparerProcess
from loopline.collect.process import share_interpreter
from loopline.collect.reactor_feed import ReactorFeed
from loopline.collect.settings import Settings
from loopline.collect.short_way import short_way
from loopline.collect.state import State
from loopline.lib.config import Config
from loopline.store.current import use_engine
from loopline.store.engine import Engine
from loopline.store.open import open_engine
from loopline.web import internal
from loopline.web.asgi import pages
from loopline.web.background import Crew, Worker, every

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

log = logging.getLogger(__name__)

EXIT_STORE_DEAD = 75
"""Exit status when the event store cannot go on in this process: whoever supervises it starts it again."""
SETTINGS_FRESH_S = 5.0
LOOK_AT_STORE_S = 1.0
SIGNALS_AT_ONCE = 20
"""Somebody who says who they are costs 8 ms of the interpreter. Without a pause between, a stream of such events held
it two thirds of the time, and requests waited for seconds. So it is 40 a second, whatever else comes in."""


class Server:
    """Opens everything on construction, works between `start` and `stop`. Itself the ASGI application.

    Raises StoreError, and LoaderError when the event store and the inbox do not belong together.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self.engine: Engine = open_engine(config)
        use_engine(self.engine)
        self._pages = pages()
        self._inbox = Inbox(config.data)
        self._state = State(config.data)
        self._keys = Keys(config.data)
        self._decided = _Decided(self._keys, config)
        self.collector = Collector(self._inbox, self._keys, self._state, settings=self._decided.settings)
        self._crew = Crew(self._workers())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self.collector.handles(scope["path"]):
            await self.collector(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await self._pages(scope, receive, cast(Any, send))

    def _workers(self) -> list[Worker]:
        # Records can be imported only once Django is set up, which `pages()` did.
        from loopline.access.mail import send_waiting
        from loopline.access.visitor_verdicts import judge_visitors
        from loopline.facts.relay import Relay
        from loopline.huddles.definition_news import follow_started
        from loopline.huddles.first_tries import try_first
        from loopline.huddles.rhythm import keep_rhythm
        from loopline.leads.capture import report_waiting
        from loopline.leads.chat import send_waiting_chats
        from loopline.leads.explore import explore
        from loopline.leads.reactor import react_once
        from loopline.leads.rejudge import ChangeWatch
        from loopline.leads.returns import bring_back
        from loopline.leads.sweep import sweep
        from loopline.leads.watch import watch
        from loopline.pipeline.interactions import report_interactions
        from loopline.privacy.steps import finish_all
        from loopline.reporting.mailing import send_due
        from loopline.web.lead_news import tell_new_owners

        loader = Loader(
            self._inbox,
            self.engine,
            self._state,
            settings=self._decided.settings,
            preparer=PreparerProcess(self._config.data),
        )
        loader.refuse_other_inbox()
        return [
            Worker("loader", loader.run),
            Worker("relay", Relay(self.engine).run),
            Worker("reactor", every(0.25, partial(react_once, ReactorFeed(self._state), SIGNALS_AT_ONCE), rest=2)),
            Worker("changed people", every(0.5, ChangeWatch().look, rest=1)),
            Worker("leads", every(30, partial(sweep, judges_everybody=False))),
            Worker("everybody", every(900, self._sweep_all)),
            Worker("clocks", every(20, watch)),
            Worker("exploration", every(300, explore)),
            Worker("lead news", every(10, tell_new_owners)),
            Worker("chat", every(10, send_waiting_chats)),
            Worker("returns", every(300, bring_back)),
            Worker("machines", every(300, partial(judge_visitors, self.engine))),
            Worker("mail", every(10, send_waiting)),
            Worker("definition news", every(30, follow_started)),
            Worker("huddles", every(300, keep_rhythm)),
            Worker("definition desk", every(1, try_first)),
            Worker("reports by mail", every(60, send_due)),
            Worker("form reports", every(30, report_waiting)),
            Worker("erasures", every(2, partial(finish_all, self._config.data, self.engine))),
            Worker("call reports", every(30, partial(report_interactions, self._config.data))),
        ]

    def _sweep_all(self) -> None:
        from loopline.leads.sweep import sweep

        sweep()
        self.engine.kept.drop_old()

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self.start()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                self.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return

    def start(self) -> None:
        share_interpreter()
        self._inbox.start()
        self._crew.start()
        internal.announce(self._config.data / "run" / "server.json", f"http://{self._config.address}")

    def stop(self) -> None:
        """Commit what waits and close everything. Killing the process instead loses nothing either."""
        internal.leave(self._config.data / "run" / "server.json")
        hold.let_go()  # a backup keeps the loader and the relay waiting
        # The loader reads the inbox until it has stopped; what waits there is committed meanwhile, and by `close`.
        self._crew.stop()
        self._inbox.close()
        use_engine(None)
        self.engine.close()
        self._state.close()
        self._keys.close()


class _Decided:
    """What the organisation decided about processing. Read anew every few seconds."""

    def __init__(self, keys: Keys, config: Config) -> None:
        self._keys = keys
        self._config = config
        self._settings = Settings()
        self._fresh_until = 0.0

    def settings(self) -> Settings:
        from loopline.access.processing import settings_now

        if time.monotonic() >= self._fresh_until:
            self._settings = msgspec.structs.replace(
                settings_now(self._keys), data_centres=self._config.data_centres, places=self._config.places
            )
            self._fresh_until = time.monotonic() + SETTINGS_FRESH_S
        return self._settings


def run(config: Config, *, on_ready: Callable[[], None]) -> int:
    """Serve until told to stop; the exit status. `on_ready` is called when requests are answered."""
    server = Server(config)
    http = uvicorn.Server(
        uvicorn.Config(
            server,
            host=config.host,
            port=config.port,
            loop="uvloop",
            ws="none",
            http=short_way(server.collector),
            log_level="warning",
            access_log=False,
            server_header=False,
            forwarded_allow_ips=config.proxies,
            lifespan="on",
            timeout_graceful_shutdown=10,
        )
    )
    watch = threading.Thread(target=_watch, args=(server.engine, http, on_ready), name="watch", daemon=True)
    watch.start()
    http.run()
    return EXIT_STORE_DEAD if getattr(server.engine, "is_dead", False) else 0 if http.started else 1


def _watch(engine: Engine, http: uvicorn.Server, on_ready: Callable[[], None]) -> None:
    """Say when requests are answered; end the process when the event store can do nothing more in it."""
    from loopline.huddles.live import STREAMS

    while not http.started and not http.should_exit:
        time.sleep(0.02)
    if http.started:
        on_ready()
    _watch_until_end(engine, http)
    # Screens that follow a huddle hold a request open; without this the server would wait for them in vain.
    STREAMS.end_all()


def _watch_until_end(engine: Engine, http: uvicorn.Server) -> None:
    while not http.should_exit:
        if getattr(engine, "is_dead", False):
            log.critical("The event store failed for good in this process; it ends so that it can be started again")
            http.should_exit = True
        time.sleep(LOOK_AT_STORE_S)
