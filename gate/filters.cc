#include "gate/filters.h"

#include <asm/unistd_64.h>
#include <linux/futex.h>
#include <linux/membarrier.h>

#include "gate/wire/layout.h"

// Scalar arguments are compared in their low 32 bits: the host takes each of them as an int or 32-bit flags word
// (clone's flags: the high half is ignored by clone(2)).

extern "C" {

// F0: installed once in the template, inherited by every stub and its threads. What sealed code calls.
constexpr sock_filter kF0[] = {
    LOAD_ARCH,                        // 0
    IF_EQ(AUDIT_ARCH_X86_64, 0, 23),  // 1
    LOAD_NR,                          // 2
    IF_EQ(__NR_rt_sigreturn, 20, 0),  // 3
    IF_EQ(__NR_sched_yield, 19, 0),   // 4
    IF_EQ(LIMEN_NR_REPORT, 18, 0),    // 5
    IF_EQ(__NR_mmap, 17, 0),          // 6
    IF_EQ(__NR_munmap, 16, 0),        // 7
    IF_EQ(__NR_mprotect, 15, 0),      // 8
    IF_EQ(__NR_close, 14, 0),         // 9
    IF_EQ(__NR_seccomp, 13, 0),       // 10
    IF_EQ(__NR_prctl, 12, 0),         // 11
    IF_EQ(__NR_getppid, 11, 0),       // 12
    IF_EQ(__NR_exit_group, 10, 0),    // 13
    IF_EQ(__NR_rseq, 9, 0),           // 14
    IF_EQ(__NR_membarrier, 8, 0),     // 15
    IF_EQ(__NR_futex, 0, 3),          // 16
    LOAD_ARG(1),                      // 17
    IF_EQ(FUTEX_WAIT, 5, 0),          // 18
    IF_EQ(FUTEX_WAKE, 4, 5),          // 19
    IF_EQ(__NR_clone, 0, 4),          // 20
    LOAD_ARG(0),                      // 21
    IF_EQ(LIMEN_CLONE_STUB, 1, 0),    // 22
    IF_EQ(LIMEN_CLONE_THREAD, 0, 1),  // 23
    RETURN(SECCOMP_RET_ALLOW),        // 24
    RETURN(SECCOMP_RET_TRAP),         // 25
};

// FL: the stub's own listener. Only the mapping thread's report gets as far (F1 traps a guest's).
constexpr sock_filter kFL[] = {
    LOAD_NR,
    IF_EQ(LIMEN_NR_REPORT, 0, 1),
    RETURN(SECCOMP_RET_USER_NOTIF),
    RETURN(SECCOMP_RET_ALLOW),
};

// F1: each guest thread, before guest code. This is the whole list of what a guest can have from the host, and only
// from an instruction inside the gate: a program's own rt_sigreturn (its C library's restorer), futex and sched_yield
// are the kernel's to answer like any other call. A guest may jump to the gate's instructions: that gives it no more.
constexpr sock_filter kF1[] = {
    LOAD_ARCH,                                            // 0
    IF_EQ(AUDIT_ARCH_X86_64, 0, 18),                      // 1
    LOAD_IP(1),                                           // 2
    IF_EQ(0, 0, 16),                                      // 3
    LOAD_IP(0),                                           // 4
    IF_GE(LIMEN_GATE_BASE, 0, 14),                        // 5
    IF_GE(LIMEN_GATE_BASE + LIMEN_GATE_MAX_SIZE, 13, 0),  // 6
    LOAD_NR,                                              // 7
    IF_EQ(__NR_rt_sigreturn, 10, 0),                      // 8
    IF_EQ(__NR_sched_yield, 9, 0),                        // 9
    IF_EQ(__NR_rseq, 8, 0),                               // 10: it writes what the guest may write
    IF_EQ(__NR_futex, 0, 3),                              // 11
    LOAD_ARG(1),                                          // 12
    IF_EQ(FUTEX_WAIT, 5, 0),                              // 13
    IF_EQ(FUTEX_WAKE, 4, 5),                              // 14
    IF_EQ(__NR_membarrier, 0, 4),                         // 15: among the guest's own threads
    LOAD_ARG(0),                                          // 16
    IF_GE(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 2),        // 17
    IF_GE(LIMEN_LAST_MEMBARRIER + 1, 1, 0),               // 18
    RETURN(SECCOMP_RET_ALLOW),                            // 19
    RETURN(SECCOMP_RET_TRAP),                             // 20
};

extern const sock_fprog gate_f0 = {sizeof kF0 / sizeof kF0[0], const_cast<sock_filter*>(kF0)};
extern const sock_fprog gate_fl = {sizeof kFL / sizeof kFL[0], const_cast<sock_filter*>(kFL)};
extern const sock_fprog gate_f1 = {sizeof kF1 / sizeof kF1[0], const_cast<sock_filter*>(kF1)};
}
