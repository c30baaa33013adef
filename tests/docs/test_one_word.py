"""A figure has one name wherever it stands: what DEFINITIONS.md calls a session and a cost has no second one."""

import re
from pathlib import Path

from loopline.reports.catalogue import REPORTS
from loopline.reports.metric import METRICS
from loopline.web.forms.planner import PlannerForm

TEMPLATES = sorted(Path("loopline/web/templates").rglob("*.html"))
_NAMES = re.compile(r"<(?:th|dt|h2)\b[^>]*>(?:<a\b[^>]*>)?([^<]*)|aria-label=\"([^\"]*)\"")
_TAGS = re.compile(r"{%.*?%}|{{.*?}}", re.DOTALL)
_SECOND = re.compile(r"\b(visits?|spend)\b", re.IGNORECASE)


def test_no_head_of_a_page_calls_a_session_a_visit_or_a_cost_a_spend() -> None:
    said = [
        (file.name, "".join(found)) for file in TEMPLATES for found in _NAMES.findall(_TAGS.sub("", file.read_text()))
    ]
    assert len(said) > 300
    assert [one for one in said if _SECOND.search(one[1])] == []


def test_no_figure_of_a_report_does() -> None:
    metrics = [*METRICS.values(), *(metric for report in REPORTS.values() for metric in report.metrics)]
    said = {words for metric in metrics for words in (metric.label, metric.short, metric.formula)}
    said |= {str(field.label) for field in PlannerForm(None, currency="EUR").fields.values()}
    assert {words for words in said if _SECOND.search(words)} == set()
