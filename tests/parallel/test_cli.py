"""The options of `coverage-kit run` that say how the work is computed."""

from coverage_kit.commands import app


def test_options_win_over_the_settings_and_leave_the_others(tmp_path, monkeypatch):
    runs = []

    def record(settings, *, is_verbose):
        runs.append(settings)
        return "done"

    monkeypatch.setattr(app, "_run", record)
    file = tmp_path / "coverage.toml"
    file.write_text(
        '[site]\nsource = "site"\n[parallel]\nbackend = "ray"\nworkers = 3\npart_rows = 7\n'
    )
    app.run(file)
    app.run(file, backend="ray", workers=5)
    app.run(site="site", backend="ray")
    parallel = [settings.parallel for settings in runs]
    values = [(knobs.backend, knobs.workers, knobs.part_rows) for knobs in parallel]
    assert values == [("ray", 3, 7), ("ray", 5, 7), ("ray", 2, 20_000)]
