"""Everything that decides a MacridVAE and its training: settings, presets, and what each setting may be."""

import difflib
from dataclasses import asdict, dataclass, fields, replace

from macrid.errors import InputError

from .checks import Choice, LayerSizes, Number, Rule, check_fields, or_none, switch, two_weights

RULES: dict[str, Rule] = {
    "embedding_size": Number(2, 4096, whole=True), "kfac": Number(1, 1000, whole=True),
    "encoder_hidden_size": LayerSizes(), "tau": Number(1e-3, 1e3), "std": Number(1e-6, 1e3),
    "dropout_prob": Number(0.0, 0.99), "dropout_mask": Choice(("factor", "user")), "skip": switch, "nogb": switch,
    "routing_mass": Number(0.0, 0.5), "routing": Choice(("learned", "held")), "routing_tau": Number(1e-3, 1e3),
    "context": or_none(Number(0.0, 1.0)), "linear_weight": or_none(Number(0.0, 1e3)),
    "popularity_power": or_none(Number(0.0, 10.0)), "anneal_cap": Number(0.0, 1e3),
    "total_anneal_steps": or_none(Number(0, 10**9, whole=True)), "person_power": Number(0.0, 1.0),
    "reg_weights": two_weights, "label_weight": Number(0.0, 1e6), "similarity": Choice(("cosine", "dot", "dot-raw")),
    "user_norm": Choice(("unit", "free")), "input_norm": Choice(("factor", "user")),
    "init": Choice(("spectral", "glorot", "random")),
    "learning_rate": Number(1e-8, 10.0), "weight_averaging": Number(0.0, 0.99999),
    "sampled_items": or_none(Number(0, 10**9, whole=True)), "precision": Choice(("float32", "bfloat16", "auto")),
    "train_batch_size": or_none(Number(1, 10**6, whole=True)), "epochs": Number(0, 10**6, whole=True),
    "stopping_step": Number(1, 10**6, whole=True),
}

RENAMED = {"linear_path": "skip"}  # older names, which bundles and files of settings may have: make_settings reads them

AUTO = "auto"  # of kfac: who trains with it chooses a number before there are settings; see `training.choose_kfac`


@dataclass(frozen=True)
class Settings:
    """Everything that decides a model and its training, under RecBole's names where RecBole has one.

    The defaults are a plain model from the spectral start. PRESETS has the paper's, RecBole's own, and `best`: factors that
    are held where they start, what every part sees of the other clicks, and a linear path beside the mixture.
    """

    embedding_size: int = 32  # D, dimensions of a factor
    kfac: int = 7  # K, macro factors
    encoder_hidden_size: tuple[int, ...] = (200,)  # H of each hidden layer
    tau: float = 0.2  # temperature of cosine scores
    std: float = 0.075  # sigma0, the prior's standard deviation
    dropout_prob: float = 0.5  # of clicks, while training
    dropout_mask: str = "factor"  # a click is dropped from each factor by a draw of its own; user: from all or from none
    skip: bool = False  # the encoder adds the sum of the clicked items' vectors to what its layers say
    nogb: bool = False  # True: no Gumbel-softmax sampling of an item's factor
    routing_mass: float = 0.0  # the smallest shares of an item that add up to no more are left out while training; 0: none
    routing: str = "learned"  # held: items keep the shares of the start, at the temperature routing_tau
    routing_tau: float = 0.1  # temperature of the shares that are held
    context: float | None = 0.0  # share of a click that every factor's part sees; None: as people's clicks ask for
    linear_weight: float | None = 0.0  # w of the linear path beside the mixture; None: chosen on validation; 0: no such path
    popularity_power: float | None = 0.0  # a: p(i | u) is divided by (clicks of i)^a at last; None: chosen on validation
    anneal_cap: float = 1.0  # beta, the final weight of the KL term
    total_anneal_steps: int | None = None  # steps in which beta would reach 1, it stops at anneal_cap; None: five epochs
    person_power: float = 0.0  # people count as (their clicks)^-person_power in the loss: 0 by clicks, 1 all alike
    reg_weights: tuple[float, float] = (0.0, 0.0)  # weights of the L2 norms of item and prototype vectors; of the encoder
    label_weight: float = 0.0  # of the term that asks dimensions to predict labels, where there are labels
    similarity: str = "cosine"  # cosine: cos(a, b) / tau; dot: a . b / tau; dot-raw: a . b
    user_norm: str = "unit"  # length of the parts of a user vector: one, or free, and the KL term then has their mean
    input_norm: str = "factor"  # length one of the clicks: within each factor, or of the user before routing (RecBole)
    init: str = "spectral"  # spectral: the clicks' singular vectors; glorot: uniform, as the paper's release; random: normal
    learning_rate: float = 3e-3  # of Adam
    weight_averaging: float = 0.0  # decay of the running mean of weights that is ranked with and kept; 0: the last weights
    sampled_items: int | None = 0  # that a step scores beside those clicked, drawn by chance; 0: all; None: by their number
    precision: str = "float32"  # of a step's products; bfloat16: shorter numbers; auto: what is faster here
    train_batch_size: int | None = 500  # B, people of a step; None: by their number
    epochs: int = 200  # at most
    stopping_step: int = 20  # epochs without a better validation NDCG@100 before training stops

    def __post_init__(self) -> None:
        check_fields(self, RULES)
        if self.routing == "held" and self.init != "spectral":
            raise InputError(f"routing is 'held', which keeps the shares of the spectral start, and init is {self.init!r}; "
                             "set init=spectral, or routing=learned")
        if self.sampled_items and any(self.reg_weights):
            raise InputError(f"sampled_items is {self.sampled_items}, and reg_weights, which are of all items, are "
                             f"{list(self.reg_weights)}; set one of the two to 0")


