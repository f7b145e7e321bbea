"""Which files under a path are the interactions, and what stands beside them: by their content, a name only says which part
of a layout a file plays. The topmost data set is the one meant; two that fit equally well are a question, not a guess."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from macrid.errors import InputError

from .look import Look, look, numeric, refuse_binary
from .names import plain
from .roles import Asked, Roles, of, purpose
from .table import Table
from .tree import Tree, unpacked_name

PARTS = ("train", "validation_tr", "validation_te", "test_tr", "test_te")
_NO_PARTS = re.compile(r"fold|train|test|valid|split|base|cv", re.IGNORECASE)  # files that overlap, or divide people
_ACCEPTED = ("give a table (CSV, TSV, JSON, Parquet, Feather, Excel) with a column for the user and one for the item, or "
             "one of the layouts in docs/your-data.md")
_COLUMNS = ("table", "parquet", "feather", "excel", "json", "text", "atomic")  # kinds of files whose columns have names


@dataclass(frozen=True)
class Fit:
    """A data set that was found: its layout, its folder relative to the root, the tables of its interactions."""

    layout: str  # pro_sg, or the kind of the Look of its files
    folder: str
    tables: list[Table]
    asked: Asked

    @property
    def names(self) -> list[str]:
        return [table.name for table in self.tables]

    def roles(self) -> list[Roles]:
        """The roles of the columns of each table."""
        return [of(t.where, t.look, t.columns, self.asked) for t in self.tables]


class Finder:
    """Looks at the files of a tree, each once."""

    def __init__(self, tree: Tree, asked: Asked | None = None) -> None:
        self.tree, self.asked = tree, asked or Asked()
        self._looks: dict[str, Look] = {}

    def look(self, name: str) -> Look:
        if name not in self._looks:
            self._looks[name] = look(self.tree, name, self.asked.names)
        return self._looks[name]

    def purpose(self, name: str) -> str:
        """What a file could be for, by its columns; of RecBole's files only NAME.inter has interactions."""
        seen, suffix = self.look(name), PurePosixPath(unpacked_name(name)).suffix
        if seen.kind == "atomic" and suffix in (".item", ".user", ".kg", ".link", ".net"):
            return "items" if suffix == ".item" else "nothing"
        return purpose(seen, self.asked)

    def find(self) -> Fit:
        """The one data set under the path. Raises InputError if there is none, or two."""
        if self.tree.only is not None:
            return self._only(self.tree.only)
        folders: dict[int, dict[str, list[str]]] = {}
        for name in self.tree.names:
            home = _home(name)
            folders.setdefault(len(home.parts), {}).setdefault(str(home), []).append(name)
        for depth in sorted(folders):
            fits = [fit for folder, names in sorted(folders[depth].items()) for fit in self._fits(folder, names)]
            if len(fits) == 1:
                return fits[0]
            if fits:
                which = "; ".join(f"{', '.join(fit.names[:3])} ({fit.layout})" for fit in fits[:6])
                raise InputError(f"{self.tree.root}: {len(fits)} data sets fit equally well: {which}; "
                                 "give the path of the one meant")
        raise self._nothing()

    def _nothing(self) -> InputError:
        names = [n for n in self.tree.names if not PurePosixPath(n).name.startswith("_")]
        for name in names:  # a table that would do if its columns had other names says what it lacks
            if len(names) <= 3 and self.look(name).kind in _COLUMNS:
                columns = self.look(name).columns
                if len(columns) > 1 and (self.asked.names or len(names) == 1):
                    of(self.tree.shown(name), self.look(name), columns, self.asked)
        tops = [f"{n} ({self.look(n).says})" for n in names[:6]]
        more = f" and {len(names) - 6} more" if len(names) > 6 else ""
        return InputError(f"{self.tree.root}: holds no interactions; found {', '.join(tops)}{more}; {_ACCEPTED}")

    def _only(self, name: str) -> Fit:
        """The data set of the one file that was given."""
        where, seen = self.tree.shown(name), self.look(name)
        if seen.kind == "empty":
            raise InputError(f"{where}: is empty; give a file with a header line and one row for each interaction")
        if seen.kind == "binary":
            raise refuse_binary(where, seen.says)
        if [c.lower() for c in seen.columns] == ["uid", "sid"] and "unique_sid.txt" in self.tree.names:
            raise InputError(f"{where}: is one part of a pro_sg data set; give the folder {self.tree.root}")
        table = Table(self.tree, name, seen)
        fit = Fit(seen.kind, ".", [table], self.asked)
        fit.roles()  # says what is missing
        return fit

    # Folders ---------------------------------------------------------------------------------------------------------------

    def _fits(self, folder: str, names: list[str]) -> list[Fit]:
        spark = any(PurePosixPath(n).name.startswith(("_SUCCESS", "_committed", "_common_metadata")) for n in names) or any(
            "=" in part for n in names for part in PurePosixPath(n).parent.parts)
        base = {unpacked_name(PurePosixPath(n).name) if not spark else n: n for n in names
                if not PurePosixPath(n).name.startswith("_")}
        fits = []
        parts = [base[f"{p}.csv"] for p in PARTS if f"{p}.csv" in base]
        if "unique_sid.txt" in base and any(self.look(n).kind == "table" for n in parts):
            missing = [f"{p}.csv" for p in PARTS if f"{p}.csv" not in base]
            if missing:
                raise InputError(f"{self.tree.shown(folder)}: the pro_sg layout lacks {', '.join(missing)}; "
                                 "put all five parts beside unique_sid.txt")
            fits.append(Fit("pro_sg", folder, [Table(self.tree, n, self.look(n)) for n in parts], Asked()))
            base = {b: n for b, n in base.items() if n not in parts and b not in ("unique_sid.txt", "item_cate.csv")}
        if "u.data" in base:  # GroupLens ships its own splits of u.data beside it
            base = {b: n for b, n in base.items() if not re.fullmatch(r"u[1-5ab]\.(base|test)", b)}
        able = [n for n in base.values() if self.purpose(n) in ("interactions", "perhaps") and self.look(n).kind != "empty"]
        strong = [n for n in able if self.purpose(n) == "interactions" and _strong(self.look(n))]
        weak = [n for n in able if n not in strong and (self.look(n).kind != "bare" or len(base) == 1 or self._told(n))]
        if strong or fits:
            return fits + self._grouped(folder, strong, spark)
        published = self._lightgcn(folder, base)
        return [published] if published else self._grouped(folder, weak, spark)

    def _told(self, name: str) -> bool:
        """Whether the roles of a table's columns can be told."""
        try:
            of(name, self.look(name), self.look(name).columns, self.asked)
        except InputError:
            return False
        return True

    def _lightgcn(self, folder: str, base: dict[str, str]) -> Fit | None:
        """LightGCN's train.txt and test.txt, `user item item ...`, which together are all clicks."""
        names = [base[n] for n in ("train.txt", "test.txt") if n in base]
        if len(names) < 2 or self.look(names[0]).kind != "lists":
            return None
        seen = self.look(names[0])
        note = f"{self.tree.shown(names[0])} and test.txt are read together and divided anew"
        tables = [Table(self.tree, n, seen, notes=(note,) * (not k)) for k, n in enumerate(names)]
        return Fit("lists", folder, tables, self.asked)

    def _grouped(self, folder: str, names: Sequence[str], spark: bool) -> list[Fit]:
        """One data set for each file, or for all files that are parts of one table."""
        groups: dict[tuple, list[str]] = {}
        for name in names:
            seen, pattern = self.look(name), ""
            if not spark and seen.kind != "parquet":
                pattern = re.sub(r"\d+|[0-9a-f-]{12,}", "#", name) if _is_part(PurePosixPath(name).name) else name
            groups.setdefault((seen.kind, tuple(map(plain, seen.columns)), pattern), []).append(name)
        apart = [(kind, part) for (kind, _, pattern), group in groups.items()
                 for part in ([group] if not pattern or _in_a_row(group) else [[name] for name in group])]
        return [Fit(kind, folder, [Table(self.tree, n, self.look(n), _constants(n)) for n in sorted(part)], self.asked)
                for kind, part in apart]


