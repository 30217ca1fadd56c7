"""Dockerfile and compose.yaml agree with the settings; no engine is needed to see it."""

import ast
import importlib
import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.celery import QUEUES

CHECKOUT = Path(__file__).resolve().parents[2]
DOCKERFILE = (CHECKOUT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((CHECKOUT / "compose.yaml").read_text(encoding="utf-8"))
NEEDED = {"required", "given", "secret"}
APPLICATION = ("migrate", "web", "worker", "beat")


def variables_read(*, by: set[str]) -> set[str]:
    """Names of the environment variables that the settings pass to the named functions."""
    files = [CHECKOUT / "config" / name for name in ("settings.py", "environment.py")]
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in files]
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return {
        call.args[0].value
        for call in calls
        if ast.unparse(call.func) in by
        and call.args
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
    }


def docker_instructions(name: str) -> list[str]:
    joined = DOCKERFILE.replace("\\\n", " ")
    return [line.split(None, 1)[1] for line in joined.splitlines() if line.startswith(f"{name} ")]


def web_command() -> list[str]:
    return json.loads(docker_instructions("CMD")[-1])


@pytest.mark.parametrize("service", APPLICATION)
def test_every_service_gets_every_variable_production_needs(service: str) -> None:
    required = variables_read(by=NEEDED)
    assert {"SECRET_KEY", "DATABASE_URL", "REDIS_URL", "TOUCHSTONE_PUBLIC_URL"} <= required

    given = COMPOSE["services"][service]["environment"]

    assert required | {"TOUCHSTONE_HOSTS"} <= set(given)
    assert given["TOUCHSTONE_ENV"] == "production"


@pytest.mark.parametrize("service", APPLICATION)
def test_no_service_gets_a_variable_that_nobody_reads(service: str) -> None:
    read = variables_read(by=NEEDED | {"listed", "whole", "digit", "os.environ.get", "env.get"})

    assert set(COMPOSE["services"][service]["environment"]) <= read


def test_the_build_gives_the_settings_what_they_need() -> None:
    collect = next(run for run in docker_instructions("RUN") if "collectstatic" in run)
    set_for_all = " ".join(docker_instructions("ENV"))

    named = set(re.findall(r"\b([A-Z][A-Z_]+)=", collect + " " + set_for_all))

    assert variables_read(by=NEEDED) | {"TOUCHSTONE_ENV"} <= named


def test_secrets_have_no_default() -> None:
    for name, service in COMPOSE["services"].items():
        for key, value in service.get("environment", {}).items():
            # The file of person keys is named by its path, which is no secret.
            is_path = value.startswith("/srv/")
            if re.search("SECRET|PASSWORD|KEY|_URL$", key) and not is_path:
                assert re.search(r"\$\{\w+:\?\}", value), f"{name}: {key} has a default"


def test_the_web_port_is_the_one_that_is_served_published_and_probed() -> None:
    command = web_command()
    port = command[command.index("--port") + 1]
    web = COMPOSE["services"]["web"]

    assert docker_instructions("EXPOSE") == [port]
    assert [published.rpartition(":")[2] for published in web["ports"]] == [port]
    assert web["healthcheck"]["test"][-1] == f"http://127.0.0.1:{port}/healthz"


def test_commands_name_modules_that_exist() -> None:
    module, _, attribute = web_command()[-1].partition(":")
    assert hasattr(importlib.import_module(module), attribute)
    for name in ("worker", "beat"):
        option = next(o for o in COMPOSE["services"][name]["command"] if o.startswith("--app="))
        assert hasattr(importlib.import_module(option.removeprefix("--app=")), "app")
    probe = COMPOSE["services"]["web"]["healthcheck"]["test"]
    assert hasattr(importlib.import_module(probe[3]), "is_healthy")


def test_the_worker_listens_to_every_queue() -> None:
    command = COMPOSE["services"]["worker"]["command"]

    queues = next(option for option in command if option.startswith("--queues="))

    assert set(queues.removeprefix("--queues=").split(",")) == set(QUEUES)


def test_the_image_holds_every_app_and_runs_as_nobody_special() -> None:
    copied = {shlex.split(line)[0] for line in docker_instructions("COPY")}

    assert {
        "manage.py", "config", "attribution", "campaigns", "segments", "customers", "compliance",
        "templates", "static", "locale", "requirements/base.txt",
    } <= copied  # fmt: skip
    assert docker_instructions("USER") == ["touchstone"]
    assert any("--require-hashes" in run for run in docker_instructions("RUN"))


def test_both_stores_are_supported_versions_with_health_checks_and_volumes() -> None:
    services = COMPOSE["services"]

    assert services["postgres"]["image"] == "postgres:17"
    assert services["valkey"]["image"] == "valkey/valkey:9"
    for name in ("web", "worker", "beat", "postgres", "valkey"):
        assert services[name]["healthcheck"]["test"]
    for name in ("postgres", "valkey"):
        volume = services[name]["volumes"][0].partition(":")[0]
        assert volume in COMPOSE["volumes"]
