# No library at all: write, getpid twice, a page of its own, exit.
.globl _start
_start:
  mov (%rsp), %rbx
  mov $1, %eax
  mov $1, %edi
  lea text(%rip), %rsi
  mov $6, %edx
  syscall
  mov $39, %eax
  syscall
  mov %eax, %r12d
  mov $39, %eax
  syscall
  cmp %eax, %r12d
  jne bad
  mov $9, %eax
  xor %edi, %edi
  mov $4096, %esi
  mov $3, %edx
  mov $0x22, %r10d
  mov $-1, %r8
  xor %r9d, %r9d
  syscall
  movl $7, (%rax)
  mov $60, %eax
  lea 30(%rbx), %edi
  syscall
bad:
  mov $60, %eax
  mov $1, %edi
  syscall
.data
text: .ascii "hello\n"
