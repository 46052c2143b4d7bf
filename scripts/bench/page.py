#!/usr/bin/env python3
"""The profile page and `go tool pprof -http` with one large profile, in one run, in Chromium by chromedriver.

    scripts/bench/page.py [NODES [ROUNDS]]      # 100000 nodes and 5 rounds unless said otherwise

Needs chromedriver, Chromium and Go. PROFILE_QUERY names the program (target/release/profile-query), NODE=1 repeats the
transforms in Node, too, and GO= leaves Go out.
"""

import gzip
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(HERE / "scripts"))

from browser import Browser, Late  # noqa: E402 (its folder is known only now)

PROGRAM = os.environ.get("PROFILE_QUERY", str(HERE / "target/release/profile-query"))
FUNCTIONS = 4000
DEEPEST = 60
# How many seconds Go's page may take.
GO_PATIENCE = 120


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


DRAWN = "document.body.dataset.drawn && !profilePage.page.running && profilePage.graph.drawn?.length > 0"

# What a reader does, from the act to the frame with the picture, and to the frame with the table behind it; the act comes at
# any time between two frames. Views that were looked at before are forgotten if wanted, so that they are made.
ACT = """
const finished = arguments[arguments.length - 1];
(async () => {
  const { engine, page } = profilePage, drawn = [];
  if (%s) engine.views.clear();
  engine.took.view = 0;
  const frame = () => new Promise((shown) => requestAnimationFrame(() => setTimeout(() => shown(performance.now()), 0)));
  await frame();
  await new Promise((done) => setTimeout(done, Math.random() * 16));
  const began = performance.now(), all = new Promise((done) => {
    new MutationObserver((changes, observer) => {
      const names = changes.map(({ attributeName }) => attributeName);
      if (names.includes('data-pictured')) drawn.push(performance.now(), frame());
      if (names.includes('data-drawn')) { observer.disconnect(); done(frame()); }
    }).observe(document.body, { attributes: true });
  });
  %s;
  const table = await all, picture = await drawn[1];
  finished([picture - began, table - began, drawn[0] - began, engine.took.view, page.result.tree.count]);
})();
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
    print(f"{'ms from the key to':<22}{'':>9}{'frame with the picture':>27}{'drawn':>9}{'of it in':>9}{'frame with':>11}{'frame,':>9}")
    print(f"{'':<22}{'nodes':>9}{'first':>9}{'median':>9}{'most':>9}{'':>9}{'worker':>9}{'table, too':>11}{'again':>9}")
    for name, there, back in VIEWS:
        times, again = [], []
        for _ in range(rounds):
            times.append(browser.run(ACT % ("true", there.replace("{label}", label))))
            browser.run(ACT % ("false", back))
            again.append(browser.run(ACT % ("false", there.replace("{label}", label))))
            browser.run(ACT % ("false", back))
        picture, table, drawn, worker = (statistics.median(one[at] for one in times) for at in range(4))
        most, known = max(one[0] for one in times), statistics.median(one[0] for one in again)
        print(f"{name:<22}{times[0][4]:>9,}{times[0][0]:>9.0f}{picture:>9.0f}{most:>9.0f}{drawn:>9.0f}{worker:>9.0f}{table:>11.0f}{known:>9.0f}")
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
    # Without symbols of its own it would look for them in the network.
    command = ["go", "tool", "pprof", "-no_browser", "-symbolize=none", "-http=127.0.0.1:", str(path)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        url = next(found[0] for line in server.stdout if (found := re.search(r"http://[\w.:]+", line)))
        served = time.monotonic() - began
        browser.open(url + "/ui/flamegraph")
        boxes = browser.wait("document.querySelectorAll('#stack-chart .boxbg').length", GO_PATIENCE)
        print(f"go tool pprof -http: {time.monotonic() - began:.2f} s from its start to the picture ({served:.2f} until it serves), "
              f"{boxes} boxes; {browser.resident()} MiB the page's process")
    except Late as late:
        print(f"go tool pprof -http: no picture {time.monotonic() - began:.0f} s after its start: {late}")
    finally:
        end(server)


def main():
    nodes, rounds = (int(value) for value in (sys.argv[1:] + ["100000", "5"][len(sys.argv) - 1:])[:2])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.pb.gz"
        profile(nodes, path)
        print(f"{nodes:,} nodes of {FUNCTIONS:,} functions, {path.stat().st_size:,} bytes; load {os.getloadavg()[0]:.1f}")
        for name, what in (("page", lambda one: page(one, path, rounds)), ("go", lambda one: go(one, path))):
            if name == "go" and os.environ.get("GO") == "":
                continue
            browser = Browser(GO_PATIENCE if name == "go" else 300)
            try:
                what(browser)
            finally:
                browser.close()


main()
