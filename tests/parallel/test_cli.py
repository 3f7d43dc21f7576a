"""The options of `coverage-kit run` that name an engine."""

from coverage_kit.commands import app


def test_options_win_over_the_settings_and_leave_the_rest(tmp_path, monkeypatch):
    monkeypatch.setattr(app, "_run", (seen := []).append)
    file = tmp_path / "coverage.toml"
    file.write_text('[site]\nsource = "site"\n[engine]\nname = "local"\nworkers = 3\npart_rows = 7\n')
    app.run(file)
    app.run(file, engine="ray", workers=5)
    app.run(site="site", engine="ray")
    found = [(one.engine.name, one.engine.workers, one.engine.part_rows) for one in seen]
    assert found == [("local", 3, 7), ("ray", 5, 7), ("ray", 2, 20_000)]
