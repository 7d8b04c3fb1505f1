#include "kernel/task/exec_stack.h"

#include <cpuid.h>

#include <cstring>

#include "abi/elf.h"
#include "kernel/cred/credentials.h"
#include "kernel/kernel.h"
#include "kernel/mm/mm.h"

namespace limen {
namespace {

// CPUID is an instruction, not a host call: what a program would find itself.
u64 hardware_capabilities() {
  u32 a = 0, b = 0, c = 0, d = 0;
  __get_cpuid(1, &a, &b, &c, &d);
  return d;
}

// A signal frame on this CPU: the XSAVE area with its trailer, ucontext and siginfo (AT_MINSIGSTKSZ).
u64 minimal_signal_stack() {
  u32 a = 0, b = 0, c = 0, d = 0;
  __get_cpuid_count(0xd, 0, &a, &b, &c, &d);
  constexpr u64 kFrame = 8 + 304 + 128;  // return address, ucontext, siginfo
  constexpr u64 kMagicAndAlignment = 4 + 64 + 8;
  return b + kFrame + kMagicAndAlignment;
}

constexpr u64 kHwcap2FsGsBase = 2;

// Grows down; remembers a fault.
class StackWriter {
 public:
  StackWriter(Mm& mm, u64 top) : mm_(mm), sp_(top) {}
  u64 push_bytes(const void* bytes, usize length) {
    sp_ -= length;
    if (mm_.copy_out(GuestAddr(sp_), bytes, length) != length) failed_ = true;
    return sp_;
  }
  u64 push_string(const std::string& s) { return push_bytes(s.c_str(), s.size() + 1); }
  void align(u64 to) { sp_ &= ~(to - 1); }
  u64 sp() const { return sp_; }
  bool failed() const { return failed_; }

 private:
  Mm& mm_;
  u64 sp_;
  bool failed_ = false;
};

// All strings of a vector in one copy; their addresses in order.
std::vector<u64> push_strings(StackWriter& stack, const std::vector<std::string>& strings) {
  std::string block;
  std::vector<u64> offsets;
  for (const std::string& s : strings) {
    offsets.push_back(block.size());
    block.append(s.c_str(), s.size() + 1);
  }
  const u64 base = stack.push_bytes(block.data(), block.size());
  for (u64& offset : offsets) offset += base;
  return offsets;
}

}  // namespace

Result<u64> write_first_stack(Mm& mm, const FirstStack& what, const u8 (&random)[16], MmLayout& layout) {
  StackWriter stack(mm, what.top);
  const u64 nothing = 0;
  stack.push_bytes(&nothing, sizeof nothing);
  const u64 executable = stack.push_string(what.executable);
  layout.env_end = stack.sp();
  const std::vector<u64> env = push_strings(stack, what.envp);
  layout.env_start = layout.arg_end = stack.sp();
  const std::vector<u64> args = push_strings(stack, what.argv);
  layout.arg_start = stack.sp();
  const u64 platform = stack.push_string("x86_64");
  const u64 random_at = stack.push_bytes(random, sizeof random);
  stack.align(16);

  const Credentials& cred = what.credentials;
  std::vector<u64> words;
  words.push_back(args.size());
  words.insert(words.end(), args.begin(), args.end());
  words.push_back(0);
  words.insert(words.end(), env.begin(), env.end());
  words.push_back(0);
  const usize auxv_begin = words.size();
  const auto aux = [&words](u64 type, u64 value) { words.insert(words.end(), {type, value}); };
  if (what.vdso != 0) aux(abi::at_sysinfo_ehdr, what.vdso);
  aux(abi::at_minsigstksz, minimal_signal_stack());
  aux(abi::at_hwcap, hardware_capabilities());
  aux(abi::at_pagesz, kPageSize);
  aux(abi::at_clktck, 100);
  aux(abi::at_phdr, what.program_headers);
  aux(abi::at_phent, sizeof(abi::Elf64Phdr));
  aux(abi::at_phnum, what.program_header_count);
  aux(abi::at_base, what.interpreter_base);
  aux(abi::at_flags, 0);
  aux(abi::at_entry, what.program_entry);
  aux(abi::at_uid, cred.seen(cred.uid));
  aux(abi::at_euid, cred.seen(cred.euid));
  aux(abi::at_gid, cred.seen(cred.gid));
  aux(abi::at_egid, cred.seen(cred.egid));
  aux(abi::at_secure, what.secure ? 1 : 0);
  aux(abi::at_random, random_at);
  aux(abi::at_hwcap2, kHwcap2FsGsBase);
  aux(abi::at_execfn, executable);
  aux(abi::at_platform, platform);
  if (const auto rseq = mm.kernel().platform().rseq_support(); rseq.feature_size != 0) {
    aux(abi::at_rseq_feature_size, rseq.feature_size);
    aux(abi::at_rseq_align, rseq.alignment);
  }
  aux(abi::at_null, 0);
  layout.auxv.resize((words.size() - auxv_begin) * sizeof(u64));
  std::memcpy(layout.auxv.data(), words.data() + auxv_begin, layout.auxv.size());

  // The stack pointer at entry is 16-byte aligned and points at argc.
  const u64 bytes = words.size() * sizeof(u64);
  const u64 sp = (stack.sp() - bytes) & ~u64{15};
  if (stack.failed() || mm.copy_out(GuestAddr(sp), words.data(), bytes) != bytes) return Errno::efault;
  layout.start_stack = sp;
  return sp;
}

}  // namespace limen
