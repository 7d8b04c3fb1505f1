// The oracle of abi/bpf.h: the host's own headers, compared by the compiler.
#include "abi/bpf.h"

#include <linux/filter.h>

#include "abi/same_test.h"

namespace limen::abi {

SAME(bpf_maxinsns, BPF_MAXINSNS);
SAME(bpf_memwords, BPF_MEMWORDS);
SAME(bpf_ld, BPF_LD);
SAME(bpf_ldx, BPF_LDX);
SAME(bpf_st, BPF_ST);
SAME(bpf_stx, BPF_STX);
SAME(bpf_alu, BPF_ALU);
SAME(bpf_jmp, BPF_JMP);
SAME(bpf_ret, BPF_RET);
SAME(bpf_misc, BPF_MISC);
SAME(bpf_w, BPF_W);
SAME(bpf_h, BPF_H);
SAME(bpf_b, BPF_B);
SAME(bpf_imm, BPF_IMM);
SAME(bpf_abs, BPF_ABS);
SAME(bpf_ind, BPF_IND);
SAME(bpf_mem, BPF_MEM);
SAME(bpf_len, BPF_LEN);
SAME(bpf_msh, BPF_MSH);
SAME(bpf_add, BPF_ADD);
SAME(bpf_sub, BPF_SUB);
SAME(bpf_mul, BPF_MUL);
SAME(bpf_div, BPF_DIV);
SAME(bpf_or, BPF_OR);
SAME(bpf_and, BPF_AND);
SAME(bpf_lsh, BPF_LSH);
SAME(bpf_rsh, BPF_RSH);
SAME(bpf_neg, BPF_NEG);
SAME(bpf_mod, BPF_MOD);
SAME(bpf_xor, BPF_XOR);
SAME(bpf_ja, BPF_JA);
SAME(bpf_jeq, BPF_JEQ);
SAME(bpf_jgt, BPF_JGT);
SAME(bpf_jge, BPF_JGE);
SAME(bpf_jset, BPF_JSET);
SAME(bpf_k, BPF_K);
SAME(bpf_x, BPF_X);
SAME(bpf_a, BPF_A);
SAME(bpf_tax, BPF_TAX);
SAME(bpf_txa, BPF_TXA);

SAME_SIZE(SockFilter, sock_filter);
SAME_OFFSET(SockFilter, code, sock_filter, code);
SAME_OFFSET(SockFilter, jt, sock_filter, jt);
SAME_OFFSET(SockFilter, jf, sock_filter, jf);
SAME_OFFSET(SockFilter, k, sock_filter, k);
SAME_SIZE(SockFprog, sock_fprog);
SAME_OFFSET(SockFprog, len, sock_fprog, len);
SAME_OFFSET(SockFprog, filter, sock_fprog, filter);

}  // namespace limen::abi
