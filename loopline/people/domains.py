"""The company behind an e-mail address: its registered domain, by the bundled Public Suffix List (no network)."""

from functools import cache

import tldextract

from loopline.people.emails import domain_of, is_free_mail

_NOT_IN_DNS = frozenset({"arpa", "internal", "invalid", "local", "localdomain", "localhost", "onion"})
"""Last labels that no company can have: names of networks and machines."""


@cache
def _extract() -> tldextract.TLDExtract:
    # No addresses to fetch from and no cache on disk: the snapshot inside the library decides, everywhere alike.
    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None, fallback_to_snapshot=True)


def company_domain(email: str) -> str | None:
    """`sales.halden.co.uk` → `halden.co.uk`; None for free-mail domains and where nothing is registered.

    `email` is normalised.
    """
    domain = domain_of(email)
    parts = _extract()(domain)
    registered = parts.top_domain_under_public_suffix
    if not registered and parts.suffix == domain:
        # A mailbox right on a public suffix belongs to whoever runs it: halden.no is one, and a town.
        registered = domain
    if not registered and not parts.suffix and "." in domain and domain.rpartition(".")[2] not in _NOT_IN_DNS:
        # publicsuffix.org: where no rule of the list matches, the last label is the suffix.
        registered = ".".join(domain.split(".")[-2:])
    if not registered or is_free_mail(domain) or is_free_mail(registered):
        return None
    return registered
