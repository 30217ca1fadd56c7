"""Run the stories once more on this machine's own PostgreSQL 15 and Redis.

The embedded PostgreSQL is newer than the oldest supported one and hides what that lacks. The
servers run in a temporary directory, on free ports and as an unprivileged account, and end with
this script. Where they are not installed, root installs Debian's; else the run is skipped, and
says so. `python tests/on_system_servers.py [pytest arguments]`.
"""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
BINARIES = Path("/usr/lib/postgresql/15/bin")
STORIES = CHECKOUT / "tests" / "stories"
PACKAGES = {"postgresql-15": BINARIES / "postgres", "redis-server": Path("redis-server")}


def main(arguments: Sequence[str]) -> int:
    """Start both servers, run pytest against them, and return its exit code."""
    missing = _install_missing()
    if missing:
        sys.stdout.write(f"SKIPPED stories on the system's servers: no {', '.join(missing)}\n")
        return 0
    if not arguments and not STORIES.is_dir():
        sys.stdout.write("SKIPPED stories on the system's servers: there are no stories\n")
        return 0
    with _servers() as environment:
        argv = [sys.executable, "-m", "pytest", "-q", *(arguments or [str(STORIES)])]
        return subprocess.run(
            argv, cwd=CHECKOUT, env={**os.environ, **environment}, check=False
        ).returncode


def _install_missing() -> list[str]:
    missing = [name for name, program in PACKAGES.items() if not shutil.which(program)]
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        # Without this policy Debian would also start its own servers on the standard ports.
        quiet = ["-qq", "-o", "Dpkg::Use-Pty=0", "--no-install-recommends"]
        for argv in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", *quiet, *missing]):
            subprocess.run(
                argv, env={**environment, "RUNLEVEL": "1"}, stdout=subprocess.DEVNULL, check=False
            )
    return [name for name in missing if not shutil.which(PACKAGES[name])]


@contextlib.contextmanager
def _servers() -> Iterator[dict[str, str]]:
    account = pwd.getpwnam("postgres") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    root = Path(tempfile.mkdtemp(prefix="touchstone-system-"))
    root.chmod(0o755)
    data = root / "data"
    data.mkdir(mode=0o700)
    if os.geteuid() == 0:
        os.chown(data, account.pw_uid, account.pw_gid)
    postgres_port, redis_port = _free_port(), _free_port()
    running: list[subprocess.Popen[bytes]] = []
    try:
        _run_as(
            account,
            [BINARIES / "initdb", "-D", data, "-U", "touchstone", "-A", "trust", "-E", "UTF8"],
        )
        options = ["-k", "", "-h", "127.0.0.1", "-p", str(postgres_port), "-c", "fsync=off"]
        running.append(_start_as(account, [BINARIES / "postgres", "-D", data, *options]))
        options = ["--port", str(redis_port), "--bind", "127.0.0.1", "--save", "", "--dir", data]
        running.append(_start_as(account, ["redis-server", *options]))
        for port in (postgres_port, redis_port):
            _wait_for(port)
        yield {
            "DATABASE_URL": f"postgresql://touchstone@127.0.0.1:{postgres_port}/postgres",
            "REDIS_URL": f"redis://127.0.0.1:{redis_port}/0",
        }
    finally:
        for server in running:
            # PostgreSQL waits for its sessions on SIGTERM; SIGINT ends them.
            server.send_signal(2)
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
        shutil.rmtree(root, ignore_errors=True)


def _run_as(account: pwd.struct_passwd, argv: Sequence[str | Path]) -> None:
    finished = _start_as(account, argv)
    if finished.wait():
        raise SystemExit(f"{argv[0]} failed with exit code {finished.returncode}")


def _start_as(account: pwd.struct_passwd, argv: Sequence[str | Path]) -> subprocess.Popen[bytes]:
    as_root = os.geteuid() == 0
    return subprocess.Popen(
        [str(part) for part in argv],
        cwd="/",
        env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        user=account.pw_uid if as_root else None,
        group=account.pw_gid if as_root else None,
        extra_groups=[] if as_root else None,
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit(f"nothing answers on port {port}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
