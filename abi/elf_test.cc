// The oracle of abi/elf.h: the host's own headers, compared by the compiler.
#include "abi/elf.h"

#include <asm/auxvec.h>
#include <elf.h>
#include <linux/auxvec.h>

#include "abi/same_test.h"

namespace limen::abi {

SAME(ei_class, EI_CLASS);
SAME(ei_data, EI_DATA);
SAME(ei_version, EI_VERSION);
SAME(ei_osabi, EI_OSABI);
SAME(elfclass32, ELFCLASS32);
SAME(elfclass64, ELFCLASS64);
SAME(elfdata2lsb, ELFDATA2LSB);
SAME(ev_current, EV_CURRENT);
SAME(et_none, ET_NONE);
SAME(et_rel, ET_REL);
SAME(et_exec, ET_EXEC);
SAME(et_dyn, ET_DYN);
SAME(et_core, ET_CORE);
SAME(em_386, EM_386);
SAME(em_x86_64, EM_X86_64);
SAME(em_aarch64, EM_AARCH64);
SAME(pn_xnum, PN_XNUM);
SAME(pt_null, PT_NULL);
SAME(pt_load, PT_LOAD);
SAME(pt_dynamic, PT_DYNAMIC);
SAME(pt_interp, PT_INTERP);
SAME(pt_note, PT_NOTE);
SAME(pt_shlib, PT_SHLIB);
SAME(pt_phdr, PT_PHDR);
SAME(pt_tls, PT_TLS);
SAME(pt_gnu_eh_frame, PT_GNU_EH_FRAME);
SAME(pt_gnu_stack, PT_GNU_STACK);
SAME(pt_gnu_relro, PT_GNU_RELRO);
SAME(pt_gnu_property, PT_GNU_PROPERTY);
SAME(pf_x, PF_X);
SAME(pf_w, PF_W);
SAME(pf_r, PF_R);
SAME(sht_null, SHT_NULL);
SAME(sht_progbits, SHT_PROGBITS);
SAME(sht_symtab, SHT_SYMTAB);
SAME(sht_strtab, SHT_STRTAB);
SAME(sht_note, SHT_NOTE);
SAME(sht_nobits, SHT_NOBITS);
SAME(sht_dynsym, SHT_DYNSYM);
SAME(stt_notype, STT_NOTYPE);
SAME(stt_object, STT_OBJECT);
SAME(stt_func, STT_FUNC);
SAME(stb_local, STB_LOCAL);
SAME(stb_global, STB_GLOBAL);
SAME(stb_weak, STB_WEAK);
SAME(shn_undef, SHN_UNDEF);
SAME(dt_null, DT_NULL);
SAME(dt_needed, DT_NEEDED);
SAME(dt_hash, DT_HASH);
SAME(dt_strtab, DT_STRTAB);
SAME(dt_symtab, DT_SYMTAB);
SAME(dt_strsz, DT_STRSZ);
SAME(dt_syment, DT_SYMENT);
SAME(dt_soname, DT_SONAME);
SAME(nt_prstatus, NT_PRSTATUS);
SAME(nt_prfpreg, NT_PRFPREG);
SAME(nt_prpsinfo, NT_PRPSINFO);
SAME(nt_auxv, NT_AUXV);
SAME(nt_x86_xstate, NT_X86_XSTATE);
SAME(nt_siginfo, NT_SIGINFO);
SAME(nt_file, NT_FILE);
SAME(nt_gnu_build_id, NT_GNU_BUILD_ID);
SAME(at_null, AT_NULL);
SAME(at_ignore, AT_IGNORE);
SAME(at_execfd, AT_EXECFD);
SAME(at_phdr, AT_PHDR);
SAME(at_phent, AT_PHENT);
SAME(at_phnum, AT_PHNUM);
SAME(at_pagesz, AT_PAGESZ);
SAME(at_base, AT_BASE);
SAME(at_flags, AT_FLAGS);
SAME(at_entry, AT_ENTRY);
SAME(at_notelf, AT_NOTELF);
SAME(at_uid, AT_UID);
SAME(at_euid, AT_EUID);
SAME(at_gid, AT_GID);
SAME(at_egid, AT_EGID);
SAME(at_platform, AT_PLATFORM);
SAME(at_hwcap, AT_HWCAP);
SAME(at_clktck, AT_CLKTCK);
SAME(at_secure, AT_SECURE);
SAME(at_base_platform, AT_BASE_PLATFORM);
SAME(at_random, AT_RANDOM);
SAME(at_hwcap2, AT_HWCAP2);
#ifdef AT_RSEQ_FEATURE_SIZE
SAME(at_rseq_feature_size, AT_RSEQ_FEATURE_SIZE);
#endif
#ifdef AT_RSEQ_ALIGN
SAME(at_rseq_align, AT_RSEQ_ALIGN);
#endif
SAME(at_execfn, AT_EXECFN);
SAME(at_sysinfo, AT_SYSINFO);
SAME(at_sysinfo_ehdr, AT_SYSINFO_EHDR);
SAME(at_minsigstksz, AT_MINSIGSTKSZ);

SAME_SIZE(Elf64Ehdr, Elf64_Ehdr);
SAME_OFFSET(Elf64Ehdr, e_ident, Elf64_Ehdr, e_ident);
SAME_OFFSET(Elf64Ehdr, e_type, Elf64_Ehdr, e_type);
SAME_OFFSET(Elf64Ehdr, e_machine, Elf64_Ehdr, e_machine);
SAME_OFFSET(Elf64Ehdr, e_version, Elf64_Ehdr, e_version);
SAME_OFFSET(Elf64Ehdr, e_entry, Elf64_Ehdr, e_entry);
SAME_OFFSET(Elf64Ehdr, e_phoff, Elf64_Ehdr, e_phoff);
SAME_OFFSET(Elf64Ehdr, e_shoff, Elf64_Ehdr, e_shoff);
SAME_OFFSET(Elf64Ehdr, e_flags, Elf64_Ehdr, e_flags);
SAME_OFFSET(Elf64Ehdr, e_ehsize, Elf64_Ehdr, e_ehsize);
SAME_OFFSET(Elf64Ehdr, e_phentsize, Elf64_Ehdr, e_phentsize);
SAME_OFFSET(Elf64Ehdr, e_phnum, Elf64_Ehdr, e_phnum);
SAME_OFFSET(Elf64Ehdr, e_shentsize, Elf64_Ehdr, e_shentsize);
SAME_OFFSET(Elf64Ehdr, e_shnum, Elf64_Ehdr, e_shnum);
SAME_OFFSET(Elf64Ehdr, e_shstrndx, Elf64_Ehdr, e_shstrndx);
SAME_SIZE(Elf64Phdr, Elf64_Phdr);
SAME_OFFSET(Elf64Phdr, p_type, Elf64_Phdr, p_type);
SAME_OFFSET(Elf64Phdr, p_flags, Elf64_Phdr, p_flags);
SAME_OFFSET(Elf64Phdr, p_offset, Elf64_Phdr, p_offset);
SAME_OFFSET(Elf64Phdr, p_vaddr, Elf64_Phdr, p_vaddr);
SAME_OFFSET(Elf64Phdr, p_paddr, Elf64_Phdr, p_paddr);
SAME_OFFSET(Elf64Phdr, p_filesz, Elf64_Phdr, p_filesz);
SAME_OFFSET(Elf64Phdr, p_memsz, Elf64_Phdr, p_memsz);
SAME_OFFSET(Elf64Phdr, p_align, Elf64_Phdr, p_align);
SAME_SIZE(Elf64Shdr, Elf64_Shdr);
SAME_OFFSET(Elf64Shdr, sh_name, Elf64_Shdr, sh_name);
SAME_OFFSET(Elf64Shdr, sh_type, Elf64_Shdr, sh_type);
SAME_OFFSET(Elf64Shdr, sh_flags, Elf64_Shdr, sh_flags);
SAME_OFFSET(Elf64Shdr, sh_addr, Elf64_Shdr, sh_addr);
SAME_OFFSET(Elf64Shdr, sh_offset, Elf64_Shdr, sh_offset);
SAME_OFFSET(Elf64Shdr, sh_size, Elf64_Shdr, sh_size);
SAME_OFFSET(Elf64Shdr, sh_link, Elf64_Shdr, sh_link);
SAME_OFFSET(Elf64Shdr, sh_info, Elf64_Shdr, sh_info);
SAME_OFFSET(Elf64Shdr, sh_addralign, Elf64_Shdr, sh_addralign);
SAME_OFFSET(Elf64Shdr, sh_entsize, Elf64_Shdr, sh_entsize);
SAME_SIZE(Elf64Sym, Elf64_Sym);
SAME_OFFSET(Elf64Sym, st_name, Elf64_Sym, st_name);
SAME_OFFSET(Elf64Sym, st_info, Elf64_Sym, st_info);
SAME_OFFSET(Elf64Sym, st_other, Elf64_Sym, st_other);
SAME_OFFSET(Elf64Sym, st_shndx, Elf64_Sym, st_shndx);
SAME_OFFSET(Elf64Sym, st_value, Elf64_Sym, st_value);
SAME_OFFSET(Elf64Sym, st_size, Elf64_Sym, st_size);
SAME_SIZE(Elf64Dyn, Elf64_Dyn);
SAME_OFFSET(Elf64Dyn, d_tag, Elf64_Dyn, d_tag);
SAME_SIZE(Elf64Nhdr, Elf64_Nhdr);
SAME_OFFSET(Elf64Nhdr, n_namesz, Elf64_Nhdr, n_namesz);
SAME_OFFSET(Elf64Nhdr, n_descsz, Elf64_Nhdr, n_descsz);
SAME_OFFSET(Elf64Nhdr, n_type, Elf64_Nhdr, n_type);
SAME_SIZE(AuxV, Elf64_auxv_t);
SAME_OFFSET(AuxV, a_type, Elf64_auxv_t, a_type);

}  // namespace limen::abi
