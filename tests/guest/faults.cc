// Faults of the processor become signals with the right si_code and si_addr; the program may go on.
#include "tests/guest/guest_test.h"

#include <setjmp.h>
#include <ucontext.h>

namespace {
siginfo_t seen;
long trap_number, error_code, address;
sigjmp_buf back;

void catch_fault(int, siginfo_t* info, void* context) {
  asm volatile("pushf; andq $~0x40000, (%%rsp); popf" : : : "memory", "cc");  // what follows may be unaligned
  auto* frame = static_cast<ucontext_t*>(context);
  seen = *info;
  trap_number = frame->uc_mcontext.gregs[REG_TRAPNO];
  error_code = frame->uc_mcontext.gregs[REG_ERR];
  address = frame->uc_mcontext.gregs[REG_CR2];
  siglongjmp(back, 1);
}

// Runs `body`, which must fault, and leaves the story in `seen`.
template <typename F>
bool caught(int number, F body) {
  memset(&seen, 0, sizeof seen);
  guest::handle(number, catch_fault);
  if (sigsetjmp(back, 1) == 0) {
    body();
    return false;
  }
  return true;
}
char* page(int prot) { return static_cast<char*>(mmap(nullptr, 4096, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)); }
}  // namespace

TEST(a_hole_is_maperr) {
  COVERS("rt_sigaction");
  volatile char* hole = page(PROT_READ);
  munmap(const_cast<char*>(hole), 4096);
  EXPECT_TRUE(caught(SIGSEGV, [&] { (void)hole[5]; }));
  EXPECT_EQ(SIGSEGV, seen.si_signo);
  EXPECT_EQ(SEGV_MAPERR, seen.si_code);
  EXPECT_EQ((void*)(hole + 5), seen.si_addr);
  EXPECT_EQ(14, trap_number);
  EXPECT_EQ(4, error_code & 6);
  EXPECT_EQ((long)(hole + 5), address);
  EXPECT_TRUE(caught(SIGSEGV, [&] { hole[7] = 1; }));
  EXPECT_EQ(6, error_code & 6);
}

TEST(a_protected_page_is_accerr) {
  COVERS("rt_sigaction", "mprotect");
  volatile char* constant = page(PROT_READ);
  EXPECT_TRUE(caught(SIGSEGV, [&] { constant[9] = 1; }));
  EXPECT_EQ(SEGV_ACCERR, seen.si_code);
  EXPECT_EQ((void*)(constant + 9), seen.si_addr);
  volatile char* none = page(PROT_NONE);
  EXPECT_TRUE(caught(SIGSEGV, [&] { (void)*none; }));
  EXPECT_EQ(SEGV_ACCERR, seen.si_code);
  EXPECT_TRUE(caught(SIGSEGV, [&] { reinterpret_cast<void (*)()>(const_cast<char*>(constant))(); }));
  EXPECT_EQ(SEGV_ACCERR, seen.si_code);
  EXPECT_EQ((void*)constant, seen.si_addr);
}

TEST(the_null_page_and_kernel_addresses) {
  COVERS("rt_sigaction");
  volatile char* volatile null = nullptr;
  EXPECT_TRUE(caught(SIGSEGV, [&] { *null = 1; }));
  EXPECT_EQ(SEGV_MAPERR, seen.si_code);
  EXPECT_EQ(nullptr, seen.si_addr);
  auto* kernel = reinterpret_cast<volatile char*>(0xffffffff80000000ul);
  EXPECT_TRUE(caught(SIGSEGV, [&] { (void)*kernel; }));
  auto* strange = reinterpret_cast<volatile char*>(0x8000000000000000ul);
  EXPECT_TRUE(caught(SIGSEGV, [&] { (void)*strange; }));
  EXPECT_EQ(SI_KERNEL, seen.si_code);
  EXPECT_EQ(nullptr, seen.si_addr);
  EXPECT_EQ(13, trap_number);
}

TEST(jumping_to_nowhere_names_the_target) {
  COVERS("rt_sigaction");
  EXPECT_TRUE(caught(SIGSEGV, [] { reinterpret_cast<void (*)()>(0x1000)(); }));
  EXPECT_EQ(SEGV_MAPERR, seen.si_code);
  EXPECT_EQ(reinterpret_cast<void*>(0x1000), seen.si_addr);
}

