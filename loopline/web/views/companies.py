"""Companies: the list, and one company with its people and what is sold to it."""

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from loopline.access.roles import Permission
from loopline.people.actions import edit_company
from loopline.people.models import Company, Person
from loopline.pipeline.models import Opportunity
from loopline.web.access import PageRequest, allow
from loopline.web.forms.people import CompanyForm
from loopline.web.interests import people_interests
from loopline.web.lately import seen_lately
from loopline.web.route import company_route
from loopline.web.views.people import latest_leads

PER_PAGE = 50
SORTS = {"people": ("-number_of_people", "name"), "name": ("name", "pk"), "new": ("-created_at", "pk")}


@allow(Permission.SEE_PEOPLE)
def companies(request: PageRequest) -> HttpResponse:
    query = request.GET.get("q", "").strip()[:200]
    sort = request.GET.get("sort", "") if request.GET.get("sort") in SORTS else "people"
    found = Company.objects.visible_to(request.actor).select_related("unit")
    for word in query.split():
        found = found.filter(Q(name__icontains=word) | Q(domain__icontains=word) | Q(industry__icontains=word))
    counted = found.annotate(number_of_people=Count("people", filter=Q(people__merged_into__isnull=True)))
    page = Paginator(counted.order_by(*SORTS[sort]), PER_PAGE).get_page(request.GET.get("page"))
    deals = _deals(request, [one.pk for one in page.object_list])
    rows = [(one, deals.get(one.pk, (0, 0))) for one in page.object_list]
    return render(request, "companies/companies.html", {"page": page, "rows": rows, "query": query, "sort": sort})


@allow(Permission.SEE_PEOPLE)
def company(request: PageRequest, company_id: UUID) -> HttpResponse:
    found = _find(request, company_id)
    people = list(Person.objects.visible_to(request.actor).remaining().filter(company=found).order_by("name")[:200])
    seen, leads = seen_lately(people, request.actor), latest_leads(request, people)
    sees_deals = request.actor.may(Permission.SEE_PIPELINE)
    deals = Opportunity.objects.visible_to(request.actor).filter(company=found).select_related("owner")
    context = {
        "company": found,
        "rows": [(one, (seen.value or {}).get(str(one.pk)), leads.get(one.pk)) for one in people],
        "route": company_route(people, request.actor),
        "interests": people_interests(people, request.actor),
        "keys": found.keys.all() if request.actor.covers_unit(found.unit_id) else [],
        "trouble": seen.trouble,
        "deals": deals if sees_deals else [],
        "can_edit": request.actor.may(Permission.EDIT_PEOPLE),
    }
    return render(request, "companies/company.html", context)


@allow(Permission.EDIT_PEOPLE)
def company_edit(request: PageRequest, company_id: UUID) -> HttpResponse:
    found = _find(request, company_id)
    form = CompanyForm.showing(found)
    if request.method == "POST":
        form = CompanyForm(request.POST, country=found.country)
    if form.is_bound and form.is_valid():
        edit_company(found, form.details(), by=request.actor)
        messages.success(request, "Saved.")
        return redirect("company", found.pk)
    status = 422 if form.is_bound else 200
    return render(request, "companies/company_edit.html", {"company": found, "form": form}, status=status)


def _find(request: PageRequest, company_id: UUID) -> Company:
    return get_object_or_404(Company.objects.visible_to(request.actor).select_related("unit"), pk=company_id)


def _deals(request: PageRequest, company_ids: list[UUID]) -> dict[UUID, tuple[int, int]]:
    """(open, won) opportunities of each company."""
    if not request.actor.may(Permission.SEE_PIPELINE):
        return {}
    counted = (
        Opportunity.objects.visible_to(request.actor).filter(company__in=company_ids).order_by().values("company")
        .annotate(open=Count("pk", filter=Q(outcome="open")), won=Count("pk", filter=Q(outcome="won")))
    )  # fmt: skip
    return {row["company"]: (row["open"], row["won"]) for row in counted}
