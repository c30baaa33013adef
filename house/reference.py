"""The reference in `docs/reference/`, generated from what the code declares: `python -m house.reference`.

A test compares the files with what this would write, so nothing stays undocumented and nothing documented goes stale.
"""

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django

from loopline.attribution.model import MODELS
from loopline.cli.main import commands
from loopline.reports.catalogue import CATALOGUE, REPORTS, reports_of
from loopline.reports.dimension import DIMENSIONS
from loopline.rules.schema import definition_schema, rule_schema
from loopline.store.describe import reference as tables

RULES = {"rule.schema.json": rule_schema, "definition.schema.json": definition_schema}
FOLDER = Path("docs/reference")


def pages() -> dict[str, str]:
    """File name → its text."""
    return {
        "metrics.md": _page("Metrics", "Every figure in pages, API and exports is one of these.", _metrics()),
        "reports.md": _page("Reports", "`loopline report KEY` prints the same figures as the page.", _reports()),
        "models.md": _page("Attribution models", "How the credit of a conversion is shared.", _models()),
        "commands.md": _page("Commands", "Exit status: 0 done, 1 failed, 2 used wrongly.", _commands()),
        "api.md": _page("REST API", "How to ask is in [api.md](../api.md). All is read with GET.", _api()),
        **{name: json.dumps(schema(), indent=2, ensure_ascii=False) + "\n" for name, schema in RULES.items()},
        "event-store.md": f"# Tables of the event store\n\n{tables()}",
    }


def _page(title: str, summary: str, lines: Iterator[str]) -> str:
    return "\n".join([f"# {title}", "", summary, "", *lines]).rstrip() + "\n"


def _metrics() -> Iterator[str]:
    for metric in CATALOGUE.values():
        yield from (f"## {metric.label} (`{metric.key}`)", "")
        yield f"* **Formula**: {metric.formula}"
        yield f"* **Unit**: {metric.unit}"
        yield f"* **Grain**: {metric.grain}"
        yield f"* **Date**: {metric.period_date} (period clock), {metric.cohort_date} (cohort clock)"
        yield f"* **Adds up**: {metric.adds_up}"
        of = reports_of(metric)
        yield f"* **Reports**: {', '.join(f'`{key}`' for key in of)}"
        yield from (f"* **SQL**: `loopline report {of[0]} --sql`", "")


def _reports() -> Iterator[str]:
    for report in REPORTS.values():
        columns = ", ".join(metric.label for metric in report.metrics)
        yield from (f"## {report.label} (`{report.key}`)", "", f"*{report.question}* {report.summary}", "")
        yield from (f"Columns: {columns}.", "")
        if report.by and report.key != "closed-loop":
            yield from (f"Rows (`--by`): {', '.join(f'`{key}`' for key in report.by)}.", "")
        yield from (line for words in report.how for line in (words, ""))
    yield from ("## Dimensions of the closed loop (`--by`)", "", "| key | question |", "|---|---|")
    for dimension in DIMENSIONS.values():
        yield f"| `{dimension.key}` | {dimension.question} |"


def _models() -> Iterator[str]:
    for model in MODELS.values():
        yield from (f"## {model.label} (`{model.key}`)", "", f"Weights: {model.weights}", "", model.explanation, "")


def _commands() -> Iterator[str]:
    for command in commands().values():
        yield from (f"## `loopline {command.key}`", "", f"{command.summary}.", "", f"    {command.example}", "")


def _api() -> Iterator[str]:
    from loopline.web.api.endpoints import openapi  # Django has to be set up first

    document = openapi()
    for path, methods in document["paths"].items():
        operation = methods["get"]
        yield from (f"## `{path}`", "", f"{operation['summary']}. {_flat(operation['description'])}", "")
        asked = operation["parameters"]
        if asked:
            yield from ("| option | |", "|---|---|")
            yield from (f"| `{one['name']}` | {_option(one)} |" for one in asked)
            yield ""
        answer = operation["responses"][200]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        yield from (f"Answers [{answer}](#{answer.lower()}).", "")
    for name, shape in document["components"]["schemas"].items():
        yield from (f"## {name}", "", "| field | type | |", "|---|---|---|")
        yield from (
            f"| `{key}` | {_type(one)} | {_flat(one.get('description', ''))} |"
            for key, one in shape["properties"].items()
        )
        yield ""


def _option(parameter: dict[str, Any]) -> str:
    choices = ", ".join(f"`{one}`" for one in parameter["schema"].get("enum", ()))
    about = parameter.get("description", "Part of the address.")
    return f"{_flat(about)} {f'One of {choices}.' if choices else ''}".strip()


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    return str(schema.get("type", "any"))


def _flat(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:  # what the settings would write, nobody needs
        os.environ |= {"LOOPLINE_DATA": folder, "DJANGO_SETTINGS_MODULE": "loopline.web.settings"}
        django.setup(set_prefix=False)
        _write()


def _write() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text)
        print(FOLDER / name)


if __name__ == "__main__":
    main()
