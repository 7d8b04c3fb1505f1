// prctl(2) for programs that are put back together, and for those who run other systems' programs: PR_SET_MM, PR_TIMER_CREATE_RESTORE_IDS,
// PR_FUTEX_HASH, PR_SET_SYSCALL_USER_DISPATCH.
#include "tests/guest/guest_test.h"

#include <pthread.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <ucontext.h>

namespace {

constexpr int kSetMm = 35, kDispatch = 59, kRestoreIds = 77, kFutexHash = 78;
constexpr unsigned long kStartCode = 1, kEndCode = 2, kStartStack = 5, kStartBrk = 6, kBrk = 7, kArgStart = 8,
                        kArgEnd = 9, kEnvStart = 10, kEnvEnd = 11, kAuxv = 12, kExeFile = 13, kMap = 14, kMapSize = 15;

struct MmMap {
  uint64_t start_code, end_code, start_data, end_data, start_brk, brk, start_stack, arg_start, arg_end, env_start,
      env_end;
  uint64_t auxv;
  uint32_t auxv_size, exe_fd;
};

// Of /proc/self/stat, by its number there (1: pid).
uint64_t stat_field(int number) {
  char text[2048];
  if (guest::slurp("/proc/self/stat", text, sizeof text) <= 0) return 0;
  const char* at = strrchr(text, ')');
  for (int i = 2; i < number && at != nullptr; ++i) at = strchr(at + 1, ' ');
  return at == nullptr ? 0 : strtoull(at + 1, nullptr, 10);
}

MmMap current_map() {
  MmMap map{};
  map.start_code = stat_field(26), map.end_code = stat_field(27), map.start_stack = stat_field(28);
  map.start_data = stat_field(45), map.end_data = stat_field(46), map.start_brk = stat_field(47);
  map.arg_start = stat_field(48), map.arg_end = stat_field(49), map.env_start = stat_field(50),
  map.env_end = stat_field(51);
  map.brk = static_cast<uint64_t>(SYS(brk, 0));
  map.exe_fd = ~0u;
  return map;
}

bool may_set() {
  constexpr unsigned long kSysResource = 24;
  char text[4096];
  guest::slurp("/proc/self/status", text, sizeof text);
  const char* line = strstr(text, "CapEff:\t");
  return line != nullptr && (strtoull(line + 8, nullptr, 16) >> kSysResource & 1) != 0;
}

template <typename F>
void apart(F body) {
  EXPECT_EQ(0, guest::in_child([&] {
              body();
              return 0;
            }));
}

}  // namespace

