"""What went wrong outside a view: pages that say what happened and what to do, and the same for programs."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import requires_csrf_token

from loopline.web.api.problem import bad_address, failed, is_of_api, nothing_here, told


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    if is_of_api(request):
        return told(bad_address())
    return render(request, "errors/bad_request.html", status=400)


@requires_csrf_token
def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "errors/not_allowed.html", {"message": str(exception), "roles": []}, status=403)


@requires_csrf_token
def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    if is_of_api(request):
        return told(nothing_here())
    return render(request, "errors/not_found.html", status=404)


@requires_csrf_token
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render(request, "errors/form_expired.html", {"reason": reason}, status=403)


@requires_csrf_token
def server_error(request: HttpRequest) -> HttpResponse:
    if is_of_api(request):
        return told(failed())
    return render(request, "errors/server_error.html", status=500)
