"""Which kind of site a source or a referring host is. Data only.

Google keeps a list of several hundred sites per category for its channel rules; these are the ones that matter in
practice. A name without a dot also stands for its own domain in every country (`google` = www.google.co.uk).
"""

from functools import lru_cache

SEARCH = "search"
SOCIAL = "social"
VIDEO = "video"
SHOPPING = "shopping"
AI = "ai"
NONE = ""

_SITES: dict[str, str] = {
    SEARCH: """
        google bing yahoo duckduckgo baidu yandex ecosia qwant startpage ask aol naver seznam sogou daum lycos
        search.brave.com brave kagi kagi.com mojeek swisscows presearch metager onet alltheweb msn.com cn.bing.com
        so.com 360.cn rambler search.yahoo.co.jp search.marginalia.nu search.aol.com virgilio
        com.google.android.googlequicksearchbox com.google.android.gms
    """,
    SOCIAL: """
        facebook fb fb.com fb.me m.me messenger messenger.com instagram ig l.instagram.com linkedin lnkd.in
        twitter x x.com t.co
        pinterest pin.it reddit redd.it tumblr xing vk vk.com vkontakte ok.ru snapchat threads threads.net threads.com
        bsky.app bluesky go.bsky.app mastodon mastodon.social fosstodon.org quora medium medium.com whatsapp
        wa.me api.whatsapp.com telegram t.me web.telegram.org discord discord.com discord.gg slack slack.com
        app.slack.com news.ycombinator.com hackernews lobste.rs producthunt flipboard weibo weibo.com
        wechat weixin.qq.com line line.me kakao nextdoor meetup disqus stackoverflow.com stackexchange.com
        linktree linktr.ee lemmy.world statics.teams.cdn.office.net teams.microsoft.com social-network
        com.linkedin.android com.facebook.katana com.instagram.android com.twitter.android com.slack
        com.reddit.frontpage org.telegram.messenger com.whatsapp
    """,
    VIDEO: """
        youtube youtu.be vimeo dailymotion twitch tiktok netflix hulu disneyplus wistia loom.com bilibili
        rumble.com odysee.com youku iqiyi veoh crackle com.google.android.youtube
    """,
    SHOPPING: """
        amazon ebay etsy walmart aliexpress alibaba shopify shopping.google.com shopzilla temu temu.com mercadolibre
        mercadolivre rakuten allegro zalando otto.de bol.com cdiscount idealo geizhals kelkoo
        shopping.yahoo.co.jp igshopping
        wish.com target.com shein
    """,
    AI: """
        chatgpt chatgpt.com chat.openai.com openai openai.com perplexity perplexity.ai claude claude.ai gemini
        gemini.google.com bard.google.com copilot copilot.microsoft.com deepseek chat.deepseek.com grok grok.com x.ai
        mistral chat.mistral.ai phind phind.com you.com poe poe.com meta.ai pi.ai kimi kimi.com notebooklm.google.com
        edgeservices.bing.com
    """,
    # Parts of a search company's or a network's domain that are no search and no network.
    NONE: """
        mail.google.com docs.google.com drive.google.com sites.google.com groups.google.com calendar.google.com
        classroom.google.com meet.google.com accounts.google.com translate.google.com cloud.google.com mail.yahoo.com
        login.yahoo.com mail.yandex.ru mail.yandex.com mail.aol.com play.google.com news.yahoo.com
    """,
}
_CATEGORY = {site: category for category, sites in _SITES.items() for site in sites.split()}


@lru_cache(maxsize=20_000)
def category_of(source: str) -> str:
    """search, social, video, shopping, ai, or empty. `source` is a utm_source or a host, in lower case."""
    labels = source.split(".")
    for start in range(len(labels)):
        site = ".".join(labels[start:])
        if site in _CATEGORY:
            # A bare name stands for its domain only in front of something like `.com` or `.co.uk`, handled below.
            if "." in site or len(labels) == 1:
                return _CATEGORY[site]
        elif labels[start] in _CATEGORY and _is_country_ending(labels[start + 1 :]):
            return _CATEGORY[labels[start]]
    return NONE


def _is_country_ending(labels: list[str]) -> bool:
    if not 1 <= len(labels) <= 2:
        return False
    is_short = len(labels[0]) <= 3 and (len(labels) == 1 or len(labels[1]) == 2)
    return is_short or labels == ["info"]
