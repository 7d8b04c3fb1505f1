// What survives a system call and a signal: registers, flags, the red zone, x87, SSE, AVX and AVX-512 state.
// System V x86-64 ABI: a system call changes RAX, RCX and R11 and nothing else.
#include "tests/guest/guest_test.h"

#include <sys/time.h>
#include <ucontext.h>

namespace {
// RDI, RSI, RDX, R8-R10 and the callee-saved ones, as put in before and found after a call.
struct Registers {
  uint64_t rbx, rdi, rsi, rdx, r8, r9, r10, r12, r13, r14, r15, rcx, r11, flags, rip;
};

void call_with_patterns(long number, Registers* out) {
  asm volatile(
      "push %%rbp\n"
      "mov %[out], %%rbp\n"
      "mov $0x1111111111111111, %%rbx\n"
      "mov $0x2222222222222222, %%rdi\n"
      "mov $0x3333333333333333, %%rsi\n"
      "mov $0x4444444444444444, %%rdx\n"
      "mov $0x5555555555555555, %%r8\n"
      "mov $0x6666666666666666, %%r9\n"
      "mov $0x7777777777777777, %%r10\n"
      "mov $0x8888888888888888, %%r12\n"
      "mov $0x9999999999999999, %%r13\n"
      "mov $0xaaaaaaaaaaaaaaaa, %%r14\n"
      "mov $0xbbbbbbbbbbbbbbbb, %%r15\n"
      "std\n"
      "stc\n"
      "syscall\n"
      "1: pushf\n"
      "popq 104(%%rbp)\n"
      "cld\n"
      "mov %%rbx, 0(%%rbp)\n"
      "mov %%rdi, 8(%%rbp)\n"
      "mov %%rsi, 16(%%rbp)\n"
      "mov %%rdx, 24(%%rbp)\n"
      "mov %%r8, 32(%%rbp)\n"
      "mov %%r9, 40(%%rbp)\n"
      "mov %%r10, 48(%%rbp)\n"
      "mov %%r12, 56(%%rbp)\n"
      "mov %%r13, 64(%%rbp)\n"
      "mov %%r14, 72(%%rbp)\n"
      "mov %%r15, 80(%%rbp)\n"
      "mov %%rcx, 88(%%rbp)\n"
      "mov %%r11, 96(%%rbp)\n"
      "lea 1b(%%rip), %%rcx\n"
      "mov %%rcx, 112(%%rbp)\n"
      "pop %%rbp\n"
      : "+a"(number)
      : [out] "r"(out)
      : "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory", "cc");
}

void check_patterns(const Registers& out) {
  EXPECT_EQ(0x1111111111111111u, out.rbx);
  EXPECT_EQ(0x2222222222222222u, out.rdi);
  EXPECT_EQ(0x3333333333333333u, out.rsi);
  EXPECT_EQ(0x4444444444444444u, out.rdx);
  EXPECT_EQ(0x5555555555555555u, out.r8);
  EXPECT_EQ(0x6666666666666666u, out.r9);
  EXPECT_EQ(0x7777777777777777u, out.r10);
  EXPECT_EQ(0x8888888888888888u, out.r12);
  EXPECT_EQ(0x9999999999999999u, out.r13);
  EXPECT_EQ(0xaaaaaaaaaaaaaaaau, out.r14);
  EXPECT_EQ(0xbbbbbbbbbbbbbbbbu, out.r15);
}

void start_alarms(long microseconds) {
  itimerval timer{{0, microseconds}, {0, microseconds}};
  setitimer(ITIMER_REAL, &timer, nullptr);
}
volatile int alarms;
}  // namespace

TEST(a_call_keeps_every_register_but_three) {
  COVERS("getpid");
  for (long number : {SYS_getpid + 0L, SYS_getppid + 0L, SYS_sched_yield + 0L, 1000000L, -1L}) {
    Registers out{};
    call_with_patterns(number, &out);
    check_patterns(out);
  }
}

TEST(rcx_is_the_return_address_and_r11_the_flags) {
  COVERS("getpid");
  Registers out{};
  call_with_patterns(SYS_getpid, &out);
  EXPECT_EQ(out.rip, out.rcx);
  EXPECT_EQ(out.flags, out.r11);
  EXPECT_EQ(0x401, out.flags & 0x401);  // direction and carry as they were set
}