TEST(a_map_of_the_whole_is_for_everybody) {
  COVERS("prctl");
  unsigned size = 0;
  if (prctl(kSetMm, kMapSize, &size, 0, 0) != 0) SKIP("built without checkpoints");
  EXPECT_EQ(sizeof(MmMap), size);
  EXPECT_ERRNO(EFAULT, prctl(kSetMm, kMapSize, guest::bad_pointer(), 0, 0));
  apart([] {
    if (guest::is_root()) EXPECT_OK(setresuid(65534, 65534, 65534));
    auto* args = static_cast<char*>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    char* env = args + 100;
    memcpy(args, "one\0two", 8), memcpy(env, "A=1\0B=2", 8);
    MmMap map = current_map();
    EXPECT_OK(prctl(kSetMm, kMap, &map, sizeof map, 0));
    map.arg_start = reinterpret_cast<uintptr_t>(args), map.arg_end = map.arg_start + 8;
    map.env_start = reinterpret_cast<uintptr_t>(env), map.env_end = map.env_start + 8;
    EXPECT_OK(prctl(kSetMm, kMap, &map, sizeof map, 0));
    prctl(PR_SET_DUMPABLE, 1);
    char text[256];
    EXPECT_EQ(8, guest::slurp("/proc/self/cmdline", text, sizeof text));
    EXPECT_EQ(0, memcmp("one\0two", text, 8));
    EXPECT_EQ(8, guest::slurp("/proc/self/environ", text, sizeof text));
    EXPECT_EQ(0, memcmp("A=1\0B=2", text, 8));
    EXPECT_ERRNO(EINVAL, prctl(kSetMm, kMap, &map, sizeof map - 1, 0));
    EXPECT_ERRNO(EFAULT, prctl(kSetMm, kMap, guest::bad_pointer(), sizeof map, 0));
    EXPECT_ERRNO(EINVAL, prctl(kSetMm, kMap, &map, sizeof map, 1));
    MmMap wrong = map;
    wrong.arg_end = wrong.arg_start - 1;
    EXPECT_ERRNO(EINVAL, prctl(kSetMm, kMap, &wrong, sizeof wrong, 0));
    wrong = map, wrong.end_code = wrong.start_code;
    EXPECT_ERRNO(EINVAL, prctl(kSetMm, kMap, &wrong, sizeof wrong, 0));
    wrong = map, wrong.start_data = 8;
    EXPECT_ERRNO(EINVAL, prctl(kSetMm, kMap, &wrong, sizeof wrong, 0));
    wrong = map, wrong.env_end = ~uint64_t{0};
    EXPECT_ERRNO(EINVAL, prctl(kSetMm, kMap, &wrong, sizeof wrong, 0));
    wrong = map, wrong.auxv_size = 16;
    EXPECT_ERRNO(EINVAL, prctl(kSetMm, kMap, &wrong, sizeof wrong, 0));
    wrong.auxv = 8;
    EXPECT_ERRNO(EFAULT, prctl(kSetMm, kMap, &wrong, sizeof wrong, 0));
    wrong.auxv_size = 4096;
    EXPECT_ERRNO(EINVAL, prctl(kSetMm, kMap, &wrong, sizeof wrong, 0));
    if (guest::is_root()) return;
    wrong = map, wrong.exe_fd = 0;
    EXPECT_ERRNO(EPERM, prctl(kSetMm, kMap, &wrong, sizeof wrong, 0));
  });
}

TEST(single_fields_take_a_privilege) {
  COVERS("prctl");
  unsigned size = 0;
  if (prctl(kSetMm, kMapSize, &size, 0, 0) != 0) SKIP("built without checkpoints");
  EXPECT_TRUE(sbrk(8192) != reinterpret_cast<void*>(-1));
  MmMap map = current_map();
  if (!may_set()) {
    EXPECT_ERRNO(EPERM, prctl(kSetMm, kArgEnd, map.arg_end, 0, 0));
    EXPECT_ERRNO(EPERM, prctl(kSetMm, 77, map.arg_end, 0, 0));
    EXPECT_ERRNO(EINVAL, prctl(kSetMm, kArgEnd, map.arg_end, 1, 0));
    SKIP("CAP_SYS_RESOURCE is needed");
  }
  apart([&] {
    EXPECT_ERRNO(EINVAL, prctl(kSetMm, kArgEnd, map.arg_end, 1, 0));
    EXPECT_ERRNO(EINVAL, prctl(kSetMm, kArgEnd, map.arg_end, 0, 1));
    EXPECT_ERRNO(EINVAL, prctl(kSetMm, 77, map.arg_end, 0, 0));
    EXPECT_ERRNO(EINVAL, prctl(kSetMm, kArgEnd, 8, 0, 0));
    EXPECT_ERRNO(EINVAL, prctl(kSetMm, kArgEnd, ~0ul, 0, 0));
    EXPECT_ERRNO(EINVAL, prctl(kSetMm, kArgEnd, map.arg_start - 1, 0, 0));
    EXPECT_ERRNO(EINVAL, prctl(kSetMm, kStartCode, map.end_code, 0, 0));
    EXPECT_OK(prctl(kSetMm, kArgEnd, map.arg_start + 3, 0, 0));
    EXPECT_EQ(map.arg_start + 3, stat_field(49));
    char text[256];
    EXPECT_EQ(3, guest::slurp("/proc/self/cmdline", text, sizeof text));
    EXPECT_OK(prctl(kSetMm, kEndCode, map.end_code + 1, 0, 0));
    EXPECT_EQ(map.end_code + 1, stat_field(27));
    EXPECT_OK(prctl(kSetMm, kStartStack, map.start_stack - 16, 0, 0));
    EXPECT_EQ(map.start_stack - 16, stat_field(28));
    EXPECT_OK(prctl(kSetMm, kEnvStart, map.env_start + 1, 0, 0));
    EXPECT_OK(prctl(kSetMm, kEnvEnd, map.env_end - 1, 0, 0));
    EXPECT_EQ(map.env_end - 1, stat_field(51));
    EXPECT_OK(prctl(kSetMm, kBrk, map.brk - 16, 0, 0));
    EXPECT_EQ(map.brk - 16, static_cast<uint64_t>(SYS(brk, 0)));
    EXPECT_ERRNO(EINVAL, prctl(kSetMm, kBrk, map.start_brk - 4096, 0, 0));
    EXPECT_OK(prctl(kSetMm, kStartBrk, map.start_brk + 16, 0, 0));
    EXPECT_EQ(map.start_brk + 16, stat_field(47));
  });
}

