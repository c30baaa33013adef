"""A year of the simulated company, drawn from seeded dice: who came, what they read, who asked, who bought.

Pure: the same seed and the same end give the same year. Nothing here knows how records or events are stored.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from itertools import accumulate

from loopline.demo import names, world
from loopline.demo.world import Origin, Unit

DAYS = 365
VISITORS = 61_500
LEADS = 5_040
FORGOTTEN = 60
"""One of so many leads that came back marketing never decided about."""
STILL_WAITING = 0.25
"""Share of the last days' leads that nobody has answered yet: the year ends in the middle of the work."""
LATELY_EACH = 800
"""One visitor of so many comes in the last hours, so that the year ends in the middle of a day like any other."""
PRICING_COUNTS = timedelta(days=30)
OPEN_STAGES = ("qualified", "discovery", "proposal", "negotiation")
REJECTIONS = ("no_need", "unreachable", "timing", "no_budget", "bad_data", "not_a_buyer", "below_definition")
GIVEN_BACK = ("timing", "no_decision", "no_budget", "unreachable")
LOSSES = ("no_decision", "price", "competitor", "timing", "missing_feature")


@dataclass(frozen=True, slots=True)
class PageRead:
    path: str
    title: str
    at: datetime
    engaged_ms: int


@dataclass(frozen=True, slots=True)
class Visit:
    visitor: str
    session: str
    unit: Unit
    origin: Origin
    country: str
    is_crawler: bool
    pages: tuple[PageRead, ...]

    @property
    def at(self) -> datetime:
        return self.pages[0].at

    @property
    def left_at(self) -> datetime:
        """When the last page was left, and a form on it could be sent."""
        last = self.pages[-1]
        return last.at + timedelta(milliseconds=last.engaged_ms + 4_000)


@dataclass(frozen=True, slots=True)
class Firm:
    """A company that may buy. It is at home in one country, and so are its buyers."""

    name: str
    domain: str
    industry: str
    employees: int


@dataclass(frozen=True, slots=True)
class Sale:
    """What became of a converted lead. Amounts in minor units of the unit's currency."""

    product: str
    amount_minor: int
    steps: tuple[tuple[str, datetime], ...]
    """Stage and when it was entered, the first at conversion."""
    outcome: str
    closed_at: datetime | None
    loss_reason: str = ""
    refund_minor: int = 0
    refunded_at: datetime | None = None


@dataclass(slots=True)
class Buyer:
    """Someone who sent a form and so became a lead; what happened to the lead after that, with its times."""

    number: int
    unit: Unit
    name: str
    email: str
    job_title: str
    phone: str
    country: str
    company: Firm
    domain: str
    """Of the company, as the address tells it; empty for a free-mail address."""
    visitor: str
    session: str
    form: str
    page: str
    message: str
    asked_at: datetime
    pricing_reads: tuple[datetime, ...]
    """When this browser read the price list, up to the form."""
    qualifies: bool = False
    owner: str = ""
    accepted_at: datetime | None = None
    rejected_at: datetime | None = None
    reason: str = ""
    settled_at: datetime | None = None
    """When marketing decided about a lead that sales had sent back."""
    calls: list[tuple[datetime, bool]] = field(default_factory=list)
    """When sales called, and whether it was answered."""
    converted_at: datetime | None = None
    recycled_at: datetime | None = None
    """When sales gave a lead back that it had accepted: not now."""
    sale: Sale | None = None


@dataclass(frozen=True, slots=True)
class Year:
    until: datetime
    visits: list[Visit]
    buyers: list[Buyer]


