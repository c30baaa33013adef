"""Which kind of site a source or a referring host is, and under which name it goes. Data only.

Google keeps a list of several hundred sites per category for its channel rules; these are the ones that matter in
practice. Names of sites are facts: they were put down by hand, no list was copied, and like all of Loopline's data
they may be used for anything (CC0).

One line a site: its name, then its other names after a colon. Words with a dot are hosts, with the hosts below them.
Words without one are what people write into utm_source; a name without a dot also stands for its own domain in every
country (`google` = www.google.co.uk), another name does not (`fb` is a source, fb.de somebody else's site).
"""

from functools import lru_cache
from typing import NamedTuple

SEARCH = "search"
SOCIAL = "social"
VIDEO = "video"
SHOPPING = "shopping"
AI = "ai"
NONE = ""
KINDS = {
    SEARCH: "a search engine", SOCIAL: "a social network", VIDEO: "a video site", SHOPPING: "a shop",
    AI: "an AI assistant",
}  # fmt: skip
"""Each kind of site in words."""

SITES: dict[str, str] = {
    SEARCH: """
        google: com.google.android.googlequicksearchbox com.google.android.gms
        bing: cn.bing.com
        yahoo: search.yahoo.co.jp
        duckduckgo: ddg
        baidu
        yandex: ya.ru
        ecosia
        qwant
        startpage
        brave: search.brave.com
        kagi.com: kagi
        mojeek
        swisscows
        presearch.com: presearch
        metager
        marginalia: search.marginalia.nu marginalia-search.com
        aol: search.aol.com
        ask
        msn.com: msn
        so.com: 360.cn
        sogou
        naver
        daum
        seznam
        rambler
        onet
        virgilio
        lycos
        alltheweb
        coccoc
        petalsearch
        searx.be: searx
        lukol
        dogpile
        webcrawler
        excite
        info.com
        gibiru
        entireweb
        search.gmx.net: suche.gmx.net
        suche.web.de
        suche.t-online.de
        search.ch
        fireball
        exalead
        search.lilo.org: lilo
        oceanhero.today
    """,
    SOCIAL: """
        facebook: fb fb.com fb.me m.me messenger messenger.com com.facebook.katana com.facebook.orca
        instagram: ig insta l.instagram.com com.instagram.android
        threads: threads.net threads.com
        linkedin: li lnkd.in com.linkedin.android linkedin-ads
        twitter: x x.com t.co com.twitter.android
        pinterest: pin.it com.pinterest
        reddit: redd.it com.reddit.frontpage
        tumblr
        xing
        vk: vk.com vkontakte vkontakte.ru
        ok.ru: odnoklassniki odnoklassniki.ru
        snapchat: snap com.snapchat.android
        bluesky: bsky bsky.app go.bsky.app
        mastodon: mastodon.social fosstodon.org hachyderm.io
        quora
        medium.com: medium
        whatsapp: wa.me com.whatsapp
        telegram: t.me web.telegram.org org.telegram.messenger
        signal.org: signal
        discord: discord.gg com.discord
        slack: com.slack
        teams.microsoft.com: teams statics.teams.cdn.office.net
        hackernews: news.ycombinator.com hn
        lobste.rs
        producthunt
        flipboard
        weibo: t.cn
        wechat: weixin.qq.com weixin
        line.me: line
        kakao
        nextdoor
        meetup
        disqus
        stackoverflow: stackexchange.com
        dev.to
        github.com: github
        dribbble
        behance
        flickr
        deviantart
        linktr.ee: linktree
        lemmy.world: lemmy
        gab.com
        truthsocial
        mixi.jp: mixi
        douban
        zhihu
        xiaohongshu: xhslink.com rednote
        viadeo
        livejournal
        slideshare
        goodreads
        yelp
        tripadvisor
        glassdoor
        foursquare
        social-network
    """,
    VIDEO: """
        youtube: yt youtu.be com.google.android.youtube
        vimeo
        dailymotion: dai.ly
        twitch
        tiktok: tt
        netflix
        hulu
        disneyplus
        wistia
        loom.com: loom
        bilibili: b23.tv
        rumble.com: rumble
        odysee.com: odysee
        peertube
        youku
        iqiyi
        veoh
        crackle
        vidyard
        brightcove
        ted.com: ted
        nicovideo
        rutube
    """,
    SHOPPING: """
        amazon: amzn.to
        ebay
        etsy
        walmart
        aliexpress
        alibaba
        shopify
        shopping.google.com
        shopzilla
        temu
        mercadolibre
        mercadolivre
        rakuten
        allegro
        zalando
        otto.de
        bol.com
        cdiscount
        idealo
        geizhals
        kelkoo
        shopping.yahoo.co.jp
        igshopping
        wish.com
        target.com
        shein
        bestbuy
        wayfair
        overstock
        newegg
        fnac
        kaufland
        galaxus
        digitec
        billiger.de
        guenstiger.de
        pricerunner
        prisjakt
        skroutz
        ceneo
        heureka
        flipkart
        lazada
        shopee
        jd.com
        taobao
        tmall
        coupang
        check24
    """,
    AI: """
        chatgpt: chatgpt.com chat.openai.com openai openai.com
        perplexity: perplexity.ai
        claude: claude.ai
        gemini.google.com: gemini bard bard.google.com
        copilot: copilot.microsoft.com edgeservices.bing.com
        deepseek: chat.deepseek.com
        grok.com: grok x.ai
        mistral: chat.mistral.ai
        phind.com: phind
        you.com
        poe.com: poe
        meta.ai
        pi.ai
        kimi.com: kimi kimi.ai
        qwen: chat.qwen.ai
        chatglm: chatglm.cn chat.z.ai
        doubao: doubao.com
        ernie: yiyan.baidu.com
        iask.ai
        andisearch
        komo.ai
        duck.ai
        character.ai
        notebooklm.google.com: notebooklm
        jasper.ai
    """,
    # Parts of a search company's or a network's domain that are no search and no network.
    NONE: """
        mail.google.com
        docs.google.com
        drive.google.com
        sites.google.com
        groups.google.com
        calendar.google.com
        classroom.google.com
        meet.google.com
        accounts.google.com
        translate.google.com
        cloud.google.com
        play.google.com
        mail.yahoo.com
        login.yahoo.com
        news.yahoo.com
        mail.yandex.ru
        mail.yandex.com
        mail.aol.com
    """,
}

