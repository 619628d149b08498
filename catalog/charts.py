"""Charts that the server draws as SVG, each with a table of its numbers. No script and no inline style is needed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from catalog.formats import day, money
from catalog.money import exponent

HEIGHT = 100
STEP = 10  # the width of one point
SPAN = 400  # the width of a chart over time
MAX_LABELS = 5  # below the chart
NICE = (1, 2, 4, 5, 10)
WEEK = timedelta(days=7)
KILO, MEGA = 1_000, 1_000_000


@dataclass(frozen=True)
class Point:
    """A value in minor units, with the value of the period before, if there is one; `short` is its label on the axis."""

    label: str
    minor: int
    before_minor: int | None = None
    short: str = ""


@dataclass(frozen=True)
class Bar:
    """A rectangle, in the units of the chart's view box."""

    css_class: str
    x: str
    y: str
    width: str
    height: str


@dataclass(frozen=True)
class Row:
    """A row of the table behind a chart."""

    label: str
    amount: str
    before: str


@dataclass(frozen=True)
class Chart:
    """A chart: what is drawn, the labels of its axes, a sentence for readers who do not see it, and its table."""

    summary: str
    width: int
    grid: Sequence[str]
    bars: Sequence[Bar]
    line: str
    area: str
    line_before: str
    y_labels: Sequence[str]
    x_labels: Sequence[str]
    rows: Sequence[Row]
    has_before: bool
    now: str = ""  # where the present is on a chart over time


@dataclass(frozen=True)
class Step:
    """An amount that applies until the next step, in minor units, and another one to compare it with. None is a gap."""

    begins: datetime
    minor: int | None
    before_minor: int | None = None


def bar_chart(name: str, points: Sequence[Point], currency: str) -> Chart:
    """Draw a bar for each point, beside the bar of the period before."""
    return _chart(name, points, currency, is_bars=True)


def line_chart(name: str, points: Sequence[Point], currency: str) -> Chart:
    """Draw the points as a line above an area, and the period before as a dashed line."""
    return _chart(name, points, currency, is_bars=False)


def step_chart(summary: str, steps: Sequence[Step], ends: datetime, now: datetime, currency: str) -> Chart:
    """Draw amounts that change at moments, to scale: solid what applies, dashed what it is compared with."""
    top = _top([max(step.minor or 0, step.before_minor or 0) for step in steps], currency)
    begins = steps[0].begins

    def x(moment: datetime) -> float:
        return SPAN * ((moment - begins) / (ends - begins))

    corners = [x(step.begins) for step in steps] + [SPAN]
    quarters = [begins + (ends - begins) * part / 4 for part in range(5)]
    return Chart(
        summary=summary,
        width=SPAN,
        grid=[_number(HEIGHT * part / 2) for part in range(3)],
        bars=[],
        line=_stairs(corners, [step.minor for step in steps], top),
        area="",
        line_before=_stairs(corners, [step.before_minor for step in steps], top),
        y_labels=[_short(top * part // 2, currency) for part in range(3)],
        x_labels=[day(moment) for moment in (quarters if ends - begins >= WEEK else quarters[::4])],
        rows=[],
        has_before=any(step.before_minor is not None for step in steps),
        now=_number(x(now)),
    )


def _stairs(corners: Sequence[float], values: Sequence[int | None], top: int) -> str:
    """A path that stays level between corners. It begins again after a gap."""
    path, was_drawn = "", False
    for left, right, value in zip(corners, corners[1:], values, strict=False):
        if value is not None:
            y = _number(_y(value, top))
            path += f"{f'V{y}' if was_drawn else f'M{_number(left)} {y}'}H{_number(right)}"
        was_drawn = value is not None
    return path


def _chart(name: str, points: Sequence[Point], currency: str, *, is_bars: bool) -> Chart:
    has_before = any(point.before_minor is not None for point in points)
    top = _top([max(point.minor, point.before_minor or 0) for point in points], currency)
    parts = 4 if top % 4 == 0 and not is_bars else 2
    lines = not is_bars and len(points) > 1
    return Chart(
        summary=_summary(name, points, currency),
        width=(len(points) - 1 if lines else len(points)) * STEP,
        grid=[_number(HEIGHT * part / parts) for part in range(parts + 1)],
        bars=[] if lines else list(_bars(points, top, has_before=has_before)),
        line=_path([point.minor for point in points], top) if lines else "",
        area=_area([point.minor for point in points], top) if lines else "",
        line_before=_path([point.before_minor or 0 for point in points], top) if lines and has_before else "",
        y_labels=[_short(top * part // parts, currency) for part in range(parts + 1)],
        x_labels=_spread([point.short or point.label for point in points]),
        rows=[
            Row(point.label, money(point.minor, currency), money(point.before_minor, currency) if has_before else "")
            for point in points
        ],
        has_before=has_before,
    )


def _top(values: Sequence[int], currency: str) -> int:
    """Return a round number of minor units at or above all values."""
    highest = max([*values, 0]) or 10 ** exponent(currency)
    magnitude = 10 ** (len(str(highest)) - 1)
    return next(nice * magnitude for nice in NICE if nice * magnitude >= highest)


def _y(value: int, top: int) -> float:
    """The height of a value in the view box. Negative values stand on the axis; the table has them."""
    return HEIGHT - HEIGHT * max(0, value) / top


def _bars(points: Sequence[Point], top: int, *, has_before: bool) -> Iterator[Bar]:
    for index, point in enumerate(points):
        left, width = index * STEP, 7.2
        if has_before:
            yield _bar("bar2", left + 1, 3.4, _y(point.before_minor or 0, top))
            left, width = left + 3, 3.6
        yield _bar("bar1", left + 1.5, width, _y(point.minor, top))


def _bar(css_class: str, x: float, width: float, y: float) -> Bar:
    return Bar(css_class, _number(x), _number(y), _number(width), _number(HEIGHT - y))


def _path(values: Sequence[int], top: int) -> str:
    return "M" + "L".join(f"{index * STEP} {_number(_y(value, top))}" for index, value in enumerate(values))


def _area(values: Sequence[int], top: int) -> str:
    return f"{_path(values, top)}L{(len(values) - 1) * STEP} {HEIGHT}L0 {HEIGHT}z"


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _short(minor: int, currency: str) -> str:
    """An amount for an axis: `0`, `400`, `2k`, `1.5M`."""
    amount = Decimal(minor).scaleb(-exponent(currency))
    if amount >= MEGA:
        return f"{(amount / MEGA).normalize():f}M"
    return f"{(amount / KILO).normalize():f}k" if amount >= KILO else f"{amount.normalize():f}"


def _spread(labels: Sequence[str]) -> list[str]:
    """Return all labels if there are few, otherwise some at equal distances, the first and the last included."""
    if len(labels) <= 7:  # noqa: PLR2004  (a week)
        return list(labels)
    gaps = MAX_LABELS - 1
    return [labels[round(index * (len(labels) - 1) / gaps)] for index in range(MAX_LABELS)]


def _summary(name: str, points: Sequence[Point], currency: str) -> str:
    if not any(point.minor for point in points):
        return f"{name}: nothing yet"
    highest = max(points, key=lambda point: point.minor)
    return f"{name}, highest {highest.label} with {money(highest.minor, currency)}"
