"""What the organisation decided about processing events. Asked for anew for each stretch."""

import msgspec

from loopline.collect.channels import NO_OWN_RULES, RuleSet


class Settings(msgspec.Struct, frozen=True):
    own_hosts: frozenset[str] = frozenset()
    """Own sites and pay or sign-in pages: never referrers. A host covers its subdomains."""
    channel_rules: RuleSet = NO_OWN_RULES
    """The organisation's own channel rules, ahead of the others."""
    data_centres: str = ""
    """File with the networks of data centres; empty where there is none."""
    places: tuple[str, ...] = ()
    """Files that tell country, region and owner of the network of an address; what the first knows goes first."""
