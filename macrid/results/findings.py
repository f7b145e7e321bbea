"""What a sweep says: its curves with their trends, and sentences made from its figures."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

MEASURES = {  # what accuracy is set against: key of a point's figures, what it is called
    "independence": "Independence of the dimensions",
    "macro.disentanglement": "Factors against categories: disentanglement (DCI)",
    "macro.mig": "Factors against categories: MIG",
    "micro.disentanglement": "Dials against attributes: disentanglement (DCI)",
    "micro.mig": "Dials against attributes: MIG",
}
LEVEL = 0.05  # of significance
SIGNS = {"kfac": "K", "embedding_size": "D", "anneal_cap": "β", "tau": "τ", "std": "σ₀"}  # of settings, in formulas


@dataclass(frozen=True)
class Trend:
    """A straight line through n points by least squares, on a grid x: its mean and its 95 % confidence band, and Spearman's
    rho of the points with its two-sided p."""

    x: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    rho: float
    p: float
    n: int


@dataclass(frozen=True)
class Curve:
    """The points of a sweep with one number of factors: their places in the file, x, y, standard errors of y, and the trend
    (None for fewer than four points, or points all at one x)."""

    name: str
    at: list[int]
    x: np.ndarray
    y: np.ndarray
    error: np.ndarray
    trend: Trend | None


def trend(x: np.ndarray, y: np.ndarray) -> Trend | None:
    """The trend of points (n,): the band is mean +- t(0.975, n - 2) s sqrt(1/n + (x - mean x)^2 / Sxx), s^2 the residual sum
    of squares over n - 2."""
    n, spread = len(x), float(((x - x.mean()) ** 2).sum()) if len(x) else 0.0
    if n < 4 or spread < 1e-15:
        return None
    slope = float(((x - x.mean()) * (y - y.mean())).sum() / spread)
    residual = y - y.mean() - slope * (x - x.mean())
    s = np.sqrt((residual**2).sum() / (n - 2))
    grid = np.linspace(x.min(), x.max(), 40)
    mean = y.mean() + slope * (grid - x.mean())
    half = stats.t.ppf(0.975, n - 2) * s * np.sqrt(1 / n + (grid - x.mean()) ** 2 / spread)
    if np.ptp(y) < 1e-15:
        rho, p = 0.0, 1.0
    else:
        rho, p = map(float, stats.spearmanr(x, y))
    return Trend(grid, mean, mean - half, mean + half, rho, p, n)


def figure(point: dict[str, Any], measure: str) -> float | None:
    """A figure of a point of a sweep by its key, such as independence or macro.mig; None where it is not known."""
    value = point["figures"]
    for key in measure.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def measures(sweep: dict[str, Any]) -> list[str]:
    """The measures that any point of a sweep has."""
    return [key for key in MEASURES if any(figure(point, key) is not None for point in sweep["points"])]


def named(point: dict[str, Any]) -> str:
    """The settings of a point, as people write them: β = 0.2, K = 7."""
    settings = {key: f"{value:g}" if isinstance(value, float) else value for key, value in point["settings"].items()}
    return ", ".join(f"{SIGNS.get(key, key)} = {value}" for key, value in settings.items())


def factors_of(sweep: dict[str, Any], point: dict[str, Any]) -> int:
    """K of a point."""
    return int(point["settings"].get("kfac", sweep["settings"]["kfac"]))


def curves(sweep: dict[str, Any], measure: str) -> list[Curve]:
    """The points of a sweep by their number of factors, the most first: accuracy (y) against a measure (x)."""
    main, lines = sweep["main"], []
    for kfac in sorted({factors_of(sweep, point) for point in sweep["points"]}, reverse=True):
        at = [i for i, point in enumerate(sweep["points"])
              if factors_of(sweep, point) == kfac and figure(point, measure) is not None]
        x = np.array([figure(sweep["points"][i], measure) for i in at], float)
        y, error = (np.array([sweep["points"][i]["figures"][key] for i in at], float) for key in (main, main + "_se"))
        lines.append(Curve(f"K = {kfac}", at, x, y, error, trend(x, y)))
    return lines


def linked(curve: Curve, measure: str, main: str) -> str:
    """Whether accuracy goes with a measure along a curve, in a sentence."""
    line = curve.trend
    if line is None:
        return f"{curve.name}: too few different points to speak of a trend."
    if line.p >= LEVEL:
        verdict = "no link can be seen"
    elif line.rho > 0:
        verdict = "more accurate runs are more disentangled, as the poster says"
    else:
        verdict = "more accurate runs are *less* disentangled, against the poster"
    what = MEASURES[measure].split(":")[0] if measure == "independence" else MEASURES[measure]
    p = "p < 0.001" if line.p < 0.001 else f"p = {line.p:.2g}"
    return (f"{curve.name}: over {line.n} runs, {verdict} (Spearman's ρ of {main.upper()} and {what.lower()} "
            f"{line.rho:+.2f}, {p}).")


def macro_helps(sweep: dict[str, Any]) -> str | None:
    """Whether many factors beat one, over the pairs of runs that differ in nothing else; None without such pairs."""
    main = sweep["main"]
    alike: dict[str, dict[int, dict[str, Any]]] = {}  # all settings but K: {K: figures}
    for point in sweep["points"]:
        rest = json.dumps({key: value for key, value in point["settings"].items() if key != "kfac"}, sort_keys=True)
        alike.setdefault(rest, {})[factors_of(sweep, point)] = point["figures"]
    most = max((factors_of(sweep, point) for point in sweep["points"]), default=1)
    pairs = [(runs[most], runs[1]) for runs in alike.values() if {1, most} <= set(runs)]
    if most == 1 or not pairs:
        return None
    gains = {key: [many[key] - one[key] for many, one in pairs] for key in (main, "independence")}
    clauses = [f"{name} {np.mean(gains[key]):+.3f} (higher in {sum(g > 0 for g in gains[key])} of {len(pairs)})"
               for key, name in ((main, main.upper()), ("independence", "independence"))]
    return f"K = {most} against K = 1, all else equal: {' and '.join(clauses)} on average."
