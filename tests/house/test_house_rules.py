"""Each house rule catches what it is for: the rules run on a small tree with one fault of each kind."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from house import rules

FAULTS: list[tuple[Callable[[], Iterator[str]], str, str]] = [
    (rules.no_drawers, "loopline/people/utils.py", "x = 1\n"),
    (rules.modules_stay_short, "loopline/long.py", "x = 1\n" * 401),
    (rules.benchmarks_hide_no_library, "benchmarks/numbers.py", "x = 1\n"),
    (rules.no_overridden_save, "loopline/people/models.py", "class A:\n    def save(self) -> None: ...\n"),
    (rules.no_business_signals, "loopline/people/a.py", "from django.db.models.signals import post_save\n"),
    (rules.views_ask_who_is_looking, "loopline/web/views/a.py", "Lead.objects.filter(pk=1)\n"),
    (rules.templates_hold_no_script_or_style, "loopline/web/templates/a.html", "<p style=\"color: red\">\n"),
    (rules.templates_hold_no_script_or_style, "loopline/web/templates/a.html", "<script>alert(1)</script>\n"),
    (rules.templates_hold_no_script_or_style, "loopline/web/templates/a.html", "<a onclick=\"go()\">\n"),
    (rules.templates_trust_no_text, "loopline/web/templates/a.html", "{{ name|safe }}\n"),
    (rules.errors_are_not_swallowed, "loopline/a.py", "try:\n    x()\nexcept ValueError:\n    pass\n"),
    (rules.no_promises_in_code, "loopline/a.py", "# TO" "DO: later\n"),
    (rules.locks_hold_hashes_and_no_addresses, "requirements/base.txt", "six==1.17.0\n"),
    (rules.locks_hold_hashes_and_no_addresses, "requirements/base.txt", "--index-url https://example.com\n"),
    (rules.every_dependency_has_its_reason, "requirements/base.in", "leftpad\n"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "path", "text"), FAULTS)
def test_a_rule_catches_its_fault(
    rule: Callable[[], Iterator[str]], path: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("loopline/web/templates", "loopline/web/views", "tests", "requirements", "docs"):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    (tmp_path / "docs/DEPENDENCIES.md").write_text("| six | why | MIT |\n")
    monkeypatch.chdir(tmp_path)
    assert list(rule()) == []
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_text(text)
    assert list(rule())
