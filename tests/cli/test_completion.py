import pytest

from bakeoff.training.studies import STUDIES


@pytest.fixture
def complete(bakeoff, monkeypatch):
    """Ask what bash would offer for the last of some words."""

    def asked(*words):
        monkeypatch.setenv("_BAKEOFF_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", " ".join(("bakeoff", *words)))
        monkeypatch.setenv("COMP_CWORD", str(len(words)))
        code, out, err = bakeoff()
        assert (code, err) == (0, "")
        return out.split()

    return asked


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_is_given_its_script(bakeoff, monkeypatch, shell):
    monkeypatch.setenv("_BAKEOFF_COMPLETE", f"source_{shell}")
    code, out, err = bakeoff()
    assert (code, err) == (0, "")
    assert f"_BAKEOFF_COMPLETE=complete_{shell}" in out


def test_help_tells_of_completion(bakeoff):
    assert "--install-completion" in bakeoff("--help")[1]


def test_commands_and_options_are_offered(complete):
    assert sorted(complete("re")) == ["register", "report"]
    assert complete("rounds", "d") == ["delete"]
    assert complete("run", "--ro") == ["--rounds"]


@pytest.mark.parametrize("command", ["run", "show", "report", "plan", "tune"])
def test_studies_that_ship_are_offered_by_name(complete, command):
    assert complete(command, "pub") == ["published", "published-deep"]
    assert set(complete(command, "")) >= set(STUDIES)
