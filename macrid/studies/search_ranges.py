"""Ranges of settings to search, read from a file in RecBole's format, `hyper.test`: one setting a line,

    learning_rate choice [0.01,0.005,0.001]
    dropout_prob uniform 0.1,0.7             any number from low to high
    learning_rate loguniform -9.2,-4.6       e to the power of any number from low to high: 0.0001 to 0.01
    embedding_size quniform 16,128,16        low to high in steps: the multiples of q nearest to them and between

as RecBole's hyperopt reads them. Empty lines and lines that begin with # are skipped.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import yaml

from macrid.errors import InputError
from macrid.model.settings import make_settings

KINDS = {"choice": "[a,b,...]", "uniform": "low,high", "loguniform": "low,high", "quniform": "low,high,q"}


class Trial(Protocol):
    """What a range needs of an Optuna trial."""

    def suggest_categorical(self, name: str, choices: list[str]) -> str: ...

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float: ...

    def suggest_int(self, name: str, low: int, high: int) -> int: ...


@dataclass(frozen=True)
class Range:
    """One setting and the values that it may take: `values` of a choice, else low, high and, for quniform, q."""

    name: str
    kind: str
    values: tuple

    @property
    def text(self) -> str:
        """The line that this is."""
        return f"{self.name} {self.kind} {json.dumps(self.values)}"

    def suggest(self, trial: Trial) -> object:
        """A value from an Optuna trial."""
        if self.kind == "choice":
            return json.loads(trial.suggest_categorical(self.name, [json.dumps(value) for value in self.values]))
        if self.kind == "uniform":
            low, high = self.values
            return trial.suggest_float(self.name, low, high)
        if self.kind == "loguniform":
            low, high = map(math.exp, self.values)
            return trial.suggest_float(self.name, low, high, log=True)
        low, high, q = self.values
        return _whole(trial.suggest_int(self.name, round(low / q), round(high / q)) * q)

    def examples(self) -> list:
        """Values that stand for all: each choice, the ends and one between."""
        if self.kind == "choice":
            return list(self.values)
        low, high = self.values[:2]
        if self.kind == "quniform":
            q = self.values[2]
            return [_whole(round(end / q) * q) for end in (low, high)] + [_whole((round(low / q) + (high > low)) * q)]
        ends = [low, high, low + (high - low) / math.pi]
        return [math.exp(value) for value in ends] if self.kind == "loguniform" else ends


def _whole(value: float) -> float | int:
    """A product of steps without its last wrong digits: 3 * 0.1 is 0.3; 64.0 is 64."""
    value = float(f"{value:.12g}")
    return int(value) if value.is_integer() else value


def read(path: Path, settings: dict[str, Any], preset: str) -> list[Range]:
    """The ranges of a file, each value of which makes settings on top of `preset` and the changes `settings`.

    Raises InputError with the file, the line and the remedy; an unknown setting gets the nearest names.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise InputError(f"--params {path} cannot be read ({error}); give lines such as kfac choice [3,7]") from error
    ranges: dict[str, Range] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            one = _parse(line)
            if one.name in ranges:
                raise InputError(f"{one.name} is there twice; give all its values in one line")
            for value in one.examples():
                make_settings(preset, settings | {one.name: value})
        except InputError as error:
            hint = "; between whole numbers use choice or quniform" if "whole number" in str(error) else ""
            raise InputError(f"{path}, line {number}: {error}{hint}") from error
        ranges[one.name] = one
    if not ranges:
        raise InputError(f"--params {path} names no setting; write lines such as kfac choice [3,7]")
    return list(ranges.values())


def _parse(line: str) -> Range:
    name, kind, text = (*line.split(None, 2), "", "")[:3]
    if kind not in KINDS:
        raise InputError(f"{kind!r} is none of {', '.join(KINDS)}; write lines such as kfac choice [3,7]")
    form = f"{name} {kind} {KINDS[kind]}"
    if kind == "choice":
        choices = _choices(text)
        if not choices:
            raise InputError(f"{text!r} is no list; write {form}")
        if len({json.dumps(choice) for choice in choices}) < len(choices):
            raise InputError(f"a value in {text} occurs twice; give each once")
        return Range(name, kind, tuple(choices))
    values = _numbers(text)
    if len(values) != KINDS[kind].count(",") + 1 or not all(map(math.isfinite, values)):
        raise InputError(f"{text!r} is not {KINDS[kind]}; write {form}")
    if values[0] > values[1] or (kind == "quniform" and values[2] <= 0):
        raise InputError(f"{text!r}: low must not be above high" + (", and q above 0" if kind == "quniform" else ""))
    if kind == "loguniform" and values[1] > 300:
        raise InputError(f"{text!r}: the numbers are natural logarithms; e to the power of {values[1]:g} is too large")
    return Range(name, kind, values)


def _choices(text: str) -> list[Any]:
    """The list that a text is, [] for none; RecBole writes lists within it as text: ['[64,64]','[128]']."""
    try:
        values = yaml.safe_load(text)
        return [_value(value) for value in values] if isinstance(values, list) else []
    except (ValueError, yaml.YAMLError):
        return []


def _numbers(text: str) -> tuple[float, ...]:
    """The numbers that a text lists, () where one is none."""
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        return ()


def _value(value: object) -> object:
    if isinstance(value, str):
        inner = yaml.safe_load(value)
        if isinstance(inner, list):
            return inner
        try:
            return float(value)  # 1e-3, which YAML reads as text
        except ValueError:
            return value
    return value
