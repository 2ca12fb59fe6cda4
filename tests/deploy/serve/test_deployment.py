"""What is shipped to run the service elsewhere: rendered where kubectl is there, and true to the service anyway."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from saddlepoint.cli.arguments import parsed
from saddlepoint.cli.serve import Serve
from saddlepoint.deploy.serve.limits import Limits

yaml = pytest.importorskip("yaml")
PLACE = Path(__file__).parents[3] / "deployment"
COMPOSE = yaml.safe_load((PLACE / "compose.yaml").read_text(encoding="utf-8"))
MANIFESTS = [
    entry for path in (PLACE / "kubernetes").glob("*.yaml") for entry in yaml.safe_load_all(path.read_text("utf-8"))
]


def manifest(kind: str) -> Any:
    (entry,) = [entry for entry in MANIFESTS if entry["kind"] == kind]
    return entry


def options(words: list[str]) -> Serve:
    assert words[0] == "serve"
    return parsed(Serve, "saddle serve", words[1:])


def test_the_commands_are_those_of_the_service():
    (pod,) = manifest("Deployment")["spec"]["template"]["spec"]["containers"]
    for words in (pod["args"], COMPOSE["services"]["first"]["command"]):
        told = options(words)
        assert (told.host, told.port, told.models) == ("0.0.0.0", 8000, ("faces=/models/faces",))
        assert told.limits.rate == 0  # all clients have the proxy's address


def test_probes_ask_for_paths_that_answer(client):
    (pod,) = manifest("Deployment")["spec"]["template"]["spec"]["containers"]
    assert pod["ports"] == [{"name": "http", "containerPort": 8000}]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert pod[probe]["httpGet"]["port"] == "http"
        assert client.get(pod[probe]["httpGet"]["path"]).status_code == 200
    (path,) = re.findall(r"http://127.0.0.1:8000(/\w+)", str(COMPOSE["services"]["first"]["healthcheck"]))
    assert client.get(path).status_code == 200


def test_a_stop_has_more_time_than_its_grace_and_a_body_as_much_room_as_its_bound():
    pod = manifest("Deployment")["spec"]["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] > Limits().grace_seconds
    assert int(COMPOSE["services"]["first"]["stop_grace_period"].rstrip("s")) > Limits().grace_seconds
    proxy = (PLACE / "proxy.conf").read_text(encoding="utf-8")
    assert f"client_max_body_size {Limits().most_bytes // 10**6}m" in proxy
    assert set(re.findall(r"server (\w+):8000", proxy)) <= set(COMPOSE["services"])
    assert f"rate={Limits().rate:g}r/s" in proxy


def test_no_secret_stands_in_a_file_and_those_that_are_named_are_known():
    text = (PLACE.parent / "src/saddlepoint/cli/serve.py").read_text(encoding="utf-8")
    known = set(re.findall(r'"(SADDLEPOINT_\w+)"', text))
    told = COMPOSE["services"]["first"]["environment"]
    assert set(told) <= known
    assert all("${" in value for name, value in told.items() if "KEY" in name or "PASSWORD" in value)
    (pod,) = manifest("Deployment")["spec"]["template"]["spec"]["containers"]
    assert "env" not in pod
    assert pod["envFrom"] == [{"secretRef": {"name": "saddlepoint"}}]


def test_the_manifests_belong_together():
    names = {entry["metadata"]["name"] for entry in MANIFESTS if "metadata" in entry}
    assert names == {"saddlepoint"}
    listed = manifest("Kustomization")["resources"]
    assert {path.name for path in (PLACE / "kubernetes").glob("*.yaml")} == {*listed, "kustomization.yaml"}
    scaler = manifest("HorizontalPodAutoscaler")["spec"]
    assert scaler["minReplicas"] <= manifest("Deployment")["spec"]["replicas"] <= scaler["maxReplicas"]


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="no kubectl here to render the manifests with")
def test_kubectl_renders_them():
    done = subprocess.run(["kubectl", "kustomize", str(PLACE / "kubernetes")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rendered = {entry["kind"]: entry for entry in yaml.safe_load_all(done.stdout)}
    label = {"app.kubernetes.io/name": "saddlepoint"}
    assert rendered["Deployment"]["spec"]["selector"]["matchLabels"] == label
    assert rendered["Deployment"]["spec"]["template"]["metadata"]["labels"] == label
    assert rendered["Service"]["spec"]["selector"] == label
    assert rendered["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == label
    assert {entry["metadata"]["namespace"] for entry in rendered.values()} == {"saddlepoint"}
    (pod,) = rendered["Deployment"]["spec"]["template"]["spec"]["containers"]
    assert pod["image"] == "saddlepoint:latest"
