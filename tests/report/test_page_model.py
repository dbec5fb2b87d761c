from hypothesis import given
from hypothesis import strategies as st

from bakeoff.report.page_model import file_names


@given(st.lists(st.text(max_size=400), max_size=8))
def test_file_names_are_safe_and_differ(names):
    made = file_names(names)
    assert len(made) == len(names)
    assert len({name.lower() for name in made}) == len(made)
    for name in made:
        assert name.isascii()
        assert not name.startswith(".")
        assert 0 < len(name) <= 70
        assert not set(name) & set('/\\<>:"|?* \0\n')