TEST(the_red_zone_is_untouched) {
  COVERS("getpid");
  uint64_t sum = 0;
  asm volatile(
      "mov $0x1234567, %%rcx\n"
      "mov %%rcx, -8(%%rsp)\n"
      "mov %%rcx, -64(%%rsp)\n"
      "mov %%rcx, -128(%%rsp)\n"
      "mov $39, %%eax\n"
      "syscall\n"
      "mov -8(%%rsp), %%rcx\n"
      "add -64(%%rsp), %%rcx\n"
      "add -128(%%rsp), %%rcx\n"
      "mov %%rcx, %0\n"
      : "=r"(sum)
      :
      : "rax", "rcx", "r11", "memory", "cc");
  EXPECT_EQ(3u * 0x1234567u, sum);
}

TEST(a_call_works_on_any_stack_pointer) {
  COVERS("getpid");
  for (uintptr_t stack : {0ul, 1ul, 0x8000000000000000ul}) {
    uint64_t result;
    asm volatile("mov %%rsp, %%rbx; mov %[stack], %%rsp; mov $39, %%eax; syscall; mov %%rbx, %%rsp"
                 : "=a"(result)
                 : [stack] "r"(stack)
                 : "rbx", "rcx", "r11", "memory");
    EXPECT_EQ(getpid(), result);
  }
}

TEST(a_system_call_number_is_32_bits) {
  COVERS("getpid");
  uint64_t result;
  asm volatile("syscall" : "=a"(result) : "a"(0xffffffff00000000ul | SYS_getpid) : "rcx", "r11", "memory");
  EXPECT_EQ(getpid(), result);
}

TEST(xmm_and_x87_survive_a_call) {
  COVERS("getppid", "write");
  alignas(64) uint64_t in[32], out[32] = {};
  for (int i = 0; i < 32; ++i) in[i] = 0x0101010101010101ull * static_cast<unsigned>(i + 1);
  double pi = 0, halves = 0;
  int fds[2];
  ASSERT_OK(pipe(fds));
  long number = SYS_write, fd = fds[1], length = 1;
  const char* text = "x";
  asm volatile(
      "fninit; fld1; fldpi\n"
      "movups (%[in]), %%xmm0; movups 16(%[in]), %%xmm1; movups 112(%[in]), %%xmm7; movups 240(%[in]), %%xmm15\n"
      "syscall\n"
      "movups %%xmm0, (%[out]); movups %%xmm1, 16(%[out]); movups %%xmm7, 112(%[out]); movups %%xmm15, 240(%[out])\n"
      "fstpl %[pi]; fstpl %[one]\n"
      : "+a"(number), [pi] "=m"(pi), [one] "=m"(halves)
      : "D"(fd), "S"(text), "d"(length), [in] "r"(in), [out] "r"(out)
      : "rcx", "r11", "memory", "xmm0", "xmm1", "xmm7", "xmm15");
  for (int i : {0, 1, 2, 3, 14, 15, 30, 31}) EXPECT_EQ(in[i], out[i]);
  EXPECT_TRUE(pi > 3.14159265358979 && pi < 3.1415926535898 && halves == 1.0);
}

