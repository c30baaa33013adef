"""What telling crawlers, browsers and systems apart costs, by processor time an agent.

    python -m benchmarks.agents

`one by one` is how the lists' own Python does it, `one set` how Loopline does. `remembered` is an agent seen before.
The agents are made up in the form of common browsers, and each pattern of the list of crawlers gives one of its own.
"""

import random
import time
from collections.abc import Callable, Sequence

from crawleruseragents import CRAWLER_USER_AGENTS_DATA, is_crawler
from ua_parser import Domain
from ua_parser.basic import Resolver
from ua_parser.loaders import load_builtins

from loopline.collect.steps.devices import describe_agent
from loopline.collect.steps.machines import names_a_crawler

COUNT = 3_000
_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome"
FORMS = (
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_WEBKIT}/{{a}}.0.{{b}}.{{c}} Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS {d}_{e} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/{d}.{e}.{c} Mobile/15E148 Safari/604.1",
    f"Mozilla/5.0 (Linux; Android {{d}}; SM-G9{{e}}8) {_WEBKIT}/{{a}}.0.{{b}}.{{c}} Mobile Safari/537.36",
)


def browsers(dice: random.Random) -> list[str]:
    """Agents of people, each another."""
    return [
        FORMS[number % len(FORMS)].format(
            a=dice.randrange(90, 145), b=dice.randrange(9_000), c=number, d=dice.randrange(9, 19), e=dice.randrange(10)
        )
        for number in range(COUNT)
    ]


def crawlers() -> list[str]:
    return [agent for one in CRAWLER_USER_AGENTS_DATA for agent in one.get("instances", [])[:1]]


def microseconds(answer: Callable[[str], object], agents: Sequence[str]) -> float:
    """Of processor time an agent."""
    began = time.process_time()
    for agent in agents:
        answer(agent)
    return (time.process_time() - began) / len(agents) * 1e6


def main() -> None:
    people, machines = browsers(random.Random(1)), crawlers()
    one_by_one = Resolver(load_builtins())
    names_a_crawler("warm"), describe_agent("warm"), is_crawler("warm")
    cases: tuple[tuple[str, Callable[[str], object], Callable[[str], object]], ...] = (
        ("crawler?", is_crawler, names_a_crawler),
        ("browser and system", lambda agent: one_by_one(agent, Domain.ALL), describe_agent),
    )
    print(f"{'µs of CPU an agent':32} {'one by one':>10} {'one set':>8} {'remembered':>10}")
    for what, before, now in cases:
        for who, agents in (("people", people), ("crawlers", machines)):
            figures = microseconds(before, agents), microseconds(now, agents), microseconds(now, agents)
            print(f"{what + ', ' + who:32} {figures[0]:10.1f} {figures[1]:8.1f} {figures[2]:10.2f}")


if __name__ == "__main__":
    main()
