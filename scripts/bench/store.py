#!/usr/bin/env python3
"""The store of a Parca-compatible server: what a written profile, a merge, a range and memory cost.

    scripts/bench/store.py memory|disk|ADDRESS:PID [STAGE...]     default stages: 1 100 1000 5000

Starts target/release/parca-embedded (or $PARCA_EMBEDDED) in memory or on a fresh folder, or asks a server
that runs. PROFILES names pprof files, written in turn with rising times; PODS (20) is the number of
label sets, WRITERS (1) how many write at once. CPU is user and system time of the server. Needs a Python with
grpcio, grpcio-reflection and protobuf; messages come by reflection, so no .proto file is needed.
"""
import gzip, os, shutil, statistics, subprocess, sys, tempfile, threading, time, urllib.request
import grpc
from google.protobuf import descriptor_pool, message_factory
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

QUERY, STORE = "parca.query.v1alpha1.", "parca.profilestore.v1alpha1."
START, STEP = 1_700_000_000 * 10**9, 10 * 10**9


class Client:
    def __init__(self, address):
        self.channel = grpc.insecure_channel(address, options=[("grpc.max_receive_message_length", 1 << 28)])
        self.pool = descriptor_pool.DescriptorPool(ProtoReflectionDescriptorDatabase(self.channel))

    def message(self, name, **fields):
        return message_factory.GetMessageClass(self.pool.FindMessageTypeByName(name))(**fields)

    def call(self, service, method, request):
        of = self.pool.FindServiceByName(service).FindMethodByName(method)
        answer = message_factory.GetMessageClass(of.output_type)
        call = self.channel.unary_unary(f"/{service}/{method}", lambda m: m.SerializeToString(), answer.FromString)
        return call(request, timeout=120)

    def write(self, labels, raw):
        request = self.message(STORE + "WriteRawRequest")
        series = request.series.add()
        for name, value in labels.items():
            series.labels.labels.add(name=name, value=value)
        series.samples.add(raw_profile=raw)
        self.call(STORE + "ProfileStoreService", "WriteRaw", request)

    def merge(self, query, report, end):
        request = self.message(QUERY + "QueryRequest", mode=2, report_type=report)
        request.merge.query = query
        request.merge.start.FromNanoseconds(START)
        request.merge.end.FromNanoseconds(end)
        return self.call(QUERY + "QueryService", "Query", request)

    def range(self, query, end):
        request = self.message(QUERY + "QueryRangeRequest", query=query)
        request.start.FromNanoseconds(START)
        request.end.FromNanoseconds(end)
        request.step.FromNanoseconds(60 * 10**9)
        return self.call(QUERY + "QueryService", "QueryRange", request)

    def type(self):
        types = self.call(QUERY + "QueryService", "ProfileTypes", self.message(QUERY + "ProfileTypesRequest")).types
        of = sorted((t for t in types if t.name == "bench"), key=lambda t: t.sample_type)[0]
        parts = [of.name, of.sample_type, of.sample_unit, of.period_type, of.period_unit]
        return ":".join(parts) + (":delta" if of.delta else "")


def varint(number):
    out = b""
    while number > 127:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


def stamped(raw, number):
    # Of a field that comes twice the last one counts: a new time (9) and duration (10) are appended.
    return gzip.compress(raw + b"\x48" + varint(START + number * STEP) + b"\x50" + varint(STEP), 1)


def cpu(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mib(pid):
    return next(int(line.split()[1]) for line in open(f"/proc/{pid}/status") if line.startswith("VmRSS")) // 1024


def write(address, bodies, first):
    pods, writers = int(os.environ.get("PODS", "20")), int(os.environ.get("WRITERS", "1"))

    def part(writer):
        client = Client(address)
        for at in range(writer, len(bodies), writers):
            client.write({"__name__": "bench", "job": "bench", "pod": f"p{(first + at) % pods}"}, bodies[at])

    threads = [threading.Thread(target=part, args=(writer,)) for writer in range(writers)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]


def timed(call):
    times = []
    for _ in range(5):
        start = time.perf_counter()
        call()
        times.append(1000 * (time.perf_counter() - start))
    return f"{statistics.median(times):.1f}"


def measure(address, pid, stages):
    raws = [gzip.decompress(open(path, "rb").read()) for path in os.environ["PROFILES"].split()]
    client, done = Client(address), 0
    print("profiles  CPU/write ms  pprof ms  top ms  flame graph ms  table ms  range ms  resident MiB")
    for stage in stages:
        bodies = [stamped(raws[number % len(raws)], number) for number in range(done, stage)]
        before = cpu(pid)
        write(address, bodies, done)
        spent, end = 1000 * (cpu(pid) - before) / max(1, stage - done), START + (stage + 1) * STEP
        done, query = stage, client.type()
        merges = [timed(lambda: client.merge(query, report, end)) for report in (1, 2, 5, 7)]
        figures = [f"{spent:.2f}", *merges, timed(lambda: client.range(query, end)), resident_mib(pid)]
        print(stage, *figures, sep="  ", flush=True)


def main():
    target, stages = sys.argv[1], [int(stage) for stage in sys.argv[2:]] or [1, 100, 1000, 5000]
    if target not in ("memory", "disk"):
        address, pid = target.rsplit(":", 1)
        return measure(address, int(pid), stages)
    program, folder, address = os.environ.get("PARCA_EMBEDDED", "target/release/parca-embedded"), tempfile.mkdtemp(), "127.0.0.1:7397"
    more = ["--data-dir", folder] if target == "disk" else []
    server = subprocess.Popen([program, "--http-address", address, "--self-profile-interval", "0s", "--log-level", "warn", *more])
    try:
        for _ in range(100):
            try:
                urllib.request.urlopen(f"http://{address}/readyz")
                break
            except OSError:
                time.sleep(0.1)
        measure(address, server.pid, stages)
        metrics = urllib.request.urlopen(f"http://{address}/metrics").read().decode()
        wanted = ("log_records_total", "log_syncs_total", "seals_total", "seal_seconds_total", "block_bytes", "block_profiles")
        print(*(line for line in metrics.splitlines() if line.startswith(tuple(f"parca_embedded_{name} " for name in wanted))), sep="\n")
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(folder)


main()
