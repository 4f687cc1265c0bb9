"""A postal address as it is printed on an invoice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# ISO 3166-1, the officially assigned codes of two letters.
_ASSIGNED = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ "
    "CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR "
    "GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP "
    "KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT "
    "MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW "
    "SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ "
    "UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW"
)
COUNTRIES = frozenset(_ASSIGNED.split())
PARTS = ("address_line1", "address_line2", "zipcode", "city", "state", "country")


def postal_address(parts: Mapping[str, Any]) -> str | None:
    """The address parts as lines: the two lines, then zip code, city and state, then the country. None without any."""
    town = " ".join(str(parts[name]) for name in ("zipcode", "city", "state") if parts.get(name))
    lines = [parts.get("address_line1"), parts.get("address_line2"), town, parts.get("country")]
    return "\n".join(str(line) for line in lines if line) or None