def simulate(until: datetime, *, seed: int = 7, scale: float = 1.0) -> Year:
    """A year that ends at `until`. `scale` 1 gives about 300,000 events, 5,000 leads and 700 won opportunities."""
    dice = random.Random(seed)
    companies = _companies(dice, max(40, round(3_200 * scale)))
    visits: list[Visit] = []
    buyers: list[Buyer] = []
    places = _Places(dice, until)
    wanted = round(LEADS * scale)
    total = round(VISITORS * scale)
    quality = {unit.key: _mean_quality(unit) for unit in world.UNITS}
    for number in range(total):
        unit = dice.choices(world.UNITS, [one.share for one in world.UNITS])[0]
        origins = world.ORIGINS[unit.key]
        first = dice.choices(origins, [one.weight for one in origins])[0]
        asks = dice.random() < wanted / total * first.quality / quality[unit.key]
        own = list(_visits(dice, places, unit, first, asks, number))
        visits.extend(own)
        if asks and own:
            buyer = _buyer(dice, len(buyers), unit, own, companies[own[-1].country], until, first.quality)
            buyers.append(buyer)
            visits.extend(_while_deciding(dice, places, first, buyer))
    visits.sort(key=lambda visit: visit.at)
    buyers.sort(key=lambda buyer: buyer.asked_at)
    return Year(until, visits, buyers)


def first_moment(until: datetime) -> datetime:
    """When the year begins that ends at `until`: at midnight."""
    return datetime.combine(until.date() - timedelta(days=DAYS), time(tzinfo=UTC))


def _companies(dice: random.Random, count: int) -> dict[str, list[Firm]]:
    """Companies by the country they are in: each country as many as it has visitors."""
    countries = [country for unit in world.UNITS for country in unit.countries]
    found: dict[str, list[Firm]] = {country: [] for country in countries}
    for number, (name, domain, industry) in enumerate(names.company_names(dice, count)):
        firm = Firm(name, domain, industry, round(dice.lognormvariate(5, 1.1)) + 3)
        found[countries[number % len(countries)]].append(firm)
    return found


def _mean_quality(unit: Unit) -> float:
    origins = world.ORIGINS[unit.key]
    return sum(one.weight * one.quality for one in origins) / sum(one.weight for one in origins)


class _Places:
    """Draws moments of the year: more on weekdays and in office hours, a little more each month."""

    def __init__(self, dice: random.Random, until: datetime) -> None:
        self._dice, self.start, self.until = dice, first_moment(until), until
        self._days = list(range((until - self.start).days + (until.time() != time())))
        days = [self.start + timedelta(days=day) for day in self._days]
        weights = [(1.0 if day.weekday() < 5 else 0.28) * (0.75 + 0.5 * at / DAYS) for at, day in enumerate(days)]
        self._cumulative = list(accumulate(weights))

    def moment(self) -> datetime:
        while True:
            day = self._dice.choices(self._days, cum_weights=self._cumulative)[0]
            hour = min(23.9, max(0.1, self._dice.gauss(12.5, 3.6)))
            at = self.start + timedelta(days=day, seconds=round(hour * 3600, 3))
            if at < self.until:
                return at

    def lately(self) -> datetime:
        """A moment of the last hours, most of them close to the end."""
        return self.until - timedelta(seconds=round(300 + self._dice.expovariate(1 / 9_000), 3))

    def hold(self, visit: Visit) -> bool:
        """Whether it was over before the year was."""
        return self.start <= visit.at and visit.left_at < self.until - timedelta(minutes=1)


def _visits(
    dice: random.Random, places: _Places, unit: Unit, first: Origin, asks: bool, number: int
) -> Iterator[Visit]:
    """The visits of one browser: later ones come from wherever people come back from."""
    visitor = f"{dice.getrandbits(128):032x}"
    country = dice.choice(unit.countries)
    is_crawler = not asks and number % 23 == 0
    count = 1 if is_crawler else min(9, 1 + int(dice.expovariate(0.34 if asks else 2.1)))
    at = places.moment() if number % LATELY_EACH else places.lately()
    times = _before(dice, at, count) if asks else _after(dice, at, count)
    for number_of_visit, at in enumerate(times):
        if at >= places.until:
            break
        origin = _comes_back_from(dice, unit, first) if number_of_visit else first
        pages = tuple(_pages(dice, origin, at, asks and number_of_visit == count - 1, is_crawler))
        visit = Visit(visitor, f"{dice.getrandbits(64):016x}", unit, origin, country, is_crawler, pages)
        if places.hold(visit):
            yield visit


