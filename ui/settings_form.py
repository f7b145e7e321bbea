"""The settings of a training as a person chooses them: what most need, and the rest folded, each with a hint."""

from typing import Any, NamedTuple

import streamlit as st

from macrid.model.settings import Settings


class Field(NamedTuple):
    """A setting as a number that is chosen."""

    key: str
    label: str
    low: float
    high: float
    step: float
    hint: str


MORE = (
    Field("embedding_size", "Dimensions of a factor", 2, 1024, 8,
          "How finely tastes within an intention are told apart. More take more time and memory."),
    Field("train_batch_size", "People in a step", 1, 10_000, 50,
          "Fewer make more steps of an epoch: better where there are few people. Left open, it is a 40th of them, from 128 "
          "to 500."),
    Field("learning_rate", "Learning rate", 1e-5, 0.1, 1e-4,
          "How far a step goes. Lower it if the loss jumps, raise it if it hardly falls."),
    Field("anneal_cap", "β, weight of the KL term", 0.0, 10.0, 0.1,
          "The larger, the more the dimensions of a part are pressed to be independent; too large costs accuracy."),
    Field("dropout_prob", "Clicks dropped while training", 0.0, 0.95, 0.05,
          "A share of each history is hidden from the model in every step, so that it does not learn it by heart."),
    Field("tau", "Temperature", 0.02, 2.0, 0.02,
          "The lower, the more sharply a list prefers what fits best."),
    Field("stopping_step", "Epochs without a better one until it ends", 1, 200, 1,
          "Patience: training ends when the validation people were not ranked better for so many epochs."),
)


def choose(defaults: Settings, has_labels: bool) -> tuple[dict[str, Any], list[str]]:
    """Let somebody choose; gives what differs from the defaults as settings, and further arguments of the command."""
    changes: dict[str, Any] = {}
    one, two, three = st.columns(3, gap="medium")
    with one:
        auto = st.toggle("Find the number of intentions", value=True, key="train-auto", persist_state="session",
                         help="Between 4 and 20, by how well people whom the model never saw keep the factors together. It "
                              "takes seconds.")
        kfac = st.number_input("Intentions (factors)", 1, 100, defaults.kfac, key="train-kfac", disabled=auto,
                               persist_state="session", help="How many things people may be after.")
        changes["kfac"] = "auto" if auto else int(kfac)
    with two:
        epochs = st.number_input("Epochs, at most", 1, 2000, defaults.epochs, key="train-epochs", persist_state="session",
                                 help="How often all people are gone through. It ends earlier when it gets no better.")
        changes["epochs"] = int(epochs)
    with three:
        twin = st.toggle("A twin with dot product", key="train-twin", persist_state="session",
                         help="A second model to compare the map and the factors with. Takes twice the time.")
        path = st.toggle("A linear path beside it", value=True, key="train-path", persist_state="session",
                         help="A strong linear model that ranks beside the factors: better lists, the same dials. For many "
                              "items it takes long.")
    if not path:
        changes |= {"linear_weight": 0.0, "popularity_power": 0.0}
    with st.expander("More settings"):
        changes |= _more(defaults, has_labels)
        seed = st.number_input("Seed", 0, 2**31 - 1, 0, key="train-seed", persist_state="session",
                               help="Of everything that is drawn by chance. The same seed gives the same bundle.")
    said = {key: value for key, value in changes.items() if value != getattr(defaults, key)}
    return said, [*(["--twin=dot"] if twin else []), *([f"--seed={seed}"] if seed else [])]


def _more(defaults: Settings, has_labels: bool) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    with st.grid(3, min_column_width=200, gap="small"):
        for field in MORE:
            default, kind = getattr(defaults, field.key), type(field.low)
            value = st.number_input(field.label, field.low, kind(field.high), default, kind(field.step),
                                    key=f"train-{field.key}", help=field.hint, persist_state="session",
                                    placeholder="by their number", format="%d" if kind is int else "%.5g")
            changes[field.key] = value
        hidden = st.number_input("Hidden units", 8, 4096, defaults.encoder_hidden_size[0], 8, key="train-hidden",
                                 persist_state="session", help="Of the encoder, which reads a history.")
        changes["encoder_hidden_size"] = [int(hidden)]
        if has_labels:
            weight = st.number_input("Weight of the labels", 0.0, 1000.0, 0.0, 0.5, key="train-label_weight",
                                     persist_state="session",
                                     help="0: dials are learned from them afterwards. More: the training hears them.")
            changes["label_weight"] = float(weight)
    if tuple(changes["encoder_hidden_size"]) == tuple(defaults.encoder_hidden_size):
        del changes["encoder_hidden_size"]
    return changes
