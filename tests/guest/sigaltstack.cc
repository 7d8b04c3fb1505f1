// sigaltstack(2) and SA_ONSTACK.
#include "tests/guest/guest_test.h"

#include <sys/resource.h>

namespace {
alignas(16) char space[65536];
volatile bool inside;
volatile int flags_inside;

bool on_space(const void* where) { return where >= space && where < space + sizeof space; }
void look(int) {
  char here;
  inside = on_space(&here);
  stack_t now;
  sigaltstack(nullptr, &now);
  flags_inside = now.ss_flags;
}
}  // namespace

TEST(the_stack_is_told_back) {
  COVERS("sigaltstack");
  stack_t stack{space, 0, sizeof space}, old;
  EXPECT_OK(SYS(sigaltstack, &stack, nullptr));
  EXPECT_OK(SYS(sigaltstack, nullptr, &old));
  EXPECT_TRUE(old.ss_sp == space);
  EXPECT_EQ(sizeof space, old.ss_size);
  EXPECT_EQ(0, old.ss_flags);
  stack.ss_flags = SS_DISABLE;
  EXPECT_OK(SYS(sigaltstack, &stack, nullptr));
  EXPECT_OK(SYS(sigaltstack, nullptr, &old));
  EXPECT_EQ(SS_DISABLE, old.ss_flags);
}

TEST(sigaltstack_errors) {
  COVERS("sigaltstack");
  stack_t stack{space, 0, 1000};
  EXPECT_ERRNO(ENOMEM, SYS(sigaltstack, &stack, nullptr));
  stack = {space, 77, sizeof space};
  EXPECT_ERRNO(EINVAL, SYS(sigaltstack, &stack, nullptr));
  EXPECT_ERRNO(EFAULT, SYS(sigaltstack, guest::bad_pointer(), nullptr));
  EXPECT_ERRNO(EFAULT, SYS(sigaltstack, nullptr, guest::bad_pointer()));
}

TEST(onstack_handlers_run_there_and_others_do_not) {
  COVERS("sigaltstack", "rt_sigaction");
  stack_t stack{space, 0, sizeof space};
  ASSERT_OK(sigaltstack(&stack, nullptr));
  guest::handle(SIGUSR1, look, SA_ONSTACK);
  guest::handle(SIGUSR2, look);
  raise(SIGUSR1);
  EXPECT_TRUE(inside);
  EXPECT_EQ(SS_ONSTACK, flags_inside);
  raise(SIGUSR2);
  EXPECT_FALSE(inside);
}

TEST(it_cannot_be_changed_while_in_use) {
  COVERS("sigaltstack");
  static volatile int error;
  stack_t stack{space, 0, sizeof space};
  ASSERT_OK(sigaltstack(&stack, nullptr));
  guest::handle(
      SIGUSR1,
      [](int) {
        stack_t none{nullptr, SS_DISABLE, 0};
        error = sigaltstack(&none, nullptr) == -1 ? errno : 0;
      },
      SA_ONSTACK);
  raise(SIGUSR1);
  EXPECT_EQ(EPERM, error);
}

TEST(autodisarm_switches_it_off_in_the_handler) {
  COVERS("sigaltstack");
  stack_t stack{space, 1 << 31, sizeof space}, now;
  ASSERT_OK(sigaltstack(&stack, nullptr));
  guest::handle(SIGUSR1, look, SA_ONSTACK);
  raise(SIGUSR1);
  EXPECT_TRUE(inside);
  EXPECT_EQ(SS_DISABLE, flags_inside);
  sigaltstack(nullptr, &now);
  EXPECT_EQ(1 << 31, now.ss_flags);
}

TEST(a_stack_overflow_is_handled_on_it) {
  COVERS("sigaltstack", "rt_sigaction");
  int status = guest::in_child([] {
    stack_t stack{space, 0, sizeof space};
    sigaltstack(&stack, nullptr);
    guest::handle(
        SIGSEGV,
        [](int, siginfo_t*, void*) {
          char here;
          _exit(on_space(&here) ? 7 : 1);
        },
        SA_ONSTACK);
    struct Deep {
      static int down(volatile char* above) {
        volatile char page[4096];
        page[0] = above[0];
        return above[0] == 0 ? down(page) + page[0] : 0;
      }
    };
    volatile char start[1] = {0};
    return Deep::down(start);
  });
  EXPECT_EQ(7, WEXITSTATUS(status));
}

TEST(a_stack_overflow_without_it_is_fatal) {
  COVERS("rt_sigaction");
  EXPECT_EQ(SIGSEGV, guest::signal_of([] {
              rlimit none{0, 0};
              setrlimit(RLIMIT_CORE, &none);
              guest::handle(SIGSEGV, look);
              char* stack =
                  static_cast<char*>(mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
              mprotect(stack, 8192, PROT_NONE);
              asm volatile("mov %0, %%rsp; push %%rax" : : "r"(stack + 4096) : "memory");
            }));
}

GUEST_TEST_MAIN
