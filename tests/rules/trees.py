"""Rules of every shape for property tests: trees that are rules, and JSON that mostly is none."""

from hypothesis import strategies as st

from loopline.rules.fields import FIELDS, FieldKind
from loopline.rules.library import CONDITIONS
from loopline.rules.measures import KINDS, EventFilter
from loopline.rules.read import read_rule
from loopline.rules.score import Named, PointsEach, PointsWhen, Score

FIT = Score(
    "fit",
    (PointsWhen(60, read_rule({"field": "company.known"})), PointsEach(-5, EventFilter("page", "/jobs"), 30, 7, -20)),
    levels=(("A", 70), ("B", 40)),
)
NAMED = Named({"fit": FIT}, {"nordics": read_rule({"field": "person.country", "is": ["NO", "SE"]})})

TEXTS = st.text(min_size=1, max_size=20).filter(lambda text: text.isprintable() and text.strip() == text)
WORDS = st.lists(TEXTS, min_size=1, max_size=3)
DAYS = st.integers(1, 3650)
NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_ .:-]{0,20}", fullmatch=True)
TESTS = st.one_of(
    st.builds(lambda words: {"is": words}, WORDS),
    st.builds(lambda least, most: {"at_least": least, "at_most": most}, st.integers(0, 99), st.integers(0, 10**9)),
    st.builds(lambda most: {"at_most": most}, st.integers(0, 10**9)),
)
FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "kind": st.sampled_from(list(KINDS)),
        "path": TEXTS,
        "name": TEXTS,
        "channel": TEXTS,
        "campaign": WORDS,
        "where": st.dictionaries(NAMES, TESTS, min_size=1, max_size=2),
    },
)


def _fields() -> st.SearchStrategy[dict[str, object]]:
    texts = [key for key, one in FIELDS.items() if one.kind is FieldKind.TEXT]
    texts += ["person.custom.plan", "company.custom.tier", "lead.custom.budget"]
    numbers = ["company.employees", "person.custom.seats"]
    return st.one_of(
        st.builds(lambda key: {"field": key}, st.sampled_from(list(FIELDS))),
        st.builds(
            lambda key, operator, words: {"field": key, operator: words},
            st.sampled_from(texts),
            st.sampled_from(["is", "contains"]),
            WORDS,
        ),
        st.builds(
            lambda key, operator, number: {"field": key, operator: number},
            st.sampled_from(numbers),
            st.sampled_from(["at_least", "at_most"]),
            st.integers(0, 10**9),
        ),
    )


LEAVES: st.SearchStrategy[dict[str, object]] = st.one_of(
    _fields(),
    st.builds(lambda words: {"consent": words}, WORDS),
    st.builds(lambda words, days: {"form": words, "within_days": days}, WORDS, DAYS),
    st.builds(lambda words: {"form": words}, WORDS),
    st.builds(
        lambda events, least, days: {"count": events, "at_least": least, "within_days": days},
        FILTERS,
        st.integers(1, 99),
        DAYS,
    ),
    st.builds(lambda events, days: {"seen": events, "within_days": days}, FILTERS, DAYS),
    st.builds(
        lambda name, events, least, half: {"sum": name, "events": events, "at_least": least, "half_life_days": half},
        NAMES,
        FILTERS,
        st.integers(1, 99),
        DAYS,
    ),
    st.builds(
        lambda events, least, half: {"count": events, "at_least": least, "half_life_days": half},
        FILTERS,
        st.integers(1, 99),
        DAYS,
    ),
    st.builds(lambda words, days: {"campaign": words, "within_days": days}, WORDS, DAYS),
    st.builds(lambda least: {"score": "fit", "at_least": least}, st.integers(0, 100)),
    st.builds(lambda level: {"score": "fit", "level": level}, st.sampled_from(["A", "B"])),
    st.just({"segment": "nordics"}),
    st.builds(lambda seconds, path: {"engaged_seconds": seconds, "path": path}, st.integers(1, 9999), TEXTS),
)


def _joined(parts: st.SearchStrategy[dict[str, object]]) -> st.SearchStrategy[dict[str, object]]:
    several = st.lists(parts, min_size=1, max_size=3)
    return st.one_of(
        st.builds(lambda found: {"all": found}, several),
        st.builds(lambda found: {"any": found}, several),
        st.builds(lambda found: {"not": found}, parts),
        st.builds(lambda found: {"unless": found}, parts),
        st.builds(lambda found: {"at_least": len(found), "of": found}, several),
    )


TREES = st.recursive(LEAVES, _joined, max_leaves=12)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "all",
                    "any",
                    "not",
                    "unless",
                    "of",
                    *CONDITIONS,
                    "at_least",
                    "is",
                    "path",
                    "where",
                    "score",
                    "segment",
                ]
            )
            | st.text(max_size=5),
            inner,
            max_size=3,
        )
    ),
    max_leaves=15,
)


def depth(rule: object) -> int:
    if isinstance(rule, dict):
        inner = [value for key, value in rule.items() if key in {"all", "any", "not", "unless", "of"}]
        return 1 + max((depth(value) for value in inner), default=0) if inner else 1
    return max((depth(part) for part in rule), default=0) if isinstance(rule, list) else 0