def _while_deciding(dice: random.Random, places: _Places, first: Origin, buyer: Buyer) -> Iterator[Visit]:
    """Visits of somebody to whom sales is selling: most look again before they decide, the nearer to it the more."""
    if buyer.sale is None:
        return
    ends = buyer.sale.closed_at or places.until
    for _ in range(min(6, int(dice.expovariate(0.55)))):
        at = ends - timedelta(days=dice.expovariate(1 / 8.0), minutes=30)
        origin = _comes_back_from(dice, buyer.unit, first)
        pages = tuple(_pages(dice, origin, at, asks=False, is_crawler=False))
        session = f"{dice.getrandbits(64):016x}"
        visit = Visit(buyer.visitor, session, buyer.unit, origin, buyer.country, is_crawler=False, pages=pages)
        if at > buyer.asked_at + timedelta(hours=1) and places.hold(visit):
            yield visit


def _after(dice: random.Random, first: datetime, count: int) -> list[datetime]:
    """Moments of so many visits from the first on."""
    times = [first]
    while len(times) < count:
        later = times[-1] + timedelta(days=dice.expovariate(1 / 9.0), minutes=dice.randrange(40, 600))
        times.append(later.replace(hour=dice.randrange(7, 19)))
    return times


def _before(dice: random.Random, last: datetime, count: int) -> list[datetime]:
    """Moments of so many visits up to the last: who asks does so as evenly over the year as visitors come."""
    times = [last]
    while len(times) < count:
        sooner = times[0] - timedelta(days=1 + dice.expovariate(1 / 9.0))
        times.insert(0, sooner.replace(hour=dice.randrange(7, 19)))
    return times


def _comes_back_from(dice: random.Random, unit: Unit, first: Origin) -> Origin:
    by_key = {one.key: one for one in world.ORIGINS[unit.key]}
    letter, reminder = ("newsletter", "webinar") if "newsletter" in by_key else ("briefing", "retarget")
    again = {"direct": 0.07, "organic": 0.08, letter: 0.3, reminder: 0.09, "brand": 0.18}
    return by_key[dice.choices([*again, first.key], [*again.values(), 0.28])[0]]


def _pages(dice: random.Random, origin: Origin, at: datetime, asks: bool, is_crawler: bool) -> Iterator[PageRead]:
    by_path = {path: (title, seconds) for path, title, _, seconds in world.PAGES}
    count = 1 + min(7, int(dice.expovariate(0.55 if asks else 0.85)))
    paths = [dice.choice(origin.landing)]
    paths += dice.choices([one[0] for one in world.PAGES], [one[2] for one in world.PAGES], k=count - 1)
    for path in paths:
        title, seconds = by_path.get(path, ("Halden Instruments", 25))
        engaged = 0 if is_crawler else int(1000 * seconds * dice.lognormvariate(-0.2, 0.7))
        yield PageRead(path, title, at, engaged)
        at += timedelta(milliseconds=engaged + dice.randrange(800, 6_000))


def _buyer(
    dice: random.Random,
    number: int,
    unit: Unit,
    own: list[Visit],
    companies: list[Firm],
    until: datetime,
    quality: float,
) -> Buyer:
    last = own[-1]
    first_name, last_name = dice.choice(names.FIRST), dice.choice(names.LAST)
    company = companies[min(len(companies) - 1, int(dice.random() ** 1.4 * len(companies)))]
    has_business_mail = dice.random() < 0.87
    domain = company.domain if has_business_mail else dice.choice(names.FREE_MAIL)
    form = dice.choices(world.FORMS, [one[3] for one in world.FORMS])[0]
    buyer = Buyer(
        number=number,
        unit=unit,
        name=f"{first_name} {last_name}",
        email=f"{names.slug(first_name)}.{names.slug(last_name)}.{number}@{domain}",
        job_title=dice.choice(names.TITLES),
        phone=f"+00 {dice.randrange(100, 999)} {dice.randrange(100000, 999999)}",
        country=last.country,
        company=company,
        domain=domain if has_business_mail else "",
        visitor=last.visitor,
        session=last.session,
        form=form[0],
        page=form[2],
        message=dice.choice(names.MESSAGES) if form[0] == "demo" else "",
        asked_at=last.left_at,
        pricing_reads=tuple(page.at for visit in own for page in visit.pages if page.path == "/pricing"),
    )
    recent = any(at > buyer.asked_at - PRICING_COUNTS for at in buyer.pricing_reads)
    buyer.qualifies = has_business_mail and (form[0] == "demo" or recent)
    if buyer.qualifies:
        _work(dice, buyer, until, quality)
    return buyer


