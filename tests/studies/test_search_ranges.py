"""RecBole's files of ranges: read as its hyperopt reads them; a mistake names the line."""

import math

import pytest

from macrid.errors import InputError
from macrid.studies import search_ranges

PAGE = """learning_rate choice [0.01,0.005,0.001,0.0005,0.0001]
kfac choice [3,5,10,20]
"""


class Fixed:
    """An Optuna trial that takes the lowest or the highest value."""

    def __init__(self, high: bool):
        self.high, self.asked = high, {}

    def suggest_float(self, name, low, high, log=False):
        self.asked[name] = log
        return high if self.high else low

    def suggest_int(self, name, low, high):
        return high if self.high else low

    def suggest_categorical(self, name, values):
        return values[-1 if self.high else 0]


def read(tmp_path, text: str):
    (file := tmp_path / "hyper.test").write_text(text)
    return search_ranges.read(file, {}, "best")


def ends(tmp_path, line: str):
    [one] = read(tmp_path, line)
    return one.suggest(Fixed(False)), one.suggest(Fixed(True))


def test_the_file_of_recboles_page(tmp_path):
    rate, kfac = read(tmp_path, PAGE)
    assert (rate.name, rate.kind, rate.values) == ("learning_rate", "choice", (0.01, 0.005, 0.001, 0.0005, 0.0001))
    assert kfac.values == (3, 5, 10, 20)


def test_as_the_page_misspells_it_the_right_name_is_told(tmp_path):
    with pytest.raises(InputError, match=r"hyper\.test, line 2: .*'kafc'; did you mean kfac"):
        read(tmp_path, PAGE.replace("kfac", "kafc"))


@pytest.mark.parametrize(("line", "low", "high"), [
    ("dropout_prob uniform 0.1,0.7", 0.1, 0.7), ("dropout_prob uniform 0.1, 0.7", 0.1, 0.7),
    ("tau loguniform -3,0", math.exp(-3), 1.0), ("embedding_size quniform 16,128,16", 16, 128),
    ("tau quniform 0.1,0.38,0.1", 0.1, 0.4), ("tau choice [1e-1, 2E-1]", 0.1, 0.2),
    ("nogb choice [True,False]", True, False), ("encoder_hidden_size choice ['[64,32]','[128]']", [64, 32], [128]),
    ("encoder_hidden_size choice [[64],[9,8]]", [64], [9, 8]),
    ("similarity choice ['dot','cosine']", "dot", "cosine"), ("kfac choice [7]", 7, 7),
    ("\n# a comment\n  tau   choice   [0.1,0.3]  ", 0.1, 0.3),
])
def test_lowest_and_highest(tmp_path, line, low, high):
    found = ends(tmp_path, line)
    assert found == pytest.approx((low, high)) if isinstance(low, float) else found == (low, high)
    assert type(found[0]) is type(low)


def test_loguniform_is_drawn_in_logarithms(tmp_path):
    [one] = read(tmp_path, "tau loguniform -3,0")
    one.suggest(trial := Fixed(False))
    assert trial.asked == {"tau": True}


@pytest.mark.parametrize(("text", "named"), [
    ("", "names no setting"), ("# nothing", "names no setting"), ("kfac", "line 1"), ("kfac choice", r"\[a,b,...\]"),
    ("kfac choose [1,2]", "'choose' is none of"), ("kfac choice 3", "no list"), ("kfac choice []", "no list"),
    ("kfac choice [3,3]", "twice"), ("kfac choice [3,", "no list"), ("kfac choice [0]", "kfac is 0"),
    ("tau uniform 1", "low,high"), ("tau uniform a,b", "low,high"), ("tau uniform 2,1", "above"),
    ("tau uniform 0,1", "tau is 0"),
    ("tau uniform 1,nan", "low,high"), ("tau quniform 1,2", "low,high,q"), ("tau quniform 1,2,0", "above 0"),
    ("tau loguniform 1,900", "logarithms"), ("learning_rate loguniform 0,5", "learning_rate is 148"),
    ("kfac uniform 3,20", "quniform"), ("tau uniform 1,2\nkfac choice [3]\ntau choice [1]", "line 3: tau is there twice"),
    ("kfac choice [import os]", "kfac is 'import os'"), ("kfac choice __import__('os').getcwd()", "no list"),
])
def test_a_mistake_names_the_line(tmp_path, text, named):
    with pytest.raises(InputError, match=named) as error:
        read(tmp_path, text)
    assert "hyper.test" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_cannot_be_read(tmp_path):
    with pytest.raises(InputError, match="none"):
        search_ranges.read(tmp_path / "none", {}, "best")
    (tmp_path / "x").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="cannot be read"):
        search_ranges.read(tmp_path / "x", {}, "best")
