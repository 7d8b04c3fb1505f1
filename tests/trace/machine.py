"""Counters of events, descriptors of segments, the kernel to start next: what is shown of the words of perf_event_open, modify_ldt,
kexec_load and their like is compared, not what is done. For tests/run-trace."""
import ctypes
import struct

libc = ctypes.CDLL(None, use_errno=True)
PERF_EVENT_OPEN, MODIFY_LDT, SET_THREAD_AREA, GET_THREAD_AREA, KEXEC_LOAD, KEXEC_FILE_LOAD = 298, 154, 205, 211, 246, 320
keep = []


def at(data):
    keep.append(ctypes.create_string_buffer(data, max(len(data), 1)))
    return ctypes.addressof(keep[-1])


def call(number, *words):
    libc.syscall(number, *[ctypes.c_ulong(word & 0xffffffffffffffff) for word in words])


FIELDS = ("type size config period sample_type read_format bits wakeup bp_type config1 config2 branches regs stack clock intr aux_watermark "
          "max_stack rest2 aux_size rest3 sig_data").split()


def perf(pid=0, cpu=-1, group=-1, flags=0, **fields):
    fields.setdefault("size", 128)
    words = struct.pack("<IIQQQQQIIQQQQIiQIHHIIQ", *[fields.get(name, 0) for name in FIELDS])
    call(PERF_EVENT_OPEN, at(words.ljust(256, b"\0")), pid, cpu, group, flags)


def counters():
    for size in (0, 16, 63, 64, 65, 72, 80, 96, 104, 112, 116, 120, 128):
        perf(size=size, config1=1, config2=2, regs=3)
    for place in (0, 1):
        call(PERF_EVENT_OPEN, place, 0, -1, -1, 0)
    for kind in range(9):
        perf(type=kind, config=kind)
    for kind, config in [(0, n) for n in range(12)] + [(1, n) for n in range(14)] + [
            (0, 0x600000001), (1, 0x600000001), (2, 2 ** 64 - 1), (4, 2 ** 64 - 1)]:
        perf(type=kind, config=config)
    for config in (0, 1, 2, 3, 4, 5, 6, 7, 0x100, 0x200, 0x300, 0x10000, 0x20000, 0x10203, 0x1020304, 0x30005, 0x50600000003):
        perf(type=3, config=config)
    for bit in range(64):
        perf(bits=1 << bit)
    perf(bits=3 << 15)
    for bit in range(27):
        perf(sample_type=1 << bit, regs=5, stack=6, intr=9, branches=3, max_stack=4, aux_watermark=3, aux_size=9)
    for bit in range(6):
        perf(read_format=1 << bit)
    for bit in range(20):
        perf(branches=1 << bit, sample_type=1 << 11)
    perf(period=6, sample_type=2 ** 64 - 1, read_format=2 ** 64 - 1, bits=2 ** 64 - 1, wakeup=5, branches=2 ** 64 - 1, regs=2 ** 64 - 1,
         stack=77, clock=1, intr=2 ** 64 - 1, aux_watermark=7, max_stack=9, rest2=3, aux_size=10, rest3=4, sig_data=11)
    for kind in range(9):
        perf(type=5, bp_type=kind, config1=0x1234567, config2=4)
    perf(type=5, size=64, bp_type=1)
    for clock in (0, 3, 11, 12, 77):
        perf(bits=1 << 25, clock=clock)
    for bits in (1 << 10, 1 << 14, 0):
        perf(bits=bits, period=7, wakeup=8)
    for flags in (1, 2, 4, 8, 16, 15, -1):
        perf(flags=flags)
    perf(pid=-1, cpu=3, group=5)


def segments():
    def segment(entry, base=0x12345678, limit=0xfffff, bits=0):
        return at(struct.pack("<IIII", entry, base, limit, bits))
    for func in (3, 0x100, -1):
        for size in (16, 15, 17, 0):
            call(MODIFY_LDT, func, segment(5), size)
    for bit in range(9):
        call(MODIFY_LDT, 3, segment(6, bits=1 << bit), 16)
    call(MODIFY_LDT, 3, segment(0xffffffff, 0, 0, 0xffffffff), 16)
    call(MODIFY_LDT, 3, 0, 16)
    call(MODIFY_LDT, 3, 1, 16)
    for number in (SET_THREAD_AREA, GET_THREAD_AREA):
        call(number, segment(5))
        call(number, 0)
        call(number, 1)


def kernels():
    one = struct.pack("<QQQQ", 0x123456, 7, 0x8000, 0x1000)
    for count in (0, 1, 2, 16, 17, -1):
        call(KEXEC_LOAD, 0x1000, count, at(one * 17), 0x70000000)
    for flags in (0, 1, 2, 3, 4, 0x3e0000, 0x3e0001, 0x30000, 0xb70000, 0xffff0000, 0x10000, -1):
        call(KEXEC_LOAD, 0, 17, 1, flags)
    call(KEXEC_LOAD, 0, 1, 0, 0)
    call(KEXEC_LOAD, 0, 1, 1, 0)
    for flags in (4, 8, 16):
        call(KEXEC_FILE_LOAD, -1, -1, 4, at(b"abc"), flags)


counters()
segments()
kernels()