def _work(dice: random.Random, buyer: Buyer, until: datetime, quality: float) -> None:
    """What sales did with a lead that was handed over, as far as the year goes."""
    answered_at = buyer.asked_at + timedelta(hours=dice.lognormvariate(0.9, 1.0))
    is_recent = until - buyer.asked_at < timedelta(hours=60)
    if answered_at >= until or (is_recent and dice.random() < STILL_WAITING):
        return
    fit = 0.55 + 0.3 * min(2.0, quality) / 2 + (0.12 if buyer.form == "demo" else 0.0)
    if dice.random() > fit:
        buyer.rejected_at, buyer.reason = answered_at, dice.choice(REJECTIONS)
        settled_at = answered_at + timedelta(hours=3 + buyer.number % 37)
        if settled_at < until and buyer.number % FORGOTTEN:
            buyer.settled_at = settled_at
        return
    buyer.accepted_at = answered_at
    call_at = answered_at
    for _ in range(dice.randrange(1, 4)):
        call_at += timedelta(hours=dice.uniform(1, 40))
        if call_at < until:
            buyer.calls.append((call_at, dice.random() < 0.25))
    converted_at = call_at + timedelta(hours=dice.uniform(2, 90))
    if dice.random() < 0.70 and converted_at < until:
        buyer.converted_at = converted_at
        buyer.sale = _sale(dice, buyer, converted_at, until, quality)
        return
    given_back_at = call_at + timedelta(days=dice.lognormvariate(2.3, 0.5))
    if given_back_at < until:
        buyer.recycled_at, buyer.reason = given_back_at, dice.choice(GIVEN_BACK)


def _sale(dice: random.Random, buyer: Buyer, converted_at: datetime, until: datetime, quality: float) -> Sale:
    size = min(3.0, (buyer.company.employees / 150) ** 0.35)
    amount = round(dice.lognormvariate(7.75, 0.75) * size) * 100 + dice.randrange(100)
    product = dice.choices(list(world.PRODUCTS), list(world.PRODUCTS.values()))[0]
    steps = [("qualified", converted_at)]
    at = converted_at
    leaves_after = dice.choices(range(1, 5), [0.28, 0.24, 0.24, 0.24])[0]
    will_win = dice.random() < 0.345 + 0.12 * min(2.5, quality)
    for stage in OPEN_STAGES[1 : 4 if will_win else leaves_after]:
        at += timedelta(days=dice.lognormvariate(2.1, 0.6))
        if at >= until:
            return Sale(product, amount, tuple(steps), "open", None)
        steps.append((stage, at))
    at += timedelta(days=dice.lognormvariate(2.2, 0.6))
    if at >= until:
        return Sale(product, amount, tuple(steps), "open", None)
    if not will_win:
        return Sale(product, amount, tuple(steps), "lost", at, dice.choice(LOSSES))
    refunded_at = at + timedelta(days=dice.uniform(10, 40))
    has_refund = dice.random() < 0.03 and refunded_at < until
    return Sale(
        product,
        amount,
        tuple(steps),
        "won",
        at,
        refund_minor=amount // 5 if has_refund else 0,
        refunded_at=refunded_at if has_refund else None,
    )
