"""`/metrics`: the catalogue. A metric says here what it says in pages, reports and files."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router

from loopline.access.models import Organisation
from loopline.access.scopes import Scope
from loopline.reports.catalogue import CATALOGUE, reports_of
from loopline.reports.metric import Metric
from loopline.web.api.answer import json_answer
from loopline.web.api.asked import only
from loopline.web.api.bearer import Bearer
from loopline.web.api.problem import refused
from loopline.web.api.schemas import PROBLEMS, MetricAnswer, MetricList

router = Router(auth=Bearer(Scope.METRICS_READ), tags=["Metrics"])


@router.get("", response={200: MetricList, **PROBLEMS}, summary="Every metric there is")
def metrics(request: HttpRequest) -> HttpResponse:
    """The catalogue of metrics, as reports use them. Scope: `metrics:read`."""
    only(request)
    currency = Organisation.current().reporting_currency
    return json_answer(request, {"metrics": [told(metric, currency) for metric in CATALOGUE.values()]})


@router.get("/{key}", response={200: MetricAnswer, **PROBLEMS}, summary="One metric")
def metric(request: HttpRequest, key: str) -> HttpResponse:
    """Its name, unit, formula, grain, dates, how it adds up, and where its SQL is told. Scope: `metrics:read`."""
    only(request)
    if key not in CATALOGUE:
        message = f"There is no metric “{key[:60]}”. GET /api/v1/metrics lists them."
        raise refused(404, "metric_unknown", message, "key")
    return json_answer(request, told(CATALOGUE[key], Organisation.current().reporting_currency))


def told(metric: Metric, currency: str) -> dict[str, Any]:
    used_by = reports_of(metric)
    return metric.told(currency) | {
        "date_basis_cohort": metric.cohort_date,
        "parts": list(metric.parts),
        "is_neutral": metric.is_neutral,
        "reports": used_by,
        "sql": [f"/api/v1/reports/{key}/sql" for key in used_by],
    }
