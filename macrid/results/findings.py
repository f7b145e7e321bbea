"""What files of results say: curves of a sweep with their trends, the best of a comparison, sentences made from figures."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import stats

from macrid.errors import InputError

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


def figure(point: dict, measure: str) -> float | None:
    """A figure of a point of a sweep by its key, such as independence or macro.mig; None where it is not known."""
    value = point["figures"]
    for key in measure.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def measures(sweep: dict) -> list[str]:
    """The measures that any point of a sweep has."""
    return [key for key in MEASURES if any(figure(point, key) is not None for point in sweep["points"])]


def named(point: dict) -> str:
    """The settings of a point, as people write them: β = 0.2, K = 7."""
    settings = {key: f"{value:g}" if isinstance(value, float) else value for key, value in point["settings"].items()}
    return ", ".join(f"{SIGNS.get(key, key)} = {value}" for key, value in settings.items())


def factors_of(sweep: dict, point: dict) -> int:
    """K of a point."""
    return int(point["settings"].get("kfac", sweep["settings"]["kfac"]))


def curves(sweep: dict, measure: str) -> list[Curve]:
    """The points of a sweep by their number of factors, the most first: accuracy (y) against a measure (x)."""
    main, found = sweep["main"], []
    for kfac in sorted({factors_of(sweep, point) for point in sweep["points"]}, reverse=True):
        at = [i for i, point in enumerate(sweep["points"])
              if factors_of(sweep, point) == kfac and figure(point, measure) is not None]
        x = np.array([figure(sweep["points"][i], measure) for i in at], float)
        y, error = (np.array([sweep["points"][i]["figures"][key] for i in at], float) for key in (main, main + "_se"))
        found.append(Curve(f"K = {kfac}", at, x, y, error, trend(x, y)))
    return found


def linked(curve: Curve, measure: str, main: str) -> str:
    """Whether accuracy goes with a measure along a curve, in a sentence."""
    what, metric = MEASURES[measure].split(":")[0].lower() if measure == "independence" else MEASURES[measure], main.upper()
    if curve.trend is None:
        return f"{curve.name}: too few different points to speak of a trend."
    t = curve.trend
    verdict = ("more accurate runs are more disentangled, as the poster says" if t.rho > 0 else
               "more accurate runs are *less* disentangled, against the poster") if t.p < LEVEL else "no link can be seen"
    return (f"{curve.name}: over {t.n} runs, {verdict} (Spearman's ρ of {metric} and {what.lower()} {t.rho:+.2f}, "
            f"{'p < 0.001' if t.p < 0.001 else f'p = {t.p:.2g}'}).")


def macro_helps(sweep: dict) -> str | None:
    """Whether many factors beat one, over the pairs of runs that differ in nothing else; None without such pairs."""
    main, by_rest = sweep["main"], {}
    for point in sweep["points"]:
        rest = json.dumps({k: v for k, v in point["settings"].items() if k != "kfac"}, sort_keys=True)
        by_rest.setdefault(rest, {})[factors_of(sweep, point)] = point["figures"]
    most = max((factors_of(sweep, point) for point in sweep["points"]), default=1)
    pairs = [(found[most], found[1]) for found in by_rest.values() if {1, most} <= set(found)]
    if most == 1 or not pairs:
        return None
    gains = {key: [many[key] - one[key] for many, one in pairs] for key in (main, "independence")}
    said = [f"{name} {np.mean(gains[key]):+.3f} (higher in {sum(g > 0 for g in gains[key])} of {len(pairs)})"
            for key, name in ((main, main.upper()), ("independence", "independence"))]
    return f"K = {most} against K = 1, all else equal: {' and '.join(said)} on average."


# Comparisons -------------------------------------------------------------------------------------------------------------


def bold(model: dict, metric: str, comparison: dict) -> bool:
    """Whether a model may be called the best in a metric: it has the highest mean, and every other model is worse by the
    paired test."""
    others = [row for row in comparison["models"] if row["name"] != model["name"]]
    return comparison["best"][metric] == model["name"] and bool(others) and all(
        row["difference"][metric] is not None and row["difference"][metric]["significant"] for row in others)


def reported(path: Path) -> list[dict]:
    """What others report: rows of {data, split, title, source, note, figures}; data: the names under which its data set
    goes here. Raises InputError for a damaged file."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return [{key: row[key] for key in ("data", "split", "title", "source", "note", "figures")} for row in rows]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} cannot be read ({error!r}); restore it from the repository") from error


@dataclass(frozen=True)
class Block:
    """The figures of one data set under one protocol: of a comparison of ours, called `label`, and what others report there;
    or, without a comparison, what others report alone. metrics: names of the figures."""

    data: str
    split: str
    metrics: tuple[str, ...]
    label: str
    comparison: dict | None
    others: list[dict]


def blocks(comparisons: dict[str, dict], others: list[dict]) -> list[Block]:
    """A block for each comparison, {label: contents}, then one for each data set that only others report on."""
    found, left = [], list(others)
    for label, value in comparisons.items():
        data, split = value["data"]["name"], value["data"]["split"]
        mine = [row for row in others if data in row["data"] and row["split"] == split]
        left = [row for row in left if row not in mine]
        found.append(Block(data, split, tuple(value["metrics"]), label, value, mine))
    for data, split in dict.fromkeys((row["data"][0], row["split"]) for row in left):
        mine = [row for row in left if (row["data"][0], row["split"]) == (data, split)]
        found.append(Block(data, split, tuple(dict.fromkeys(m for row in mine for m in row["figures"])), "", None, mine))
    return found


def models(blocks: list[Block]) -> dict[str, str]:
    """The models that the comparisons hold, {name: title}."""
    return {row["name"]: row["title"] for found in blocks if found.comparison for row in found.comparison["models"]}
