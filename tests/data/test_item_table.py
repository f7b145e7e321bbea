"""Items tables: every fault with its row, titles and genres tidied, attributes typed."""

import numpy as np
import pytest
from layouts import SPLIT, assert_says, write

from macrid.data.interactions import read
from macrid.errors import InputWarning

ITEM_FAULTS = {
    "described twice": (
        {"items.csv": "item_id,title\nb,B\nc,C\nb,D\n"},
        r"items\.csv, row 4: item 'b' is already in row 2",
    ),
    "id blank": ({"items.csv": "item_id,title\n,B\n"}, r"items\.csv, row 2: the item id is ''"),
    "row short": ({"items.csv": "item_id,title\nb,B\nc\n"}, r"items\.csv, row 3: has 1 fields, not 2"),
    "no id": ({"items.csv": "key,title\nb,B\n"}, r"items\.csv: found columns key, title, no item id.*item_id"),
    "two tables": (
        {"items.csv": "item_id\nb\n", "items.tsv": "item_id\nb\n"},
        r"items\.csv and items\.tsv both describe",
    ),
    "column twice": ({"items.csv": "item_id,title,Title\nb,B,C\n"}, r"items\.csv: has the column 'title' twice"),
    "not UTF-8": (
        {"items.csv": "item_id,title\nb,Bé\n".encode() + b"c,caf\xe9\nd,\xc3\xa9\n"},
        r"items\.csv, row 3: is not UTF-8",
    ),
    "corrupt Parquet": ({"items.parquet": b"PAR1 nothing"}, r"items\.parquet: cannot be read"),
}


@pytest.mark.parametrize("fault", ITEM_FAULTS)
def test_faults_in_the_items(tmp_path, fault):
    files, message = ITEM_FAULTS[fault]
    assert_says(write(tmp_path, {"x.csv": "user,item\na,b\n"} | files), message)


def test_items_of_another_set_are_reported(tmp_path):
    write(tmp_path, {"x.csv": "user,item\na,b\n", "items.csv": "item_id,title\n7,Seven\n"})
    with pytest.warns(InputWarning, match="describes none of the 1 items"):
        assert list(read(tmp_path).items["title"]) == ["b"]


def test_titles_and_years(tmp_path):
    titles = {
        "Seven (a.k.a. Se7en) (1995)": ("Seven (a.k.a. Se7en)", 1995),
        "City of Lost Children, The (Cité des enfants perdus, La) (1995)": (
            "The City of Lost Children (La Cité des enfants perdus)",
            1995,
        ),
        "Avventura, L' (Adventure, The) (1960)": ("L'Avventura (The Adventure)", 1960),
        "Trou, Le (Hole, The) (Night Watch, The) (1960)": ("Le Trou (The Hole) (The Night Watch)", 1960),
        "Good, the Bad and the Ugly, The (1966)": ("The Good, the Bad and the Ugly", 1966),
        "Death Note (2006–2007)": ("Death Note", 2006),
        "2001": ("2001", np.nan),
        "Bed of Roses, A": ("A Bed of Roses", np.nan),
    }
    movies = "movieId,title,genres\n" + "".join(f'{k},"{t}",(no genres listed)\n' for k, t in enumerate(titles))
    ratings = "userId,movieId,rating,timestamp\n" + "".join(f"1,{k},1,1\n" for k in range(len(titles)))
    items = read(write(tmp_path, {"movies.csv": movies, "ratings.csv": ratings})).items
    assert list(items["title"]) == [t for t, _ in titles.values()]
    np.testing.assert_array_equal(items["year"], [y for _, y in titles.values()])
    assert set(items["category"]) == set(items["genres"]) == {""}


def test_a_category_is_kept_and_attributes_are_typed(tmp_path):
    items = "item_id,title,category,genres,size,colour,code\nx,X,bags,a|b,1.5,red,007\ny,Y,,a,,blue,\n"
    out = read(write(tmp_path, {"x.csv": "user,item\na,x\na,y\nb,z\n", "items.csv": items})).items
    assert list(out.columns) == ["item_id", "title", "category", "size", "colour", "code", "genres"]
    assert list(out["category"]) == ["bags", "", ""]
    np.testing.assert_array_equal(out["size"], [1.5, np.nan, np.nan])
    assert list(out["colour"]) == ["red", "blue", ""]


def test_pro_sg_categories_and_untouched_items_stay(tmp_path):
    files = SPLIT | {"unique_sid.txt": "30\n1\n2\n99\n", "item_cate.csv": "1,bags\n99,phones\n5,unknown item\n"}
    data = read(write(tmp_path, files))
    assert list(data.items["category"]) == ["", "bags", "", "phones"]
    assert data.n_items == 4


TAGGED = {"movies.csv": "movieId,title,genres\n1,A (1990),Drama\n2,B (1991),Comedy|War\n3,C (1992),War\n",
          "ratings.csv": "userId,movieId,rating,timestamp\n1,1,5,1\n1,2,5,1\n2,3,5,1\n"}
TAGS = "userId,movieId,tag,timestamp\n"


def test_tags_that_two_people_gave_become_a_column(tmp_path):
    given = ["1,1,Slow,9", "2,1,slow ,9", "1,1,Time  Travel,9", "3,1,time travel,9",  # twice each, whatever case and blanks
             "1,2,funny,9", "1,2,Funny,9",  # one person, twice
             '1,3,"dark|slow",9', "2,3,dark,9", "1,3,1984,9", "2,3,1984,9", "1,3,,9", "2,3,,9",  # no words
             "1,77,slow,9", "2,77,slow,9"]  # of no film here
    items = read(write(tmp_path, TAGGED | {"tags.csv": TAGS + "\n".join(given) + "\n"})).items
    assert list(items["tags"]) == ["slow|time travel", "", "dark"]
    assert list(items.columns) == ["item_id", "title", "category", "tags", "genres", "year"]


def test_tags_that_nobody_shares_or_that_are_something_else_are_left(tmp_path):
    for k, tags in enumerate([TAGS + "1,1,slow,9\n2,1,fast,9\n", "name,colour\nx,red\n"]):
        folder = tmp_path / str(k)
        folder.mkdir()
        assert "tags" not in read(write(folder, TAGGED | {"tags.csv": tags})).items


def test_a_table_keeps_its_own_tags(tmp_path):
    own = {"items.csv": "item_id,tags\n1,mine\n2,\n3,\n", "ratings.csv": TAGGED["ratings.csv"]}
    items = read(write(tmp_path, own | {"tags.csv": TAGS + "1,1,slow,9\n2,1,slow,9\n"})).items
    assert list(items["tags"]) == ["mine", "", ""]


def test_a_fault_in_the_tags_names_its_row(tmp_path):
    files = TAGGED | {"tags.csv": TAGS + "1,1,slow,9\n2,1,slow\n"}
    assert_says(write(tmp_path, files), r"tags\.csv, row 3: has 3 fields, not 4; mend or drop the row")
