import subprocess
import sys

from bakeoff.study.store.process_id import is_alive, this_process


def test_this_process_is_alive():
    assert is_alive(this_process())
    assert this_process() == this_process()


def test_a_process_that_ended_is_not_even_before_it_is_waited_for():
    code = "from bakeoff.study.store.process_id import this_process; print(this_process())"
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    owner = child.stdout.readline().strip()
    child.stdout.read()  # ends when the child does; it is a zombie then
    while is_alive(owner):
        pass
    child.wait()
    child.stdout.close()
    assert not is_alive(owner)


def test_another_process_with_the_same_number_is_another_owner():
    world, number, start = this_process().rsplit("/", 2)
    assert not is_alive(f"{world}/{number}/{int(start) + 1}")
    assert not is_alive(f"another-boot/4026531836/{number}/{start}")
    assert not is_alive(f"{world}//")