TEST(past_the_end_of_a_file_is_adrerr) {
  COVERS("rt_sigaction", "mmap");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "x");
  volatile char* map = static_cast<char*>(mmap(nullptr, 8192, PROT_READ, MAP_SHARED, fd, 0));
  EXPECT_TRUE(caught(SIGBUS, [&] { (void)map[4096]; }));
  EXPECT_EQ(BUS_ADRERR, seen.si_code);
  EXPECT_EQ((void*)(map + 4096), seen.si_addr);
}

TEST(division_by_zero_is_intdiv) {
  COVERS("rt_sigaction");
  EXPECT_TRUE(caught(SIGFPE, [] { asm volatile("xor %%ecx, %%ecx; cltd; idiv %%ecx" : : "a"(1) : "rcx", "rdx"); }));
  EXPECT_EQ(FPE_INTDIV, seen.si_code);
  EXPECT_TRUE(seen.si_addr != nullptr);
  EXPECT_EQ(0, trap_number);
}

TEST(an_unmasked_float_division_is_fltdiv) {
  COVERS("rt_sigaction");
  EXPECT_TRUE(caught(SIGFPE, [] {
    unsigned control = 0x1f80 & ~0x200u;
    asm volatile("ldmxcsr %0; xorps %%xmm1, %%xmm1; mov $0x3f800000, %%eax; movd %%eax, %%xmm0; divss %%xmm1, %%xmm0"
                 :
                 : "m"(control)
                 : "xmm0", "xmm1", "rax");
  }));
  EXPECT_EQ(FPE_FLTDIV, seen.si_code);
  EXPECT_EQ(19, trap_number);
}

TEST(an_illegal_instruction_is_illopn) {
  COVERS("rt_sigaction");
  EXPECT_TRUE(caught(SIGILL, [] { asm volatile("ud2"); }));
  EXPECT_EQ(ILL_ILLOPN, seen.si_code);
  EXPECT_TRUE(seen.si_addr != nullptr);
  EXPECT_EQ(6, trap_number);
}

TEST(a_privileged_instruction_is_a_general_protection_fault) {
  COVERS("rt_sigaction");
  EXPECT_TRUE(caught(SIGSEGV, [] { asm volatile("hlt"); }));
  EXPECT_EQ(SI_KERNEL, seen.si_code);
  EXPECT_EQ(13, trap_number);
}

TEST(a_breakpoint_is_sigtrap_and_goes_on) {
  COVERS("rt_sigaction", "rt_sigreturn");
  static volatile int code, count;
  count = 0;
  guest::handle(SIGTRAP, [](int, siginfo_t* info, void*) {
    code = info->si_code;
    count = count + 1;
  });
  asm volatile("int3");
  EXPECT_EQ(1, count);
  EXPECT_EQ(SI_KERNEL, code);
}

TEST(single_steps_of_its_own) {
  COVERS("rt_sigaction", "rt_sigreturn");
  static volatile int code, count;
  count = 0;
  guest::handle(SIGTRAP, [](int, siginfo_t* info, void* context) {
    code = info->si_code;
    count = count + 1;
    if (count == 4) static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_EFL] &= ~0x100l;
  });
  asm volatile("pushf; orq $0x100, (%%rsp); popf; nop; nop; nop; nop; nop" : : : "memory", "cc");
  EXPECT_EQ(4, count);
  EXPECT_EQ(TRAP_TRACE, code);
}

TEST(a_handler_may_step_over_the_instruction) {
  COVERS("rt_sigreturn");
  static volatile int count;
  count = 0;
  guest::handle(SIGILL, [](int, siginfo_t*, void* context) {
    count = count + 1;
    static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_RIP] += 2;
  });
  for (int i = 0; i < 100; ++i) asm volatile("ud2");
  EXPECT_EQ(100, count);
}

TEST(a_handler_may_map_the_missing_page) {
  COVERS("mprotect", "rt_sigreturn");
  static char* lazy;
  lazy = page(PROT_NONE);
  guest::handle(SIGSEGV, [](int, siginfo_t*, void*) { mprotect(lazy, 4096, PROT_READ | PROT_WRITE); });
  lazy[100] = 'l';
  EXPECT_EQ('l', lazy[100]);
}

