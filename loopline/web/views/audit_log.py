"""The audit log, and whether its chain is whole."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render

from loopline.access.audit import first_broken_entry
from loopline.access.models import AuditEntry, Organisation
from loopline.access.roles import Permission
from loopline.web.access import PageRequest, allow
from loopline.web.forms.settings import AuditFilterForm

A_PAGE = 50
CHECKED_AT_ONCE = 2_000
"""A log up to this long is checked whenever it is shown; a longer one when somebody asks for it."""


@allow(Permission.ADMINISTER)
def audit_log(request: PageRequest) -> HttpResponse:
    form = AuditFilterForm(request.GET)
    entries = form.chosen(AuditEntry.objects.order_by("-seq"), Organisation.current().time_zone)
    total = AuditEntry.objects.count()
    is_checked = total <= CHECKED_AT_ONCE or request.GET.get("check") == "whole"
    shown = {
        "form": form,
        "page": Paginator(entries, A_PAGE).get_page(request.GET.get("page")),
        "total": total,
        "is_checked": is_checked,
        "broken": first_broken_entry() if is_checked else None,
    }
    return render(request, "settings/audit_log.html", shown)