TEST(the_auxiliary_vector_is_replaced) {
  COVERS("prctl");
  unsigned size = 0;
  if (prctl(kSetMm, kMapSize, &size, 0, 0) != 0) SKIP("built without checkpoints");
  if (!may_set()) SKIP("CAP_SYS_RESOURCE is needed");
  apart([] {
    uint64_t vector[] = {AT_PAGESZ, 4096, AT_UID, 77, AT_NULL, 0};
    EXPECT_OK(prctl(kSetMm, kAuxv, vector, sizeof vector, 0));
    char text[4096];
    EXPECT_TRUE(guest::slurp("/proc/self/auxv", text, sizeof text) >= static_cast<ssize_t>(sizeof vector));
    EXPECT_EQ(0, memcmp(text, vector, sizeof vector));
    EXPECT_ERRNO(EINVAL, prctl(kSetMm, kAuxv, vector, 4096, 0));
    EXPECT_ERRNO(EFAULT, prctl(kSetMm, kAuxv, guest::bad_pointer(), 16, 0));
  });
}

TEST(another_file_is_the_program) {
  COVERS("prctl");
  unsigned size = 0;
  if (prctl(kSetMm, kMapSize, &size, 0, 0) != 0) SKIP("built without checkpoints");
  if (!may_set()) SKIP("CAP_SYS_RESOURCE is needed");
  apart([] {
    EXPECT_ERRNO(EBADF, prctl(kSetMm, kExeFile, 999, 0, 0));
    int directory = open("/", O_RDONLY | O_CLOEXEC), plain = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
    EXPECT_ERRNO(EACCES, prctl(kSetMm, kExeFile, directory, 0, 0));
    EXPECT_ERRNO(EACCES, prctl(kSetMm, kExeFile, plain, 0, 0));
    int program = open("/bin/sh", O_RDONLY | O_CLOEXEC);
    EXPECT_ERRNO(EBUSY, prctl(kSetMm, kExeFile, program, 0, 0));  // the old one is mapped
  });
}

