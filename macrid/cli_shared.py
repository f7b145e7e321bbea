"""What the commands share: options, what they print, and reading --data, settings and the device."""

import json
import re
import sys
from pathlib import Path

import click
from tqdm import tqdm

from .errors import InputError


def print_json(value) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, allow_nan=False))


as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
bundle_argument = click.argument("path", metavar="BUNDLE", type=click.Path(path_type=Path))


def fetched(name: str, to=None, source=None) -> Path:
    from . import fetch as fetching

    with tqdm(unit="B", unit_scale=True, desc=name, file=sys.stderr, disable=None, delay=0.5) as bar:
        def progress(done: int, total: int) -> None:
            bar.total = total or None
            bar.update(done - bar.n)

        return fetching.fetch(name, to=to, source=source, progress=progress)


def read_data(data: str, seed: int):
    """The interactions that --data names: the simulated shop, a file or folder, or a public set, fetched if need be."""
    from . import data as readers
    from . import fetch as fetching

    sized = re.fullmatch(r"shop(?::(\d+)x(\d+))?", data)
    if sized:
        from . import shop

        sizes = {"n_items": int(sized[1]), "n_people": int(sized[2])} if sized[1] else {}
        return shop.simulate(**sizes, seed=seed).data
    if data in fetching.NAMES:
        if fetching.available(data) is None:
            click.echo(f"fetching {data}", err=True)
        return readers.read(fetched(data), name=data)
    if not Path(data).exists():
        raise InputError(f"there is no data set and no file {data!r}; --data takes shop, shop:ITEMSxPEOPLE, "
                         f"{', '.join(fetching.NAMES)}, or the path of a file or folder")
    return readers.read(data)


def read_settings(preset: str, config: Path | None, changes: tuple[str, ...]):
    import yaml

    from .model import make_settings

    found = {}
    if config:
        try:
            found = yaml.safe_load(config.read_text(encoding="utf-8")) or {}
        except (OSError, ValueError, yaml.YAMLError) as error:  # ValueError: no text, or a date that there is not
            raise InputError(f"{config} cannot be read as YAML ({error}); write lines such as `kfac: 7`") from error
        if not isinstance(found, dict):
            raise InputError(f"{config} must hold lines such as `kfac: 7`, not a {type(found).__name__}")
    for change in changes:
        key, equals, value = change.partition("=")
        if not equals:
            raise InputError(f"--set {change!r}: write it as key=value, such as --set kfac=7")
        try:
            found[key.strip()] = yaml.safe_load(value)
        except (ValueError, yaml.YAMLError) as error:
            raise InputError(f"--set {change!r}: {value!r} is not a value") from error
    for key, value in found.items():  # YAML reads 1e-3 as text
        if isinstance(value, str) and re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)e[-+]?\d+", value, re.IGNORECASE):
            found[key] = float(value)
    return make_settings(preset, found)


def device_of(name: str) -> str:
    import torch

    if name == "cuda" and not torch.cuda.is_available():
        raise InputError("--device cuda: PyTorch sees no CUDA device here; use --device cpu")
    return ("cuda" if torch.cuda.is_available() else "cpu") if name == "auto" else name


def summary(figures: dict) -> str:
    ranking = [f"{key} {figures[key]:.4f} ± {figures[key + '_se']:.4f}" for key in figures if key + "_se" in figures]
    other = [f"{key} {figures[key]:.3f}" for key in ("nmi", "effective_factors", "independence") if key in figures]
    steering = [f"{key} {value:.3f}" for key, value in figures.get("steering", {}).items() if key != "dials"]
    return ", ".join(ranking + other + steering)
