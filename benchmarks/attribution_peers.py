"""One peer on the files of `benchmarks.attribution`, run by an interpreter that has requirements/peers.txt.

    python benchmarks/attribution_peers.py WHAT TOUCHPOINTS CONVERSIONS
    python benchmarks/attribution_peers.py WHAT_from_paths PATHS

Preparation is part of it: they take paths, so rows have to be joined, cut to the window and put in order first.
"""

import sys
import time

import pandas as pd

WINDOW = pd.Timedelta(days=90)
HEURISTICS = ("first_click", "last_click", "linear", "position_based", "time_decay")


def rows(touchpoints: str, conversions: str, with_everyone: bool) -> pd.DataFrame:
    """Touchpoints of each path in order, with its amount; without a conversion the amount is 0."""
    sold = pd.read_parquet(conversions, columns=["person_id", "converted_at", "amount_minor"])
    joined = pd.read_parquet(touchpoints).merge(sold, on="person_id", how="left" if with_everyone else "inner")
    in_window = (joined.touched_at < joined.converted_at) & (joined.touched_at >= joined.converted_at - WINDOW)
    joined = joined[in_window | joined.converted_at.isna()]
    return joined.sort_values(["person_id", "touched_at"], kind="stable")


def mam(found: pd.DataFrame):
    from mam import MAM

    has_converted = found.converted_at.notna() & ~found.person_id.duplicated(keep="last")
    return MAM(
        found.assign(has_converted=has_converted, amount_minor=found.amount_minor.fillna(0)),
        format_type="session",
        channels_colname="channel",
        journey_with_conv_colname="has_converted",
        datetime_colname="touched_at",
        user_id_colname="person_id",
        conversion_value_colname="amount_minor",
    )


def mam_heuristics(touchpoints: str, conversions: str) -> None:
    """All five, of all rows of the files, as its Markov needs them, too: it is told which of them converted."""
    _mam_heuristics(rows(touchpoints, conversions, True))


def mam_heuristics_of_buyers(touchpoints: str, conversions: str) -> None:
    """The same of the buyers' rows alone, for those who pick them first."""
    _mam_heuristics(rows(touchpoints, conversions, False))


def _mam_heuristics(found: pd.DataFrame) -> None:
    prepared = time.perf_counter()
    model = mam(found)
    for name in HEURISTICS:
        getattr(model, f"run_{name}")()
    print(f"{'of which without preparation':<50}{time.perf_counter() - prepared:8.2f} s")


def mam_markov(touchpoints: str, conversions: str) -> None:
    mam(rows(touchpoints, conversions, True)).run_markov()


def paths(touchpoints: str, conversions: str, with_everyone: bool) -> pd.DataFrame:
    """Paths as ChannelAttribution takes them."""
    found = rows(touchpoints, conversions, with_everyone)
    found["amount_minor"] = found.amount_minor.fillna(0)
    grouped = found.groupby("person_id", sort=False)
    made = grouped.agg(path=("channel", " > ".join), value=("amount_minor", "first"), closed=("converted_at", "first"))
    made["conversions"] = made.closed.notna().astype(int)
    made["nulls"] = 1 - made.conversions
    return made.groupby("path", as_index=False)[["conversions", "value", "nulls"]].sum()


def channelattribution_heuristics(touchpoints: str, conversions: str) -> None:
    """Three of them: it has no position-based model and no decay."""
    from ChannelAttribution import heuristic_models

    heuristic_models(paths(touchpoints, conversions, False), "path", "conversions", var_value="value")


def channelattribution_markov(touchpoints: str, conversions: str) -> None:
    """By simulation."""
    from ChannelAttribution import markov_model

    made = paths(touchpoints, conversions, True)
    markov_model(made, "path", "conversions", var_value="value", var_null="nulls", order=1)


def do_attribution_markov_from_paths(paths: str) -> None:
    """Exact, of order 1, removal to null, from paths that are put together already; conversions and others apart."""
    from do_attribution import MarkovAttribution

    found = pd.read_parquet(paths)
    converted, lost = found[found.total_conversions > 0], found[found.total_null > 0]
    MarkovAttribution(order=1, separator=" > ", removal_strategy="redirect_to_null").fit(
        pd.concat([converted.path, lost.path]),
        pd.concat([converted.total_conversions > 0, lost.total_null < 0]).astype(int),
        weights=pd.concat([converted.total_conversions, lost.total_null]),
    )


def main() -> None:
    what, *files = sys.argv[1:]
    clock, cpu = time.perf_counter(), time.process_time()
    globals()[what](*files)
    print(f"{what:<50}{time.perf_counter() - clock:8.2f} s {time.process_time() - cpu:8.2f} CPU s")


if __name__ == "__main__":
    main()
