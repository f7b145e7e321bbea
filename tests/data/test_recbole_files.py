"""Which rows of atomic files RecBole 1.2.1 works with and how it numbers people and items: answers worked out by hand. That
they are RecBole's own is shown by benchmarks/recbole_numbering.py."""

import re

import numpy as np
import pytest

from macrid.data.recbole import division, options
from macrid.data.recbole.prepare import prepare
from macrid.errors import InputError

INTER = """user_id:token	item_id:token	rating:float	timestamp:float
b	y	5	40
a	x	2	10
b	x	4	30
c	z	5	20
a	y	1	60
a	x	3	50
"""
EVERY = {"load_col": None}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "d.inter").write_text(INTER)
    return tmp_path


def prepared(folder, **config):
    return prepare(folder, options.read(config, "the checkpoint"))


def names(rows):
    return rows.user_ids.tolist(), rows.item_ids.tolist()


def pairs(rows):
    return [f"{rows.user_ids[u]}{rows.item_ids[i]}" for u, i in zip(rows.users, rows.items, strict=True)]


def test_numbers_are_those_of_first_appearance(folder):
    rows = prepared(folder)
    assert names(rows) == (["b", "a", "c"], ["y", "x", "z"])
    assert pairs(rows) == ["by", "ax", "bx", "cz", "ay", "ax"]
    assert rows.times is None


@pytest.mark.parametrize(("config", "wanted"), [
    ({"val_interval": {"rating": "[2,4);[5,5]"}} | EVERY, "by ax cz ax"),
    ({"val_interval": {"rating": "(2,inf)"}, "rm_dup_inter": "last"} | EVERY, "cz bx by ax"),  # of two ax the later one, 3
    ({"rm_dup_inter": "first"} | EVERY, "ax cz bx by ay"), ({"rm_dup_inter": "last"} | EVERY, "cz bx by ax ay"),
    ({"rm_dup_inter": "last"}, "by bx cz ay ax"), ({"rm_dup_inter": False}, "by bx cz ay"),  # no time is loaded
    ({"user_inter_num_interval": "[2,inf)"}, "by ax bx ay ax"), ({"user_inter_num_interval": "[1,2]"}, "by bx cz"),
    ({"item_inter_num_interval": "(1,2]"}, "by ay"), ({"item_inter_num_interval": "[3,inf)"}, "ax bx ax"),
])
def test_filters(folder, config, wanted):
    assert " ".join(pairs(prepared(folder, **config))) == wanted


def test_bounds_are_asked_for_again_and_again(folder):
    """b has one row of x, so goes; then x has two."""
    with pytest.raises(InputError, match=r"no row of .* item_inter_num_interval"):
        prepared(folder, item_inter_num_interval="[3,inf)", user_inter_num_interval="[2,inf)")


def test_people_and_items_whom_the_loaded_tables_lack_go(folder):
    (folder / "d.user").write_text("user_id:token\tage:float\nc\t20\nnobody\t30\na\t40\n")
    (folder / "d.item").write_text("item_id:token\ttitle:token_seq\nw\tWood\nz\tZoo\nx\tX\n")
    assert len(prepared(folder).users) == 6  # not loaded by default
    rows = prepared(folder, **EVERY)
    assert pairs(rows) == ["ax", "cz", "ax"]
    assert names(rows) == (["a", "c", "nobody"], ["x", "z", "w"])  # those of the tables come last
    assert rows.interactions().user_ids.tolist() == ["a", "c"]
    assert dict(zip(rows.interactions().item_ids, rows.interactions().items["title"], strict=True)) == {
        "w": "Wood", "x": "X", "z": "Zoo"}
    assert "filter_inter_by_user_or_item" in rows.interactions().found.notes[0]
    kept = prepared(folder, filter_inter_by_user_or_item=False, **EVERY)
    assert pairs(kept) == ["by", "ax", "bx", "cz", "ay", "ax"]
    assert kept.item_ids.tolist() == ["y", "x", "z", "w"]
    assert pairs(prepared(folder, load_col={"inter": "*", "item": ["item_id"]})) == ["ax", "bx", "cz", "ax"]
    young = prepared(folder, val_interval={"age": "[0,30]"}, **EVERY)
    assert pairs(young) == ["cz"]
    assert young.user_ids.tolist() == ["c", "nobody"]
    few = prepared(folder, user_inter_num_interval="[1,inf)", item_inter_num_interval="[1,inf)", **EVERY)
    assert names(few) == (["a", "c"], ["x", "z"])  # nobody and w have no row
    assert prepared(folder, val_interval={"item_id": ["z"]}, **EVERY).item_ids.tolist() == ["z"]


def test_names_of_columns_and_separators(folder):
    (folder / "d.inter").write_text("who:token;what:token;when:float\nb;y;2\na;NA;1\na;x;3\n;y;4\n")
    config = {"USER_ID_FIELD": "who", "ITEM_ID_FIELD": "what", "TIME_FIELD": "when", "field_separator": ";"} | EVERY
    assert pairs(prepared(folder, rm_dup_inter="first", **config)) == ["by", "ax"]  # ids that are missing go
    with pytest.raises(InputError, match=r"d\.inter, row 1: .*field_separator"):
        prepared(folder, **EVERY)
    with pytest.raises(InputError, match="USER_ID_FIELD"):
        prepared(folder, field_separator=";")


