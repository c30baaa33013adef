"""`loopline explain`: why something was decided the way it was."""

from argparse import ArgumentParser, Namespace

from loopline.cli.command import DONE, Command, UsedWronglyError
from loopline.cli.prepare import migrate, set_up
from loopline.collect.explain import Explanation, Outcome, explain, told_by
from loopline.collect.keys import Keys
from loopline.collect.settings import Settings

_MARKS = {Outcome.HELD: "→", Outcome.DID_NOT_HOLD: "·", Outcome.NOT_REACHED: " "}


def _configure(parser: ArgumentParser) -> None:
    below = parser.add_subparsers(dest="what", metavar="channel")
    channel = below.add_parser("channel", help="which channel an address and a referrer lead to, rule by rule")
    channel.add_argument("url", help="the first page of the visit, with its parameters")
    channel.add_argument("--referrer", default="", help="address or host of the page that led there")


def _run(given: Namespace) -> int:
    if given.what != "channel":
        raise UsedWronglyError("say what, such as `loopline explain channel 'https://example.com/?utm_source=fb'`")
    settings = _settings()
    found = explain(told_by(given.url, given.referrer, settings), settings.channel_rules)
    print("\n".join(_lines(found)))
    return DONE


def _settings() -> Settings:
    """What the organisation decided: its hosts are in the records, its rules beside the write keys."""
    config = set_up()
    migrate()
    from loopline.access.processing import settings_now  # models need Django to be set up first

    keys = Keys(config.data)
    try:
        return settings_now(keys)
    finally:
        keys.close()


def _lines(found: Explanation) -> list[str]:
    traffic = found.traffic
    lines = [
        f"{found.decision.channel}  (rule {found.decision.rule})",
        "",
        f"source    {traffic.source}{f'  = {found.site_words}' if found.site_words else ''}",
        f"medium    {traffic.medium or '(empty)'}",
        f"campaign  {traffic.campaign or '(empty)'}",
        f"told by   {found.from_what}",
    ]
    if found.told.referrer_note:
        lines.append(f"referrer  left out: {found.told.referrer_note}")
    lines += ["", f"Rules {found.version}; the first that holds decides:"]
    for rule in found.rules:
        own = " (your own)" if rule.is_own else ""
        why = f"  not so: {rule.missing}" if rule.missing else ""
        said = why or (f"  {rule.needs}" if rule.outcome is Outcome.HELD else "")
        lines.append(f"{_MARKS[rule.outcome]} {rule.key:22} {rule.channel:26}{own}{said}".rstrip())
    return lines


COMMAND = Command(
    key="explain",
    summary="Say why a visit belongs to its channel, rule by rule",
    example="loopline explain channel 'https://example.com/?utm_source=fb&utm_medium=paid' --referrer l.facebook.com",
    run=_run,
    configure=_configure,
)
