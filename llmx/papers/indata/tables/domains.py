"""What the six domains are: their tables, columns, and how a cell is drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from llmx.papers.indata.literals import Value
from llmx.papers.indata.schema import ColumnType


@dataclass(frozen=True)
class DrawnColumn:
    """A column of a domain.

    Attributes:
        phrase: what a question calls it.
        draw: (generator, row) -> a value.
        missing: share of rows without a value.
        key: the table whose row numbers, from 1, it holds.
        role: ``id``, ``key``, ``name``, or empty for what can be asked about.
    """

    name: str
    type: ColumnType
    phrase: str
    draw: Callable[[Random, int], Value]
    unit: str = ""
    missing: float = 0.0
    values: tuple[str, ...] = ()
    key: str = ""
    role: str = ""


@dataclass(frozen=True)
class DrawnTable:
    """A table of a domain; ``noun`` is what its rows are, in the plural."""

    name: str
    noun: str
    columns: tuple[DrawnColumn, ...]


@dataclass(frozen=True)
class Domain:
    """A table of events, and two of what they are about."""

    name: str
    events: DrawnTable
    about: tuple[DrawnTable, DrawnTable]


def _id(noun: str) -> DrawnColumn:
    return DrawnColumn(f"{noun}_id", "int", f"{noun} number", lambda rng, row: row + 1, role="id")


def _key(table: str, noun: str) -> DrawnColumn:
    # drawn where the number of rows of the other table is known
    return DrawnColumn(
        f"{noun}_id", "int", f"{noun} number", lambda rng, row: 1, key=table, role="key"
    )


def _name(noun: str) -> DrawnColumn:
    return DrawnColumn(
        "name", "string", "name", lambda rng, row: f"{noun}-{row + 1:03d}", role="name"
    )


def _label(name: str, phrase: str, *values: str, missing: float = 0.0) -> DrawnColumn:
    weights = [len(values) - at / 2 for at in range(len(values))]

    def draw(rng: Random, row: int) -> Value:
        return rng.choices(values, weights)[0]

    return DrawnColumn(name, "category", phrase, draw, values=values, missing=missing)


def _whole(
    name: str, phrase: str, low: int, high: int, unit: str = "", missing: float = 0.0
) -> DrawnColumn:
    def draw(rng: Random, row: int) -> Value:
        return rng.randint(low, high)

    return DrawnColumn(name, "int", phrase, draw, unit, missing)


def _amount(
    name: str, phrase: str, middle: float, spread: float, unit: str = "", missing: float = 0.0
) -> DrawnColumn:
    def draw(rng: Random, row: int) -> Value:
        return round(rng.gauss(middle, spread), 2)

    return DrawnColumn(name, "float", phrase, draw, unit, missing)


def _flag(name: str, phrase: str, share: float) -> DrawnColumn:
    return DrawnColumn(name, "bool", phrase, lambda rng, row: rng.random() < share)


def _day(name: str, phrase: str, start: date, days: int, missing: float = 0.0) -> DrawnColumn:
    def draw(rng: Random, row: int) -> Value:
        return start + timedelta(rng.randrange(days))

    return DrawnColumn(name, "date", phrase, draw, missing=missing)


def _moment(name: str, phrase: str, start: datetime, days: int) -> DrawnColumn:
    def draw(rng: Random, row: int) -> Value:
        return start + timedelta(minutes=rng.randrange(days * 1440))

    return DrawnColumn(name, "datetime", phrase, draw)


_YEAR = date(2022, 1, 1)
_NOON = datetime(2022, 1, 1)

DOMAINS: tuple[Domain, ...] = (
    Domain(
        "sales",
        DrawnTable("orders", "orders", (
            _id("order"), _key("shops", "shop"), _key("products", "product"),
            _day("ordered", "order date", _YEAR, 900),
            _day("delivered", "delivery date", date(2022, 1, 20), 960, 0.05),
            _whole("quantity", "quantity ordered", 1, 60),
            _amount("unit_price", "price per unit", 42.0, 14.0, "EUR"),
            _amount("shipping_cost", "shipping cost", 9.0, 2.5, "EUR", 0.08),
            _label("channel", "sales channel", "web", "phone", "counter", "partner"),
            _label("priority", "priority", "low", "normal", "high"),
            _flag("gift", "gift wrapping", 0.3),
        )),
        (
            DrawnTable("shops", "shops", (
                _id("shop"), _name("shop"),
                _label("region", "region of the shop", "north", "south", "east", "west"),
                _whole("floor_area", "floor area of the shop", 40, 900, "m2"),
            )),
            DrawnTable("products", "products", (
                _id("product"), _name("product"),
                _label("family", "product family", "tools", "garden", "paint", "lights"),
                _amount("weight", "weight of the product", 6.0, 2.0, "kg"),
            )),
        ),
    ),
    Domain(
        "weather",
        DrawnTable("readings", "readings", (
            _id("reading"), _key("stations", "station"), _key("devices", "device"),
            _moment("taken", "time of the reading", _NOON, 700),
            _amount("temperature", "temperature", 11.0, 8.0, "C", 0.04),
            _amount("pressure", "air pressure", 1012.0, 9.0, "hPa"),
            _amount("wind_speed", "wind speed", 22.0, 6.0, "km/h"),
            _whole("humidity", "relative humidity", 20, 100, "percent"),
            _label("sky", "state of the sky", "clear", "cloudy", "rain", "fog", "snow"),
            _label("quality", "quality mark", "good", "doubtful", "raw"),
            _flag("alert", "an alert", 0.2),
        )),
        (
            DrawnTable("stations", "stations", (
                _id("station"), _name("station"),
                _label("terrain", "terrain of the station", "coast", "plain", "hill", "peak"),
                _whole("altitude", "altitude of the station", 1, 2600, "m"),
            )),
            DrawnTable("devices", "devices", (
                _id("device"), _name("device"),
                _label("maker", "maker of the device", "alpha", "beta", "gamma"),
                _amount("drift", "yearly drift of the device", 1.5, 0.4, "percent"),
            )),
        ),
    ),
    Domain(
        "library",
        DrawnTable("loans", "loans", (
            _id("loan"), _key("branches", "branch"), _key("titles", "title"),
            _day("lent", "lending date", _YEAR, 800),
            _day("returned", "return date", date(2022, 1, 10), 840, 0.1),
            _whole("renewals", "number of renewals", 0, 9),
            _amount("fine", "fine", 4.0, 1.2, "EUR", 0.1),
            _amount("handling_time", "handling time", 6.0, 1.8, "min"),
            _label("desk", "desk", "main", "children", "music", "maps"),
            _label("condition", "condition on return", "fine_state", "worn", "damaged"),
            _flag("reserved", "a reservation", 0.35),
        )),
        (
            DrawnTable("branches", "branches", (
                _id("branch"), _name("branch"),
                _label("district", "district of the branch", "old_town", "harbour", "park"),
                _whole("seats", "number of seats of the branch", 10, 300),
            )),
            DrawnTable("titles", "titles", (
                _id("title"), _name("title"),
                _label("genre", "genre of the title", "novel", "history", "science", "travel"),
                _amount("shelf_price", "shelf price of the title", 24.0, 6.0, "EUR"),
            )),
        ),
    ),
    Domain(
        "factory",
        DrawnTable("batches", "batches", (
            _id("batch"), _key("machines", "machine"), _key("materials", "material"),
            _moment("started", "start time", _NOON, 650),
            _moment("finished", "finish time", datetime(2022, 1, 3), 655),
            _whole("pieces", "number of pieces", 20, 900),
            _whole("rejects", "number of rejected pieces", 0, 40),
            _amount("energy", "energy used", 120.0, 30.0, "kWh", 0.06),
            _amount("thickness", "thickness", 3.2, 0.5, "mm"),
            _label("shift", "shift", "early", "late", "night"),
            _label("grade", "grade", "first", "second", "third", "scrap"),
            _flag("inspected", "an inspection", 0.4),
        )),
        (
            DrawnTable("machines", "machines", (
                _id("machine"), _name("machine"),
                _label("hall", "hall of the machine", "hall_a", "hall_b", "hall_c"),
                _whole("age", "age of the machine", 1, 30, "years"),
            )),
            DrawnTable("materials", "materials", (
                _id("material"), _name("material"),
                _label("origin", "origin of the material", "local", "imported", "recycled"),
                _amount("density", "density of the material", 5.0, 1.1, "g/cm3"),
            )),
        ),
    ),
    Domain(
        "parcels",
        DrawnTable("parcels", "parcels", (
            _id("parcel"), _key("depots", "depot"), _key("routes", "route"),
            _day("posted", "posting date", _YEAR, 850),
            _day("arrived", "arrival date", date(2022, 1, 4), 880, 0.07),
            _amount("mass", "mass", 5.5, 1.7, "kg"),
            _amount("fee", "fee", 11.0, 3.0, "EUR"),
            _amount("insured", "insured value", 180.0, 60.0, "EUR", 0.12),
            _whole("scans", "number of scans", 1, 14),
            _label("service", "service", "standard", "express", "bulk"),
            _label("size", "size class", "small", "medium", "large", "oversize"),
            _flag("fragile", "a fragile mark", 0.25),
        )),
        (
            DrawnTable("depots", "depots", (
                _id("depot"), _name("depot"),
                _label("zone", "zone of the depot", "inner", "outer", "rural", "island"),
                _whole("docks", "number of docks of the depot", 2, 60),
            )),
            DrawnTable("routes", "routes", (
                _id("route"), _name("route"),
                _label("mode", "mode of the route", "road", "rail", "sea", "air"),
                _amount("length", "length of the route", 320.0, 90.0, "km"),
            )),
        ),
    ),
    Domain(
        "energy",
        DrawnTable("meters", "meter records", (
            _id("record"), _key("buildings", "building"), _key("tariffs", "tariff"),
            _day("read_on", "reading date", _YEAR, 1000),
            _day("billed_on", "billing date", date(2022, 1, 15), 1010, 0.06),
            _amount("consumption", "consumption", 310.0, 80.0, "kWh"),
            _amount("peak_load", "peak load", 14.0, 3.5, "kW", 0.05),
            _amount("bill", "billed amount", 96.0, 27.0, "EUR"),
            _whole("outages", "number of outages", 0, 12),
            _label("phase", "phase", "one_phase", "two_phase", "three_phase"),
            _label("season", "tariff season", "winter", "summer", "between"),
            _flag("estimated", "an estimated reading", 0.3),
        )),
        (
            DrawnTable("buildings", "buildings", (
                _id("building"), _name("building"),
                _label("usage", "use of the building", "office", "school", "hotel", "storage"),
                _whole("storeys", "number of storeys of the building", 1, 28),
            )),
            DrawnTable("tariffs", "tariffs", (
                _id("tariff"), _name("tariff"),
                _label("supplier", "supplier of the tariff", "sun", "river", "wind", "coal"),
                _amount("base_price", "base price of the tariff", 17.0, 4.0, "ct"),
            )),
        ),
    ),
)  # fmt: skip
