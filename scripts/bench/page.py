#!/usr/bin/env python3
"""The profile page and `go tool pprof -http` with one large profile, in one run, in Chromium by chromedriver.

    scripts/bench/page.py [NODES [ROUNDS]]      # 100000 nodes and 5 rounds unless said otherwise

Needs chromedriver, Chromium and Go. PROFILE_QUERY names the program (target/release/profile-query), NODE=1 repeats the
transforms in Node, too, and GO= leaves Go out.
"""

import gzip
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("PROFILE_QUERY", str(HERE / "target/release/profile-query"))
FUNCTIONS = 4000
DEEPEST = 60


# ---- a profile -----------------------------------------------------------------------------------

def varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def profile(nodes, path):
    """A CPU profile with so many nodes: packages and functions as programs have them, some levels deep."""
    chance = random.Random(42)
    verbs = ["serve", "handle", "parse", "encode", "flush", "lookup", "merge", "append", "compact", "scan"]
    texts = ["", "cpu", "nanoseconds"]
    for at in range(FUNCTIONS):
        texts.append(f"github.com/example/project-{at % 37}/pkg/storage.(*Reader{at % 11}).{verbs[at % 10]}Block{at}")
    parts = [field(1, field(1, 1) + field(2, 2)), field(11, field(1, 1) + field(2, 2)), field(12, 10_000_000)]
    for at in range(1, FUNCTIONS + 1):
        parts.append(field(4, field(1, at) + field(4, field(1, at))))
        parts.append(field(5, field(1, at) + field(2, at + 2)))
    stacks, seen = [()], {()}
    while len(seen) <= nodes:
        # Most calls are below recent ones, so that some stacks get deep.
        above = stacks[-1 - chance.randrange(min(len(stacks), 4000))]
        stack = (above if len(above) < DEEPEST else above[:1]) + (1 + chance.randrange(FUNCTIONS),)
        if stack in seen:
            continue
        seen.add(stack)
        stacks.append(stack)
        locations = b"".join(varint(at) for at in reversed(stack))
        parts.append(field(2, field(1, locations) + field(2, varint(10_000_000 * (1 + chance.randrange(100))))))
    parts += [field(6, text.encode()) for text in texts]
    parts += [field(9, 1_700_000_000_000_000_000), field(10, 10_000_000_000)]
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(b"".join(parts))


# ---- a browser -----------------------------------------------------------------------------------