PRESETS: dict[str, dict] = {
    "best": {"embedding_size": 128, "tau": 0.1, "learning_rate": 1e-3, "dropout_mask": "user", "skip": True,
             "person_power": 0.25, "weight_averaging": 0.995, "nogb": True, "routing": "held", "routing_tau": 0.07,
             "context": None, "linear_weight": None, "popularity_power": None, "sampled_items": None,
             "train_batch_size": None, "stopping_step": 15},
    "paper": {"embedding_size": 100, "encoder_hidden_size": (100,), "tau": 0.1, "anneal_cap": 0.2, "learning_rate": 1e-3,
              "init": "glorot"},
    "recbole": {"embedding_size": 64, "kfac": 10, "encoder_hidden_size": (600,), "tau": 0.1, "std": 0.01, "init": "glorot",
                "anneal_cap": 0.2, "total_anneal_steps": 200_000, "learning_rate": 1e-3,
                "input_norm": "user", "dropout_mask": "user", "train_batch_size": 2048, "epochs": 300, "stopping_step": 10},
}


def make_settings(preset: str | None = "best", changes: dict | None = None) -> Settings:
    """The settings of a preset (None: the defaults of Settings) with `changes` on top, which may have the older names of
    RENAMED. An unknown preset or setting raises InputError with the nearest names.

    `training_neg_sample` of RecBole is accepted with its only sensible value, 0: the model uses every click, it draws no
    negative samples.
    """
    if preset is not None and preset not in PRESETS:
        raise InputError(f"preset is {preset!r}: choose one of {', '.join(PRESETS)}")
    changes = _as_named_now(changes or {})
    if changes.pop("training_neg_sample", 0) not in (0, None):
        raise InputError("training_neg_sample must be 0: MacridVAE scores all items and draws no negative samples")
    if isinstance(changes.get("kfac"), str) and changes["kfac"] == AUTO:
        raise InputError("kfac is 'auto': only `train` and MacridRecommender choose it; give a whole number from 1 to 1000")
    allowed = [field.name for field in fields(Settings)]
    for name in changes:
        if name not in allowed:
            near = difflib.get_close_matches(str(name), allowed, 3, 0.4) or allowed
            raise InputError(f"there is no setting {name!r:.80}; did you mean {', '.join(near)}?")
    return replace(Settings(), **((PRESETS[preset] if preset else {}) | changes))


def _as_named_now(changes: dict) -> dict:
    """The same changes without an older name; InputError for one that is given beside its new name."""
    for old, new in RENAMED.items():
        if old in changes and new in changes:
            raise InputError(f"{old} is the older name of {new}, and both are given; leave {old} out")
    return {RENAMED.get(name, name): value for name, value in changes.items()}


def settings_dict(settings: Settings) -> dict:
    """The settings as plain JSON values; `Settings(**settings_dict(s)) == s`."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(settings).items()}
