// The sealed code of a guest's process: the template that makes stubs, the mapping thread, the first steps of
// guest threads, and the signal entry. Everything above `signal_entry` runs with rights that guest threads do not
// have, so it keeps its state in registers, reads only pages that no guest can write, and uses no stack: no guest
// can bend where it goes. A guest thread that jumps here finds its own calls trapped by its own filter (F1).

#include <asm/unistd_64.h>
#include "gate/wire/layout.h"

#define PR_SET_PDEATHSIG 1
#define SIGKILL 9
#define FUTEX_WAIT 0
#define FUTEX_WAKE 1
#define SECCOMP_SET_MODE_FILTER 1
#define SECCOMP_FILTER_FLAG_NEW_LISTENER 8
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV 32
#define EINVAL 22
#define PROT_READ 1
#define PROT_WRITE 2
#define MAP_SHARED_FIXED 0x11

// TemplatePage
#define TP_REQUEST LIMEN_TEMPLATE_PAGE + 0
#define TP_INDEX LIMEN_TEMPLATE_PAGE + 4
#define TP_KERNEL_PID LIMEN_TEMPLATE_PAGE + 8
#define TP_REPLY LIMEN_TEMPLATE_PAGE + 12
#define TP_PID LIMEN_TEMPLATE_PAGE + 16

        .section .header, "a"
        .globl gate_header
gate_header:
        .quad 0x657461676d694c0a                // kGateMagic
        .quad template_entry
        .quad signal_entry
        .quad restorer
        .quad gate_end - gate_header
        .quad patched_entry                     // LIMEN_PATCHED_ENTRY_POINTER

        .text

// ---- The template -----------------------------------------------------------------------------------------------
// In: all signals blocked, handlers set, descriptors in place, the gate and the template's page mapped.
        .globl template_entry
template_entry:
        // Nothing of the kernel's image stays: no vDSO, no stack, no heap.
        mov $__NR_munmap, %eax
        mov $LIMEN_GUEST_FLOOR, %edi
        movabs $(LIMEN_HOST_CEILING - LIMEN_GUEST_FLOOR), %rsi
        syscall
        test %rax, %rax
        jnz die
        mov $__NR_seccomp, %eax
        mov $SECCOMP_SET_MODE_FILTER, %edi
        xor %esi, %esi
        mov $gate_f0, %edx
        syscall
        test %rax, %rax
        jnz die
        xor %ebx, %ebx                          // the last request that was served
template_wait:
        mov $__NR_futex, %eax
        mov $TP_REQUEST, %edi
        mov $FUTEX_WAIT, %esi
        mov %ebx, %edx
        xor %r10d, %r10d
        syscall
        mov TP_REQUEST, %eax
        cmp %ebx, %eax
        je template_wait
        mov %eax, %ebx
        mov TP_INDEX, %r12d
        mov TP_KERNEL_PID, %r13d
        mov $__NR_clone, %eax
        mov $LIMEN_CLONE_STUB, %edi
        xor %esi, %esi
        xor %edx, %edx
        xor %r10d, %r10d
        xor %r8d, %r8d
        syscall
        test %rax, %rax
        jz stub_entry
        mov %eax, TP_PID
        mov %ebx, TP_REPLY
        mov $__NR_futex, %eax
        mov $TP_REPLY, %edi
        mov $FUTEX_WAKE, %esi
        mov $1, %edx
        syscall
        jmp template_wait

