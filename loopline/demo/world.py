"""The simulated company: what it sells, who works there, where its visitors come from."""

from dataclasses import dataclass

from loopline.access.roles import Role

ORGANISATION = "Halden Instruments"
TIME_ZONE = "Europe/Oslo"
REPORTING_CURRENCY = "EUR"
SITE_HOST = "www.halden-instruments.example"


@dataclass(frozen=True, slots=True)
class Unit:
    key: str
    name: str
    currency: str
    countries: tuple[str, ...]
    share: float
    """Share of all visitors."""


UNITS = (
    Unit("europe", "Halden Europe", "EUR", ("DE", "FR", "NO", "SE", "NL", "ES", "IT", "PL"), 0.62),
    Unit("americas", "Halden Americas", "USD", ("US", "US", "US", "CA", "BR", "MX"), 0.38),
)

USD_RATES = (0.921, 0.915, 0.928, 0.933, 0.926, 0.919, 0.911, 0.904, 0.908, 0.917, 0.923, 0.914, 0.918)
"""Euros for one US dollar, one a month."""


@dataclass(frozen=True, slots=True)
class Colleague:
    name: str
    email: str
    role: Role
    units: tuple[str, ...]


COLLEAGUES = (
    Colleague("Mara Lindqvist", "mara@halden.example", Role.MARKETING, ("europe", "americas")),
    Colleague("Jonas Weber", "jonas@halden.example", Role.SALES, ("europe",)),
    Colleague("Inês Carvalho", "ines@halden.example", Role.SALES, ("europe",)),
    Colleague("Tomasz Nowak", "tomasz@halden.example", Role.SALES, ("europe",)),
    Colleague("Amélie Laurent", "amelie@halden.example", Role.SALES, ("europe",)),
    Colleague("Dana Whitfield", "dana@halden.example", Role.SALES, ("americas",)),
    Colleague("Marcus Boone", "marcus@halden.example", Role.SALES, ("americas",)),
    Colleague("Priya Raman", "priya@halden.example", Role.SALES, ("americas",)),
    Colleague("Henrik Solberg", "henrik@halden.example", Role.SALES_MANAGER, ("europe", "americas")),
    Colleague("Ruth Okonkwo", "ruth@halden.example", Role.FINANCE, ()),
    Colleague("Sam Adeyemi", "sam@halden.example", Role.ADMINISTRATOR, ()),
)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where visits come from, how many, and how good they are."""

    key: str
    weight: float
    """Share of first visits within its unit."""
    quality: float
    """How much likelier than average such a visitor becomes a lead and buys."""
    utm_source: str = ""
    utm_medium: str = ""
    code: str = ""
    referrer: str = ""
    click_id: str = ""
    landing: tuple[str, ...] = ("/",)


@dataclass(frozen=True, slots=True)
class Plan:
    """A campaign: its codes are those of the origins that name it."""

    unit: str
    name: str
    channel: str
    codes: tuple[str, ...]
    monthly_minor: int
    """Actual cost of a month, minor units of the unit's currency; 0 with `once_minor` for a single cost."""
    once_minor: int = 0
    once_month: int = 0
    """Month of the year simulated (0 to 11) in which the single cost fell."""
    category: str = "media"
    activity: tuple[str, str] | None = None
    """Name and kind of the activity that has its codes and costs; None: the campaign itself has them."""


@dataclass(frozen=True, slots=True)
class Platform:
    """An ad platform that counts conversions itself."""

    name: str
    """As utm_source says it."""
    cost_of_a_claim_minor: int
    """What was spent for each conversion that it claims."""
    worth_of_a_claim_minor: int


PLATFORMS = {"Paid Search": Platform("google", 5_600, 21_000), "Paid Social": Platform("linkedin", 21_000, 64_000)}
"""Channel of a campaign → the platform that tells its cost."""

PLANS = (
    Plan("europe", "Paid search · brand", "Paid Search", ("brand_eu",), 285_000),
    Plan("europe", "Paid search · calibration", "Paid Search", ("calibration_eu",), 612_000),
    Plan("europe", "LinkedIn · lab managers", "Paid Social", ("labmanagers_eu",), 498_000),
    Plan("europe", "Newsletter", "Email", ("newsletter_eu",), 236_000, category="content",
         activity=("Monthly letter", "mailing")),
    Plan("europe", "Spring webinar series", "Event", ("webinar_spring",), 0, 1_840_000, 5, "events",
         ("Three evenings on calibration", "webinar")),
    Plan("europe", "Partner: Nordwind", "Partner", ("nordwind",), 75_000, category="people"),
    Plan("europe", "Trade fair Lyon", "Event", ("lyon_fair",), 0, 2_200_000, 8, "events", ("Stand in hall 4", "fair")),
    Plan("europe", "Direct mail · autumn", "Direct Mail", ("autumn_mail",), 0, 640_000, 9, "content",
         ("Letter to lab managers", "mailing")),
    Plan("americas", "Paid search · US brand", "Paid Search", ("brand_us",), 318_000),
    Plan("americas", "LinkedIn · quality leads", "Paid Social", ("quality_us",), 441_000),
    Plan("americas", "Retargeting", "Display", ("retarget_us",), 154_000),
    Plan("americas", "Monthly briefing", "Email", ("briefing_us",), 184_000, category="content",
         activity=("Monthly briefing", "mailing")),
    Plan("americas", "Pittcon booth", "Event", ("pittcon",), 0, 2_950_000, 3, "events", ("Booth 1214", "fair")),
    Plan("americas", "Partner: Carver & Lowe", "Partner", ("carver_lowe",), 90_000, category="people"),
)  # fmt: skip