TEST(a_blocked_fault_signal_is_fatal) {
  COVERS("rt_sigprocmask");
  EXPECT_EQ(SIGSEGV, guest::signal_of([] {
              sigset_t mask;
              sigfillset(&mask);
              sigprocmask(SIG_BLOCK, &mask, nullptr);
              guest::handle(SIGSEGV, [](int) { _exit(0); });
              *reinterpret_cast<volatile char*>(16) = 1;
            }));
  EXPECT_EQ(SIGSEGV, guest::signal_of([] {
              signal(SIGSEGV, SIG_IGN);
              *reinterpret_cast<volatile char*>(16) = 1;
            }));
  EXPECT_EQ(SIGILL, guest::signal_of([] {
              signal(SIGILL, SIG_IGN);
              asm volatile("ud2");
            }));
}

TEST(a_breakpoint_tells_where_it_stands) {
  COVERS("rt_sigaction", "rt_sigreturn");
  static volatile uintptr_t rip, address;
  static volatile long trap;
  static volatile uint64_t at;
  guest::handle(SIGTRAP, [](int, siginfo_t* info, void* context) {
    auto* registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
    rip = static_cast<uintptr_t>(registers[REG_RIP]);
    trap = registers[REG_TRAPNO];
    address = reinterpret_cast<uintptr_t>(info->si_addr);
  });
  asm volatile("lea 1f(%%rip), %0; int3; 1:" : "=r"(at));
  EXPECT_EQ(at, rip);
  EXPECT_EQ(3, trap);
  EXPECT_EQ(0, address);
  EXPECT_EQ(SIGTRAP, guest::signal_of([] {
              signal(SIGTRAP, SIG_DFL);
              asm volatile("int3");
            }));
  EXPECT_EQ(SIGTRAP, guest::signal_of([] {
              signal(SIGTRAP, SIG_IGN);
              asm volatile("int3");
            }));
}

TEST(int1_is_a_trap_too) {
  COVERS("rt_sigaction");
  EXPECT_TRUE(caught(SIGTRAP, [] { asm volatile(".byte 0xf1"); }));
  EXPECT_EQ(SIGTRAP, seen.si_signo);
  EXPECT_EQ(TRAP_BRKPT, seen.si_code);
  EXPECT_EQ(1, trap_number);
}

TEST(a_single_step_goes_over_a_system_call) {
  COVERS("getppid", "rt_sigreturn");
  static volatile int count;
  static volatile uintptr_t places[8];
  count = 0;
  guest::handle(SIGTRAP, [](int, siginfo_t*, void* context) {
    auto* registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
    if (count < 8) places[count] = static_cast<uintptr_t>(registers[REG_RIP]);
    count = count + 1;
    if (count == 4) registers[REG_EFL] &= ~0x100l;
  });
  uint64_t result = 0, start = 0;
  asm volatile(
      "mov $110, %%ebx; lea 1f(%%rip), %[start]; pushf; orq $0x100, (%%rsp); popf; 1: nop; mov %%ebx, %%eax; syscall; "
      "nop; nop; mov %%rax, %[result]"
      : [result] "=r"(result), [start] "=&r"(start)
      :
      : "rax", "rbx", "rcx", "r11", "memory", "cc");
  EXPECT_EQ(getppid(), result);
  EXPECT_EQ(4, count);
  EXPECT_EQ(start + 1, places[0]);
  EXPECT_EQ(start + 3, places[1]);
  EXPECT_EQ(start + 6, places[2]);  // the return loads the flag: the next instruction is the first to be stepped
  EXPECT_EQ(start + 7, places[3]);
}

TEST(a_handler_runs_without_the_trap_flag) {
  COVERS("rt_sigaction", "rt_sigreturn");
  static volatile int count;
  static volatile uint64_t inside;
  count = 0;
  guest::handle(SIGTRAP, [](int, siginfo_t*, void* context) {
    uint64_t flags;
    asm volatile("pushf; pop %0" : "=r"(flags));
    inside = flags;
    count = count + 1;
    static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_EFL] &= ~0x100l;
  });
  asm volatile("pushf; orq $0x100, (%%rsp); popf; nop; nop" : : : "memory", "cc");
  EXPECT_EQ(1, count);
  EXPECT_EQ(0, inside & 0x100);
}

