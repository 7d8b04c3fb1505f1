#include "host/lockdown.h"

#include <linux/audit.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <span>

#include "host/calls.h"

namespace limen::host {
namespace {

using Program = std::vector<sock_filter>;

void load(Program& p, usize offset) { p.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<u32>(offset))); }
void ret(Program& p, u32 action) { p.push_back(BPF_STMT(BPF_RET | BPF_K, action)); }

// One form of a call: falls through to the next form when an argument differs.
Program form(const rules::Args& args) {
  Program checks;
  std::vector<usize> misses;
  for (usize i = 0; i < args.count; ++i) {
    const rules::Check& check = args.checks[i];
    if (check.mask == 0) continue;
    load(checks, offsetof(seccomp_data, args) + 8 * i);
    if (check.mask != 0xffffffff) {
      checks.push_back(BPF_STMT(BPF_ALU | BPF_AND | BPF_K, static_cast<u32>(check.mask)));
    }
    misses.push_back(checks.size());
    checks.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<u32>(check.wanted), 0, 0));
  }
  ret(checks, SECCOMP_RET_ALLOW);
  for (const usize at : misses) checks[at].jf = static_cast<u8>(checks.size() - at - 1);
  return checks;
}

// All that is said of one call, behind the test of its number.
struct Block {
  u32 nr;
  Program forms;
};

// Numbers are halved until few are left. The host runs a new filter once for each number to learn which need no filter at all: in a row it
// would take two times as long, at each start.
Program tree(std::span<const Block> blocks, u32 refusal) {
  constexpr usize kFew = 4;
  Program p;
  if (blocks.size() <= kFew) {
    for (const Block& block : blocks) {
      if (block.forms.size() > 255) std::abort();  // a jump reaches no further: split the row's forms
      p.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, block.nr, 0, static_cast<u8>(block.forms.size())));
      p.insert(p.end(), block.forms.begin(), block.forms.end());
    }
    ret(p, refusal);
    return p;
  }
  const usize half = blocks.size() / 2;
  const Program low = tree(blocks.first(half), refusal), high = tree(blocks.subspan(half), refusal);
  p.push_back(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, blocks[half].nr, 0, 1));
  p.push_back(BPF_STMT(BPF_JMP | BPF_JA, static_cast<u32>(low.size())));
  p.insert(p.end(), low.begin(), low.end());
  p.insert(p.end(), high.begin(), high.end());
  return p;
}

}  // namespace

const std::vector<Rule>& all_rules() {
  using namespace rules;
  static const std::vector<Rule> rows = {
#define HOST_CALL(name, arguments, reason) {#name, SYS_##name, arguments, reason},
#define HOST_ALSO(name, arguments, reason) {#name, SYS_##name, arguments, reason},
#define HOST_LIBC(name, arguments, reason) {#name, SYS_##name, arguments, reason},
#include "host/host_calls.def"
#ifdef LIMEN_SANITIZED
#include "host/sanitizer_calls.def"
#endif
#undef HOST_CALL
#undef HOST_ALSO
#undef HOST_LIBC
  };
  return rows;
}

std::vector<sock_filter> compile_rules(const std::vector<Rule>& rules, u32 refusal) {
  Program p;
  load(p, offsetof(seccomp_data, arch));
  p.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0));
  ret(p, refusal);
  load(p, offsetof(seccomp_data, nr));
  std::vector<Block> blocks;
  for (const Rule& rule : rules) {
    auto block = std::find_if(blocks.begin(), blocks.end(), [&](const Block& b) { return b.nr == rule.nr; });
    if (block == blocks.end()) block = blocks.insert(block, {rule.nr, {}});
    const Program one = form(rule.args);
    block->forms.insert(block->forms.end(), one.begin(), one.end());
  }
  for (Block& block : blocks) ret(block.forms, refusal);
  std::sort(blocks.begin(), blocks.end(), [](const Block& a, const Block& b) { return a.nr < b.nr; });
  const Program tests = tree(blocks, refusal);
  p.insert(p.end(), tests.begin(), tests.end());
  return p;
}

namespace {

// A refused call is a bug of ours or an attack that got this far: name it in one line, then end by the same signal.
void refused(int, siginfo_t* info, void*) {
  char text[] = "limen: the kernel process tried host call      , which host_calls.def does not have; it ends here\n";
  char* digit = std::strchr(text, ',') - 1;
  for (unsigned nr = static_cast<unsigned>(info->si_syscall); nr != 0 && *digit == ' '; nr /= 10) {
    *digit-- = static_cast<char>('0' + nr % 10);
  }
  raw_syscall(SYS_write, STDERR_FILENO, reinterpret_cast<long>(text), sizeof text - 1);
  struct sigaction dfl {};
  dfl.sa_handler = SIG_DFL;
  sigaction(SIGSYS, &dfl, nullptr);
  raw_syscall(SYS_getppid);  // refused again, where SIGSYS is blocked now: the host ends the process
}

}  // namespace

void before_threads() {
  // One arena: with several, glibc opens /sys to count the CPUs before it makes one and /proc/sys/vm before it shrinks
  // one, and each costs pages of an idle sandbox. What threads free and take at once is in their own caches anyway.
  mallopt(M_ARENA_MAX, 1);
}

Result<void> lock_down() {
  struct sigaction action {};
  action.sa_sigaction = refused;
  action.sa_flags = SA_SIGINFO;
  sigfillset(&action.sa_mask);
  sigaction(SIGSYS, &action, nullptr);
  std::vector<sock_filter> program = compile_rules(all_rules(), SECCOMP_RET_TRAP);
  const sock_fprog fprog = {static_cast<unsigned short>(program.size()), program.data()};
  TRY(detail::checked(raw_syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)));
  const i64 other = TRY(detail::checked(
      raw_syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, reinterpret_cast<long>(&fprog))));
  if (other != 0) return Errno::esrch;  // a thread that could not be brought along
  return success;
}

}  // namespace limen::host
