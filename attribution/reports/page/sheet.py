"""What a page is made of: tables of cells, each as shown and as exported."""

from dataclasses import dataclass
from decimal import Decimal

from attribution.reports import figures
from compliance.spreadsheet import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A column: its name, what it means, whether it holds numbers."""

    label: str
    meaning: str = ""
    is_numeric: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One figure: as shown, as exported, and a remark where one is due."""

    text: str
    value: Value
    note: str = ""

    @property
    def is_numeric(self) -> bool:
        """Whether it is set flush right."""
        return not isinstance(self.value, str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A table of the page. ``key`` names its CSV; ``foot`` is the row of totals."""

    key: str
    title: str
    headings: tuple[Heading, ...]
    rows: tuple[tuple[Cell, ...], ...]
    empty: str
    foot: tuple[Cell, ...] = ()

    def header_texts(self) -> list[str]:
        """The first line of the export."""
        return [heading.label for heading in self.headings]

    def values(self) -> list[list[Value]]:
        """The other lines of the export."""
        lines = [*self.rows, self.foot] if self.foot else self.rows
        return [[cell.value for cell in line] for line in lines]


def count_cell(value: int, note: str = "") -> Cell:
    """A whole number, with a remark."""
    return Cell(text=figures.count(value), value=value, note=note)


def money_cell(value: Decimal | float | None, note: str = "") -> Cell:
    """An amount, with a remark; a dash where there is none."""
    text = figures.NOTHING if value is None else figures.money(value)
    return Cell(text=text, value=value, note=note)


def rate_of(part: int, whole: int, digits: int = 1) -> str:
    """The part in per cent of the whole; of nothing there is no share, and no text."""
    return figures.percent(part / whole, digits) if whole else ""