TEST(timers_are_made_with_their_old_numbers) {
  COVERS("prctl", "timer_create");
  if (prctl(kRestoreIds, 2, 0, 0, 0) != 0) SKIP("this kernel has no PR_TIMER_CREATE_RESTORE_IDS");
  apart([] {
    sigevent event{};
    event.sigev_notify = SIGEV_NONE;
    EXPECT_OK(prctl(kRestoreIds, 1, 0, 0, 0));
    EXPECT_EQ(1, prctl(kRestoreIds, 2, 0, 0, 0));
    EXPECT_ERRNO(EINVAL, prctl(kRestoreIds, 2, 1, 0, 0));
    EXPECT_ERRNO(EINVAL, prctl(kRestoreIds, 1, 0, 0, 1));
    EXPECT_ERRNO(EINVAL, prctl(kRestoreIds, 3, 0, 0, 0));
    int id = 1000;
    EXPECT_OK(SYS(timer_create, CLOCK_MONOTONIC, &event, &id));
    EXPECT_EQ(1000, id);
    EXPECT_ERRNO(EBUSY, SYS(timer_create, CLOCK_MONOTONIC, &event, &id));
    id = -1;
    EXPECT_ERRNO(EINVAL, SYS(timer_create, CLOCK_MONOTONIC, &event, &id));
    id = INT_MAX;
    EXPECT_OK(SYS(timer_create, CLOCK_MONOTONIC, &event, &id));
    EXPECT_ERRNO(EFAULT, SYS(timer_create, CLOCK_MONOTONIC, &event, guest::bad_pointer()));
    EXPECT_OK(SYS(timer_delete, 1000));
    EXPECT_EQ(0, guest::in_child([] { return prctl(kRestoreIds, 2, 0, 0, 0); }));
    EXPECT_OK(prctl(kRestoreIds, 0, 0, 0, 0));
    id = 1000;
    EXPECT_OK(SYS(timer_create, CLOCK_MONOTONIC, &event, &id));
    EXPECT_TRUE(id != 1000);
  });
}

TEST(slots_of_futexes_are_kept) {
  COVERS("prctl");
  if (prctl(kFutexHash, 2, 0, 0, 0) == -1) SKIP("this kernel has no PR_FUTEX_HASH");
  apart([] {
    EXPECT_EQ(0, prctl(kFutexHash, 2, 0, 0, 0));
    pthread_t thread;
    ASSERT_EQ(0, pthread_create(
                     &thread, nullptr, [](void*) -> void* { return nullptr; }, nullptr));
    pthread_join(thread, nullptr);
    EXPECT_TRUE(prctl(kFutexHash, 2, 0, 0, 0) >= 16);
    EXPECT_ERRNO(EINVAL, prctl(kFutexHash, 1, 3, 0, 0));
    EXPECT_ERRNO(EINVAL, prctl(kFutexHash, 1, 1, 0, 0));
    EXPECT_ERRNO(EINVAL, prctl(kFutexHash, 1, 16, 1, 0));
    EXPECT_ERRNO(EINVAL, prctl(kFutexHash, 3, 0, 0, 0));
    EXPECT_OK(prctl(kFutexHash, 1, 64, 0, 0));
    EXPECT_EQ(64, prctl(kFutexHash, 2, 0, 0, 0));
    EXPECT_OK(prctl(kFutexHash, 1, 2, 0, 0));
    EXPECT_EQ(2, prctl(kFutexHash, 2, 0, 0, 0));
    EXPECT_EQ(0, guest::in_child([] { return prctl(kFutexHash, 2, 0, 0, 0); }));
    EXPECT_OK(prctl(kFutexHash, 1, 0, 0, 0));  // those of all, from now on
    EXPECT_EQ(0, prctl(kFutexHash, 2, 0, 0, 0));
    EXPECT_ERRNO(EBUSY, prctl(kFutexHash, 1, 16, 0, 0));
  });
}

namespace {

volatile char selector;
volatile long caught, number, place, code, arch;

void on_sys(int, siginfo_t* info, void* context) {
  selector = 0;  // the handler's own calls pass
  caught = caught + 1;
  number = info->si_syscall, place = reinterpret_cast<long>(info->si_call_addr);
  code = info->si_code, arch = info->si_arch;
  auto* machine = static_cast<ucontext_t*>(context);
  if (machine->uc_mcontext.gregs[REG_RAX] == info->si_syscall && machine->uc_mcontext.gregs[REG_RIP] == place)
    machine->uc_mcontext.gregs[REG_RAX] = 4242;
}

// A site of its own, which is called often enough to be patched.
__attribute__((noinline)) long ask(long nr) {
  long result;
  asm volatile("syscall" : "=a"(result) : "a"(nr) : "rcx", "r11", "memory");
  return result;
}

}  // namespace

