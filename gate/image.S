// The gate's image as bytes of the kernel's program.
        .section .rodata
        .balign 64
        .globl limen_gate_image_begin, limen_gate_image_end
limen_gate_image_begin:
        .incbin LIMEN_GATE_BIN
limen_gate_image_end:
        .section .note.GNU-stack, "", @progbits
