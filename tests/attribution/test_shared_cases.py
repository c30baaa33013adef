"""Tables from elsewhere (`../shared/attribution_cases`, README there), through `loopline attribute`."""

import csv
import json
from pathlib import Path

import pytest

from loopline.cli.main import main

CASES = Path(__file__).parents[3] / "shared" / "attribution_cases"
pytestmark = pytest.mark.skipif(not CASES.exists(), reason="needs ../shared/attribution_cases, which is not here")


def table(name: str) -> list[dict[str, str]]:
    with (CASES / name).open() as file:
        return list(csv.DictReader(file))


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]):
    def ask(file: str | Path, model: str) -> dict[str, dict[str, float]]:
        """By figure and channel."""
        assert main(["attribute", str(CASES / file), "--model", model, "--format", "json"]) == 0
        rows = json.loads(capsys.readouterr().out)["rows"]
        return {
            name: {row["channel"]: row[name] for row in rows} for name in ("conversions", "value", "removal_effect")
        }

    return ask


@pytest.mark.parametrize("model", ["first_touch", "last_touch", "linear"])
def test_heuristics_agree_on_ten_thousand_paths(told, model: str) -> None:
    found = told("pathdata_channelattribution/PathData.csv", model)
    name = {"linear": "linear_touch"}.get(model, model)
    rows = table("pathdata_channelattribution/expected_heuristics.csv")
    for unit in ("conversions", "value"):
        wanted = {row["channel_name"]: float(row[f"{name}_{unit}"]) for row in rows}
        assert found[unit] == pytest.approx(wanted, rel=1e-9, abs=1e-9)


def test_markov_agrees_with_the_exact_chain_of_ten_thousand_paths(told) -> None:
    found = told("pathdata_channelattribution/PathData.csv", "markov")
    rows = table("pathdata_channelattribution/expected_markov_exact_o1_null.csv")
    for unit, name in (("conversions",) * 2, ("value",) * 2, ("removal_effect", "removal_effect_conv")):
        assert found[unit] == pytest.approx({row["channel"]: float(row[name]) for row in rows}, rel=1e-9)


def test_markov_agrees_with_three_paths_on_paper(told) -> None:
    """The table shares out one whole conversion and its value."""
    found = told("markov_tiny_c1c2c3/input.csv", "markov")
    for unit in ("removal_effect", "conversions", "value"):
        wanted = {row["channel"]: float(row[unit]) for row in table("markov_tiny_c1c2c3/expected.csv")}
        assert found[unit] == pytest.approx(wanted, rel=1e-12)


def test_markov_agrees_with_paths_that_all_converted(told) -> None:
    rows = table("markov_tiny_pychattr_readme/expected.csv")
    found = told("markov_tiny_pychattr_readme/input.csv", "markov")["conversions"]
    exact, simulated = (
        {row["channel"]: float(row[name]) for row in rows}
        for name in ("exact_conversions", "published_simulated_conversions")
    )
    assert found == pytest.approx(exact, rel=1e-12)
    assert found == pytest.approx(simulated, rel=0.01)


def test_shapley_agrees_with_seven_coalitions(told, tmp_path: Path) -> None:
    file = tmp_path / "coalitions.csv"
    lines = [
        f"{row['channel_set'].replace('+', ' > ')},{row['conversion_ratio']}"
        for row in table("shapley_three_channels/input.csv")
    ]
    file.write_text("\n".join(["path,total_conversions", *lines]))
    wanted = {row["channel"]: float(row["shapley"]) for row in table("shapley_three_channels/expected.csv")}
    assert told(file, "shapley")["conversions"] == pytest.approx(wanted, abs=1e-9)


def test_models_see_of_a_path_what_they_should(told, tmp_path: Path) -> None:
    """The whole path with linear, repeats collapsed with Markov, each channel once with Shapley."""
    cases = {row["transform"]: row for row in table("path_transforms/cases.csv")}

    def credit(text: str, model: str) -> dict[str, float]:
        file = tmp_path / "path.csv"
        file.write_text(f"path;total_conversions;total_null\n{text};1;3\nE;1;0\n")
        return told(file, model)["conversions"]

    for name, model in (("unique", "linear"), ("exposure", "markov"), ("first", "shapley")):
        assert credit(cases[name]["input"], model) == credit(cases[name]["expected"], model), name
    assert credit(cases["first"]["input"], "shapley") == credit(cases["first"]["expected"], "linear")
    often = {word.split("(")[0]: int(word[-2]) for word in cases["frequency"]["expected"].split(" > ")}
    shares = {channel: count / sum(often.values()) for channel, count in often.items()}
    assert credit(cases["frequency"]["input"], "linear") == pytest.approx(shares | {"E": 1})
