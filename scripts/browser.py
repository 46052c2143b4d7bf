"""Chromium by chromedriver, for scripts that measure pages or take pictures of them."""

import base64
import json
import re
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path


class Late(Exception):
    """Something did not come about in time."""


class Browser:
    """One window of 1280 x 900. A page may take `patience` seconds to load."""

    def __init__(self, patience=300):
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, text=True)
        port = next(found[1] for line in self.driver.stdout if (found := re.search(r"successfully on port (\d+)", line)))
        self.base = f"http://127.0.0.1:{port}/session"
        self.folder = tempfile.mkdtemp()
        args = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1280,900",
                f"--user-data-dir={self.folder}"]
        wanted = {"capabilities": {"alwaysMatch": {"goog:chromeOptions": {"args": args}}}}
        self.base += "/" + self.ask("", wanted)["sessionId"]
        self.ask("/timeouts", {"script": patience * 1000, "pageLoad": patience * 1000})

    def ask(self, path, body):
        request = urllib.request.Request(self.base + path, json.dumps(body).encode(), {"content-type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=400) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise Late(json.load(error)["value"]["message"].splitlines()[0]) from None

    def open(self, url):
        self.ask("/url", {"url": url})

    def run(self, script):
        """Runs a script that calls its last argument with what it found."""
        return self.ask("/execute/async", {"script": script, "args": []})

    def value(self, expression):
        return self.ask("/execute/sync", {"script": f"return {expression};", "args": []})

    def wait(self, expression, seconds=300):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if found := self.value(expression):
                return found
            time.sleep(0.01)
        raise Late(f"{expression} did not become true within {seconds} s")

    def command(self, name, **parameters):
        """A command of Chromium's own protocol."""
        return self.ask("/goog/cdp/execute", {"cmd": name, "params": parameters})

    def resize(self, width, height, is_phone=False):
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=is_phone)
        self.command("Emulation.setTouchEmulationEnabled", enabled=is_phone, maxTouchPoints=1)

    def prefer(self, scheme):
        """As if the system were set to light or dark."""
        self.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def picture(self):
        """What the window shows, as a PNG."""
        return base64.b64decode(self.command("Page.captureScreenshot")["data"])

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
        try:
            urllib.request.urlopen(urllib.request.Request(self.base, method="DELETE"), timeout=30)
        except OSError:
            pass  # is gone already
        self.driver.terminate()
        self.driver.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
