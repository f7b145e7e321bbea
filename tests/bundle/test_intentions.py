"""Intentions in a bundle: what somebody told is kept, names are theirs, and both are checked."""

from dataclasses import replace

import pytest
from conftest import contents

from macrid.bundle import load, save
from macrid.data.intention_file import Intentions
from macrid.errors import InputError


def test_intentions_are_kept_and_checked(bundle, tmp_path):
    ids, kfac = bundle.items["item_id"].tolist(), bundle.settings.kfac
    told = Intentions(("mine", "found"), {ids[0]: "mine", ids[3]: "mine"})
    names = ["mine", *[None] * (kfac - 1)]
    kept = contents(bundle)
    save(tmp_path / "b", replace(kept, meta=kept.meta | {"intentions": names}, intentions=told))
    found = load(tmp_path / "b")
    assert (found.intentions, found.given_names) == (told, names)
    assert found.factors[0].name == "mine"
    assert [factor.name for factor in found.factors[1:]] == [factor.name for factor in bundle.factors[1:]]
    assert (bundle.intentions, bundle.given_names) == (None, [None] * kfac)
    (tmp_path / "b" / "intentions.csv").write_text("item_id,intention\nnothing,mine\n")
    with pytest.raises(InputError, match=r"intentions.csv, row 2: there is no item 'nothing'.*or delete intentions.csv"):
        load(tmp_path / "b")
    for wrong in (["mine"], ["mine"] * kfac, [1] * kfac, "mine"):
        save(tmp_path / "b", replace(kept, meta=kept.meta | {"intentions": wrong}))
        with pytest.raises(InputError, match=f"not a name or null for each of {kfac} factors, all different"):
            load(tmp_path / "b")