def test_aliases_take_the_numbers_after_the_items(folder):
    (folder / "d.item").write_text("item_id:token\tlike:token_seq\nx\tq|y|r\nw\ts\nz\t\ny\t\n")
    rows = prepared(folder, alias_of_item_id=["like"], seq_separator="|", **EVERY)
    assert rows.item_ids.tolist() == ["y", "x", "z", "w", "q", "r", "s"]
    short = prepared(folder, alias_of_item_id=["like"], seq_separator="|", seq_len={"like": 2}, **EVERY)
    assert short.item_ids.tolist() == ["y", "x", "z", "w", "q", "s"]


def test_files_that_are_parts(folder):
    (folder / "d.inter").unlink()
    for name, lines in (("one", "a\tx\nb\ty\n"), ("two", "c\tz\na\tx\n"), ("three", "b\tx\nc\tx\n")):
        (folder / f"d.{name}.inter").write_text("user_id:token\titem_id:token\n" + lines)
    rows = prepared(folder, benchmark_filename=["two", "one", "three"], user_inter_num_interval="[9,inf)")  # not filtered
    assert pairs(rows) == ["cz", "ax", "ax", "by", "bx", "cx"]
    split = division.divide(rows, np.arange(6))
    assert split.train.nnz == 2
    assert split.validation.user_ids.tolist() == ["a", "b"]
    assert split.validation.seen.nnz == 0  # a has x in two parts, where it is asked for
    with pytest.raises(InputError, match="four"):
        prepared(folder, benchmark_filename=["two", "one", "four"])
    (folder / "d.one.inter").write_text("user_id:token\titem_id:token\na\tx\n\ty\n")
    with pytest.raises(InputError, match=r"row 4 .* no user_id"):
        prepared(folder, benchmark_filename=["two", "one", "three"])


@pytest.mark.parametrize(("total", "wanted"), [
    (1, [1, 0, 0]), (2, [1, 0, 1]), (3, [1, 1, 1]), (4, [2, 1, 1]), (9, [7, 1, 1]), (10, [8, 1, 1]), (19, [17, 1, 1]),
    (20, [16, 2, 2]), (29, [25, 2, 2])])
def test_counts_as_recbole_rounds_them(total, wanted):
    assert division.counts(total, (0.8, 0.1, 0.1)) == wanted


@pytest.mark.parametrize(("how", "wanted"), [
    ({"order": "TO", "split": {"LS": "valid_and_test"}}, [2, 0, 0, 0, 2, 1]),  # a's rows are of 10, 60, 50, b's of 40, 30
    ({"order": "RO", "split": {"LS": "valid_and_test"}}, [0, 0, 2, 0, 1, 2]),  # as they stand
    ({"order": "TO", "group_by": "none", "split": {"RS": [1, 1, 1]}}, [1, 0, 1, 0, 2, 2]),
    ({"order": "TO", "split": {"TS": [0.4, 0.2, 0.4]}}, [1, 1, 0, 1, 2, 2])])  # until 40, of n int(n * 2 / 3) to train
def test_divisions(folder, how, wanted):
    assert division.parts(prepared(folder, eval_args=how, **EVERY), np.arange(6)).tolist() == wanted


@pytest.mark.parametrize(("config", "named"), [
    ({"val_interval": {"rating": "3"}}, "val_interval of rating is '3'"), ({"val_interval": 3}, "val_interval is 3"),
    ({"val_interval": {"age": "[3,4]"}}, "val_interval names the column age"),
    ({"val_interval": {"user_id": "[3,4]"}}, "a list of values"),
    ({"val_interval": {"rating": ["3"]}} | EVERY, "write an interval"),
    ({"user_inter_num_interval": "five"}, "user_inter_num_interval"),
    ({"rm_dup_inter": "newest"}, "rm_dup_inter is 'newest'"), ({"load_col": "all"}, "load_col"),
    ({"load_col": {"inter": ["user_id"]}}, "load_col"), ({"unload_col": {"inter": "x"}}, "unload_col"),
    ({"additional_feat_suffix": ["ent"]}, "additional_feat_suffix"), ({"repeatable": True}, "repeatable"),
    ({"discretization": {"timestamp": {"method": "LD"}}}, "discretization"), ({"USER_ID_FIELD": None}, "USER_ID_FIELD"),
    ({"eval_args": {"split": {"LS": "valid_only"}}}, "valid_only"), ({"eval_args": {"split": {"XS": [1]}}}, "eval_args"),
    ({"eval_args": {"split": {"RS": [0.8, 0.2]}}}, "RS"), ({"eval_args": None}, "eval_args"),
    ({"eval_args": {"order": "XO"}}, "XO"),
    ({"threshold": {"rating": "four"}}, "threshold"), ({"seq_len": {"x": -1}}, "seq_len"),
    ({"alias_of_item_id": "x"}, "alias_of"),
    ({"alias_of_item_id": ["rating"], "load_col": None}, "rating is an alias"),
    ({"benchmark_filename": "x"}, "benchmark_filename"),
    ({"val_interval": {"rating": "[9,inf)"}, "load_col": None}, "is left after val_interval"),
])
def test_what_is_not_redone_is_named(folder, config, named):
    with pytest.raises(InputError, match=re.escape(named)):
        division.parts(prepared(folder, **config), np.arange(6))


def test_order_by_a_time_that_is_not_loaded(folder):
    with pytest.raises(InputError, match=r"eval_args .* timestamp"):
        division.parts(prepared(folder, eval_args={"order": "TO"}), np.arange(6))


def test_two_data_sets_are_a_question(folder):
    (folder / "e.inter").write_text(INTER)
    with pytest.raises(InputError, match="could both be meant"):
        prepared(folder)
    assert prepared(folder, dataset="e").name == "e"
    assert prepare(folder / "d.inter", options.read({}, "")).name == "d"