// ---- A stub, up to its mapping thread ---------------------------------------------------------------------------
// In: r12d = the index of its order page, r13d = the kernel's pid.
stub_entry:
        mov $__NR_prctl, %eax
        mov $PR_SET_PDEATHSIG, %edi
        mov $SIGKILL, %esi
        syscall
        mov $__NR_getppid, %eax                 // the kernel may have died before
        syscall
        cmp %r13d, %eax
        jne die
        mov $__NR_mmap, %eax
        mov $LIMEN_ORDER_PAGE, %edi
        mov $4096, %esi
        mov $(PROT_READ | PROT_WRITE), %edx
        mov $MAP_SHARED_FIXED, %r10d
        mov $LIMEN_FD_CONTROL, %r8d
        mov %r12, %r9
        shl $12, %r9
        syscall
        cmp $LIMEN_ORDER_PAGE, %rax
        jne die
        mov $__NR_seccomp, %eax
        mov $SECCOMP_SET_MODE_FILTER, %edi
        // Where the host can (Linux 5.19), a SIGSTOP or a tracer's stop does not take back a report that the kernel has.
        mov $(SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV), %esi
        mov $gate_fl, %edx
        syscall
        cmp $-EINVAL, %rax
        jne 1f
        mov $__NR_seccomp, %eax
        mov $SECCOMP_FILTER_FLAG_NEW_LISTENER, %esi
        syscall
1:
        cmp $LIMEN_FD_LISTENER, %rax
        jne die
        movl $1, LIMEN_ORDER_PAGE               // OrderPage::ready
        mov $__NR_futex, %eax
        mov $LIMEN_ORDER_PAGE, %edi
        mov $FUTEX_WAKE, %esi
        mov $1, %edx
        syscall
        mov $__NR_mprotect, %eax
        mov $LIMEN_ORDER_PAGE, %edi
        mov $4096, %esi
        mov $PROT_READ, %edx
        syscall
        test %rax, %rax
        jnz die
        xor %r12d, %r12d                        // orders done
        xor %r13d, %r13d                        // the last result

// ---- The mapping thread -----------------------------------------------------------------------------------------
// Reports how many orders it has done and the last one's result, in registers that only it can set; the host adds
// its thread id. The kernel answers when new orders stand in the order page. An error ends a batch.
map_report:
        mov $LIMEN_NR_REPORT, %eax
        mov %r12, %rdi
        mov %r13, %rsi
        syscall
        test %rax, %rax                         // 0, or a descriptor that came with the answer; else the kernel is gone
        js die
        xor %r12d, %r12d
        xor %r13d, %r13d
        mov $(LIMEN_ORDER_PAGE + LIMEN_ORDER_FIRST), %ebx
        mov LIMEN_ORDER_PAGE + 4, %ebp          // OrderPage::count
map_next:
        cmp %ebp, %r12d
        jae map_report
        mov 0(%rbx), %rax
        mov 8(%rbx), %rdi
        mov 16(%rbx), %rsi
        mov 24(%rbx), %rdx
        mov 32(%rbx), %r10
        mov 40(%rbx), %r8
        mov 48(%rbx), %r9
        mov %rax, %r14
        syscall
        cmp $__NR_clone, %r14
        jne 1f
        test %rax, %rax
        jz thread_entry
1:      mov %rax, %r13
        cmp $-4095, %rax
        jae map_report
        inc %r12d
        add $LIMEN_ORDER_SIZE, %rbx
        jmp map_next

// ---- A guest thread, up to its first crossing -------------------------------------------------------------------
// In: rsp = in its slot (which other guest threads can write: nothing is read from there before F1 stands).
thread_entry:
        mov $__NR_seccomp, %eax
        mov $SECCOMP_SET_MODE_FILTER, %edi
        xor %esi, %esi
        mov $gate_f1, %edx
        syscall
        test %rax, %rax
        jnz die
        // From here on it has no more rights than guest code.
        mov %rsp, %rdi
        call gate_thread
        mov %rax, %rsp
restorer:
        mov $__NR_rt_sigreturn, %eax
        syscall
        ud2

die:
        mov $__NR_exit_group, %eax
        mov $127, %edi
        syscall
        ud2

// ---- The signal entry -------------------------------------------------------------------------------------------
// In: edi = signal, rsi = siginfo, rdx = ucontext, all signals blocked, rsp in the slot.
        .globl signal_entry
