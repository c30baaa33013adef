"""Channels: the rules in their order, the organisation's own first, and why a visit belongs to its channel."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from loopline.access.channel_rules import (
    add_channel_rule,
    judge_channels_again,
    raise_channel_rule,
    remove_channel_rule,
)
from loopline.access.processing import settings_now
from loopline.access.roles import Permission
from loopline.collect.channels import RULES, UNASSIGNED
from loopline.collect.explain import Told, explain, told_by
from loopline.collect.sources import KINDS, lines
from loopline.reports.visits.judge_again import judge_again
from loopline.reports.visits.judged import Judged, judged_visit
from loopline.store.current import engine
from loopline.web import collector
from loopline.web.access import PageRequest, allow
from loopline.web.forms.channels import ChannelRuleForm, ExplainForm
from loopline.web.lately import ask, units_of


@allow(Permission.SEE_REPORTS)
def channels(request: PageRequest) -> HttpResponse:
    """All rules in order; whoever may change figures of the whole organisation adds own ones ahead of them."""
    can_edit = request.actor.may(Permission.EDIT_CHANNELS)
    if request.method == "POST":
        request.actor.require(Permission.EDIT_CHANNELS)
    form = ChannelRuleForm(request.POST or None)
    if form.is_bound and form.is_valid():
        try:
            rule = add_channel_rule(collector.keys(), form.new_rule(), by=request.actor)
        except ValidationError as error:
            form.take_errors(error)
        else:
            messages.success(request, f"Visits that arrive from now on count as {rule.channel} where this rule holds.")
            return redirect("channels")
    own = collector.keys().channel_rules()
    context = {
        "form": form, "can_edit": can_edit, "own": own, "rules": [*RULES, UNASSIGNED], "sites": _sites_by_kind(),
    }  # fmt: skip
    return render(request, "settings/channels.html", context)


def _sites_by_kind() -> dict[str, list[str]]:
    """The list of sites by their kind in words, each with its other names."""
    found: dict[str, list[str]] = {}
    for kind, name, others in lines():
        if kind:
            found.setdefault(KINDS[kind], []).append(f"{name} ({', '.join(others)})" if others else name)
    return found


@require_POST
@allow(Permission.EDIT_CHANNELS)
def channel_rule_remove(request: PageRequest, key: str) -> HttpResponse:
    try:
        remove_channel_rule(collector.keys(), key, by=request.actor)
    except ValidationError as error:
        messages.error(request, error.messages[0])
    else:
        messages.success(request, "Removed, for visits that arrive from now on.")
    return redirect("channels")


@require_POST
@allow(Permission.EDIT_CHANNELS)
def channel_rule_raise(request: PageRequest, key: str) -> HttpResponse:
    try:
        raise_channel_rule(collector.keys(), key, by=request.actor)
    except ValidationError as error:
        messages.error(request, error.messages[0])
    return redirect("channels")


@allow(Permission.EDIT_CHANNELS)
def channels_again(request: PageRequest) -> HttpResponse:
    """What would count as another channel by the rules of today; asked to, it counts so from now on."""
    if request.method == "POST":
        done = judge_channels_again(collector.keys(), engine(), by=request.actor)
        messages.success(request, f"{done.events:,} events count by the rules of today. Nothing stored was changed.")
        return redirect("channels")
    own = collector.keys().channel_rules()
    told = ask(lambda: judge_again(engine(), own))
    context = {"judgement": told.value, "trouble": told.trouble, "own": own}
    return render(request, "settings/channels_again.html", context)


@allow(Permission.SEE_REPORTS)
def channel_explain(request: PageRequest) -> HttpResponse:
    """Why this channel? For an address and a referrer, or for a visit that was stored (`visit`: session or event)."""
    visit = request.GET.get("visit", "")[:200]
    asked = "url" in request.GET
    form = ExplainForm(request.GET if asked else None)
    settings = settings_now(collector.keys())
    told: Told | None = None
    judged: Judged | None = None
    trouble = ""
    if visit:
        answer = ask(lambda: judged_visit(engine(), visit, unit_ids=units_of(request.actor)))
        trouble, judged = answer.trouble, answer.value
        if judged is None and not trouble:
            raise Http404
        told = Told(judged.visit) if judged else None
    elif asked and form.is_valid():
        told = told_by(form.cleaned_data["url"], form.cleaned_data["referrer"], settings)
    touch, kind = (judged.touch_kind, judged.kind) if judged else ("", "")
    found = explain(told, settings.channel_rules, touch=touch, kind=kind) if told else None
    context = {"form": form, "found": found, "judged": judged, "trouble": trouble, "visit": visit}
    return render(request, "settings/channel_explain.html", context)
