// Where this thread runs, without a call. Freestanding.
#pragma once

namespace limen::wire {

// CPU and node, from the limit of the segment where Linux keeps them (arch/x86/include/asm/segment.h: vdso_read_cpunode).
struct CpuNode {
  unsigned cpu, node;
};
inline CpuNode this_cpu() {
  unsigned limit = 0;
  asm volatile("lsl %1, %0" : "+r"(limit) : "r"(0x7b));
  return {limit & 0xfff, limit >> 12};
}

}  // namespace limen::wire
