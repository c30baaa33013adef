"""Which commands the program loads."""

import pytest

from loopline.cli.main import commands, main


@pytest.mark.parametrize("name", sorted(commands()))
def test_a_command_that_is_named_is_loaded_alone(name: str) -> None:
    assert commands(name) == {name: commands()[name]}


@pytest.mark.parametrize("name", ["", "--help", "serv", "__init__"])
def test_where_none_is_named_all_are_known(name: str) -> None:
    assert len(commands(name)) > 10


@pytest.mark.parametrize(
    "typed",
    [["explain"], ["keys"], ["tokens"], ["replay", "1", "--all"], ["erase"], ["report", "buyers", "--against", "x"]],
    ids=" ".join,
)
def test_what_was_used_wrongly_says_so_where_no_figures_are_read(
    typed: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(typed) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith(f"loopline {typed[0]}: ")
