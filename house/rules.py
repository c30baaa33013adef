"""One function per rule. Each yields `place: what is wrong and what to do`."""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

PACKAGE = Path("loopline")
Rule = Callable[[], Iterator[str]]


def _lines(paths: Iterator[Path]) -> Iterator[tuple[str, str]]:
    for path in sorted(paths):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            yield f"{path}:{number}", line


def _code(where: Path = PACKAGE) -> Iterator[Path]:
    return (path for path in where.rglob("*.py") if "migrations" not in path.parts)


def no_drawers() -> Iterator[str]:
    for path in _code():
        if path.stem in {"services", "utils", "helpers", "managers", "common", "misc"}:
            yield f"{path}: a drawer for anything; name the module after its noun or its verb"


def modules_stay_short() -> Iterator[str]:
    for path in [*_code(), *_code(Path("tests"))]:
        count = len(path.read_text().splitlines())
        if count > 400:
            yield f"{path}: {count} lines; split it by noun so that a newcomer finds the room for a change"


def benchmarks_hide_no_library() -> Iterator[str]:
    """A benchmark that is run as a file finds its neighbours before the standard library."""
    for path in _code(Path("benchmarks")):
        if path.stem in sys.stdlib_module_names:
            yield f"{path}: hides the module {path.stem} of Python from a benchmark that is run as a file; rename it"


def no_overridden_save() -> Iterator[str]:
    for place, line in _lines(path for path in _code() if path.name == "models.py"):
        if re.match(r"\s+def (save|delete)\(self", line):
            yield f"{place}: business effects in save() or delete() happen unseen; write an action"


def no_business_signals() -> Iterator[str]:
    for place, line in _lines(_code()):
        if re.search(r"\b(pre|post)_(save|delete)\b|m2m_changed", line):
            yield f"{place}: a model signal acts unseen; call what should happen from the action"


def views_ask_who_is_looking() -> Iterator[str]:
    """A list or a detail that skips visible_to shows one business unit's people to another."""
    scoped = "Person|Company|Campaign|CampaignCode|CostLine|Form|Lead|DefinitionVersion|Opportunity|Interaction|Task"
    wrong = re.compile(
        rf"\b({scoped}|Huddle|Decision|ImportRun|BusinessUnit|User|RoutingRule|Team|Clock)\.objects\.(?!visible_to\()"
    )
    for place, line in _lines(iter([*_code(PACKAGE / "web" / "views"), *_code(PACKAGE / "web" / "api")])):
        if (found := wrong.search(line)) and "public:" not in line:
            yield f"{place}: write {found[1]}.objects.visible_to(request.actor) (or end the line with `# public: why`)"


def templates_hold_no_script_or_style() -> Iterator[str]:
    inline = re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")|<style|\sstyle=|\son[a-z]+=\"", re.I)
    pages = (path for path in (PACKAGE / "web" / "templates").rglob("*.html") if "mail" not in path.parts)
    for place, line in _lines(pages):  # a mail is no page: it has no style sheet beside it
        if inline.search(line):
            yield f"{place}: inline script or style is blocked by our Content-Security-Policy; move it to static/"


def templates_trust_no_text() -> Iterator[str]:
    for place, line in _lines((PACKAGE / "web" / "templates").rglob("*.html")):
        if re.search(r"\|\s*(safe|add)\b|autoescape off", line):
            yield f"{place}: `safe` shows hostile text as code and `add` is arithmetic; do both in Python, with a test"


def errors_are_not_swallowed() -> Iterator[str]:
    pattern = re.compile(r"^\s*except\b[^\n]*:\s*\n\s+pass\s*$", re.M)
    for path in _code():
        text = path.read_text()
        for found in pattern.finditer(text):
            yield f"{path}:{text.count(chr(10), 0, found.start()) + 1}: an error goes unseen; say what it means here"


def no_promises_in_code() -> Iterator[str]:
    for place, line in _lines(iter([*_code(), *_code(Path("tests"))])):
        if re.search(r"\b(TODO|FIXME|XXX)\b|raise NotImplementedError", line):
            yield f"{place}: do it now or write an issue"


def locks_hold_hashes_and_no_addresses() -> Iterator[str]:
    for path in Path("requirements").glob("*.txt"):
        text = path.read_text()
        if "://" in text or "--index-url" in text or "--find-links" in text:
            yield f"{path}: holds an address; compile it with `make lock`"
        for pin in re.finditer(r"^[a-z0-9][^\n]*==[^\n]*$", text, re.M):
            if not pin[0].endswith("\\"):
                yield f"{path}: {pin[0]} has no hash; compile it with `make lock`"


def every_dependency_has_its_reason() -> Iterator[str]:
    told = Path("docs/DEPENDENCIES.md").read_text().lower()
    for path in Path("requirements").glob("*.in"):
        for line in path.read_text().splitlines():
            name = re.match(r"[A-Za-z0-9_.-]+", line)
            if name and not line.startswith("-r") and f"| {name[0].lower()} " not in told:
                yield f"{path}: {name[0]} has no line in docs/DEPENDENCIES.md; say what it does and what it replaced"


RULES: tuple[Rule, ...] = (
    no_drawers,
    modules_stay_short,
    benchmarks_hide_no_library,
    no_overridden_save,
    no_business_signals,
    views_ask_who_is_looking,
    templates_hold_no_script_or_style,
    templates_trust_no_text,
    errors_are_not_swallowed,
    no_promises_in_code,
    locks_hold_hashes_and_no_addresses,
    every_dependency_has_its_reason,
)
