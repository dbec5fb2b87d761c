"""A short form of the trial in `kills.py`."""

import kills


def test_a_killed_parent_loses_no_more_than_what_was_in_flight(tmp_path):
    phases = kills.kill_parents(tmp_path, rounds=40, kills=4, seed=1)
    assert len(set(phases)) > 1


def test_a_killed_worker_is_replaced_and_its_rounds_trained_again(tmp_path):
    kills.kill_workers(tmp_path, rounds=40, kills=2, seed=1)


def test_two_runs_at_once_train_nothing_twice(tmp_path):
    kills.run_two(tmp_path, rounds=40, kill_one=False)


def test_a_run_takes_over_what_a_killed_one_had_claimed(tmp_path):
    kills.run_two(tmp_path, rounds=60, kill_one=True)