PASS_THROUGH_HOSTS = frozenset(
    {
        "stripe.com", "paypal.com", "klarna.com", "adyen.com", "mollie.com", "sofort.com", "braintreegateway.com",
        "checkout.com", "worldpay.com", "payone.com", "unzer.com", "giropay.de", "paydirekt.de",
        "pay.google.com", "pay.amazon.com", "payments.amazon.com", "authorize.net", "2checkout.com", "paddle.com",
        "accounts.google.com", "login.microsoftonline.com", "login.live.com", "login.microsoft.com",
        "appleid.apple.com", "idmsa.apple.com", "auth0.com", "okta.com", "oktapreview.com", "onelogin.com",
        "login.yahoo.com", "login.salesforce.com", "clerk.accounts.dev", "amazoncognito.com",
    }
)  # fmt: skip
"""Pay and sign-in pages send people back with themselves as the referrer; they brought nobody. With the hosts below."""


class Site(NamedTuple):
    """A site of the list."""

    name: str
    """The one name under which it counts, such as `facebook`."""
    category: str
    entry: str
    """The line's word that fitted, such as `fb` or `l.instagram.com`."""


def lines() -> list[tuple[str, str, tuple[str, ...]]]:
    """The list as (category, name, its other names)."""
    found = []
    for category, text in SITES.items():
        for line in text.strip().splitlines():
            name, _, others = line.strip().partition(":")
            found.append((category, name, tuple(others.split())))
    return found


_SITES = {entry: Site(name, category, entry) for category, name, others in lines() for entry in (name, *others)}


@lru_cache(maxsize=20_000)
def site_of(source: str) -> Site | None:
    """The site that a utm_source or a host, in lower case, belongs to; None for one the list does not know."""
    labels = source.split(".")
    for start in range(len(labels)):
        site = _SITES.get(".".join(labels[start:]))
        # A bare name stands for its domain only in front of something like `.com` or `.co.uk`.
        if site is not None and ("." in site.entry or len(labels) == 1):
            return site
        bare = _SITES.get(labels[start])
        if bare is not None and bare.entry == bare.name and _is_country_ending(labels[start + 1 :]):
            return bare
    return None


def category_of(source: str) -> str:
    """search, social, video, shopping, ai, or empty. `source` is a utm_source or a host, in lower case."""
    site = site_of(source)
    return site.category if site else NONE


def _is_country_ending(labels: list[str]) -> bool:
    if not 1 <= len(labels) <= 2:
        return False
    is_short = len(labels[0]) <= 3 and (len(labels) == 1 or len(labels[1]) == 2)
    return is_short or labels == ["info"]
