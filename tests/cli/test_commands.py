"""Which commands the program loads."""

import pytest

from loopline.cli.main import commands


@pytest.mark.parametrize("name", sorted(commands()))
def test_a_command_that_is_named_is_loaded_alone(name: str) -> None:
    assert commands(name) == {name: commands()[name]}


@pytest.mark.parametrize("name", ["", "--help", "serv", "__init__"])
def test_where_none_is_named_all_are_known(name: str) -> None:
    assert len(commands(name)) > 10