signal_entry:
        cld
        sub $8, %rsp
        call gate_signal
        mov %rax, %rsp
        jmp restorer

// ---- Patched sites -----------------------------------------------------------------------------------------------
// A patched site jumps to its trampoline (platform/patch.h), which comes here with R11 = where to go on; all other
// registers and the flags are the guest's, as they were before `syscall`. Of these RCX and R11 are free, as on Linux.
//
// Signals are not blocked here. A kick that finds the gate at work (gate_signal) does not enter the kernel: it sets
// Slot::kicked, which is looked at last. From patched_window on that would be too late: there gate_signal finishes the way out
// in the frame itself.
        .globl patched_entry
patched_entry:
        // Does GS hold a slot? Its address has 0x7fff in its upper half, as no guest mapping has. No flag may change yet.
        rdgsbase %rcx
        bswap %rcx
        lea 0x00810000(%rcx), %ecx
        jrcxz 1f
        lea -2(%r11), %rcx                      // a GS base of its own: trap, at the trampoline's `syscall`
        jmp *%rcx
1:      mov %rsp, %gs:LIMEN_SLOT_SP
        mov %r11, %gs:LIMEN_SLOT_RESUME_AT
        rdgsbase %rsp
        pushfq
        testl $0x40100, (%rsp)                  // TF: steps are counted by traps; AC: what follows is not aligned
        jnz patched_trap
        cmp $LIMEN_WAYS, %rax
        jae patched_cross
        jmp *gate_ways(, %rax, 8)

        .globl patched_trap
patched_trap:
        popfq
        mov %gs:LIMEN_SLOT_SP, %rsp
        lea -2(%r11), %rcx
        jmp *%rcx

// The call as the kernel and the C++ of the gate see it: in the slot. Leaves RDI = the slot, and the stack aligned for a call.
.macro FILL_SLOT
        mov %rdi, %gs:LIMEN_SLOT_ARGS
        mov %rsi, %gs:LIMEN_SLOT_ARGS + 8
        mov %rdx, %gs:LIMEN_SLOT_ARGS + 16
        mov %r10, %gs:LIMEN_SLOT_ARGS + 24
        mov %r8, %gs:LIMEN_SLOT_ARGS + 32
        mov %r9, %gs:LIMEN_SLOT_ARGS + 40
        mov %eax, %eax                          // the upper half of a number is ignored, as Linux does
        mov %rax, %gs:LIMEN_SLOT_NR
        movslq -LIMEN_TRAMPOLINE_DISPLACEMENT(%r11), %rcx
        add %r11, %rcx
        mov %rcx, %gs:LIMEN_SLOT_IP
        cld
        rdgsbase %rdi
        sub $8, %rsp
.endm

        .globl patched_cross
patched_cross:
        FILL_SLOT
        call gate_patched
patched_back:                                   // EAX: bits of resume_flags
        add $8, %rsp
        mov %gs:LIMEN_SLOT_ARGS, %rdi
        mov %gs:LIMEN_SLOT_ARGS + 8, %rsi
        mov %gs:LIMEN_SLOT_ARGS + 16, %rdx
        mov %gs:LIMEN_SLOT_ARGS + 24, %r10
        mov %gs:LIMEN_SLOT_ARGS + 32, %r8
        mov %gs:LIMEN_SLOT_ARGS + 40, %r9
        test %eax, %eax
        mov %gs:LIMEN_SLOT_RESULT, %rax
        jnz patched_state

patched_commit:                                 // RAX = the result
        .globl patched_window, patched_window_flags, patched_window_end
patched_window:
        cmpl $0, %gs:LIMEN_SLOT_KICKED
        jne patched_state
        mov %gs:LIMEN_SLOT_RESUME_AT, %r11
        movslq -LIMEN_TRAMPOLINE_DISPLACEMENT(%r11), %rcx
        add %r11, %rcx
        mov (%rsp), %r11
        popfq
