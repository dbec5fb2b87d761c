"""`--only` before the first look: what run said, show and compare say later."""

STUDY = """
name = "draws"
question = "Which draw is largest?"
comparisons = [["b", "a"], ["c", "a"], ["c", "b"]]
rounds = 6

[command]
run = "echo {seed}{end}"

[metric]
name = "draw"

[[competitors]]
name = "a"
end = ".1"

[[competitors]]
name = "b"
end = ".3"

[[competitors]]
name = "c"
end = ".7"
"""
ALONE = "a and b alone were asked for, so p is corrected for 1 question, not for the 3 of the whole"


def test_a_part_is_judged_alike_by_run_show_and_compare(bakeoff, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "draws.toml").write_text(STUDY)
    run = ("run", "draws.toml", "--only", "a", "--only", "b")
    code, out, err = bakeoff(*run)
    assert code == 0, err
    said = " ".join(out.split())
    assert ALONE in said
    # Six signs alike come by chance twice in 64 times: enough for one question, not for three.
    assert "b is better than a by 0.20" in said
    assert "p = 0.031" in said
    assert bakeoff("show")[1] == out
    code, compared, _ = bakeoff("compare", "b", "a")
    assert "p = 0.031" in " ".join(compared.split())
    assert "has no rounds yet" in bakeoff("compare", "c", "a")[2]
    whole = " ".join(bakeoff("run", "draws.toml")[1].split())
    assert "a and b alone were asked for before; now the whole study is judged, and p" in whole
    assert "is corrected for its 3 questions" in whole
    assert "b and a" in whole, whole
    assert "b is better" not in whole
    assert ALONE not in " ".join(bakeoff(*run)[1].split())