TEST(an_alignment_check_is_sigbus) {
  COVERS("rt_sigaction");
  static char words[16];
  EXPECT_TRUE(caught(SIGBUS, [] {
    asm volatile("pushf; orq $0x40000, (%%rsp); popf; movl 1(%0), %%eax" : : "r"(words) : "rax", "memory", "cc");
  }));
  EXPECT_EQ(BUS_ADRALN, seen.si_code);
  EXPECT_EQ(17, trap_number);
}

TEST(a_masked_exception_is_none_and_the_x87_tells_late) {
  COVERS("rt_sigaction");
  EXPECT_TRUE(caught(SIGFPE, [] {
    unsigned short control = 0x37f & ~4;  // zero divide unmasked
    asm volatile("fninit; fldcw %0; fldz; fld1; fdiv %%st(1); fwait" : : "m"(control));
  }));
  asm volatile("fninit");
  EXPECT_EQ(FPE_FLTDIV, seen.si_code);
  EXPECT_EQ(16, trap_number);
  double zero = 0, one = 1;
  asm volatile("" : "+x"(zero));
  EXPECT_TRUE(one / zero > 1e300);
}

TEST(a_general_protection_fault_of_many_kinds) {
  COVERS("rt_sigaction");
  EXPECT_TRUE(caught(SIGSEGV, [] { asm volatile("mov %%cr3, %%rax" : : : "rax"); }));
  EXPECT_EQ(13, trap_number);
  EXPECT_TRUE(caught(SIGSEGV, [] { asm volatile("in $0x60, %%al" : : : "rax"); }));
  EXPECT_TRUE(caught(SIGSEGV, [] { asm volatile("int $0x77"); }));
  EXPECT_TRUE(caught(SIGSEGV, [] { asm volatile("cli"); }));
  EXPECT_TRUE(caught(SIGSEGV, [] {
    alignas(16) static char words[32];
    asm volatile("movaps 1(%0), %%xmm0" : : "r"(words) : "xmm0");
  }));
  EXPECT_EQ(SI_KERNEL, seen.si_code);
  EXPECT_EQ(nullptr, seen.si_addr);
}

TEST(faults_on_an_alternate_stack_when_the_stack_is_gone) {
  COVERS("sigaltstack", "rt_sigaction");
  static char other[32768];
  EXPECT_EQ(0, guest::in_child([] {
              stack_t stack{other, 0, sizeof other};
              sigaltstack(&stack, nullptr);
              guest::handle(
                  SIGSEGV, [](int) { _exit(0); }, SA_ONSTACK);
              asm volatile("xor %%esp, %%esp; push %%rax" : : : "memory");
              return 1;
            }));
  // Without one, a signal that cannot be delivered is fatal.
  EXPECT_EQ(SIGSEGV, guest::signal_of([] {
              guest::handle(SIGSEGV, [](int) { _exit(0); });
              asm volatile("xor %%esp, %%esp; push %%rax" : : : "memory");
            }));
}

TEST(rdtscp_and_getcpu_agree_on_a_processor) {
  COVERS("getcpu");
  unsigned low, high, aux;
  asm volatile("rdtscp" : "=a"(low), "=d"(high), "=c"(aux));
  EXPECT_LT(aux & 0xfff, 4096);
  unsigned cpu = 9999;
  EXPECT_OK(SYS(getcpu, &cpu, nullptr, nullptr));
  EXPECT_LT(cpu, 4096);
}

TEST(cpuid_and_the_time_stamp_counter_work) {
  COVERS("rt_sigreturn");
  unsigned a = 0, b, c = 0, d, low, high;
  asm volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
  EXPECT_GT(a, 1);
  asm volatile("rdtsc" : "=a"(low), "=d"(high));
  uint64_t first = (static_cast<uint64_t>(high) << 32) | low;
  asm volatile("rdtsc" : "=a"(low), "=d"(high));
  EXPECT_GE((static_cast<uint64_t>(high) << 32) | low, first);
}

GUEST_TEST_MAIN
