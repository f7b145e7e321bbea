"""What of RecBole's configuration decides which rows count, in which order they stand and who gets which number."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd

from macrid.errors import InputError

# RecBole's names that are read here, and what each is where nothing is said of it.
DEFAULTS: dict[str, Any] = {
    "USER_ID_FIELD": "user_id", "ITEM_ID_FIELD": "item_id", "TIME_FIELD": "timestamp", "LABEL_FIELD": "label",
    "field_separator": "\t", "seq_separator": " ", "encoding": "utf-8", "load_col": {"inter": ["user_id", "item_id"]},
    "unload_col": None, "val_interval": None, "filter_inter_by_user_or_item": True, "rm_dup_inter": None,
    "user_inter_num_interval": "[0,inf)", "item_inter_num_interval": "[0,inf)", "benchmark_filename": None,
    "alias_of_user_id": None, "alias_of_item_id": None, "seq_len": None, "threshold": None, "normalize_all": None,
    "normalize_field": None, "discretization": None, "additional_feat_suffix": None, "eval_args": {}, "dataset": None,
    "repeatable": False,
}
_DIVISION = {"split": {"RS": [0.8, 0.1, 0.1]}, "order": "RO", "group_by": "user"}
Wrong = Callable[[str, str], InputError]  # of a name and a remedy
_ONE = re.compile(r"\s*([\[(])\s*([^,\s]+)\s*,\s*([^,\s]+)\s*([\])])\s*")


@dataclass(frozen=True)
class Interval:
    """Some intervals of numbers, as RecBole writes them: `[3,inf)`, `(0,1];[3,4)`. A value in one of them is in."""

    text: str
    bounds: tuple[tuple[bool, float, float, bool], ...]  # whether the lower end is in, both ends, whether the upper is in

    def has(self, values: pd.Series) -> pd.Series:
        """Which of some values lie in it (mask); what is no number does not."""
        inside = pd.Series(False, index=values.index)
        for closed, low, high, shut in self.bounds:
            inside |= ((values >= low) if closed else (values > low)) & ((values <= high) if shut else (values < high))
        return inside

    @property
    def low(self) -> float:
        """The lower end of the first interval."""
        return self.bounds[0][1]


@dataclass(frozen=True)
class Division:
    """RecBole's `eval_args`: the order of the rows, and how they are divided."""

    kind: str = "RS"  # by ratio; LS: one row each for validation and test; TS: by ratio before and after a moment
    ratios: tuple[float, ...] = (0.8, 0.1, 0.1)  # add up to 1
    by_time: bool = False
    by_user: bool = True


@dataclass(frozen=True)
class Options:
    """The names of DEFAULTS, checked. `where` is what was read, for messages."""

    where: str
    user: str
    item: str
    time: str
    label: str
    separator: str
    sequence: str
    encoding: str
    load: dict[str, frozenset[str] | None] | None  # columns to load by the file's ending, None: all; not named: no file
    unload: dict[str, frozenset[str]]
    values: dict[str, Interval | list]  # what a column's values must be in
    only_known: bool  # rows of people and items whom loaded .user and .item files lack are dropped
    repeated: Literal["first", "last", False] | None  # which of the rows of a pair is kept, False: none; None: all
    user_rows: Interval | None  # how many rows a person must have
    item_rows: Interval | None
    parts: tuple[str, ...]  # files that are the parts already, NAME.PART.inter
    aliases: dict[str, tuple[str, ...]]  # of user and item: more columns that share their numbers
    lengths: dict[str, int]  # of sequences
    threshold: tuple[str, float] | None  # a column and the value from which a row is a yes
    normalized: bool  # times are scaled to 0 .. 1 before they are compared
    division: Division
    name: str | None = None  # of the data set
    said: frozenset[str] = field(default_factory=frozenset)  # the names that somebody gave

    @property
    def sorts(self) -> bool:
        """Whether rows are put in the order of their times before they are counted."""
        return self.repeated is not None


def read(config: Mapping[str, Any], where: str) -> Options:
    """The options that a configuration says. Raises InputError, one line that names the option, for a value that RecBole
    does not know, and for what is not redone here: additional_feat_suffix, repeatable, a discretization of times."""
    get = {name: config.get(name, default) for name, default in DEFAULTS.items()}

    def wrong(name: str, remedy: str) -> InputError:
        return InputError(f"{where}: {name} is {get[name]!r:.80}; {remedy}")

    for name in ("USER_ID_FIELD", "ITEM_ID_FIELD", "TIME_FIELD", "LABEL_FIELD", "field_separator", "seq_separator"):
        if not isinstance(get[name], str) or not get[name]:
            raise wrong(name, "write a text, such as user_id")
    if get["additional_feat_suffix"]:
        raise wrong("additional_feat_suffix", "more files than .inter, .user and .item are not redone; leave it out")
    if get["repeatable"]:
        raise wrong("repeatable", "lists with what people have had already are not redone; leave it out")
    if get["rm_dup_inter"] not in (None, "first", "last", False):
        raise wrong("rm_dup_inter", "write first, last, or nothing")
    time = get["TIME_FIELD"]
    if isinstance(get["discretization"], dict) and time in get["discretization"]:
        raise wrong("discretization", f"a discretization of {time} is not redone; leave {time} out of it")
    return Options(
        where, get["USER_ID_FIELD"], get["ITEM_ID_FIELD"], time, get["LABEL_FIELD"], get["field_separator"],
        get["seq_separator"], str(get["encoding"] or "utf-8"), _columns(get, wrong), _unloaded(get, wrong),
        _values(get, where), get["filter_inter_by_user_or_item"] is True, get["rm_dup_inter"],
        _interval(get["user_inter_num_interval"], f"{where}: user_inter_num_interval"),
        _interval(get["item_inter_num_interval"], f"{where}: item_inter_num_interval"),
        _names(get, "benchmark_filename", wrong),
        {role: _names(get, f"alias_of_{role}_id", wrong) for role in ("user", "item")}, _lengths(get, wrong),
        _threshold(get, wrong), bool(get["normalize_all"]) or time in (get["normalize_field"] or ()),
        division(get["eval_args"], where), get["dataset"] if isinstance(get["dataset"], str) else None,
        frozenset(name for name in config if name in DEFAULTS))


