// safe_copy: one instruction that may fault, and a handler that knows it.

#include <ucontext.h>
#include <csignal>

#include "platform/platform.h"

extern "C" {
// rdi = to, rsi = from, rdx = length; returns the bytes that were not copied.
limen::usize limen_safe_copy(void* to, const void* from, limen::usize length);
extern const char limen_safe_copy_move[], limen_safe_copy_done[];
}
asm(R"(
        .text
        .globl limen_safe_copy, limen_safe_copy_move, limen_safe_copy_done
        .type limen_safe_copy, @function
limen_safe_copy:
        mov %rdx, %rcx
limen_safe_copy_move:
        rep movsb
limen_safe_copy_done:
        mov %rcx, %rax
        ret
        .size limen_safe_copy, . - limen_safe_copy
)");

namespace limen::platform {
namespace {

void on_fault(int signo, siginfo_t*, void* context) {
  auto* uc = static_cast<ucontext_t*>(context);
  greg_t& rip = uc->uc_mcontext.gregs[REG_RIP];
  if (rip == reinterpret_cast<greg_t>(limen_safe_copy_move)) {
    rip = reinterpret_cast<greg_t>(limen_safe_copy_done);  // RCX says what is left
    return;
  }
  // Not ours: fault again, with the default action.
  struct sigaction dfl {};
  dfl.sa_handler = SIG_DFL;
  sigaction(signo, &dfl, nullptr);
}

}  // namespace

usize safe_copy(void* to, const void* from, usize length) { return length - limen_safe_copy(to, from, length); }

void install_safe_copy() {
  struct sigaction action {};
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  sigemptyset(&action.sa_mask);
  sigaction(SIGSEGV, &action, nullptr);
  sigaction(SIGBUS, &action, nullptr);
}

}  // namespace limen::platform
