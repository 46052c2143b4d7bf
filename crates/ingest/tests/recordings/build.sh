set -e
B="gcc -O1 -g1 -ffile-prefix-map=$PWD=. -fcf-protection=none -fno-stack-protector -fasynchronous-unwind-tables -nostdlib -static -Wl,--build-id burn.c"
$B -fno-omit-frame-pointer -o burn
${B/-static /-static-pie } -fomit-frame-pointer -o burn-no-fp
cp burn burn-stripped && strip burn-stripped
R="perf record -q -e cpu-clock -F 999"
$R -g -o plain.data ./burn
$R -g -z -o compressed.data ./burn
perf record -q -e cpu-clock,page-faults -F 999 -g -o two-events.data ./burn
$R -g -o - ./burn > stream.data
$R --buildid-mmap -g -o build-ids-in-maps.data ./burn
$R -g -o stripped.data ./burn-stripped
perf record -q -e cpu-clock -F 499 --call-graph dwarf,256 -o dwarf.data ./burn-no-fp
for f in *.data; do perf report -i $f --children -g none -s dso,sym -F overhead_children,overhead --no-inline --percent-limit 0 --stdio -t ';' 2>/dev/null | grep -E "^ |of event" > ${f%.data}.report; done