FRANC_BILL_MINOR, FRANC_BILL_DAYS = 1_840_00, 40
"""A bill of the fair in Lyon in a currency without a rate, and how many days before the end of the year it came."""
IT_MONTHLY_MINOR = {"europe": 148_000, "americas": 96_000}
"""Tools and computing of a unit a month, minor units of its currency."""

PRODUCTS = {
    "flow meters": 0.36,
    "calibration service": 0.24,
    "mass flow controllers": 0.14,
    "test bench": 0.1,
    "service contract": 0.16,
}
"""What deals are about, with the share of each."""

_GUIDES = ("/guides/calibration-checklist", "/guides/audit-ready-lab", "/product/flow-meters")

ORIGINS: dict[str, tuple[Origin, ...]] = {
    "europe": (
        Origin("brand", 0.15, 1.5, "google", "cpc", "brand_eu", "www.google.com", "gclid"),
        Origin("calibration", 0.21, 0.9, "google", "cpc", "calibration_eu", "www.google.com", "gclid", _GUIDES),
        Origin("linkedin", 0.12, 0.6, "linkedin", "paid_social", "labmanagers_eu", "www.linkedin.com", "li_fat_id"),
        Origin("newsletter", 0.11, 1.7, "newsletter", "email", "newsletter_eu", landing=_GUIDES),
        Origin("webinar", 0.06, 2.4, "webinar", "event", "webinar_spring", landing=("/events/spring-webinars",)),
        Origin("typo", 0.01, 1.8, "webinar", "event", "webinar-sprng", landing=("/events/spring-webinars",)),
        Origin("nordwind", 0.05, 2.8, "nordwind", "partner", "nordwind", "www.nordwind.example"),
        Origin("lyon", 0.03, 1.0, "lyon", "event", "lyon_fair", landing=("/events/lyon",)),
        Origin("organic", 0.10, 1.0, referrer="www.google.com", landing=_GUIDES),
        Origin("bing", 0.02, 1.0, referrer="www.bing.com", landing=_GUIDES),
        Origin("chatgpt", 0.03, 1.3, referrer="chatgpt.com", landing=_GUIDES),
        Origin("review", 0.03, 1.4, referrer="www.lab-equipment-review.example", landing=("/product/flow-meters",)),
        Origin("social", 0.03, 0.4, referrer="www.facebook.com"),
        Origin("direct", 0.07, 0.9),
    ),
    "americas": (
        Origin("brand", 0.22, 1.5, "google", "cpc", "brand_us", "www.google.com", "gclid"),
        Origin("linkedin", 0.13, 0.7, "linkedin", "paid_social", "quality_us", "www.linkedin.com", "li_fat_id"),
        Origin("retarget", 0.10, 0.3, "doubleclick", "display", "retarget_us"),
        Origin("briefing", 0.11, 1.8, "briefing", "email", "briefing_us", landing=_GUIDES),
        Origin("pittcon", 0.05, 1.6, "pittcon", "event", "pittcon", landing=("/events/pittcon",)),
        Origin("carver", 0.06, 2.6, "carver-lowe", "partner", "carver_lowe", "www.carver-lowe.example"),
        Origin("organic", 0.14, 1.0, referrer="www.google.com", landing=_GUIDES),
        Origin("chatgpt", 0.04, 1.3, referrer="chatgpt.com", landing=_GUIDES),
        Origin("social", 0.04, 0.4, referrer="www.facebook.com"),
        Origin("direct", 0.11, 0.9),
    ),
}

PAGES: tuple[tuple[str, str, float, int], ...] = (
    ("/", "Halden Instruments: flow you can prove", 0.9, 18),
    ("/product/flow-meters", "Flow meters", 1.0, 55),
    ("/product/calibration-service", "Calibration service", 0.7, 48),
    ("/pricing", "Pricing", 0.55, 70),
    ("/customers/brightwater", "How Brightwater passed its audit", 0.4, 110),
    ("/guides/calibration-checklist", "Calibration checklist", 0.5, 140),
    ("/guides/audit-ready-lab", "The audit-ready lab", 0.45, 150),
    ("/integrations", "Integrations", 0.3, 60),
    ("/about", "About us", 0.2, 30),
)
"""path, title, how often it is read, seconds of attention it gets"""

FORMS: tuple[tuple[str, str, str, float], ...] = (
    ("demo", "Ask for a demo", "/contact", 0.46),
    ("checklist", "Get the calibration checklist", "/guides/calibration-checklist", 0.34),
    ("webinar", "Save a seat in the webinar", "/events/spring-webinars", 0.20),
)
"""slug, title, page, share of submissions"""
