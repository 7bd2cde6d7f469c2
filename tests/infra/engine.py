"""The container engine of this machine: builds images and runs them within Cloud Run's limits."""

from __future__ import annotations

import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from infra.local.server import free_ports
from tests.support.service.service_process import CHECKOUT, ServiceProcess

OFFICIAL_BASE = "docker.io/library/python:3.13-slim"
BASES_HERE = ("localhost/python:3.13-slim", OFFICIAL_BASE)
"""In order of preference; the first is made where no registry can be reached."""

CERTIFICATES = Path("/etc/ssl/certs")
NOTHING: Mapping[str, str] = MappingProxyType({})
FENCES = ("--network", "host", "--memory", "512m", "--cpus", "1", "--read-only", "--tmpfs", "/tmp")


class NoEngine(Exception):
    """Containers cannot run here; the message says why."""


@dataclass(frozen=True)
class Engine:
    """docker or podman; `build_flags` and `run_flags` are what this machine needs besides."""

    program: tuple[str, ...]
    base_image: str
    build_flags: tuple[str, ...] = ()
    run_flags: tuple[str, ...] = ()

    def build(self, part: str, context: Path = CHECKOUT, target: str = "") -> str:
        """The image of `part`/Dockerfile, by its tag."""
        tag = f"localhost/urgency-test/{target or part}:test"
        file = ("--file", str(context / part / "Dockerfile"))
        base = ("--build-arg", f"PYTHON_IMAGE={self.base_image}")
        chosen = ("--target", target) if target else ()
        options = (*self.build_flags, "--network", "host", *file, *base, *chosen, "--tag", tag)
        self._done("build", *options, str(context))
        return tag

    def size_mb(self, image: str) -> float:
        """What the image takes unpacked."""
        return int(self._done("image", "inspect", "--format", "{{.Size}}", image).stdout) / 1e6

    def run(
        self, image: str, *command: str, environ: Mapping[str, str] = NOTHING, entrypoint: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """What a container says until it ends well."""
        return self._done(*self._run(environ, entrypoint), image, *command)

    def find(self, image: str, *where: str) -> set[str]:
        """Names of the files that `find` finds in an image."""
        return set(self.run(image, *where, entrypoint="find").stdout.split())

    def peak_mb(self, name: str) -> float:
        """The most memory that a container took, with page cache; cgroups of version 2 or 1."""
        files = "/sys/fs/cgroup/memory.peak /sys/fs/cgroup/memory/memory.max_usage_in_bytes"
        read = f"cat {files} 2>/dev/null || true"
        return int(self._done("exec", name, "sh", "-c", read).stdout.split()[0]) / 2**20

    @contextmanager
    def service(
        self, image: str, environ: Mapping[str, str], folder: Path
    ) -> Iterator[tuple[ServiceProcess, str]]:
        """A container of the service that was just started, and its name; `folder` gets its log."""
        [port] = free_ports(1)
        name = f"urgency-test-{secrets.token_hex(4)}"
        log = folder / f"{name}.log"
        command = [*self.program, *self._run({**environ, "PORT": str(port)}), "--name", name, image]
        with log.open("wb") as stream:
            process = subprocess.Popen(command, stdout=stream, stderr=stream)
        try:
            yield ServiceProcess(process, f"http://127.0.0.1:{port}", log), name
        finally:
            if process.poll() is None:
                subprocess.run([*self.program, "kill", name], capture_output=True, check=False)
                process.wait(60)

    def _run(self, environ: Mapping[str, str], entrypoint: str = "") -> list[str]:
        variables = [f"--env={name}={value}" for name, value in environ.items()]
        entry = [f"--entrypoint={entrypoint}"] if entrypoint else []
        return ["run", "--rm", *self.run_flags, *FENCES, *variables, *entry]

    def _done(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        ended = subprocess.run(
            [*self.program, *arguments], capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, f"{ended.stdout[-4000:]}\n{ended.stderr[-4000:]}"
        return ended


def container_engine() -> Engine:
    """The engine that works here, with a base image. Raises NoEngine."""
    if sys.platform != "linux":
        raise NoEngine("containers share the host's loopback on Linux only")
    for program, build_flags, run_flags in _engines():
        return Engine(program, _base_image(program), build_flags, run_flags)
    raise NoEngine("no container engine")


def _base_image(program: tuple[str, ...]) -> str:
    for image in BASES_HERE:
        if _works([*program, "image", "inspect", image]):
            return image
    if _works([*program, "pull", OFFICIAL_BASE]):
        return OFFICIAL_BASE
    raise NoEngine(f"{program[0]} cannot pull {OFFICIAL_BASE}")


def _engines() -> Iterator[tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]]:
    """Programs that answer, with the flags that building and running need."""
    if shutil.which("docker") and _works(["docker", "info"]):
        yield ("docker",), (), ()
    if shutil.which("podman") and _works(["podman", "info"]):
        runtime = ("--runtime", "runc") if shutil.which("runc") else ()
        # Only these limits and this isolation work inside a container, without user namespaces.
        mounted = ("--volume", f"{CERTIFICATES}:{CERTIFICATES}:ro")
        build = ("--isolation", "chroot", "--ulimit", "nofile=4096:4096")
        limits = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000")
        yield ("podman", *runtime), (*build, *mounted) if CERTIFICATES.is_dir() else build, limits


def _works(command: Sequence[str]) -> bool:
    """Whether the command ends well, within the time that pulling a base image may take."""
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 0
    except subprocess.TimeoutExpired:
        return False
