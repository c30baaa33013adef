"""The ways in: signing in, the demo people, setting up, joining."""

from ipaddress import ip_address

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import record_authentication
from allauth.account.views import LoginView
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from loopline.access.joining import join as join_with_password
from loopline.access.models import OneTimeLink, User
from loopline.access.one_time_links import LinkNotValidError, find_link
from loopline.access.roles import Role
from loopline.access.setup import AlreadySetUpError, set_up
from loopline.web.forms.entrance import JoinForm, SetupForm

_BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def account_login(request: HttpRequest) -> HttpResponseBase:
    """allauth's sign-in, with the demo people in demo mode; before the first user a page that says how to begin."""
    if not User.objects.exists():  # public: only whether there is anybody
        return redirect("welcome")
    response: HttpResponseBase = LoginView.as_view(extra_context={"demo_people": _demo_people(request)})(request)
    return response


def _demo_people(request: HttpRequest) -> list[User]:
    """The demo people in the order of the roles; none outside demo mode."""
    if not _is_demo(request):
        return []
    order = [role.value for role in Role]
    people = User.objects.filter(is_demo=True, is_active=True).prefetch_related("units")  # public: made to be offered
    return sorted(people, key=lambda one: order.index(one.role))


def welcome(request: HttpRequest) -> HttpResponse:
    has_users = User.objects.exists()  # public: only whether there is anybody
    return redirect("today") if has_users else render(request, "access/welcome.html")


@require_POST
def demo_sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in as a demo person: in demo mode, from this machine, and only as somebody made for it."""
    if not _is_demo(request):
        raise PermissionDenied("Signing in without a password is possible only in demo mode, on the machine itself.")
    people = {str(one.pk): one for one in _demo_people(request)}
    person = people.get(request.POST.get("person", ""))
    if person is None:
        raise Http404("there is no such demo person")
    _enter(request, person, "demo")
    return redirect("today")


@sensitive_post_parameters("password")
def setup(request: HttpRequest, token: str) -> HttpResponse:
    """The first administrator, by the one-time link that the server printed."""
    try:
        find_link(OneTimeLink.Purpose.SETUP, token)
        form = SetupForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            _enter(request, set_up(form.setup(), token=token), "one-time link")
            return redirect("today")
    except (LinkNotValidError, AlreadySetUpError) as error:
        return _not_valid(request, str(error), "Start the server again for a new link, or run `loopline setup`.")
    except ValidationError as error:
        form.take_errors(error)
    return render(request, "access/setup.html", {"form": form})


@sensitive_post_parameters("password")
def join(request: HttpRequest, token: str) -> HttpResponse:
    """Somebody who was invited, or forgot their password, chooses one."""
    try:
        link = find_link(OneTimeLink.Purpose.JOIN, token)
        form = JoinForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            return _joined(request, join_with_password(token, form.cleaned_data["password"]))
    except LinkNotValidError as error:
        return _not_valid(request, str(error), "Ask an administrator for a new one.")
    except ValidationError as error:
        form.take_errors(error)
    return render(request, "access/join.html", {"form": form, "joining": link.user})


def _joined(request: HttpRequest, user: User) -> HttpResponse:
    """In at once; but who has a second step set up proves it on the sign-in page, link or not."""
    if is_mfa_enabled(user):
        messages.success(request, "The password is saved. Sign in with it and your second step.")
        return redirect("account_login")
    _enter(request, user, "one-time link")
    return redirect("today")


def _enter(request: HttpRequest, user: User, method: str) -> None:
    """Sign in without a password."""
    user.backend = _BACKEND
    record_authentication(request, user, method=method)
    get_adapter().login(request, user)


def account_email(request: HttpRequest) -> HttpResponse:
    """Administrators change addresses, so that the audit log knows; allauth's own page is closed."""
    return _not_valid(request, "E-mail addresses are not changed here.", "Ask an administrator.")


def account_reset_password(request: HttpRequest) -> HttpResponse:
    """Administrators give a new link; allauth's page would need a mail server."""
    return _not_valid(request, "Passwords are not reset by mail here.", "Ask an administrator for a new link.")


def _is_demo(request: HttpRequest) -> bool:
    """Demo mode, and the request comes from this machine, not through a proxy."""
    if not settings.CONFIG.is_demo or "X-Forwarded-For" in request.headers:
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def _not_valid(request: HttpRequest, message: str, remedy: str) -> HttpResponse:
    return render(request, "access/link_not_valid.html", {"message": message, "remedy": remedy}, status=410)
