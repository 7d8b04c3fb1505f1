#include "kernel/syscalls/prctl_memory.h"

#include <algorithm>
#include <cstring>

#include "abi/prctl.h"
#include "abi/resource.h"
#include "kernel/kernel.h"
#include "kernel/mm/mm.h"
#include "kernel/mm/user_ptr.h"
#include "kernel/syscalls/common.h"
#include "kernel/task/thread_group.h"

namespace limen {
namespace {

Result<i64> huge_pages(Task& task, i32 op, const PrctlArgs& args) {
  std::atomic<u8>& disabled = task.mm().settings.huge_pages_disabled;
  if (op == abi::pr_get_thp_disable) return args.none() ? Result<i64>(disabled.load()) : Errno::einval;
  if (args.a4 != 0 || args.a5 != 0) return Errno::einval;
  if (args.a3 != 0 && (args.a2 == 0 || args.a3 != abi::pr_thp_disable_except_advised)) return Errno::einval;
  disabled = args.a2 == 0 ? 0 : static_cast<u8>(1 | args.a3);
  return 0;
}

// Linux: prctl_set_mdwe: what has been asked for cannot be taken back.
Result<i64> exec_gain(Task& task, i32 op, const PrctlArgs& args) {
  std::atomic<u8>& refuses = task.mm().settings.refuses_exec_gain;
  if (op == abi::pr_get_mdwe) return args.none() ? Result<i64>(refuses.load()) : Errno::einval;
  if (!args.only_first() || args.a2 == abi::pr_mdwe_no_inherit) return Errno::einval;
  if ((args.a2 & ~(abi::pr_mdwe_refuse_exec_gain | abi::pr_mdwe_no_inherit)) != 0) return Errno::einval;
  const u8 wanted = static_cast<u8>(args.a2);
  u8 none = 0;
  if (refuses.compare_exchange_strong(none, wanted) || none == wanted) return 0;
  return Errno::eperm;
}

Result<i64> merging(Task& task, i32 op, const PrctlArgs& args) {
  std::atomic<bool>& may = task.mm().settings.pages_may_merge;
  if (op == abi::pr_get_memory_merge) return args.none() ? Result<i64>(may ? 1 : 0) : Errno::einval;
  if (!args.only_first()) return Errno::einval;
  may = args.a2 != 0;
  return 0;
}

constexpr usize kAuxvSize = 448;  // Linux: sizeof mm->saved_auxv

Result<i64> auxiliary_vector(Task& task, const PrctlArgs& args) {
  if (args.a4 != 0 || args.a5 != 0) return Errno::einval;
  std::vector<u8> vector = task.mm().layout().auxv;
  vector.resize(kAuxvSize);
  TRY(copy_to_user(task, GuestAddr(args.a2), vector.data(), std::min<u64>(args.a3, kAuxvSize)));
  return i64{kAuxvSize};
}

// PR_SET_VMA_ANON_NAME. Linux: kernel/sys.c:prctl_set_vma, mm/madvise.c:set_anon_vma_name.
Result<i64> name_memory(Task& task, const PrctlArgs& args) {
  if (args.a2 != abi::pr_set_vma_anon_name) return Errno::einval;
  std::string name;
  if (args.a5 != 0) {
    constexpr usize kMost = 80;
    name = TRY(string_from_user(task, GuestAddr(args.a5), kMost, Errno::einval));
    const auto is_wrong = [](char c) { return c < ' ' || c > '~' || std::strchr("\\`$[]", c) != nullptr; };
    if (std::any_of(name.begin(), name.end(), is_wrong)) return Errno::einval;
  }
  TRY(task.mm().set_vma_name(GuestAddr(args.a3), args.a4, name.empty() ? "" : "[anon:" + name + "]"));
  return 0;
}

// PR_SET_MM. Linux: kernel/sys.c:prctl_set_mm.

// Linux: validate_prctl_map_addr.
Result<void> check_layout(Task& task, const MmLayout& l) {
  const u64 floor = task.kernel().platform().guest_floor(), ceiling = task.kernel().platform().guest_ceiling();
  for (const u64 address : {l.start_code, l.end_code, l.start_data, l.end_data, l.start_brk, l.brk, l.start_stack,
                            l.arg_start, l.arg_end, l.env_start, l.env_end}) {
    if (address < floor || address >= ceiling) return Errno::einval;
  }
  const bool ordered = l.start_code < l.end_code && l.start_data <= l.end_data && l.start_brk <= l.brk &&
                       l.arg_start <= l.arg_end && l.env_start <= l.env_end;
  if (!ordered) return Errno::einval;
  const u64 most = task.group().limit(abi::rlimit_data).soft;
  return (l.brk - l.start_brk) + (l.end_data - l.start_data) > most ? Errno::einval : Result<void>();
}

// The end of it is always AT_NULL, whatever was given.
Result<std::vector<u8>> read_auxv(Task& task, u64 address, u64 size) {
  if (size > kAuxvSize) return Errno::einval;
  std::vector<u8> vector(kAuxvSize);
  TRY(copy_from_user(task, vector.data(), GuestAddr(address), size));
  std::fill(vector.end() - 2 * sizeof(u64), vector.end(), u8{0});
  return vector;
}

Result<void> set_exe_file(Task& task, Fd fd) {
  Ref<File> file = TRY(file_of(task, fd));
  if (!file->has_inode()) return Errno::eacces;
  const Attributes attributes = TRY(file->attributes());
  const bool runs = attributes.is_regular() && (file->path().mount->flags() & kMountNoExec) == 0;
  if (!runs) return Errno::eacces;
  TRY(check_permission(task, file->path(), 1));
  return task.mm().replace_executable(std::move(file));
}

u64 MmLayout::*field_of(u64 option) {
  constexpr u64 MmLayout::*kFields[] = {nullptr,
                                        &MmLayout::start_code,
                                        &MmLayout::end_code,
                                        &MmLayout::start_data,
                                        &MmLayout::end_data,
                                        &MmLayout::start_stack,
                                        &MmLayout::start_brk,
                                        &MmLayout::brk,
                                        &MmLayout::arg_start,
                                        &MmLayout::arg_end,
                                        &MmLayout::env_start,
                                        &MmLayout::env_end};
  return option < std::size(kFields) ? kFields[option] : nullptr;
}

Result<i64> set_layout_map(Task& task, const PrctlArgs& args) {
  if (args.a4 != sizeof(abi::PrctlMmMap)) return Errno::einval;
  const abi::PrctlMmMap map = TRY(UserIn<abi::PrctlMmMap>(GuestAddr(args.a3)).read(task));
  MmLayout wanted;
  wanted.start_code = map.start_code, wanted.end_code = map.end_code;
  wanted.start_data = map.start_data, wanted.end_data = map.end_data;
  wanted.start_brk = map.start_brk, wanted.brk = map.brk, wanted.start_stack = map.start_stack;
  wanted.arg_start = map.arg_start, wanted.arg_end = map.arg_end;
  wanted.env_start = map.env_start, wanted.env_end = map.env_end;
  TRY(check_layout(task, wanted));
  if (map.auxv_size != 0) {
    if (map.auxv == 0) return Errno::einval;
    wanted.auxv = TRY(read_auxv(task, map.auxv, map.auxv_size));
  }
  if (map.exe_fd != ~u32{0}) {
    const Credentials& own = task.credentials();
    if (!own.capable_here(Capability::checkpoint_restore) && !own.capable_here(Capability::sys_admin))
      return Errno::eperm;
    TRY(set_exe_file(task, Fd(static_cast<i32>(map.exe_fd))));
  }
  TRY(task.mm().change_layout([&](MmLayout& layout) -> Result<void> {
    wanted.vdso = layout.vdso;
    if (map.auxv_size == 0) wanted.auxv = std::move(layout.auxv);
    layout = std::move(wanted);
    return success;
  }));
  return 0;
}

Result<i64> set_layout_field(Task& task, u64 option, u64 address) {
  const auto field = field_of(option);
  if (address >= task.kernel().platform().guest_ceiling() || address < task.kernel().platform().guest_floor())
    return Errno::einval;
  if (field == nullptr) return Errno::einval;
  const bool is_memory =
      option == abi::pr_set_mm_start_stack || (option >= abi::pr_set_mm_arg_start && option <= abi::pr_set_mm_env_end);
  const bool mapped = !is_memory || task.mm().has_mapping_from(GuestAddr(address));
  TRY(task.mm().change_layout([&](MmLayout& layout) -> Result<void> {
    layout.*field = address;
    TRY(check_layout(task, layout));
    return mapped ? Result<void>() : Errno::efault;
  }));
  return 0;
}

Result<i64> set_layout(Task& task, const PrctlArgs& args) {
  const u64 option = args.a2;
  const bool has_size =
      option == abi::pr_set_mm_auxv || option == abi::pr_set_mm_map || option == abi::pr_set_mm_map_size;
  if (args.a5 != 0 || (args.a4 != 0 && !has_size)) return Errno::einval;
  if (option == abi::pr_set_mm_map) return set_layout_map(task, args);
  if (option == abi::pr_set_mm_map_size) {
    TRY(UserOut<u32>(GuestAddr(args.a3)).write(task, sizeof(abi::PrctlMmMap)));
    return 0;
  }
  if (!task.credentials().capable(Capability::sys_resource)) return Errno::eperm;
  if (option == abi::pr_set_mm_exe_file) {
    TRY(set_exe_file(task, Fd(static_cast<i32>(args.a3))));
    return 0;
  }
  if (option != abi::pr_set_mm_auxv) return set_layout_field(task, option, args.a3);
  std::vector<u8> vector = TRY(read_auxv(task, args.a3, args.a4));
  TRY(task.mm().change_layout([&](MmLayout& layout) -> Result<void> {
    layout.auxv = std::move(vector);
    return success;
  }));
  return 0;
}

// How many places a process's futexes have of their own: kept and shown, as the places here are of all. Linux: kernel/futex/core.c.
Result<i64> futex_hash(Task& task, const PrctlArgs& args) {
  constexpr u32 kMost = 1 << 24;  // where memory for them ends
  std::atomic<u32>& slots = task.mm().settings.futex_slots;
  if (args.a2 == abi::pr_futex_hash_get_slots) return Mm::Settings::shown_futex_slots(slots.load());
  if (args.a2 != abi::pr_futex_hash_set_slots || args.a4 != 0) return Errno::einval;
  const u32 wanted = static_cast<u32>(args.a3);
  if (wanted == 1 || (wanted & (wanted - 1)) != 0) return Errno::einval;
  if (wanted > kMost) return Errno::enomem;
  u32 old = slots.load();
  do {
    if ((old & Mm::Settings::kFutexGlobal) != 0) return Errno::ebusy;
  } while (!slots.compare_exchange_weak(
      old, wanted == 0 ? Mm::Settings::kFutexGlobal : wanted | Mm::Settings::kFutexChosen));
  return 0;
}

}  // namespace

std::optional<Result<i64>> prctl_of_memory(Task& task, i32 op, const PrctlArgs& args) {
  switch (op) {
    case abi::pr_get_thp_disable:
    case abi::pr_set_thp_disable:
      return huge_pages(task, op, args);
    case abi::pr_get_mdwe:
    case abi::pr_set_mdwe:
      return exec_gain(task, op, args);
    case abi::pr_get_memory_merge:
    case abi::pr_set_memory_merge:
      return merging(task, op, args);
    case abi::pr_get_auxv:
      return auxiliary_vector(task, args);
    case abi::pr_set_vma:
      return name_memory(task, args);
    case abi::pr_set_mm:
      return set_layout(task, args);
    case abi::pr_futex_hash:
      return futex_hash(task, args);
    default:
      return std::nullopt;
  }
}

}  // namespace limen
