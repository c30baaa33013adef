"""Names for the simulated company's buyers. Domains end in .example, so no address can be anyone's."""

import random
import unicodedata

FIRST = (
    "Ines Tomás Mei-Ling Jan Aylin Oluwaseun Freya Luca Hanna Rafael Sofia Erik Amina Pavel Chloé Diego Yuki Lars "
    "Nadia Omar Greta Mateus Elif Kofi Astrid Marco Leila Sven Camila Viktor Zanele Hugo Ingrid Arjun Beatriz Noah "
    "Maja Emil Fatima Oscar Linnea Paulo Carla Stefan Johanna Idris Vera Anton Marta Felix Rosa Nils Daniela Kenji "
    "Selma Adrian Helene Bruno Alma Cyril Petra Ravi Tove Gustav Nina Samuel Livia Aaron Judith Theo"
).split()
LAST = (
    "Okafor Ruiz Chen Virtanen Yılmaz Adebayo Halvorsen Rossi Schneider Costa Petrova Eriksen Hassan Novák Dubois "
    "Fernández Tanaka Johansen Rahman Farouk Becker Almeida Demir Mensah Dahl Bianchi Karimi Larsson Ortega Kovács "
    "Dlamini Moreau Berg Mehta Carvalho Fischer Nowak Holm Zahra Lindgren Søndergaard Silva Vogel Hoffmann Bello "
    "Popescu Krüger Wiśniewska Maier Delgado Strand Vega Sato Brandt Keller Fontaine Ferreira Nyström Lambert Weiss "
    "Iyer Solheim Hedlund Marin Osei Conti Levine Roth Engel Oyelaran"
).split()
STEM = (
    "Brightwater Nordvik Alder Cobalt Meridian Kestrel Solvang Harrow Tessera Larkspur Vantage Pinewood Calder "
    "Rhine Ostara Fjord Beacon Juniper Marlow Quarry Sable Tindal Umber Wexford Zephyr Argent Birch Corvid Delta "
    "Ember"
).split()
TRADE = (
    ("Foods", "food"),
    ("Pharma", "pharma"),
    ("Chemicals", "chemicals"),
    ("Brewing", "beverages"),
    ("Water", "utilities"),
    ("Labs", "laboratories"),
    ("Energy", "energy"),
    ("Dairies", "food"),
    ("Materials", "chemicals"),
    ("Biotech", "pharma"),
)
SUFFIX = {
    "DE": "GmbH", "FR": "SAS", "NO": "AS", "SE": "AB", "NL": "B.V.", "ES": "S.L.", "IT": "S.r.l.", "PL": "Sp. z o.o.",
    "US": "Inc.", "CA": "Ltd.", "BR": "Ltda.", "MX": "S.A.",
}  # fmt: skip
TITLES = (
    "Head of Operations", "Plant Manager", "Lab Manager", "Quality Lead", "CFO", "Process Engineer", "Buyer",
    "Head of Quality", "Maintenance Lead", "Research Associate", "Student", "Managing Director",
)  # fmt: skip
MESSAGES = (
    "Replacing spreadsheets before the audit in March.",
    "We calibrate 140 meters a year and lose track of certificates.",
    "Could you quote for two lines, with service?",
    "How does this compare with what we have from Endress?",
    "Please call after 15:00.",
    "",
    "",
    "",
)
FREE_MAIL = ("gmail.com", "outlook.com", "gmx.net")


def slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return "-".join("".join(one if one.isalnum() else " " for one in plain).split())


def company_names(dice: random.Random, count: int) -> list[tuple[str, str, str]]:
    """`count` different (name without legal form, domain, industry), in an order decided by the dice."""
    pairs = [(stem, trade) for stem in STEM for trade in TRADE]
    dice.shuffle(pairs)
    found = []
    for number in range(count):
        stem, (trade, industry) = pairs[number % len(pairs)]
        region = "" if number < len(pairs) else f" {LAST[number // len(pairs) - 1]}"
        name = f"{stem}{region} {trade}"
        found.append((name, f"{slug(name)}.example", industry))
    return found
