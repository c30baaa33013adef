"""What holds for every page: headers, the door, errors that say what to do, files that may be kept."""

import errno
import re

import pytest
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory, override_settings
from django.urls import get_resolver, path, reverse
from django.views.decorators.clickjacking import xframe_options_exempt

from loopline.access.audit import audit
from loopline.access.models import AuditEntry, Organisation
from loopline.access.roles import Permission, Role
from loopline.lib.config import ConfigError
from loopline.store.engine import StoreError
from loopline.web import navigation
from loopline.web import urls as sitemap
from loopline.web.access import PageRequest, allow
from loopline.web.middleware import ErrorPagesMiddleware
from tests.make import make_unit, make_user, signed_in_as

pytestmark = pytest.mark.django_db


def signed_in(role: Role = Role.MARKETING) -> Client:
    return signed_in_as(role, make_unit())


@allow(Permission.MERGE_PEOPLE, Permission.REFUND)
def guarded(request: PageRequest) -> HttpResponse:
    return HttpResponse(request.actor.name)


@allow()
def broken(request: PageRequest) -> HttpResponse:
    raise {"config": ConfigError, "store": StoreError}[request.GET["kind"]]("LOOPLINE_BIND is “x”; write an address")


@xframe_options_exempt
def embedded(request: HttpRequest) -> HttpResponse:
    return HttpResponse("form")


class Sites:
    """The real sitemap with three pages more."""

    handler404, handler500 = sitemap.handler404, sitemap.handler500
    urlpatterns = [
        *sitemap.urlpatterns,
        path("guarded/", guarded),
        path("broken/", broken),
        path("embedded/", embedded),
    ]


with_sites = override_settings(ROOT_URLCONF=Sites)


def test_every_page_carries_the_headers_that_keep_it_safe() -> None:
    for client in (Client(), signed_in()):
        answer = client.get("/", follow=True)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert "camera=()" in answer.headers["Permissions-Policy"]


def test_the_nonce_is_new_each_time_and_stands_on_the_scripts() -> None:
    client = signed_in()
    found = set()
    for _ in range(2):
        answer = client.get("/")
        nonce = re.search(r"'nonce-([^']+)'", answer.headers["Content-Security-Policy"])
        assert nonce is not None
        assert f'nonce="{nonce[1]}"' in answer.content.decode()
        found.add(nonce[1])
    assert len(found) == 2


@with_sites
def test_only_a_page_that_says_so_may_stand_in_a_frame_of_another_site() -> None:
    answer = Client().get("/embedded/")
    assert "frame-ancestors *" in answer.headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in answer.headers


@override_settings(SECURE_HSTS_SECONDS=31_536_000)
def test_https_is_kept_where_it_is_used() -> None:
    assert "max-age=31536000" in Client().get("/", secure=True).headers["Strict-Transport-Security"]


@with_sites
def test_anonymous_people_sign_in_first_and_come_back() -> None:
    make_user()
    answer = Client().get("/guarded/?page=2")
    assert answer.headers["Location"] == "/account/login/?next=/guarded/%3Fpage%3D2"


@with_sites
def test_an_anonymous_fragment_moves_the_whole_page() -> None:
    make_user()
    answer = Client().get("/guarded/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/account/login/")


@with_sites
def test_who_may_not_is_told_who_may() -> None:
    answer = signed_in(Role.SALES).get("/guarded/")
    assert answer.status_code == 403
    assert "marketing, sales manager, finance, administrator" in answer.content.decode()


@with_sites
@pytest.mark.parametrize("role", [Role.MARKETING, Role.FINANCE])
def test_one_of_several_permissions_is_enough(role: Role) -> None:
    assert signed_in(role).get("/guarded/").status_code == 200


@with_sites
@pytest.mark.parametrize("kind", ["config", "store"])
def test_what_is_not_available_says_so_and_what_to_do(kind: str) -> None:
    answer = signed_in().get(f"/broken/?kind={kind}")
    assert answer.status_code == 503
    assert "LOOPLINE_BIND is “x”; write an address" in answer.content.decode()
    assert answer.headers["Retry-After"] == "30"


@pytest.mark.parametrize(
    ("error", "is_full"),
    [
        (OperationalError("database or disk is full"), True),
        (OperationalError('could not extend file "base/1": No space left on device'), True),
        (OSError(errno.ENOSPC, "No space left on device"), True),
        (OperationalError("database is locked"), False),
        (OSError(errno.EACCES, "Permission denied"), False),
    ],
)
def test_a_full_disk_is_told_from_other_trouble(error: Exception, is_full: bool) -> None:
    answer = ErrorPagesMiddleware(lambda _: HttpResponse()).process_exception(RequestFactory().post("/"), error)
    assert (answer is not None) == is_full
    if answer is not None:
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
        assert "disk" in answer.content.decode()


def test_an_address_that_does_not_exist_gets_a_page() -> None:
    answer = signed_in().get("/nowhere/")
    assert answer.status_code == 404
    assert "Nothing here" in answer.content.decode()


def test_a_form_without_its_token_changes_nothing_and_says_why() -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/theme/", {"theme": "dark"})
    assert answer.status_code == 403
    assert "too old" in answer.content.decode()


