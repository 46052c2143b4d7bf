/* A program without libc, so that its recordings have the same names everywhere: three functions that work, one
   of them inlined, one that asks the kernel, one that touches new memory, and a second process. */
typedef unsigned long word;
static inline word system_call(word number, word a, word b, word c, word d, word e, word f) {
    register word r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
    word out;
    __asm__ volatile("syscall" : "=a"(out) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
    return out;
}
volatile word sink;
__attribute__((noinline)) static word add(word n) { word s = 0; for (word i = 0; i < n; i++) s += (i * i) ^ (s >> 3); return s; }
__attribute__((noinline)) static word multiply(word n) { word s = 1; for (word i = 0; i < n; i++) s = s * 31 + i; return s; }
static inline __attribute__((always_inline)) word inlined(word n) { word s = 7; for (word i = 0; i < n; i++) s ^= s << 1 ^ i; return s; }
__attribute__((noinline)) static word compute(word n) { word r = add(n) + multiply(n / 2) + inlined(n / 4); sink = r; return r; }
__attribute__((noinline)) static void ask(void) { for (int i = 0; i < 400; i++) sink += system_call(110, 0, 0, 0, 0, 0, 0); }
__attribute__((noinline)) static void touch(void) {
    word size = 1 << 20, p = system_call(9, 0, size, 3, 0x22, -1ul, 0);
    for (word at = 0; at < size; at += 4096) *(volatile char *)(p + at) = 1;
    system_call(11, p, size, 0, 0, 0, 0);
}
__attribute__((noinline)) static void rounds(word n) { for (word i = 0; i < n; i++) { compute(400000); ask(); touch(); } }
__attribute__((force_align_arg_pointer)) void _start(void) {
    word child = system_call(57, 0, 0, 0, 0, 0, 0);
    rounds(child ? 120 : 60);
    if (child) system_call(61, child, 0, 0, 0, 0, 0);
    system_call(60, 0, 0, 0, 0, 0, 0);
    for (;;) ;
}
