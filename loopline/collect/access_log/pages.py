"""What a request in an access log was: a page that somebody saw, or something else, and which."""

import re
from enum import StrEnum

from loopline.collect.access_log.line import LogLine

_FILES = frozenset(
    """
    css js mjs map json xml rss atom rdf txt ico png jpg jpeg gif svg webp avif bmp tif tiff woff woff2 ttf otf eot
    mp3 mp4 m4a m4v mov avi webm ogg ogv wav flac swf pdf doc docx xls xlsx ppt pptx odt ods odp csv
    zip gz tgz bz2 xz 7z rar tar iso dmg exe msi deb rpm apk jar bin wasm webmanifest
    """.split()
)
_FEEDS = frozenset({"feed", "rss", "atom"})
_FEED_QUERY = re.compile(r"(?:^|&)(?:feed|flav|format)=(?:rss|atom|rdf|feed)", re.IGNORECASE)
"""How WordPress, Blosxom and Joomla are asked for a feed."""


class Fate(StrEnum):
    """What becomes of a line. Every line has exactly one."""

    PAGE = "page views of people"
    MACHINE = "page views of machines, kept and marked"
    FILE = "files that are no pages (styles, pictures, feeds, downloads)"
    METHOD = "requests that are no GET"
    STATUS = "redirects, errors and refusals"
    OTHER_SITE = "requests to other sites"
    UNREADABLE = "lines that cannot be read"


def page_path(line: LogLine, site: str) -> str | Fate:
    """Path and query of the page that was seen, else why the line is none. `site` is host, or host and port."""
    if line.method != "GET":
        return Fate.METHOD
    host = site.partition(":")[0]
    if line.site and line.site != host:
        return Fate.OTHER_SITE
    target = line.target
    if not target.startswith("/"):
        # A whole address: what a proxy is asked for, and what some clients write for the site itself.
        rest = target.partition("://")[2]
        if rest.partition("/")[0].partition(":")[0].lower() != host:
            return Fate.OTHER_SITE
        target = "/" + rest.partition("/")[2]
    # A redirect leads to a page with a line of its own. 304: the browser had the page already and showed it.
    if not (200 <= line.status < 300 or line.status == 304):
        return Fate.STATUS
    return Fate.FILE if _is_file(target) else target


def _is_file(target: str) -> bool:
    path, _, query = target.partition("#")[0].partition("?")
    last = path.rstrip("/").rpartition("/")[2]
    if last in _FEEDS or ("." in last and last.rpartition(".")[2].lower() in _FILES):
        return True
    return bool(query) and _FEED_QUERY.search(query) is not None
