"""RecBole's names in a file of settings: which rows count and how they are divided, as RecBole says it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from macrid.errors import InputError

from .options import Chosen, Division, fetched

if TYPE_CHECKING:
    import numpy as np

    from macrid.data.interactions import Interactions
    from macrid.data.recbole.options import Options
    from macrid.data.recbole.prepare import Prepared
    from macrid.data.split import Split

# Names that change nothing here: where it runs, what it writes and shows, how it evaluates, other models' features.
_UNUSED = frozenset([
    "gpu_id", "worker", "use_gpu", "state", "reproducibility", "data_path", "checkpoint_dir", "show_progress",
    "save_dataset", "dataset_save_path", "save_dataloaders", "dataloaders_save_path", "log_wandb", "wandb_project",
    "shuffle", "eval_step", "loss_decimal_place", "metrics", "topk", "valid_metric", "valid_metric_bigger",
    "eval_batch_size", "metric_decimal_place", "eval_type", "RATING_FIELD", "NEG_PREFIX", "ITEM_LIST_LENGTH_FIELD",
    "LIST_SUFFIX", "MAX_ITEM_LIST_LENGTH", "POSITION_FIELD", "HEAD_ENTITY_ID_FIELD", "TAIL_ENTITY_ID_FIELD",
    "RELATION_ID_FIELD", "ENTITY_ID_FIELD", "kg_reverse_r", "entity_kg_num_interval", "relation_kg_num_interval",
    "unused_col", "preload_weight", "numerical_features", "alias_of_entity_id", "alias_of_relation_id", "nproc",
    "world_size", "offset", "ip", "port", "local_rank", "train_neg_sample_args", "valid_neg_sample_args",
    "test_neg_sample_args", "neg_sampling", "training_neg_sample_num", "require_pow",
])
# Names that would change the training, by what they must be if they are said, and the remedy.
_FIXED: dict[str, tuple[tuple, str]] = {
    "model": (("MacridVAE",), "only MacridVAE is trained here; leave it out, or see `macrid compare` for others"),
    "learner": (("adam",), "only adam is used; leave it out"),
    "weight_decay": ((0, None), "use reg_weights for the weights of item vectors and of the encoder"),
    "clip_grad_norm": ((None,), "gradients are not clipped; leave it out"),
    "transform": ((None,), "clicks are not transformed; leave it out"),
    "enable_amp": ((False, None), "training is in single precision; leave it out"),
    "enable_scaler": ((False, None), "training is in single precision; leave it out"),
}


def understood(division: Division, chosen: Chosen) -> tuple[Division, Chosen]:
    """The same division and settings; where --config has RecBole's names of data, those that read and divide as these say.
    Names that change nothing are told on standard error. Raises InputError for a name that asks for what is not done."""
    from macrid.data.recbole import options

    if chosen.config is None:
        return division, chosen
    where, lines = str(chosen.config), chosen.read()
    for name, (allowed, remedy) in _FIXED.items():
        if name in lines and lines[name] not in allowed:
            raise InputError(f"{where}: {name} is {lines[name]!r:.40}; {remedy}")
    data = {name: value for name, value in lines.items() if name in options.DEFAULTS}
    unused = sorted(lines.keys() & _UNUSED)
    if unused:
        click.echo(f"note: {where}: not needed here: {', '.join(unused)}", err=True)
    rest = {name: value for name, value in lines.items() if name not in {*data, *_UNUSED, *_FIXED, "seed"}}
    settled = _Settled(chosen.preset, chosen.config, chosen.changes, rest)
    division = _seeded(division, lines.get("seed"), where)
    if not data.keys() - {"dataset", "encoding"}:
        return division, settled
    given = next((f"--{name}" for name in ("user", "item", "rating", "time", "events") if getattr(division, name)), None)
    if given or division.min_rating is not None:
        raise InputError(f"{given or '--min-rating'} and RecBole's names in {where} both say what counts; write "
                         + ("threshold: {rating: N}" if given is None else "USER_ID_FIELD, ITEM_ID_FIELD and the like")
                         + " there")
    if "eval_args" in data and division.held_out is not None:
        raise InputError(f"--held-out and eval_args in {where} both say how to divide; leave one of them out")
    return RecboleDivision(**vars(division), options=options.read(data, where)), settled


def _seeded(division: Division, seed: object, where: str) -> Division:
    """The division with RecBole's seed, if --seed is not given."""
    context = click.get_current_context(silent=True)
    said = context is not None and context.get_parameter_source("seed") is not ParameterSource.DEFAULT
    if seed is None or said:
        return division
    if type(seed) is not int or not 0 <= seed < 2**31:
        raise InputError(f"{where}: seed is {seed!r:.40}; it must be a whole number from 0 to {2**31 - 1}")
    return replace(division, seed=seed)


@dataclass(frozen=True)
class _Settled(Chosen):
    """Settings without the names that are none."""

    lines: dict[str, Any]

    def read(self) -> dict[str, Any]:
        """What is left of --config, with --set."""
        return dict(self.lines)


@dataclass(frozen=True)
class RecboleDivision(Division):
    """Rows that count as RecBole's names say, divided by `eval_args` if they are said, else by --split."""

    options: "Options"

    @cached_property
    def rows(self) -> "Prepared":
        """The rows that count: of those that RecBole's filters leave, what is below a threshold, or a label of 0, is no
        click. (RecBole's own MacridVAE trains on these, too.)"""
        from macrid.data import fetch
        from macrid.data.recbole.prepare import prepare

        known = self.data in fetch.NAMES and not Path(self.data).exists()
        path = fetched(self.data) if known else Path(self.data).expanduser()
        if not path.exists():
            raise InputError(f"--data {self.data}: there is no such folder; RecBole's names in {self.options.where} go with "
                             "its atomic files, NAME.inter and those beside it")
        rows = prepare(path, self.options)
        if known:
            rows = replace(rows, name=self.data)
        return self._counting(rows).touched()

    def _counting(self, rows: "Prepared") -> "Prepared":
        """The rows without those that a threshold or a label says no of."""
        if self.options.threshold is None:
            labels = rows.values.get(self.options.label)
            return rows if labels is None else rows.keep(labels > 0, f"LABEL_FIELD: {self.options.label} says no")
        column, least = self.options.threshold
        if column not in rows.values:
            raise InputError(f"{self.options.where}: threshold names the column {column}, which is not loaded as a number; "
                             "add it to load_col: {inter: [...]}")
        return rows.keep(rows.values[column] >= least, f"threshold: {column} below {least:g}")

    def read(self) -> "Interactions":
        """The data, undivided."""
        return self.rows.interactions()

    def split(self, source: "Interactions | None" = None,
              known: "Callable[[np.ndarray], tuple[list[str], list[str]] | None] | None" = None) -> "Split":
        """The data divided."""
        from macrid.pipeline import recbole_import

        if "eval_args" in self.options.said:
            return recbole_import.drawn(self.rows, self.seed)
        least = self.min_clicks or (1 if "user_inter_num_interval" in self.options.said else None)
        data = self.read() if source is None else source
        return Division.split(replace(self, min_clicks=least), data, known)
