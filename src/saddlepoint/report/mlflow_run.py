"""A run's figures, settings and sample grids in MLflow (https://mlflow.org), through its own package."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, final

from saddlepoint.engine.hooks import Run
from saddlepoint.report import page
from saddlepoint.report.tracker import Tracker, package


@final
class MLflow(Tracker):
    """Sends to the experiment `experiment`, under the name of the run's folder; the server is that of
    MLFLOW_TRACKING_URI, or files below the current folder.

    Raises ConfigError where the package mlflow is not installed.
    """

    def __init__(self, experiment: str = "saddlepoint") -> None:
        super().__init__()
        self.experiment = experiment
        self._mlflow: Any = package("mlflow")

    def open(self, run: Run) -> bool:
        """Begin a run there with its settings, or go on with it."""
        facts = page.read_json(run.folder / "run.json")
        client = self._mlflow.MlflowClient()
        if self.identity is None:
            known = client.get_experiment_by_name(self.experiment)
            place = known.experiment_id if known else client.create_experiment(self.experiment)
            self.identity = client.create_run(place, run_name=run.folder.resolve().name).info.run_id
            settings = {part: facts.get(part, {}) for part in ("run", "data", "options")}
            flat = {name: value for own in settings.values() for name, value in own.items()}
            for name, value in {"method": facts.get("method"), **flat}.items():
                client.log_param(self.identity, name, value)
        self._client = client
        return True

    def figures(self, values: Mapping[str, float], step: int) -> None:
        """One value of each figure."""
        for name, value in values.items():
            self._client.log_metric(self.identity, name, value, step=step)

    def picture(self, path: Path, step: int) -> None:
        """The PNG as an artifact."""
        self._client.log_artifact(self.identity, str(path), "samples")

    def close(self, failed: bool) -> None:
        """Say how it ended."""
        self._client.set_terminated(self.identity, "FAILED" if failed else "FINISHED")
