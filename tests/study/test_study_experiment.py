from attrs import evolve, frozen

from bakeoff.study.experiment import Key, rounds_of, run_group

KEY = Key('{"a":1}', "sources", "data")


@frozen
class Doubles:
    """An experiment whose rounds are their numbers, doubled."""

    rounds_per_group: int

    def run(self, rounds):
        return tuple(2 * round_ for round_ in rounds)


def test_a_key_is_of_all_that_shapes_a_round():
    changed = [evolve(KEY, training="{}"), evolve(KEY, sources="x"), evolve(KEY, data="x")]
    assert len({key.text for key in (KEY, *changed)}) == 4
    assert evolve(KEY).text == KEY.text
    assert Key("ab", "c", "").text != Key("a", "bc", "").text


def test_a_group_is_so_many_rounds():
    assert [list(rounds_of(group, 3)) for group in (0, 2)] == [[0, 1, 2], [6, 7, 8]]
    assert run_group(Doubles(1), 5) == (10,)
    assert run_group(Doubles(3), 1) == (6, 8, 10)