TEST(avx_and_avx512_survive_calls_and_signals) {
  COVERS("getppid", "rt_sigreturn");
  alignas(64) static uint64_t in[8], out[4][8];
  for (int i = 0; i < 8; ++i) in[i] = 0xf00d000000000000ull + static_cast<unsigned>(i);
  guest::handle(SIGUSR1, [](int) {
    if (__builtin_cpu_supports("avx512f"))
      asm volatile("vpxorq %%zmm0, %%zmm0, %%zmm0; vpxorq %%zmm31, %%zmm31, %%zmm31; kxnorw %%k3, %%k3, %%k3"
                   :
                   :
                   : "memory");
    else if (__builtin_cpu_supports("avx"))
      asm volatile("vzeroall" : : : "memory");
  });
  long number = SYS_kill, pid = getpid(), user1 = SIGUSR1;
  if (__builtin_cpu_supports("avx512f")) {
    unsigned mask = 0;
    asm volatile(
        "vmovdqu64 (%[in]), %%zmm0; vmovdqu64 (%[in]), %%zmm31; mov $0x1357, %%ecx; kmovw %%ecx, %%k3\n"
        "syscall\n"
        "vmovdqu64 %%zmm0, (%[out]); vmovdqu64 %%zmm31, 64(%[out]); kmovw %%k3, %[mask]; vzeroupper\n"
        : "+a"(number), [mask] "=r"(mask)
        : "D"(pid), "S"(user1), [in] "r"(in), [out] "r"(out)
        : "rcx", "r11", "memory");
    EXPECT_EQ(0, memcmp(in, out[0], 64));
    EXPECT_EQ(0, memcmp(in, out[1], 64));
    EXPECT_EQ(0x1357, mask);
  } else if (__builtin_cpu_supports("avx")) {
    asm volatile(
        "vmovdqu (%[in]), %%ymm0; vmovdqu (%[in]), %%ymm15\n"
        "syscall\n"
        "vmovdqu %%ymm0, (%[out]); vmovdqu %%ymm15, 64(%[out]); vzeroupper\n"
        : "+a"(number)
        : "D"(pid), "S"(user1), [in] "r"(in), [out] "r"(out)
        : "rcx", "r11", "memory");
    EXPECT_EQ(0, memcmp(in, out[0], 32));
    EXPECT_EQ(0, memcmp(in, out[1], 32));
  } else {
    SKIP("the processor has no AVX");
  }
  EXPECT_EQ(0, number);
}

TEST(the_fpu_control_words_survive_a_signal_and_are_clean_in_it) {
  COVERS("rt_sigreturn");
  static unsigned short inside;
  static unsigned inside_mxcsr;
  guest::handle(SIGUSR1, [](int) {
    asm volatile("fnstcw %0; stmxcsr %1" : "=m"(inside), "=m"(inside_mxcsr));
    asm volatile("fninit");
  });
  unsigned short mine = 0x0f7f, after = 0;
  unsigned mxcsr = 0x7f80, after_mxcsr = 0, plain = 0x1f80;
  asm volatile("fldcw %0; ldmxcsr %1" : : "m"(mine), "m"(mxcsr));
  raise(SIGUSR1);
  asm volatile("fnstcw %0; stmxcsr %1" : "=m"(after), "=m"(after_mxcsr));
  asm volatile("fninit; ldmxcsr %0" : : "m"(plain));
  EXPECT_EQ(0x0f7f, after);
  EXPECT_EQ(0x7f80, after_mxcsr);
  EXPECT_EQ(0x37f, inside);
  EXPECT_EQ(0x1f80, inside_mxcsr);
}

TEST(the_direction_flag_is_clear_in_a_handler) {
  COVERS("rt_sigaction");
  static volatile uint64_t inside, before;
  guest::handle(SIGUSR1, [](int, siginfo_t*, void* context) {
    uint64_t flags;
    asm volatile("pushf; pop %0" : "=r"(flags));
    inside = flags;
    before = static_cast<uint64_t>(static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_EFL]);
  });
  long number = SYS_kill, pid = getpid(), user1 = SIGUSR1;
  asm volatile("std; syscall; cld" : "+a"(number) : "D"(pid), "S"(user1) : "rcx", "r11", "memory", "cc");
  EXPECT_EQ(0, inside & 0x400);
  EXPECT_EQ(0x400, before & 0x400);
}

TEST(registers_survive_asynchronous_signals) {
  COVERS("rt_sigreturn", "setitimer");
  alarms = 0;
  guest::handle(SIGALRM, [](int) { alarms = alarms + 1; });
  start_alarms(300);
  uint64_t wrong = 0;
  while (alarms < 100 && wrong == 0) {
    uint64_t rounds = 200000;
    asm volatile(
        "mov $0x1122334455667788, %%r8; mov %%r8, %%r9; mov %%r8, %%r10; mov %%r8, %%r11; mov %%r8, %%rdx\n"
        "movq %%r8, %%xmm3\n"
        "1: dec %[rounds]; jnz 1b\n"
        "xor %%r8, %%r9; xor %%r8, %%r10; xor %%r8, %%r11; xor %%r8, %%rdx; movq %%xmm3, %%rcx; xor %%rcx, %%r8\n"
        "or %%r9, %%r8; or %%r10, %%r8; or %%r11, %%r8; or %%rdx, %%r8; mov %%r8, %[wrong]\n"
        : [rounds] "+r"(rounds), [wrong] "=r"(wrong)
        :
        : "rcx", "rdx", "r8", "r9", "r10", "r11", "xmm3", "cc");
  }
  start_alarms(0);
  EXPECT_EQ(0, wrong);
  EXPECT_GE(alarms, 100);
}

