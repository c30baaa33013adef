"""What people answer to “How did you hear about us?”, in few categories. Pure.

Beside what was tracked, never mixed into the credit: people tell what they remember, trackers what they could see.
"""

import re

ANSWER_KEY = "heard_from"
"""Key of the field of a form that asks it."""
UNANSWERED = "unanswered"
CATEGORIES: dict[str, str] = {
    "recommendation": "Recommendation",
    "known": "Knew you already",
    "event": "Event",
    "ai": "AI assistant",
    "social": "Social media",
    "search": "Search",
    "mail": "Mail or newsletter",
    "media": "Podcast, press, article",
    "partner": "Partner",
    "advertising": "Advertising",
    "other": "Something else",
}
_WORDS: tuple[tuple[str, str], ...] = (
    ("ai", r"chat ?gpt|copilot|gemini|claude|perplexity|\bai\b|\bki\b|assistant|llm"),
    ("recommendation", r"recommend|referr|friend|colleague|kolleg|empfehl|word of mouth|mouth|customer told|bekannt"),
    (
        "known",
        r"already|existing|(?:been|am|are|was) (?:a )?customer|used (?:it|you)|long time|schon|bestandskund",
    ),
    ("event", r"event|fair|messe|trade ?show|conference|kongress|webinar|booth|stand\b|meetup|exhibition"),
    ("partner", r"partner|reseller|dealer|händler|consultant|berater|agency|agentur"),
    ("media", r"podcast|press|article|artikel|magazine|zeitung|newspaper|blog|book\b|radio|review|\btv\b"),
    ("mail", r"newsletter|e-?mail|\bmail\b|letter|brief\b"),
    ("social", r"linked ?in|facebook|instagram|\bfb\b|tik ?tok|twitter|\bx\.com|xing|youtube|reddit|social|mastodon"),
    ("advertising", r"\bads?\b|advert|banner|anzeige|werbung|billboard|plakat|poster"),
    ("search", r"google|bing|duckduck|ecosia|search|suche|internet|online|web ?site|\bweb\b|seo"),
)
_PATTERNS = tuple((category, re.compile(words)) for category, words in _WORDS)


def category_of(answer: str) -> str:
    """The category of an answer in people's own words; the first that fits, in the order of `_WORDS`.

    UNANSWERED where nothing was said. A choice that is the name of a category is that category.
    """
    text = " ".join(answer.lower().split())[:300]
    if not text:
        return UNANSWERED
    for category, label in CATEGORIES.items():
        if text in (category, label.lower()):
            return category
    return next((category for category, pattern in _PATTERNS if pattern.search(text)), "other")
