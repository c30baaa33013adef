"""What the log says of an error: where it was and what, without the records it happened with."""

import logging
from typing import Any

from django.conf import settings
from django.template import Context, Engine, VariableDoesNotExist
from django.utils.module_loading import import_string


class Table:
    def __repr__(self) -> str:
        return "Table(" + "Ines Okafor, " * 10_000 + ")"


def test_an_error_of_a_template_does_not_put_what_it_was_made_of_into_the_log() -> None:
    told: dict[str, Any] = settings.LOGGING
    line = told["formatters"]["line"]
    formatter = import_string(line["class"])(line["format"])
    try:
        Engine().from_string("{{ a|default:table.report }}").render(Context({"table": Table()}))
    except VariableDoesNotExist as error:
        found = (type(error), error, error.__traceback__)
    text = formatter.format(logging.LogRecord("x", logging.ERROR, __file__, 1, "Failed: %s", ("/weekly/",), found))
    assert "Failed: /weekly/" in text
    assert "Failed lookup for key [report] in Table(" in text
    assert max(map(len, text.splitlines())) < 400
    assert text.count("Ines Okafor") < 30