TEST(the_red_zone_survives_asynchronous_signals) {
  COVERS("rt_sigreturn", "setitimer");
  alarms = 0;
  guest::handle(SIGALRM, [](int) {
    alarms = alarms + 1;
    volatile char deep[600];
    for (auto& byte : deep) byte = 0x7f;
  });
  start_alarms(300);
  uint64_t wrong = 0;
  while (alarms < 50 && wrong == 0) {
    uint64_t rounds = 200000;
    asm volatile(
        "mov $0x55aa, %%rdx; mov %%rdx, -8(%%rsp); mov %%rdx, -128(%%rsp)\n"
        "1: dec %[rounds]; jnz 1b\n"
        "mov -8(%%rsp), %%rcx; xor %%rdx, %%rcx; xor -128(%%rsp), %%rdx; or %%rdx, %%rcx; mov %%rcx, %[wrong]\n"
        : [rounds] "+r"(rounds), [wrong] "=r"(wrong)
        :
        : "rcx", "rdx", "memory", "cc");
  }
  start_alarms(0);
  EXPECT_EQ(0, wrong);
}

TEST(calls_under_a_storm_of_signals_give_right_answers) {
  COVERS("getppid", "read", "write", "setitimer");
  alarms = 0;
  guest::handle(
      SIGALRM, [](int) { alarms = alarms + 1; }, SA_RESTART);
  int fds[2];
  ASSERT_OK(pipe(fds));
  pid_t parent = getppid();
  start_alarms(200);
  long wrong = 0;
  for (int i = 0; i < 200000 && alarms < 100; ++i) {
    char byte = static_cast<char>(i), back = 0;
    if (getppid() != parent) ++wrong;
    if (write(fds[1], &byte, 1) != 1 || read(fds[0], &back, 1) != 1 || byte != back) ++wrong;
  }
  start_alarms(0);
  EXPECT_EQ(0, wrong);
}

TEST(the_frame_holds_the_registers_at_the_call) {
  COVERS("rt_sigaction");
  static volatile long rbx, rax;
  guest::handle(SIGUSR1, [](int, siginfo_t*, void* context) {
    auto* registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
    rbx = registers[REG_RBX];
    rax = registers[REG_RAX];
  });
  long number = SYS_kill, pid = getpid(), user1 = SIGUSR1;
  asm volatile("mov $0x7654321, %%rbx; syscall" : "+a"(number) : "D"(pid), "S"(user1) : "rbx", "rcx", "r11", "memory");
  EXPECT_EQ(0x7654321, rbx);
  EXPECT_EQ(0, rax);
}

namespace {
// What the processor has beside the general registers, as fxsave and xsave write it.
struct alignas(64) State {
  unsigned char bytes[4096];
};
uint64_t load_gs(uint64_t offset) {
  uint64_t word;
  asm volatile("mov %%gs:(%1), %0" : "=r"(word) : "r"(offset));
  return word;
}
bool has_fsgsbase() {
  unsigned a = 7, b, c = 0, d;
  asm volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
  return (b & 1) != 0;
}
}  // namespace