TEST(calls_are_dispatched_by_a_byte) {
  COVERS("prctl");
  apart([] {
    guest::handle(SIGSYS, on_sys);
    for (int i = 0; i < 100; ++i) ask(SYS_getppid);
    selector = 0;
    EXPECT_OK(prctl(kDispatch, 1, 0, 0, &selector));
    EXPECT_EQ(getpid(), ask(SYS_getpid));
    EXPECT_EQ(0, caught);
    for (long nr : std::initializer_list<long>{SYS_getpid, SYS_getppid, SYS_gettid, SYS_read, 9999}) {
      caught = 0;
      selector = 1;
      long got = ask(nr);
      EXPECT_EQ(0, selector);
      EXPECT_EQ(1, caught);
      EXPECT_EQ(4242, got);
      EXPECT_EQ(nr, number);
      EXPECT_EQ(2, code);
      EXPECT_EQ(0xc000003el, arch);
    }
    pid_t child = fork();  // not inherited
    if (child == 0) {
      selector = 1;
      long got = ask(SYS_getpid);
      selector = 0;
      _exit(got == 4242 ? 1 : 0);
    }
    EXPECT_EQ(0, guest::reap(child));
    EXPECT_OK(prctl(kDispatch, 0, 0, 0, 0));
    selector = 1;
    EXPECT_EQ(getpid(), ask(SYS_getpid));
  });
}

TEST(a_range_of_code_is_not_dispatched) {
  COVERS("prctl");
  apart([] {
    guest::handle(SIGSYS, on_sys);
    auto start = reinterpret_cast<uintptr_t>(&ask);
    selector = 0;
    EXPECT_OK(prctl(kDispatch, 1, start, 64, &selector));
    caught = 0, selector = 1;
    long got = ask(SYS_getpid);
    EXPECT_EQ(0, caught);
    selector = 0;
    EXPECT_EQ(getpid(), got);
    if (prctl(kDispatch, 2, start, 64, &selector) != 0) return;  // from Linux 6.16 on
    selector = 1;
    EXPECT_TRUE(getppid() > 0);
    EXPECT_EQ(0, caught);
    got = ask(SYS_getpid);
    EXPECT_EQ(1, caught);
    EXPECT_EQ(4242, got);
  });
}

TEST(dispatch_is_judged) {
  COVERS("prctl");
  EXPECT_ERRNO(EINVAL, prctl(kDispatch, 0, 1, 0, 0));
  EXPECT_ERRNO(EINVAL, prctl(kDispatch, 0, 0, 1, 0));
  EXPECT_ERRNO(EINVAL, prctl(kDispatch, 0, 0, 0, &selector));
  EXPECT_ERRNO(EINVAL, prctl(kDispatch, 9, 0, 0, 0));
  EXPECT_ERRNO(EINVAL, prctl(kDispatch, 1, 8, 0, &selector));
  EXPECT_ERRNO(EINVAL, prctl(kDispatch, 1, 8, ~0ul, &selector));
  EXPECT_ERRNO(EFAULT, prctl(kDispatch, 1, 0, 0, ~0ul));
  EXPECT_EQ(SIGSEGV, guest::signal_of([] {
              prctl(kDispatch, 1, 0, 0, guest::bad_pointer());
              ask(SYS_getpid);
            }));
  EXPECT_EQ(SIGSYS, guest::signal_of([] {
              selector = 7;
              prctl(kDispatch, 1, 0, 0, &selector);
              ask(SYS_getpid);
            }));
  EXPECT_EQ(SIGSYS, guest::signal_of([] {  // without a byte all are dispatched
              prctl(kDispatch, 1, 0, 0, 0);
              ask(SYS_getpid);
            }));
}

GUEST_TEST_MAIN
