"""Visits as every page about visitors counts them: parts of a question over the events of `$since` to `$until`.

A visit is a session, or an entry without one (nobody agreed to an identifier, so it stands alone). It belongs to the
person its identity or its browser is linked to as of `$as_of`; of a shared browser, to whom it was at the visit's end.
Visits by machines stay in, marked `is_left_out`, so that each answer can say how many it leaves out.
"""

from loopline.attribution.state import (
    CHANNEL,
    CHANNEL_AGAIN,
    CHANNEL_STATE,
    KNOWN_IDENTITIES,
    VERDICT_STATE,
    Part,
    visible,
)

DIRECT = "Direct"

KINDS = "('page', 'track', 'system', 'form', 'identify')"
"""Kinds of events that somebody on a site causes."""

SEEN = Part(
    "seen",
    f"""
    SELECT e.*, CASE WHEN e.session_id = '' THEN e.event_id ELSE e.session_id END AS visit, {CHANNEL} AS counts_as
    FROM events AS e {CHANNEL_AGAIN}
    WHERE e.recorded_at <= $as_of AND e.occurred_at >= $since AND e.occurred_at < $until
        AND (e.session_id <> '' OR e.is_entry) AND e.kind IN {KINDS} AND {visible("e.unit_id")}
    """,
    (CHANNEL_STATE,),
)
VIEWS = Part(
    "views",
    """
    SELECT visit, CASE WHEN page_view_id = '' THEN event_id ELSE page_view_id END AS page_view,
        min(occurred_at) AS began_at, max(title) AS title, max(url_host) AS url_host, max(url_path) AS url_path,
        max(engaged_ms) AS engaged_ms, max(CASE WHEN is_entry THEN 1 ELSE 0 END) AS is_entry
    FROM seen WHERE kind IN ('page', 'system') GROUP BY 1, 2
    """,
    (SEEN,),
)
SCROLLED_TO = "TRY_CAST(json_extract_string(nullif(properties, ''), '$.scroll') AS BIGINT)"
"""How far down an event says a page was seen, in percent; NULL where it says nothing. Senders write what they like."""
SCROLLS = Part(
    "scrolls",
    f"""
    SELECT visit, page_view, max(scrolled) AS scrolled
    FROM (
        SELECT visit, page_view_id AS page_view, {SCROLLED_TO} AS scrolled
        FROM seen WHERE kind = 'system' AND page_view_id <> '' AND properties LIKE '%"scroll"%'
    ) AS said
    WHERE scrolled BETWEEN 0 AND 100 GROUP BY visit, page_view
    """,
    (SEEN,),
)
"""How far down each page view was seen, where the tracker measured it."""
PAGES = Part(
    "pages",
    """
    SELECT visit, count(*) AS pages, sum(engaged_ms) AS engaged_ms, arg_max(title, began_at) AS last_title,
        arg_max(url_path, began_at) AS last_path, arg_max(page_view, began_at) AS last_view
    FROM views GROUP BY visit
    """,
    (VIEWS,),
)
"""What was looked at in each visit. Engaged time is NULL where nobody measured it."""
VISITS = Part(
    "visits",
    """
    SELECT visit, min(occurred_at) AS began_at, max(occurred_at) AS last_at, max(visitor_id) AS visitor_id,
        max(unit_id) AS unit_id, max(CASE WHEN kind = 'form' THEN 1 ELSE 0 END) AS forms,
        max(CASE WHEN kind IN ('form', 'track') THEN 1 ELSE 0 END) AS has_deed,
        max(CASE WHEN is_entry THEN 1 ELSE 0 END) AS has_begun,
        max(CASE WHEN identity LIKE 'visitor:%' THEN '' ELSE identity END) AS named,
        arg_min(counts_as, occurred_at) AS channel, arg_min(utm_campaign, occurred_at) AS utm_campaign,
        arg_min(referrer_host, occurred_at) AS referrer_host, max(landing_path) AS landing_path,
        max(network_company) AS network_company, max(country) AS country, max(device) AS device,
        max(CASE WHEN bot_verdict LIKE 'machine%' THEN 1 ELSE 0 END) AS is_machine
    FROM seen GROUP BY visit
    """,
    (SEEN,),
)
TOLD = Part(
    "told",
    f"""
    SELECT v.visit AS visit, v.began_at AS began_at, v.last_at AS last_at, v.visitor_id AS visitor_id,
        CASE WHEN v.visitor_id = '' THEN v.visit ELSE v.visitor_id END AS browser, v.unit_id AS unit_id,
        v.forms AS forms, v.has_deed AS has_deed, v.has_begun AS has_begun,
        CASE WHEN v.channel = '' THEN '{DIRECT}' ELSE v.channel END AS channel, v.utm_campaign AS utm_campaign,
        v.referrer_host AS referrer_host, v.landing_path AS landing_path, v.network_company AS network_company,
        v.country AS country, v.device AS device,
        coalesce(n.person_id, k.person_id,
            CASE WHEN v.named LIKE 'person:%' THEN substring(v.named, 8) ELSE '' END) AS person_id,
        CASE WHEN b.verdict IS NULL THEN v.is_machine WHEN b.verdict LIKE 'machine%' THEN 1 ELSE 0
            END AS is_left_out
    FROM visits AS v
    LEFT JOIN known_identities AS n ON n.identity = v.named AND v.named <> ''
    LEFT JOIN known_identities AS k ON k.identity = 'visitor:' || v.visitor_id
        AND epoch_us(v.last_at) >= k.from_us AND epoch_us(v.last_at) < k.until_us
    LEFT JOIN verdict_state AS b ON b.id = v.visitor_id AND b.id <> '' AND NOT b.is_deleted
    """,
    (VISITS, KNOWN_IDENTITIES, VERDICT_STATE),
)
"""Visits with their person, and whether a machine made them. `browser` tells visitors apart: the browser's id, or the
visit itself where there is none."""
