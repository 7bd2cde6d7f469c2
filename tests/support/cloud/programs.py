"""Small programs that play a container's part."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from infra.local.processes import Program

ANSWERS = """
import http.server, os, sys
class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with open(os.environ["SEEN"], "ab") as seen:
            seen.write(body + b"\\n")
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *arguments):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
"""
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + ANSWERS


def program(folder: Path, port: int, code: str = ANSWERS, name: str = "part") -> Program:
    """A program of `code`: its first argument is its port, SEEN the file that it writes to."""
    environment = {"PATH": os.environ["PATH"], "SEEN": str(folder / f"{name}.seen")}
    return Program(name, python(code, port), environment, folder, folder / f"{name}.log", port)


def python(code: str, port: int) -> list[str]:
    """The command that runs `code`."""
    return [sys.executable, "-c", code, str(port)]


def is_alive(pid: int) -> bool:
    """Whether this process runs; a zombie does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"
