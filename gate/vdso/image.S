/* The vDSO as bytes of the kernel's program: limen_vdso_begin .. limen_vdso_end. */
  .section .rodata.limen_vdso, "a"
  .balign 4096
  .globl limen_vdso_begin, limen_vdso_end
  .hidden limen_vdso_begin, limen_vdso_end
limen_vdso_begin:
  .incbin LIMEN_VDSO_BIN
limen_vdso_end:
  .section .note.GNU-stack, "", @progbits
