"""Everything that decides a MacridVAE and its training: settings, presets, and what each setting may be."""

import difflib
from dataclasses import asdict, dataclass, fields, replace

from macrid.errors import InputError


@dataclass(frozen=True)
class Settings:
    """Everything that decides a model and its training, under RecBole's names where RecBole has one.

    The defaults are the preset `best`, whose factors find the categories of the items and whose dimensions steer; see
    PRESETS for the paper's, RecBole's own, and `accurate`, which ranks better on films and has softer factors.
    """

    embedding_size: int = 32  # D, dimensions of a factor
    kfac: int = 7  # K, macro factors
    encoder_hidden_size: tuple[int, ...] = (200,)  # H of each hidden layer
    tau: float = 0.2  # temperature of cosine scores
    std: float = 0.075  # sigma0, the prior's standard deviation
    dropout_prob: float = 0.5  # of clicks, while training
    dropout_mask: str = "factor"  # a click is dropped from each factor by a draw of its own; user: from all or from none
    linear_path: bool = False  # the encoder adds the sum of the clicked items' vectors to what its layers say
    nogb: bool = False  # True: no Gumbel-softmax sampling of an item's factor
    routing_mass: float = 0.0  # the smallest shares of an item that add up to no more are left out while training; 0: none
    anneal_cap: float = 1.0  # beta, the final weight of the KL term
    total_anneal_steps: int | None = None  # steps until beta reaches anneal_cap; None: five epochs
    person_power: float = 0.0  # people count as (their clicks)^-person_power in the loss: 0 by clicks, 1 all alike
    reg_weights: tuple[float, float] = (0.0, 0.0)  # weights of the L2 norms of item and prototype vectors; of the encoder
    label_weight: float = 0.0  # of the term that asks dimensions to foretell labels, where there are labels
    similarity: str = "cosine"  # cosine: cos(a, b) / tau; dot: a . b
    input_norm: str = "factor"  # length one of the clicks: within each factor, or of the user before routing (RecBole)
    init: str = "spectral"  # spectral: start from the click matrix's singular vectors; random
    learning_rate: float = 3e-3  # of Adam
    weight_averaging: float = 0.0  # decay of the running mean of weights that is ranked with and kept; 0: the last weights
    train_batch_size: int = 500  # B
    epochs: int = 200  # at most
    stopping_step: int = 20  # epochs without a better validation NDCG@100 before training stops

    def __post_init__(self):
        for field in fields(self):
            object.__setattr__(self, field.name, _checked(field.name, getattr(self, field.name)))


_CHOICES = {"similarity": ("cosine", "dot"), "input_norm": ("factor", "user"), "init": ("spectral", "random"),
            "dropout_mask": ("factor", "user")}


_SWITCHES = ("nogb", "linear_path")
_RANGES = {  # name: (type, lowest, highest), bounds included
    "embedding_size": (int, 2, 4096), "kfac": (int, 1, 1000), "tau": (float, 1e-3, 1e3), "std": (float, 1e-6, 1e3),
    "dropout_prob": (float, 0.0, 0.99), "anneal_cap": (float, 0.0, 1e3), "total_anneal_steps": (int, 0, 10**9),
    "routing_mass": (float, 0.0, 0.5), "person_power": (float, 0.0, 1.0), "label_weight": (float, 0.0, 1e6),
    "learning_rate": (float, 1e-8, 10.0), "weight_averaging": (float, 0.0, 0.99999),
    "train_batch_size": (int, 1, 10**6), "epochs": (int, 0, 10**6), "stopping_step": (int, 1, 10**6),
}
PRESETS: dict[str, dict] = {
    "best": {},
    "paper": {"embedding_size": 100, "encoder_hidden_size": (100,), "tau": 0.1, "anneal_cap": 0.2, "learning_rate": 1e-3,
              "init": "random"},
    "accurate": {"embedding_size": 200, "tau": 0.1, "learning_rate": 1e-3, "init": "random",
                 "dropout_mask": "user", "linear_path": True, "person_power": 0.25, "weight_averaging": 0.995,
                 "stopping_step": 30},
    "recbole": {"embedding_size": 64, "kfac": 10, "encoder_hidden_size": (600,), "tau": 0.1, "std": 0.01, "init": "random",
                "anneal_cap": 0.2, "total_anneal_steps": 200_000, "learning_rate": 1e-3,
                "input_norm": "user", "dropout_mask": "user", "train_batch_size": 2048, "epochs": 300, "stopping_step": 10},
}


def _checked(name: str, value):
    """`value` in the type that setting `name` has, or an InputError that says what is allowed."""
    if name in _CHOICES:
        if value not in _CHOICES[name]:
            raise InputError(f"{name} is {value!r}: choose one of {', '.join(_CHOICES[name])}")
        return value
    if name in _SWITCHES:
        if not isinstance(value, bool):
            raise InputError(f"{name} is {value!r}: it must be true or false")
        return value
    if name in ("encoder_hidden_size", "reg_weights"):
        return _checked_list(name, value)
    if name == "total_anneal_steps" and value is None:
        return None
    kind, low, high = _RANGES[name]
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not low <= value <= high or (kind is int and value != int(value)):
        what = "a whole number" if kind is int else "a number"
        raise InputError(f"{name} is {value!r}: it must be {what} from {low} to {high}")
    return kind(value)


def _checked_list(name: str, value) -> tuple:
    if not isinstance(value, (list, tuple)):
        value = (value,)
    if name == "encoder_hidden_size":
        if not value or not all(type(v) is int and 1 <= v <= 65536 for v in value):
            raise InputError(f"encoder_hidden_size is {value!r}: it must be a list of whole numbers such as [600]")
        return tuple(value)
    if len(value) != 2 or not all(isinstance(v, (int, float)) and 0 <= v < float("inf") for v in value):
        raise InputError(f"reg_weights is {value!r}: it must be two numbers of at least 0, such as [0.0, 0.0]")
    return tuple(float(v) for v in value)


def make_settings(preset: str = "best", changes: dict | None = None) -> Settings:
    """The settings of a preset with `changes` on top. An unknown preset or setting raises InputError with the nearest names.

    `training_neg_sample` of RecBole is accepted with its only sensible value, 0: the model uses every click, it draws no
    negative samples.
    """
    if preset not in PRESETS:
        raise InputError(f"preset is {preset!r}: choose one of {', '.join(PRESETS)}")
    changes = dict(changes or {})
    if changes.pop("training_neg_sample", 0) not in (0, None):
        raise InputError("training_neg_sample must be 0: MacridVAE scores all items and draws no negative samples")
    allowed = [field.name for field in fields(Settings)]
    for name in changes:
        if name not in allowed:
            near = difflib.get_close_matches(str(name), allowed, 3, 0.4) or allowed
            raise InputError(f"there is no setting {name!r}; did you mean {', '.join(near)}?")
    return replace(Settings(), **{**PRESETS[preset], **changes})


def settings_dict(settings: Settings) -> dict:
    """The settings as plain JSON values; `Settings(**settings_dict(s)) == s`."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(settings).items()}