def division(eval_args: object, where: str) -> Division:
    """What `eval_args` says of the order and the division of the rows."""
    if not isinstance(eval_args, Mapping):
        raise InputError(f"{where}: eval_args is {eval_args!r:.80}; write lines such as `order: RO`")
    how = _DIVISION | dict(eval_args)
    split, order, group = how["split"], how["order"], str(how["group_by"]).lower()
    remedy = "write split: {RS: [0.8, 0.1, 0.1]}, {LS: valid_and_test} or {TS: [0.8, 0.1, 0.1]}, order: RO or TO and " \
             "group_by: user or none"
    kind = next(iter(split)) if isinstance(split, Mapping) and len(split) == 1 else None
    if kind not in ("RS", "LS", "TS") or order not in ("RO", "TO") or group not in ("user", "none"):
        raise InputError(f"{where}: eval_args is {eval_args!r:.80}; {remedy}")
    value = split[kind]
    if kind == "LS":
        if value != "valid_and_test":
            raise InputError(f"{where}: eval_args splits LS: {value!r:.40}, which leaves nobody to validate or to test; "
                             "write LS: valid_and_test")
        return Division("LS", (), order == "TO")
    good = isinstance(value, list | tuple) and len(value) == 3 and all(
        isinstance(v, int | float) and np.isfinite(v) and v >= 0 for v in value) and sum(value) > 0
    if not good:
        raise InputError(f"{where}: eval_args splits {kind}: {value!r:.60}; {remedy}")
    return Division(kind, tuple(v / sum(value) for v in value), order == "TO", group == "user")


def _interval(value: object, what: str) -> Interval | None:
    if value is None:
        return None
    bounds = []
    for text in str(value).split(";"):
        match = _ONE.fullmatch(text)
        try:
            ends = (float(match[2]), float(match[3])) if match else None
        except ValueError:
            ends = None
        if match is None or ends is None or np.isnan(ends).any():
            raise InputError(f"{what} is {value!r:.60}; write an interval such as [3,inf)")
        bounds.append((match[1] == "[", *ends, match[4] == "]"))
    return Interval(str(value), tuple(bounds))


def _columns(get: Mapping[str, Any], wrong: Wrong) -> dict[str, frozenset[str] | None] | None:
    load = get["load_col"]
    if load is None:
        return None
    if not isinstance(load, Mapping) or not all(v == "*" or _texts(v) for v in load.values()):
        raise wrong("load_col", "write lines such as inter: [user_id, item_id]")
    return {str(ending): None if names == "*" else frozenset(names) for ending, names in load.items()}


def _unloaded(get: Mapping[str, Any], wrong: Wrong) -> dict[str, frozenset[str]]:
    unload = get["unload_col"] or {}
    if not isinstance(unload, Mapping) or not all(map(_texts, unload.values())):
        raise wrong("unload_col", "write lines such as inter: [rating]")
    return {str(ending): frozenset(names) for ending, names in unload.items()}


def _values(get: Mapping[str, Any], where: str) -> dict[str, Interval | list]:
    values = get["val_interval"] or {}
    if not isinstance(values, Mapping):
        raise InputError(f"{where}: val_interval is {values!r:.60}; write lines such as rating: \"[3,inf)\"")
    return {str(name): value if isinstance(value, list) else _interval(value, f"{where}: val_interval of {name}") or []
            for name, value in values.items()}


def _names(get: Mapping[str, Any], name: str, wrong: Wrong) -> tuple[str, ...]:
    if get[name] is not None and not _texts(get[name]):
        raise wrong(name, "write a list of names")
    return tuple(get[name] or ())


def _lengths(get: Mapping[str, Any], wrong: Wrong) -> dict[str, int]:
    lengths = get["seq_len"] or {}
    if not isinstance(lengths, Mapping) or not all(type(n) is int and n >= 0 for n in lengths.values()):
        raise wrong("seq_len", "write lines such as genres: 5")
    return {str(name): n for name, n in lengths.items()}


def _threshold(get: Mapping[str, Any], wrong: Wrong) -> tuple[str, float] | None:
    threshold = get["threshold"]
    if not threshold:
        return None
    pairs = list(threshold.items()) if isinstance(threshold, Mapping) else []
    if len(pairs) != 1 or not isinstance(pairs[0][1], int | float):
        raise wrong("threshold", "write one column and one number, such as {rating: 4}")
    return str(pairs[0][0]), float(pairs[0][1])


def _texts(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(v, str) for v in value)
