"""However often and in whatever order batches are repeated, the store holds the same."""

from random import Random

from loopline.store.engine import Batch, Engine
from tests.store.rows import campaign, campaigns, events

BATCHES = 5
ROUNDS = 12


def batch(round_key: int, number: int) -> Batch:
    rows = {
        "events": events(*(f"{round_key}/{number}/{n}" for n in range(number + 1))),
        "campaign_facts": campaigns(campaign(f"{round_key}/c", number + 1, name=str(number))),
    }
    return Batch(f"{round_key}:{number}", rows, {f"loader {round_key}": number + 1})


def test_any_order_and_repetition_of_batches_gives_the_same_content(engine: Engine):
    for key in range(ROUNDS):
        chance = Random(key)
        write_in_order(engine, key, chance.choices(range(BATCHES), k=chance.randint(0, 12)))


def write_in_order(engine: Engine, key: int, order: list[int]) -> None:
    stamps: dict[int, object] = {}
    for number in [*order, *range(BATCHES)]:
        stamp = engine.write(batch(key, number))
        assert stamps.setdefault(number, stamp) == stamp
    sql = """
    SELECT (SELECT count(*) FROM events WHERE starts_with(event_id, $prefix)) AS events,
           (SELECT count(DISTINCT event_id) FROM events WHERE starts_with(event_id, $prefix)) AS ids,
           (SELECT count(*) FROM campaign_facts WHERE starts_with(id, $prefix)) AS versions,
           (SELECT arg_max(name, version) FROM campaign_facts WHERE starts_with(id, $prefix)) AS latest
    """
    total = BATCHES * (BATCHES + 1) // 2
    assert engine.rows(sql, {"prefix": f"{key}/"}) == [
        {"events": total, "ids": total, "versions": BATCHES, "latest": str(BATCHES - 1)}
    ]
    assert engine.cursor(f"loader {key}") == BATCHES
