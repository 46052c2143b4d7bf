#!/usr/bin/env python3
"""CPU per scraped profile and memory of `parca-ingest scrape` and of `parca --mode=scraper-only`, in turns, in one run.

    scripts/bench/scrape.py [TARGETS [SECONDS [ROUNDS]]]      # 20 targets at 1 s, 30 seconds, 2 rounds unless said otherwise

Targets are one program with canned answers (real profiles of a Go program), and the store is parca-embedded in memory, so
that only the scrapers differ. PARCA names the binary of a Parca; without it there is only ours. PARCA_INGEST and
PARCA_EMBEDDED name ours (target/release/...).
"""

import http.server
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parents[2]
DATA = HERE / "crates/test-support/data/profiles"
INGEST = os.environ.get("PARCA_INGEST", str(HERE / "target/release/parca-ingest"))
EMBEDDED = os.environ.get("PARCA_EMBEDDED", str(HERE / "target/release/parca-embedded"))
TICKS = os.sysconf("SC_CLK_TCK")
# What a Go program says at each path; a scraper asks for five of them by default.
MEMORY = sorted((DATA / "series").iterdir())[0].read_bytes()
CPU = (DATA / "profile1.pb.gz").read_bytes()


class Target(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    served = 0
    lock = threading.Lock()

    def do_GET(self):
        body = CPU if "/profile" in self.path else MEMORY
        self.send_response(200)
        self.send_header("content-type", "application/octet-stream")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        with Target.lock:
            Target.served += 1

    def log_message(self, *_):
        pass


class Targets(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """A scraper that is ended does not wait for its answers."""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def highest_memory(pid):
    """In MB."""
    return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) * 1024 / 1e6


def end(process):
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def quiet(*command, **more):
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **more)


def measure(command, folder, seconds):
    """CPU per profile in ms, profiles, memory in MB: after a warm-up of 5 seconds."""
    scraper = quiet(*command, cwd=folder)
    try:
        time.sleep(5)
        served, used, began = Target.served, cpu_seconds(scraper.pid), time.monotonic()
        time.sleep(seconds)
        served, used = Target.served - served, cpu_seconds(scraper.pid) - used
        if served == 0 or scraper.poll() is not None:
            raise SystemExit(f"{command[0]} scraped nothing")
        return used * 1000 / served, served / (time.monotonic() - began), highest_memory(scraper.pid)
    finally:
        end(scraper)


def config(folder, port, targets):
    addresses = ", ".join(f"'127.0.0.{at + 1}:{port}'" for at in range(targets))
    path = Path(folder) / "parca.yaml"
    path.write_text(
        f"object_storage: {{bucket: {{type: FILESYSTEM, config: {{directory: '{folder}/data'}}}}}}\n"
        f"scrape_configs:\n- job_name: bench\n  scrape_interval: 1s\n  static_configs: [{{targets: [{addresses}]}}]\n")
    return str(path)


def main():
    targets, seconds, rounds = (int(value) for value in (sys.argv[1:] + ["20", "30", "2"][len(sys.argv) - 1:])[:3])
    server = Targets(("0.0.0.0", 0), Target)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    folder, store_port = tempfile.mkdtemp(), free_port()
    store = quiet(EMBEDDED, "--http-address", f"127.0.0.1:{store_port}", "--self-profile-interval", "0s")
    file, where = config(folder, server.server_address[1], targets), f"127.0.0.1:{store_port}"
    scrapers = {"parca-ingest scrape": [INGEST, "scrape", "--config-path", file, "--store-address", where, "--insecure",
                                        "--http-address", "127.0.0.1:0"]}
    if parca := os.environ.get("PARCA"):
        scrapers["parca --mode=scraper-only"] = [
            parca, "--mode=scraper-only", f"--config-path={file}", f"--store-address={where}", "--insecure",
            f"--http-address=127.0.0.1:{free_port()}", "--debuginfod-upstream-servers="]
    else:
        print("parca: left out (set PARCA)")
    found = {name: [] for name in scrapers}
    try:
        print(f"{targets} targets at 1 s for {seconds} s, {rounds} rounds; load {os.getloadavg()[0]:.1f}")
        for _ in range(rounds):
            for name, command in scrapers.items():
                found[name].append(measure(command, folder, seconds))
        for name, all_ in found.items():
            per_profile = [one[0] for one in all_]
            print(f"{name:<28}{statistics.median(per_profile):6.2f} ms CPU per profile ({min(per_profile):.2f} to {max(per_profile):.2f})"
                  f"{statistics.median(one[1] for one in all_):8.0f} profiles/s{max(one[2] for one in all_):8.1f} MB at its highest")
    finally:
        end(store)
        shutil.rmtree(folder, ignore_errors=True)


main()
