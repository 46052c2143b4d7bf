#!/usr/bin/env python3
"""What spans cost parca-embedded: CPU of a push with and without them, memory, and the time to find one.

    scripts/bench/spans.py [--span-memory=64MiB ...]

Starts target/release/parca-embedded (or $PARCA_EMBEDDED) with these flags, and pushes CPU profiles of 1000 samples of 20
calls each, without spans, of 100 and of 1000 spans; then spans until their memory was full several times over.
"""

import json
import os
import subprocess
import sys
import time
import urllib.request

HERE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.environ.get("PARCA_EMBEDDED", f"{HERE}/target/release/parca-embedded")
TYPE = "process_cpu:cpu:nanoseconds:cpu:nanoseconds"
START = 1_700_000_000
SAMPLES, DEPTH, FUNCTIONS = 1000, 20, 300


def varint(number):
    out = bytearray()
    while True:
        more = number > 0x7F
        out.append(number & 0x7F | (0x80 if more else 0))
        number >>= 7
        if not more:
            return bytes(out)


def part(field, content):
    return varint(field << 3 | 2) + varint(len(content)) + content


def number(field, value):
    return varint(field << 3) + varint(value)


def span_id(second, at):
    return f"{second << 20 | at:016x}"


def profile(second, spans):
    texts = ["", "cpu", "nanoseconds", "span_id"] + [f"function{at}" for at in range(FUNCTIONS)]
    first_span = len(texts)
    texts += [span_id(second, at) for at in range(spans)]
    out = part(1, number(1, 1) + number(2, 2))
    for at in range(SAMPLES):
        stack = b"".join(varint(1 + (at * 7 + depth * 13) % FUNCTIONS) for depth in range(DEPTH))
        sample = part(1, stack) + part(2, varint(10_000_000))
        if spans:
            sample += part(3, number(1, 3) + number(2, first_span + at % spans))
        out += part(2, sample)
    for at in range(FUNCTIONS):
        out += part(4, number(1, at + 1) + part(4, number(1, at + 1) + number(2, 1)))
        out += part(5, number(1, at + 1) + number(2, 4 + at))
    for text in texts:
        out += part(6, text.encode())
    return out + number(9, second * 10**9) + number(10, 10**10) + part(11, number(1, 1) + number(2, 2)) + number(12, 10_000_000)


class Server:
    def __init__(self, flags):
        flags = ["--http-address=127.0.0.1:0", "--self-profile-interval=0s", *flags]
        self.process = subprocess.Popen([PROGRAM, *flags], stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            if "serving" in line:
                self.url = "http://" + line.split("http://")[1].split()[0].strip('"')
                break

    def post(self, path, body, kind):
        request = urllib.request.Request(self.url + path, data=body, headers={"Content-Type": kind})
        with urllib.request.urlopen(request) as answer:
            return answer.read()

    def push(self, second, spans):
        path = "/ingest?format=pprof&name=app%7Bregion%3Deu%2Cpod%3Dapi-6f7d8c9b5-xkq2z%7D"
        self.post(path, profile(second, spans), "application/octet-stream")

    def ask(self, method, **fields):
        request = {"profileTypeID": TYPE, "start": START * 1000, "end": (START + 10**6) * 1000, **fields}
        path = "/querier.v1.QuerierService/" + method
        return json.loads(self.post(path, json.dumps(request).encode(), "application/json"))

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat") as stat:
            fields = stat.read().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_mib(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(next(line for line in status if line.startswith("VmRSS")).split()[1]) // 1024


def main():
    server = Server(sys.argv[1:])
    try:
        second = START
        for spans in (0, 100, 1000):
            before, pushes = server.cpu_seconds(), 50
            for _ in range(pushes):
                second += 1
                server.push(second, spans)
            took = (server.cpu_seconds() - before) / pushes * 1000
            print(f"a push of {SAMPLES} samples of {spans} spans: {took:.1f} ms of CPU")
        for thousands in range(1, 201):
            second += 1
            server.push(second, 1000)
            if thousands % 50 == 0:
                print(f"after {thousands},000 more spans: {server.resident_mib()} MiB resident")
        began = time.monotonic()
        found = server.ask("SelectMergeSpanProfile", spanSelector=[span_id(second, 7)])["flamegraph"]["total"]
        print(f"one span: {(time.monotonic() - began) * 1000:.0f} ms, {found} ns")
        heat = server.ask("SelectHeatmap", step=1000, queryType="HEATMAP_QUERY_TYPE_SPAN")
        kept = sum(sum(slot["counts"]) for series in heat.get("series", []) for slot in series["slots"])
        print(f"spans kept: {kept}")
    finally:
        server.process.terminate()
        server.process.wait()


main()
