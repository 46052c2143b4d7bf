#!/usr/bin/env python3
"""What clients that are slow, or say nothing, cost the others: times of questions and writes with and without them.

    scripts/bench/slow-clients.py [SLOW [IDLE [SECONDS]]]      200 slow, 500 idle, 20 s a stage unless said otherwise

Starts target/release/parca-embedded (or $PARCA_EMBEDDED) in memory, with --slow-client-timeout=$TIMEOUT (30s). A slow
client begins a request of a megabyte and sends a byte a second, a third of them by HTTP/2; an idle one sends nothing,
half a head, or HTTP/2's preface alone. Four others ask and write in turn, each answer before the next question. At the
end all slow ones are waited for: how many were cut off, and after how long.
"""
import asyncio, os, re, resource, statistics, subprocess, sys, time

HERE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.environ.get("PARCA_EMBEDDED", f"{HERE}/target/release/parca-embedded")
TIMEOUT = os.environ.get("TIMEOUT", "30s")
SLOW, IDLE, SECONDS = [int(text) for text in (sys.argv[1:] + ["200", "500", "20"][len(sys.argv) - 1:])]
STACKS = "".join(f"main;serve;handler_{n};work {n}\n" for n in range(200)).encode()

# HTTP/2: preface, settings; a request to a path of three letters with a body of HEADERS and then DATA frames.
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
FIELDS = b"\x83\x86\x04\x07/ingest\x41\x09localhost"
HEADERS = len(FIELDS).to_bytes(3, "big") + b"\x01\x04" + (1).to_bytes(4, "big") + FIELDS
BYTE = (1).to_bytes(3, "big") + b"\x00\x00" + (1).to_bytes(4, "big") + b"x"
HALVES = [b"", b"GET /healthz HTTP/1.1\r\nhost: local", PREFACE]


def push(name):
    now = int(time.time())
    head = f"host: localhost\r\ncontent-length: {len(STACKS)}\r\n\r\n".encode()
    return f"POST /ingest?name={name}&from={now - 10}&until={now} HTTP/1.1\r\n".encode() + head + STACKS


def questions():
    # Of what is pushed once, so that a question costs the same all the time.
    asked = "/pyroscope/render?query=process_cpu:cpu:nanoseconds:cpu:nanoseconds%7Bservice_name=%22once%22%7D&from=now-1h"
    return [push("again")] + [f"GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n".encode()
                              for path in ["/healthz", "/api/profiles/types", asked]]


async def answer(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head, re.I)
    if length:
        await reader.readexactly(int(length[1]))
    else:
        await reader.readuntil(b"0\r\n\r\n")
    return int(head.split(b" ")[1])


async def other(address, until, times):
    reader, writer = await asyncio.open_connection(*address)
    while time.monotonic() < until:
        for question in questions():
            begun = time.monotonic()
            writer.write(question)
            status = await answer(reader)
            times.append(time.monotonic() - begun)
            assert status < 300, (status, question[:80])
    writer.close()


async def stage(name, address, seconds):
    times = []
    until = time.monotonic() + seconds
    await asyncio.gather(*[other(address, until, times) for _ in range(4)])
    parts = statistics.quantiles(times, n=1000)
    print(f"{name:>24}: {len(times):>6} calls, p50 {parts[499] * 1e3:.2f} ms, p99 {parts[989] * 1e3:.2f} ms", flush=True)
    return parts[989]


async def end(reader, is_http2):
    """When the server has answered or gone: HEADERS, RST_STREAM or GOAWAY, or the end of the connection."""
    if not is_http2:
        return await reader.read()
    kind = 4
    while kind not in (1, 3, 7):
        head = await reader.readexactly(9)
        kind = head[3]
        await reader.readexactly(int.from_bytes(head[:3], "big"))


async def slow(address, number, cut):
    reader, writer = await asyncio.open_connection(*address)
    is_http2 = number % 3 == 0
    begin = b"POST /ingest?name=slow HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000000\r\n\r\n"
    writer.write(PREFACE + HEADERS if is_http2 else begin)
    begun, ended = time.monotonic(), asyncio.create_task(end(reader, is_http2))
    while not ended.done():
        writer.write(BYTE if is_http2 else b"x")
        await asyncio.wait([ended], timeout=1)
    cut.append(time.monotonic() - begun)
    # A reset or an end in the middle of a frame is an end as well.
    ended.exception()
    writer.close()


async def idle(address, number, gone):
    reader, writer = await asyncio.open_connection(*address)
    writer.write(HALVES[number % len(HALVES)])
    try:
        await reader.read()
    except OSError:
        pass
    gone.append(1)
    writer.close()


async def main():
    # The server inherits it.
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    server = subprocess.Popen([PROGRAM, "--http-address=127.0.0.1:0", f"--slow-client-timeout={TIMEOUT}"],
                              stderr=subprocess.PIPE, text=True)
    try:
        for line in server.stderr:
            found = re.search(r"http://(127\.0\.0\.1):(\d+)", line)
            if found:
                break
        address = (found[1], int(found[2]))
        reader, writer = await asyncio.open_connection(*address)
        writer.write(push("once"))
        assert await answer(reader) == 200
        await stage("warming up", address, 3)
        alone = await stage("alone", address, SECONDS)
        cut, gone = [], []
        crowd = [slow(address, n, cut) for n in range(SLOW)] + [idle(address, n, gone) for n in range(IDLE)]
        crowd = asyncio.gather(*crowd)
        await asyncio.sleep(1)
        beside = await stage(f"beside {SLOW} + {IDLE}", address, SECONDS)
        print(f"p99 beside / alone: {beside / alone:.2f}", flush=True)
        await crowd
        print(f"cut off: {len(cut)} slow after {min(cut):.0f} to {max(cut):.0f} s, {len(gone)} idle", flush=True)
        await stage("afterwards", address, SECONDS)
    finally:
        server.terminate()
        server.wait()


asyncio.run(main())
