// Where things lie in a guest's host process: numbers that the gate's assembly, the gate's C++ and the
// kernel's platform/ share.
//
//   0x10000  gate image   read + execute, sealed     code, constant tables, the seccomp programs
//   0x40000  order page   read-only in the guest     what the mapping thread is to do; the kernel writes it
//   0x50000  template's page                         only in the template process, not inherited
//   0x60000  public page    read-only in guests      time, names: the same for all
//   0x100000 guest_floor  ........................   all guest mappings lie between floor and ceiling
//   0x7fff00000000 guest_ceiling = slots             32 KiB for each guest thread, shared with the kernel
//
// The gate is low so that a patched site can reach a table in it by `jmp *disp32`.
#pragma once

#define LIMEN_GATE_BASE 0x10000
#define LIMEN_GATE_MAX_SIZE 0x10000
#define LIMEN_ORDER_PAGE 0x40000
#define LIMEN_TEMPLATE_PAGE 0x50000
#define LIMEN_PUBLIC_PAGE 0x60000
#define LIMEN_GUEST_FLOOR 0x100000
#define LIMEN_SLOTS 0x7fff00000000
#define LIMEN_HOST_CEILING 0x7ffffffff000 /* one past the host's last user page (TASK_SIZE_MAX) */
#define LIMEN_SLOT_SIZE 0x8000
#define LIMEN_SLOT_HEADER 1024 /* the header is at the slot's end, the signal stack below it */

/* Offsets in struct Slot (gate/wire/slot.h), for the gate's assembly. A guest thread that has no GS base of its own has its
   slot's address there. */
#define LIMEN_SLOT_RESULT 24
#define LIMEN_SLOT_NR 72
#define LIMEN_SLOT_ARGS 80
#define LIMEN_SLOT_IP 128
#define LIMEN_SLOT_SP 136
#define LIMEN_SLOT_RESUME_AT 192
#define LIMEN_SLOT_KICKED 200
#define LIMEN_SLOT_ANSWERS 256
#define LIMEN_SLOT_PID 260
#define LIMEN_SLOT_TID 264
#define LIMEN_SLOT_PPID 268
#define LIMEN_SLOT_UID 272
#define LIMEN_SLOT_EUID 276
#define LIMEN_SLOT_GID 280
#define LIMEN_SLOT_EGID 284
#define LIMEN_SLOT_PGRP 288
#define LIMEN_SLOT_SID 292
#define LIMEN_SLOT_ANSWERED 296

/* Bits of Slot::answers: what the gate may answer without the kernel. */
#define LIMEN_ANSWER_IDENTITY 1 /* process, parent, group and session ids */
#define LIMEN_ANSWER_USER 2     /* user and group ids */
#define LIMEN_ANSWER_YIELD 4    /* sched_yield */
#define LIMEN_ANSWER_STATE 8    /* gate/answers.cc: signal mask, futexes, limits, ... */
#define LIMEN_ANSWER_TIME 16    /* clocks and the number of this CPU */
#define LIMEN_ANSWER_NAME 32    /* uname */
#define LIMEN_ANSWER_ACTIONS 64 /* rt_sigaction, of default actions */
#define LIMEN_ANSWER_OPENED 128 /* fstat and fcntl of the file that was opened last */

/* The pointer to the gate's entry for patched sites stands at a fixed place: a trampoline jumps through it. */
#define LIMEN_PATCHED_ENTRY_POINTER (LIMEN_GATE_BASE + 40)
/* A trampoline before the address where the guest goes on: displacement to the call's own place, then `syscall`. */
#define LIMEN_TRAMPOLINE_DISPLACEMENT 6
#define LIMEN_WAYS 512 /* calls that the gate tells apart */

/* Descriptors in a guest's process. */
#define LIMEN_FD_ARENA 0
#define LIMEN_FD_CONTROL 1
#define LIMEN_FD_LISTENER 2
#define LIMEN_FD_PUBLIC 3 /* the public page's file, which holds the vDSO, too */
#define LIMEN_FD_FILES 8  /* map_file's files, while a batch of orders runs */
#define LIMEN_MAX_FILES 8

/* The call that the mapping thread reports with: no system call of any Linux. The filter turns it into a notification. */
#define LIMEN_NR_REPORT 0x4c4d

/* The gate itself asks to be trapped: the kernel wants a thread that came through a patched site with all its registers. */
#define LIMEN_NR_STATE 0x4c4e

/* An order is a system call that the mapping thread makes: number, six arguments, 8 bytes unused. */
#define LIMEN_ORDER_SIZE 64
#define LIMEN_ORDER_FIRST 64 /* bytes of header before the first */
#define LIMEN_MAX_ORDERS 63

#define LIMEN_SIGNAL_KICK 23 /* SIGURG: one pending at most, ignored by default */

/* MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ, the last that concerns the caller's process alone. */
#define LIMEN_LAST_MEMBARRIER 256

/* clone's flags, as the filter wants them. */
#define LIMEN_CLONE_STUB 0x8011    /* CLONE_PARENT | SIGCHLD */
#define LIMEN_CLONE_THREAD 0x50f00 /* CLONE_VM | FS | FILES | SIGHAND | THREAD | SYSVSEM */
