"""Checks every house rule; exit status 1 when one is broken."""

import sys

from house.rules import RULES


def main() -> int:
    broken = [f"{message} [{rule.__name__}]" for rule in RULES for message in rule()]
    for message in broken:
        print(message)
    print(f"{len(RULES)} house rules, {len(broken)} broken" if broken else f"{len(RULES)} house rules hold")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