patched_window_flags:
        mov %gs:LIMEN_SLOT_SP, %rsp
        jmp *%gs:LIMEN_SLOT_RESUME_AT
patched_window_end:

// The kernel (or a kick) wants the thread with all its registers, after its call.
patched_state:
        mov %rax, %gs:LIMEN_SLOT_RESULT
        popfq
        mov %gs:LIMEN_SLOT_SP, %rsp
        mov $LIMEN_NR_STATE, %eax
        syscall
        .globl patched_state_end
patched_state_end:
        ud2

// A call that gate/answers.cc may answer. Where it faults in the guest's memory, gate_signal sends it on to the kernel, which then
// says what Linux says.
        .globl patched_answer, patched_answer_faulted
patched_answer:
        testl $LIMEN_ANSWER_STATE, %gs:LIMEN_SLOT_ANSWERS
        jz patched_cross
        FILL_SLOT
        push %rbx                               // for a fault in the middle: else gate_answer itself keeps them
        push %rbp
        push %r12
        push %r13
        push %r14
        push %r15
        call gate_answer
        test %al, %al
        jz patched_answer_faulted
        incq %gs:LIMEN_SLOT_ANSWERED
        add $48, %rsp
        xor %eax, %eax
        jmp patched_back
patched_answer_faulted:
        rdgsbase %rdi
        lea -64(%rdi), %rsp                     // where it was before the call: flags, FILL_SLOT's 8 bytes, these six
        pop %r15
        pop %r14
        pop %r13
        pop %r12
        pop %rbp
        pop %rbx
        call gate_patched
        jmp patched_back

// ---- Answers without the kernel ---------------------------------------------------------------------------------
// Each is what the kernel would say (kernel/task/answers.cc writes them) as long as its bit is set.
.macro ANSWER name, bit, offset
        .globl answer_\name
answer_\name:
        testl $\bit, %gs:LIMEN_SLOT_ANSWERS
        jz patched_cross
        incq %gs:LIMEN_SLOT_ANSWERED
        mov %gs:\offset, %eax
        jmp patched_commit
.endm
.macro ANSWER_OF_SELF name, offset              // with a process id of zero as the argument
        .globl answer_\name
answer_\name:
        test %edi, %edi
        jnz patched_cross
        testl $LIMEN_ANSWER_IDENTITY, %gs:LIMEN_SLOT_ANSWERS
        jz patched_cross
        incq %gs:LIMEN_SLOT_ANSWERED
        mov %gs:\offset, %eax
        jmp patched_commit
.endm
        ANSWER getpid, LIMEN_ANSWER_IDENTITY, LIMEN_SLOT_PID
        ANSWER gettid, LIMEN_ANSWER_IDENTITY, LIMEN_SLOT_TID
        ANSWER getppid, LIMEN_ANSWER_IDENTITY, LIMEN_SLOT_PPID
        ANSWER getpgrp, LIMEN_ANSWER_IDENTITY, LIMEN_SLOT_PGRP
        ANSWER getuid, LIMEN_ANSWER_USER, LIMEN_SLOT_UID
        ANSWER geteuid, LIMEN_ANSWER_USER, LIMEN_SLOT_EUID
        ANSWER getgid, LIMEN_ANSWER_USER, LIMEN_SLOT_GID
        ANSWER getegid, LIMEN_ANSWER_USER, LIMEN_SLOT_EGID
        ANSWER_OF_SELF getpgid, LIMEN_SLOT_PGRP
        ANSWER_OF_SELF getsid, LIMEN_SLOT_SID

        .globl answer_sched_yield
answer_sched_yield:
        testl $LIMEN_ANSWER_YIELD, %gs:LIMEN_SLOT_ANSWERS
        jz patched_cross
        incq %gs:LIMEN_SLOT_ANSWERED
        syscall                                 // the host's own: it knows who else wants the CPU
        jmp patched_commit

        .section .note.GNU-stack, "", @progbits
