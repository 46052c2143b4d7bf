#!/usr/bin/env python3
"""Takes the pictures of the guides anew: docs/pictures/*.png, each to be looked at before it is committed.

    cargo build --release && scripts/pictures.py [NAME...]      # all, or those whose name begins so

Needs chromedriver and Chromium, and for the exporter's picture Debian's prometheus. BINARIES names the folder of the
programs (target/release). The data are the real profiles of crates/test-support/data, as if a service had them today.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(HERE / "scripts"))

from browser import Browser  # noqa: E402 (its folder is known only now)

BINARIES = Path(os.environ.get("BINARIES", HERE / "target/release"))
PROFILES = HERE / "crates/test-support/data/profiles"
PICTURES = HERE / "docs/pictures"
TYPE = "memory:inuse_space:bytes:space:bytes"
CPU = "process_cpu:cpu:nanoseconds:cpu:nanoseconds:delta"
DRAWN = "document.body.dataset.drawn && !profilePage.page.running && profilePage.graph.drawn?.length > 0"
# What is new from the fifteenth minute on.
GROWN = "github.com/dgraph-io/badger/v3/skl.newArena"


class Programs:
    """What is started, until it is ended."""

    def __init__(self, folder):
        self.folder, self.started, self.prometheus = folder, [], None

    def start(self, *command, until):
        """Starts a program and gives the port in the line of its log that says it."""
        process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                   cwd=self.folder)
        self.started.append(process)
        line = next(line for line in process.stdout if re.search(until, line))
        # Nobody reads the rest, and a full pipe would stop it.
        subprocess.Popen(["cat"], stdin=process.stdout, stdout=subprocess.DEVNULL)
        return f"http://127.0.0.1:{re.search(r'127.0.0.1:([0-9]+)', line)[1]}"

    def end(self):
        for process in reversed(self.started):
            process.terminate()
            process.wait()


def fill(url):
    """Twenty minutes of a service: small before its new version, larger after."""
    files = sorted((PROFILES / "series").iterdir())

    def upload(file, minutes, *labels):
        flags = [flag for label in labels for flag in ("--label", label)]
        subprocess.run([BINARIES / "profile-query", "upload", "-", file, "--url", url, "--backend", "parca", "--time", f"-{minutes}m", *flags],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    for at in range(20):
        file = files[at % 5 if at < 15 else at % 5 + 5]
        upload(file, 21 - at, "job=api", "version=v1" if at < 15 else "version=v2", f"pod=pod-{at % 3}")
    upload(PROFILES / "profile1.pb.gz", 5, "job=gateway")


class Camera:
    def __init__(self, wanted):
        self.browser, self.wanted = Browser(), wanted
        self.browser.resize(1280, 900)

    def wants(self, name):
        return not self.wanted or any(name.startswith(one) for one in self.wanted)

    def open(self, url, until=DRAWN):
        self.browser.open("about:blank")
        self.browser.open(url)
        self.browser.wait(until, 60)

    def take(self, name):
        # Whatever is still on its way to the screen.
        time.sleep(0.7)
        (PICTURES / f"{name}.png").write_bytes(self.browser.picture())
        print(name)


def asked(query, **more):
    return "?" + urllib.parse.urlencode({"query": query, "start": "now-25m", "end": "now", **more})


def of_page(camera, url):
    memory = f'{TYPE}{{job="api"}}'
    compared = {"compare": "1", "start": "now-7m", "baseStart": "now-25m", "baseEnd": "now-7m"}
    views = {
        "page": asked(memory, selected=GROWN), "inverted": asked(memory, invert="1"), "packages": asked(memory, by="package"),
        "collapsed": asked(f'{CPU}{{job="gateway"}}', collapse="1"), "groups": asked(memory, groupBy="version"),
        "sandwich": asked(f'{CPU}{{job="gateway"}}', sandwich="runtime.mallocgc", selected="runtime.mallocgc"),
        "comparison": asked(memory, **compared, selected=GROWN),
    }
    for name, address in views.items():
        if not camera.wants(name):
            continue
        camera.open(url + address)
        if "selected" in address:
            camera.browser.wait("document.querySelector('#details h2') && document.querySelector('.chart-line')", 60)
        camera.take(name)
        if name in ("page", "comparison"):
            camera.browser.prefer("dark")
            camera.browser.wait(DRAWN)
            camera.take(name + "-dark")
            camera.browser.prefer("light")
    acts(camera, url, memory)


def acts(camera, url, memory):
    """What is there only after somebody did something."""
    browser = camera.browser
    steps = {
        "completion": ("document.querySelector('#field input').focus();", "document.querySelectorAll('.options li').length > 1"),
        "menu": ("const id = profilePage.graph.drawn.find(([id, text]) => text.includes('newArena'))[0]; const { x } = profilePage.graph.place(id);"
                 "const box = document.querySelector('.graph-scroll').getBoundingClientRect();"
                 "document.querySelector('.graph-scroll').dispatchEvent(new MouseEvent('contextmenu', { bubbles: true, cancelable: true,"
                 "clientX: box.left + x + 40, clientY: box.top + profilePage.graph.rowTop(profilePage.page.result.tree.depth[id]) + 8 }));",
                 "document.querySelector('.menu') && document.querySelector('.chart-line')"),
        "differs": ("[...document.querySelectorAll('#links button')].find((one) => one.textContent === 'What differs').click();",
                    "document.querySelectorAll('.differ').length > 3"),
        "command": ("[...document.querySelectorAll('#links button')].find((one) => one.textContent === 'Command').click();",
                    "document.querySelectorAll('.command').length > 1"),
    }
    for name, (act, until) in steps.items():
        if camera.wants(name):
            camera.open(url + asked(memory))
            browser.run(act + " arguments[arguments.length - 1]();")
            browser.wait(until, 60)
            camera.take(name)
    if camera.wants("phone"):
        browser.resize(390, 844, is_phone=True)
        camera.open(url + asked(memory, selected=GROWN))
        camera.take("phone")
        browser.resize(1280, 900)


def of_load(camera, programs, url):
    if not camera.wants("load"):
        return
    page = programs.start(BINARIES / "parca-load", "-url", url, "-addr", "127.0.0.1:0", "-query-interval", "1s", until="listening|serving|7171|addr")
    camera.open(page + "/load", "document.querySelector('#readiness').dataset.is === 'ready'")
    # Until there is something over time to see.
    camera.browser.wait("document.querySelectorAll('#over-time .rate').length > 3 && "
                        "document.querySelector('#over-time .rate').getAttribute('d').length > 300", 240)
    camera.take("load")
    camera.browser.prefer("dark")
    camera.take("load-dark")
    camera.browser.prefer("light")


def of_targets(camera, programs, url):
    if not camera.wants("targets"):
        return
    config = Path(programs.folder) / "parca.yaml"
    own = url.removeprefix("http://")
    config.write_text(f"""scrape_configs:
- job_name: prometheus
  scrape_interval: 5s
  static_configs: [{{targets: ['{prometheus(programs).removeprefix("http://")}'], labels: {{region: eu-west-1}}}}]
- job_name: checkout
  scrape_interval: 5s
  static_configs: [{{targets: ['127.0.0.1:9']}}]
  relabel_configs:
  - {{source_labels: [__name__], regex: mutex|block|memory|goroutine, action: drop}}
""")
    page = programs.start(BINARIES / "parca-ingest", "scrape", "--config-path", config, "--store-address", own, "--insecure",
                          "--http-address", "127.0.0.1:0", until="127.0.0.1:[0-9]+")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        told = urllib.request.urlopen(page + "/targets.json").read().decode()
        if '"health":"up"' in told and '"health":"down"' in told and '"health":"unknown"' not in told:
            break
        time.sleep(0.5)
    camera.open(page + "/targets", "document.querySelector('h2')")
    camera.take("targets")


def prometheus(programs):
    """A Prometheus that takes what is sent to it, and profiles itself."""
    if not programs.prometheus:
        (Path(programs.folder) / "prometheus.yml").write_text("global: {}\n")
        programs.prometheus = programs.start("prometheus", "--config.file=prometheus.yml", "--web.enable-remote-write-receiver",
                                             "--web.listen-address=127.0.0.1:19091", "--storage.tsdb.path=prometheus", until="address=127.0.0.1")
    return programs.prometheus


def of_exporter(camera, programs, url):
    """What a Prometheus draws of the metrics of the last minutes."""
    if not camera.wants("exporter"):
        return
    folder, store = Path(programs.folder), prometheus(programs)
    config = folder / "profile-exporter.yaml"
    config.write_text(f"""remote_write: {{url: '{store}/api/v1/write'}}
parca: {{address: '{url.removeprefix("http://")}', insecure: true}}
queries:
- name: memory
  query: {TYPE}{{job="api"}}
  interval: 1m
  matchers: [{{glob: "*"}}]
  top_n: 5
  top_by: flat
  other: false
""")
    subprocess.run([BINARIES / "profile-exporter", "backfill", f"--config-file={config}", "--from=now-21m", "--to=now-1m"],
                   check=True, cwd=folder)
    graph = {"g0.expr": "profile_exporter_flat_value", "g0.tab": "0", "g0.range_input": "20m", "g0.stacked": "1"}
    camera.open(f"{store}/classic/graph?{urllib.parse.urlencode(graph)}", "document.querySelector('.rickshaw_graph path') !== null")
    # With the names of the functions below it.
    camera.browser.resize(1280, 1040)
    camera.take("exporter")
    camera.browser.resize(1280, 900)


def main():
    camera = Camera(sys.argv[1:])
    with tempfile.TemporaryDirectory() as folder:
        programs = Programs(folder)
        try:
            url = programs.start(BINARIES / "parca-embedded", "--http-address", "127.0.0.1:0", "--self-profile-interval", "5s", until="serving")
            fill(url)
            of_page(camera, url + "/")
            of_load(camera, programs, url)
            of_targets(camera, programs, url)
            of_exporter(camera, programs, url)
        finally:
            programs.end()
            camera.browser.close()


main()