def _in_a_row(names: Sequence[str]) -> bool:
    """Whether files are parts of one: called so, or numbered without a gap."""
    numbers = np.array([[int(n) for n in re.findall(r"\d{1,18}", name)] for name in sorted(names)], dtype=object)
    if len(names) == 1 or all("part" in name.lower() for name in names):
        return True
    if numbers.ndim != 2:
        return False
    differ = [sorted(column) for column in numbers.T if len(set(column)) > 1]
    return len(differ) == 1 and differ[0] == list(range(differ[0][0], differ[0][0] + len(names)))


def _home(name: str) -> PurePosixPath:
    """The folder that a file belongs to: above the first `key=value` folder, as Spark's partitions have them."""
    parts = PurePosixPath(name).parent.parts
    cut = next((k for k, part in enumerate(parts) if "=" in part), len(parts))
    return PurePosixPath(*parts[:cut])


def _constants(name: str) -> dict[str, str]:
    """What the `key=value` folders of a file say of all its rows."""
    from urllib.parse import unquote

    pairs = [part.partition("=") for part in PurePosixPath(name).parent.parts if "=" in part]
    return {key: "" if value == "__HIVE_DEFAULT_PARTITION__" else unquote(value) for key, _, value in pairs}


def _is_part(name: str) -> bool:
    """Whether a file's name is that of a numbered part."""
    return bool(re.search(r"\d", name)) and not _NO_PARTS.search(name)


def _strong(seen: Look) -> bool:
    """Whether a file is certainly of interactions: named columns, a known shape, or GroupLens' four columns of numbers."""
    if seen.kind == "bare":
        rows = [row for row in seen.head if len(row) == 4 and numeric(row)]
        return len(seen.columns) == 4 and seen.cut.delimiter in ("\t", "::") and len(rows) > 0.5 * len(seen.head)
    return seen.kind not in ("lists", "wide", "counted")