TEST(the_gs_base_is_the_programs_own) {
  COVERS("arch_prctl", "getppid", "rt_sigreturn");
  static uint64_t words[2] = {0x1234, 0x5678};
  ASSERT_OK(SYS(arch_prctl, 0x1001 /* ARCH_SET_GS */, words));
  for (int i = 0; i < 3; ++i) {
    SYS(getppid);
    EXPECT_EQ(0x5678, load_gs(8));
  }
  static volatile uint64_t inside;
  guest::handle(SIGUSR1, [](int) { inside = load_gs(0); });
  raise(SIGUSR1);
  EXPECT_EQ(0x1234, inside);
  uint64_t base = 0;
  ASSERT_OK(SYS(arch_prctl, 0x1004 /* ARCH_GET_GS */, &base));
  EXPECT_EQ(reinterpret_cast<uint64_t>(words), base);
  EXPECT_EQ(0, guest::in_child([] { return load_gs(0) == 0x1234 ? 0 : 1; }));
  EXPECT_ERRNO(EPERM, SYS(arch_prctl, 0x1001, 0x800000000000ul));
  SYS(arch_prctl, 0x1001, 0);
}

TEST(bases_written_by_instructions_survive) {
  COVERS("arch_prctl", "getppid", "rt_sigreturn", "rt_sigaction");
  if (!has_fsgsbase()) SKIP("no wrgsbase");
  static uint64_t words[2] = {0xabc, 0xdef};
  asm volatile("wrgsbase %0" : : "r"(words));
  for (int i = 0; i < 3; ++i) {
    SYS(getppid);
    uint64_t base = 0;
    asm volatile("rdgsbase %0" : "=r"(base));
    EXPECT_EQ(reinterpret_cast<uint64_t>(words), base);
  }
  uint64_t told = 0;
  ASSERT_OK(SYS(arch_prctl, 0x1004, &told));
  EXPECT_EQ(reinterpret_cast<uint64_t>(words), told);
  // Signal frames hold no bases: what a handler sets stays.
  static uint64_t others[1] = {7};
  guest::handle(SIGUSR1, [](int) { asm volatile("wrgsbase %0" : : "r"(others)); });
  raise(SIGUSR1);
  EXPECT_EQ(7, load_gs(0));
  // A fault, too, comes and goes with them.
  static char* lazy;
  lazy = static_cast<char*>(mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  guest::handle(SIGSEGV, [](int) { mprotect(lazy, 4096, PROT_READ | PROT_WRITE); });
  lazy[0] = 1;
  EXPECT_EQ(7, load_gs(0));
  asm volatile("wrgsbase %0" : : "r"(0ul));
}

TEST(the_fs_base_written_by_an_instruction_survives) {
  COVERS("getppid", "arch_prctl");
  if (!has_fsgsbase()) SKIP("no wrfsbase");
  static uint64_t words[64];
  words[32] = 0x77;
  uint64_t old = 0, seen = 0, told = 0;
  long number = SYS_getppid;
  asm volatile(
      "rdfsbase %[old]\n"
      "wrfsbase %[mine]\n"
      "syscall\n"
      "rdfsbase %[seen]\n"
      "mov $158, %%eax; mov $0x1003, %%edi; mov %[told], %%rsi; syscall\n"
      "wrfsbase %[old]\n"
      : "+a"(number), [old] "=&r"(old), [seen] "=&r"(seen)
      : [mine] "r"(words + 32), [told] "r"(&told)
      : "rcx", "r11", "rdi", "rsi", "memory");
  EXPECT_EQ(reinterpret_cast<uint64_t>(words + 32), seen);
  EXPECT_EQ(seen, told);
}

TEST(x87_state_survives_calls_signals_and_faults) {
  COVERS("getppid", "rt_sigreturn");
  static State before, after;
  guest::handle(SIGUSR1, [](int) { asm volatile("fninit; fldz; fldz; fldz; fchs"); });
  static char* lazy;
  lazy = static_cast<char*>(mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  guest::handle(SIGSEGV, [](int) {
    asm volatile("fninit");
    mprotect(lazy, 4096, PROT_READ | PROT_WRITE);
  });
  long number = SYS_kill, pid = getpid(), user1 = SIGUSR1;
  asm volatile(
      "fninit; fldpi; fldl2e; fldln2; fld1; fldlg2; fldl2t; fld1; fldpi\n"
      "fxsave64 (%[before])\n"
      "syscall\n"
      "movb $1, (%[lazy])\n"
      "mov $110, %%eax; syscall\n"
      "fxsave64 (%[after])\n"
      "fninit\n"
      : "+a"(number)
      : "D"(pid), "S"(user1), [before] "r"(&before), [after] "r"(&after), [lazy] "r"(lazy)
      : "rcx", "r11", "memory");
  EXPECT_EQ(0, memcmp(before.bytes, after.bytes, 8));                 // control, status, tag, opcode
  EXPECT_EQ(0, memcmp(before.bytes + 32, after.bytes + 32, 8 * 16));  // the registers
}

TEST(every_vector_and_mask_register_survives_a_handler) {
  COVERS("rt_sigreturn", "kill");
  if (!__builtin_cpu_supports("avx512bw")) SKIP("the processor has no AVX-512");
  alignas(64) static uint8_t in[32][64], out[32][64];
  alignas(64) static uint64_t masks[8];
  for (int i = 0; i < 32; ++i) memset(in[i], i + 1, 64);
  guest::handle(SIGUSR1, [](int) {
    asm volatile("vzeroall; vpxorq %%zmm16, %%zmm16, %%zmm16; vpxorq %%zmm31, %%zmm31, %%zmm31; kxorq %%k1, %%k1, %%k1"
                 :
                 :
                 : "memory");
  });
#define LOAD(n) "vmovdqu64 64*" #n "(%[in]), %%zmm" #n "\n"
#define STORE(n) "vmovdqu64 %%zmm" #n ", 64*" #n "(%[out])\n"
  long number = SYS_kill, pid = getpid(), user1 = SIGUSR1;
  asm volatile(LOAD(0) LOAD(1) LOAD(5) LOAD(15) LOAD(16) LOAD(23) LOAD(31)
               "mov $0x123456789abcdef0, %%rcx; kmovq %%rcx, %%k1; kmovq %%rcx, %%k7\n"
               "syscall\n" STORE(0) STORE(1) STORE(5) STORE(15) STORE(16) STORE(23) STORE(31)
               "kmovq %%k1, (%[masks]); kmovq %%k7, 8(%[masks]); vzeroupper\n"
               : "+a"(number)
               : "D"(pid), "S"(user1), [in] "r"(in), [out] "r"(out), [masks] "r"(masks)
               : "rcx", "r11", "memory");
#undef LOAD
#undef STORE
  for (int i : {0, 1, 5, 15, 16, 23, 31}) EXPECT_EQ(0, memcmp(in[i], out[i], 64));
  EXPECT_EQ(0x123456789abcdef0u, masks[0]);
  EXPECT_EQ(0x123456789abcdef0u, masks[1]);
}

TEST(a_handler_may_change_the_vector_state_in_its_frame) {
  COVERS("rt_sigreturn");
  guest::handle(SIGUSR1, [](int, siginfo_t*, void* context) {
    auto* frame = static_cast<ucontext_t*>(context);
    frame->uc_mcontext.fpregs->_xmm[3].element[0] = 0xfeedface;
  });
  uint64_t low = 0;
  long number = SYS_kill, pid = getpid(), user1 = SIGUSR1;
  asm volatile("pxor %%xmm3, %%xmm3; syscall; movq %%xmm3, %[low]"
               : "+a"(number), [low] "=r"(low)
               : "D"(pid), "S"(user1)
               : "rcx", "r11", "memory", "xmm3");
  EXPECT_EQ(0xfeedfaceu, low);
}

TEST(a_child_and_a_thread_start_with_the_callers_vector_state) {
  COVERS("fork");
  uint64_t low = 0;
  long number = SYS_fork;
  asm volatile("mov $0x5ca1ab1e, %%ecx; movq %%rcx, %%xmm9; syscall; movq %%xmm9, %[low]"
               : "+a"(number), [low] "=r"(low)
               :
               : "rcx", "r11", "memory", "xmm9");
  if (number == 0) _exit(low == 0x5ca1ab1e ? 0 : 1);
  ASSERT_TRUE(number > 0);
  EXPECT_EQ(0, guest::reap(static_cast<pid_t>(number)));
  EXPECT_EQ(0x5ca1ab1eu, low);
}

TEST(unknown_calls_are_enosys) {
  for (long number : {340L, 400L, 423L, 1000L, 0x7fffffffL, -1L}) EXPECT_ERRNO(ENOSYS, guest::raw(number, 0, 0, 0));
}

GUEST_TEST_MAIN