def test_times_are_shown_in_the_organisations_zone() -> None:
    Organisation.objects.update_or_create(pk=1, defaults={"name": "N", "time_zone": "Asia/Tokyo"})
    client = signed_in(Role.ADMINISTRATOR)
    client.post(reverse("units"), {"name": "X", "currency": "EUR", "accept_within_hours": 4, "margin_percent": 100})
    assert AuditEntry.objects.exists()
    assert "JST" in client.get(reverse("audit_log")).content.decode()


def test_the_audit_log_says_of_what_was_not_known_that_it_was_not() -> None:
    user = make_user(Role.ADMINISTRATOR)
    audit(user.actor, "assign_lead", user, owner=None)
    assert "<dd>—</dd>" in signed_in(Role.ADMINISTRATOR).get(reverse("audit_log")).content.decode()


def test_the_theme_is_kept_and_an_invented_one_is_not() -> None:
    client = signed_in()
    client.post("/theme/", {"theme": "dark", "next": "/tasks/"})
    assert 'data-theme="dark"' in client.get("/").content.decode()
    client.cookies["theme"] = '"><script>'
    assert 'data-theme="' not in client.get("/").content.decode()


@pytest.mark.parametrize("next_page", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_choosing_a_theme_leads_nowhere_else(next_page: str) -> None:
    assert signed_in().post("/theme/", {"theme": "", "next": next_page}).headers["Location"] == "/"


def test_static_files_have_addresses_of_their_content_and_may_be_kept() -> None:
    page = signed_in().get("/").content.decode()
    address = re.search(r'href="(/static/loopline/app\.css\?v=[0-9a-f]{10})"', page)
    assert address is not None
    answer = Client().get(address[1])
    assert "max-age=31536000" in answer.headers["Cache-Control"]
    assert answer.getvalue()
    answer.close()


@pytest.mark.usefixtures("store")
def test_every_navigation_item_leads_to_a_page() -> None:
    client = signed_in(Role.ADMINISTRATOR)
    for section in (*navigation.SECTIONS, navigation.SETTINGS, navigation.SETTINGS_TABS):
        for item in section.items:
            assert client.get(reverse(item.route), follow=True).status_code == 200, item.label


def test_navigation_shows_only_what_a_person_may_open() -> None:
    page = signed_in(Role.SALES).get("/").content.decode()
    assert reverse("leads") in page
    assert reverse("settings") not in page


def test_every_route_says_who_may_open_it_or_is_meant_for_everyone() -> None:
    """A page without `@allow` is either public on purpose, and stands here, or a leak. The API asks for a token."""
    public = {
        "theme", "welcome", "setup", "join", "demo_sign_in", "account_login", "account_email", "account_reset_password",
        "chart_bundle", "short_link", "homework", "scorecard_link", "mail_click", "mail_open",
        "experiment_arm", "experiment_exposure", "api",
    }  # fmt: skip
    own = [one for one in get_resolver().url_patterns if getattr(one, "name", None)]
    open_to_all = {one.name for one in own if not hasattr(one.callback, "permissions")}
    assert {name for name in open_to_all if not str(name).startswith(("public_", "internal_"))} == public


def test_messages_travel_with_a_fragment(rf: RequestFactory) -> None:
    client = signed_in(Role.ADMINISTRATOR)
    client.post(reverse("units"), {"name": "X", "currency": "EUR", "accept_within_hours": 4, "margin_percent": 100})
    answer = client.get(reverse("units"), headers={"HX-Request": "true"})
    assert "X is there" in answer.content.decode() or "X is there" in answer.headers.get("HX-Trigger", "")


@pytest.mark.parametrize("address", ["/people/?q=a%00b", "/find/?q=%00", "/leads/?q=%00", "/people/%00/"])
def test_an_address_with_a_nul_is_refused_before_a_database_sees_it(address: str) -> None:
    client = Client()
    client.force_login(make_user(unit=make_unit()))
    answer = client.get(address)
    assert answer.status_code == 400
    assert "could not be read" in answer.content.decode()


@pytest.mark.parametrize("page", ["0", "-1", "x", "²", "9" * 5000])
def test_a_page_number_that_is_none_shows_the_first_page(page: str) -> None:
    client = Client()
    client.force_login(make_user(unit=make_unit()))
    for address in ("/visitors/", "/people/", "/campaigns/", "/companies/"):
        assert client.get(address, {"page": page}).status_code == 200


@pytest.mark.parametrize(
    ("address", "item"),
    [("/reports/kept/", "Reports"), ("/reports/planner/", "Reports"), ("/experiments/", "Campaigns"),
     ("/routing/", "Leads"), ("/reports/closed-loop/behind/", "Closed loop"), ("/", "Today")],
)  # fmt: skip
def test_a_page_marks_the_part_that_it_belongs_to(address: str, item: str) -> None:
    actor = make_user(Role.ADMINISTRATOR).actor
    active = [
        link.label for part in navigation.SECTIONS for link in navigation.links(part, actor, address) if link.is_active
    ]
    assert active == [item]
