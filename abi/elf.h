// Programs as execve(2) reads them, and the auxiliary vector that it writes.
// Source: elf(5), getauxval(3); include/uapi/linux/{elf,elf-em,auxvec}.h, arch/x86/include/uapi/asm/{auxvec,hwcap2}.h.
#pragma once

#include "base/types.h"

namespace limen::abi {

inline constexpr usize ei_nident = 16;
struct Elf64Ehdr {
  u8 e_ident[ei_nident];
  u16 e_type;
  u16 e_machine;
  u32 e_version;
  u64 e_entry;
  u64 e_phoff;
  u64 e_shoff;
  u32 e_flags;
  u16 e_ehsize;
  u16 e_phentsize;
  u16 e_phnum;
  u16 e_shentsize;
  u16 e_shnum;
  u16 e_shstrndx;
};

struct Elf64Phdr {
  u32 p_type;
  u32 p_flags;
  u64 p_offset;
  u64 p_vaddr;
  u64 p_paddr;
  u64 p_filesz;
  u64 p_memsz;
  u64 p_align;
};

struct Elf64Shdr {
  u32 sh_name;
  u32 sh_type;
  u64 sh_flags;
  u64 sh_addr;
  u64 sh_offset;
  u64 sh_size;
  u32 sh_link;
  u32 sh_info;
  u64 sh_addralign;
  u64 sh_entsize;
};

struct Elf64Sym {
  u32 st_name;
  u8 st_info;
  u8 st_other;
  u16 st_shndx;
  u64 st_value;
  u64 st_size;
};

struct Elf64Dyn {
  i64 d_tag;
  u64 d_val;
};

struct Elf64Nhdr {
  u32 n_namesz;
  u32 n_descsz;
  u32 n_type;
};

// One pair of the auxiliary vector.
struct AuxV {
  u64 a_type;
  u64 a_val;
};

// e_ident
inline constexpr u32 ei_class = 4;
inline constexpr u32 ei_data = 5;
inline constexpr u32 ei_version = 6;
inline constexpr u32 ei_osabi = 7;
inline constexpr u32 elfclass32 = 1;
inline constexpr u32 elfclass64 = 2;
inline constexpr u32 elfdata2lsb = 1;
inline constexpr u32 ev_current = 1;

// e_type, e_machine
inline constexpr u16 et_none = 0;
inline constexpr u16 et_rel = 1;
inline constexpr u16 et_exec = 2;
inline constexpr u16 et_dyn = 3;
inline constexpr u16 et_core = 4;
inline constexpr u16 em_386 = 3;
inline constexpr u16 em_x86_64 = 62;
inline constexpr u16 em_aarch64 = 183;

// e_phnum: the number is in sh_info of section 0
inline constexpr u32 pn_xnum = 0xffff;

// p_type, p_flags
inline constexpr u32 pt_null = 0;
inline constexpr u32 pt_load = 1;
inline constexpr u32 pt_dynamic = 2;
inline constexpr u32 pt_interp = 3;
inline constexpr u32 pt_note = 4;
inline constexpr u32 pt_shlib = 5;
inline constexpr u32 pt_phdr = 6;
inline constexpr u32 pt_tls = 7;
inline constexpr u32 pt_gnu_eh_frame = 0x6474e550;
inline constexpr u32 pt_gnu_stack = 0x6474e551;
inline constexpr u32 pt_gnu_relro = 0x6474e552;
inline constexpr u32 pt_gnu_property = 0x6474e553;
inline constexpr u32 pf_x = 1;
inline constexpr u32 pf_w = 2;
inline constexpr u32 pf_r = 4;

// Sections and symbols
inline constexpr u32 sht_null = 0;
inline constexpr u32 sht_progbits = 1;
inline constexpr u32 sht_symtab = 2;
inline constexpr u32 sht_strtab = 3;
inline constexpr u32 sht_note = 7;
inline constexpr u32 sht_nobits = 8;
inline constexpr u32 sht_dynsym = 11;
inline constexpr u32 stt_notype = 0;
inline constexpr u32 stt_object = 1;
inline constexpr u32 stt_func = 2;
inline constexpr u32 stb_local = 0;
inline constexpr u32 stb_global = 1;
inline constexpr u32 stb_weak = 2;
inline constexpr u32 shn_undef = 0;

// d_tag
inline constexpr i64 dt_null = 0;
inline constexpr i64 dt_needed = 1;
inline constexpr i64 dt_hash = 4;
inline constexpr i64 dt_strtab = 5;
inline constexpr i64 dt_symtab = 6;
inline constexpr i64 dt_strsz = 10;
inline constexpr i64 dt_syment = 11;
inline constexpr i64 dt_soname = 14;

// n_type of notes and core files
inline constexpr u32 nt_prstatus = 1;
inline constexpr u32 nt_prfpreg = 2;
inline constexpr u32 nt_prpsinfo = 3;
inline constexpr u32 nt_auxv = 6;
inline constexpr u32 nt_x86_xstate = 0x202;
inline constexpr u32 nt_siginfo = 0x53494749;
inline constexpr u32 nt_file = 0x46494c45;
inline constexpr u32 nt_gnu_build_id = 3;

// a_type
inline constexpr u64 at_null = 0;
inline constexpr u64 at_ignore = 1;
inline constexpr u64 at_execfd = 2;
inline constexpr u64 at_phdr = 3;
inline constexpr u64 at_phent = 4;
inline constexpr u64 at_phnum = 5;
inline constexpr u64 at_pagesz = 6;
inline constexpr u64 at_base = 7;
inline constexpr u64 at_flags = 8;
inline constexpr u64 at_entry = 9;
inline constexpr u64 at_notelf = 10;
inline constexpr u64 at_uid = 11;
inline constexpr u64 at_euid = 12;
inline constexpr u64 at_gid = 13;
inline constexpr u64 at_egid = 14;
inline constexpr u64 at_platform = 15;
inline constexpr u64 at_hwcap = 16;
inline constexpr u64 at_clktck = 17;
inline constexpr u64 at_secure = 23;
inline constexpr u64 at_base_platform = 24;
inline constexpr u64 at_random = 25;
inline constexpr u64 at_hwcap2 = 26;
inline constexpr u64 at_rseq_feature_size = 27;
inline constexpr u64 at_rseq_align = 28;
inline constexpr u64 at_execfn = 31;
inline constexpr u64 at_sysinfo = 32;
inline constexpr u64 at_sysinfo_ehdr = 33;
inline constexpr u64 at_minsigstksz = 51;

}  // namespace limen::abi