class Browser:
    def __init__(self):
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, text=True)
        port = next(found[1] for line in self.driver.stdout if (found := re.search(r"successfully on port (\d+)", line)))
        self.base = f"http://127.0.0.1:{port}/session"
        self.folder = tempfile.mkdtemp()
        args = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1280,900",
                f"--user-data-dir={self.folder}"]
        wanted = {"capabilities": {"alwaysMatch": {"goog:chromeOptions": {"args": args}}}}
        self.base += "/" + self.ask("", wanted)["sessionId"]
        self.ask("/timeouts", {"script": 120_000, "pageLoad": 300_000})

    def ask(self, path, body):
        request = urllib.request.Request(self.base + path, json.dumps(body).encode(), {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=400) as answer:
            return json.load(answer)["value"]

    def open(self, url):
        self.ask("/url", {"url": url})

    def run(self, script):
        return self.ask("/execute/async", {"script": script, "args": []})

    def wait(self, expression, seconds=300):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if found := self.ask("/execute/sync", {"script": f"return {expression};", "args": []}):
                return found
            time.sleep(0.01)
        raise SystemExit(f"{expression} did not become true")

    def resident(self):
        """Resident memory of the largest process of a page, in MiB."""
        pages = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                command = (folder / "cmdline").read_bytes()
                if b"--type=renderer" in command and self.folder.encode() in command:
                    pages.append(int(re.search(r"VmHWM:\s+(\d+)", (folder / "status").read_text())[1]) // 1024)
            except OSError:
                pass  # has ended meanwhile
        return max(pages, default=0)

    def close(self):
        urllib.request.urlopen(urllib.request.Request(self.base, method="DELETE"))
        self.driver.terminate()
        self.driver.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


DRAWN = "document.body.dataset.drawn && !profilePage.page.running && profilePage.graph.drawn?.length > 0"

# What a reader does, from the act to the picture: the last frame is drawn in the callback that was asked for first.
ACT = """
const done = arguments[arguments.length - 1], began = performance.now(), drawn = document.body.dataset.drawn;
%s;
const look = () => document.body.dataset.drawn === drawn ? setTimeout(look, 0)
  : requestAnimationFrame(() => done([performance.now() - began, profilePage.engine.took.view, profilePage.page.result.tree.count]));
look();
"""
PRESS = "document.body.dispatchEvent(new KeyboardEvent('keydown', {{ key: '{}', bubbles: true }}))"
CHOOSE = ("const by = document.querySelector(\"#tools select[aria-label='What a frame is']\"); by.value = '{}'; "
          "by.dispatchEvent(new Event('change'))")
FILTER = ("const url = new URL(location.href); url.searchParams.set('{0}', '{1}'); "
          "history.replaceState(null, '', url); dispatchEvent(new PopStateEvent('popstate'))")
VIEWS = [
    ("inverted", PRESS.format("i"), PRESS.format("i")),
    ("collapsed", PRESS.format("c"), PRESS.format("c")),
    ("packages", CHOOSE.format("package"), CHOOSE.format("function")),
    ("lines", CHOOSE.format("line"), CHOOSE.format("function")),
    ("focus", FILTER.format("focus", "serve"), FILTER.format("focus", "")),
    ("ignore", FILTER.format("ignore", "serve"), FILTER.format("ignore", "")),
    ("hide", FILTER.format("hide", "handle"), FILTER.format("hide", "")),
    ("callers and callees", FILTER.format("sandwich", "{label}"), FILTER.format("sandwich", "")),
]


def page(browser, path, rounds):
    server = subprocess.Popen([PROGRAM, "ui", str(path)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        looked_at(browser, server, rounds)
    finally:
        end(server)


def end(server):
    server.terminate()
    server.wait()


def looked_at(browser, server, rounds):
    url = next(found[0] for line in server.stdout if (found := re.search(r"http://[\d.:]+/", line)))
    began = time.monotonic()
    browser.open(url)
    browser.wait(DRAWN)
    opened = time.monotonic() - began
    shown, load = browser.run("arguments[0]([profilePage.page.shownIn, profilePage.engine.took.load])")
    print(f"page: {opened:.2f} s from opening it to the picture; {shown:.0f} ms from the taken-in answer to the picture, "
          f"{load:.0f} ms to take it in")
    label = browser.run("const { raw, result } = profilePage.page; arguments[0](raw.names[raw.f_name[result.table.frame[0]]][0])")
    print(f"{'':<22}{'nodes':>9}{'first':>9}{'median':>9}{'worker':>9}   ms from the key to the picture; of it the worker's")
    for name, there, back in VIEWS:
        times = []
        for _ in range(rounds):
            times.append(browser.run(ACT % there.replace("{label}", label)))
            browser.run(ACT % back)
        whole, worker = (statistics.median(one[at] for one in times) for at in (0, 1))
        print(f"{name:<22}{times[0][2]:>9,}{times[0][0]:>9.0f}{whole:>9.0f}{worker:>9.0f}")
    status = Path(f"/proc/{server.pid}/status").read_text()
    peak = int(re.search(r"VmHWM:\s+(\d+)", status)[1]) // 1024
    print(f"memory at its highest: {browser.resident()} MiB the page's process, {peak} MiB the server")
    if os.environ.get("NODE"):
        in_node(url, rounds)


def in_node(url, rounds):
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        with urllib.request.urlopen(url + "api/profile?source=0") as answer:
            file.write(answer.read())
        file.flush()
        subprocess.run(["node", str(HERE / "scripts/bench/page-worker.mjs"), file.name, str(rounds)], check=True)


def go(browser, path):
    began = time.monotonic()
    server = subprocess.Popen(["go", "tool", "pprof", "-no_browser", "-http=127.0.0.1:", str(path)],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        url = next(found[0] for line in server.stdout if (found := re.search(r"http://[\w.:]+", line)))
        browser.open(url + "/ui/flamegraph")
        say_boxes(browser, began)
    finally:
        end(server)


def say_boxes(browser, began):
    boxes = browser.wait("document.querySelectorAll('#stack-chart .boxbg').length")
    print(f"go tool pprof -http: {time.monotonic() - began:.2f} s from its start to the picture, {boxes} boxes")


def main():
    nodes, rounds = (int(value) for value in (sys.argv[1:] + ["100000", "5"][len(sys.argv) - 1:])[:2])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.pb.gz"
        profile(nodes, path)
        print(f"{nodes:,} nodes of {FUNCTIONS:,} functions, {path.stat().st_size:,} bytes; load {os.getloadavg()[0]:.1f}")
        for name, what in (("page", lambda one: page(one, path, rounds)), ("go", lambda one: go(one, path))):
            if name == "go" and os.environ.get("GO") == "":
                continue
            browser = Browser()
            try:
                what(browser)
            finally:
                browser.close()


main()
