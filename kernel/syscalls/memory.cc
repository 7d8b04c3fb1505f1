// Guest memory: mmap(2) and its family, memory policies of a machine with one node, protection keys of a machine without.
#include <algorithm>
#include <vector>

#include "abi/limits.h"
#include "abi/mman.h"
#include "abi/prctl.h"
#include "kernel/kernel.h"
#include "kernel/mm/mm.h"
#include "kernel/mm/user_buffer.h"
#include "kernel/ptrace/tracing.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/vfs/fd_table.h"

namespace limen {
namespace {

// personality(2)'s READ_IMPLIES_EXEC.
u32 asked_for(const Task& task, MmapProt prot) {
  const bool implied = (task.personality & abi::read_implies_exec) != 0 && prot.has(abi::prot_read);
  return static_cast<u32>(prot.raw() | (implied ? abi::prot_exec : 0));
}

}  // namespace

Result<i64> sys_mmap(Task& task, GuestAddr addr, u64 length, MmapProt prot, MmapFlags flags, Fd fd, u64 offset) {
  if ((offset & kPageMask) != 0) return Errno::einval;
  MmapRequest request{
      .addr = addr, .length = length, .prot = asked_for(task, prot), .flags = static_cast<u32>(flags.raw())};
  if (!flags.any(abi::map_anonymous)) {
    request.file = TRY(task.files().get(fd));
    if (request.file->is_path_only()) return Errno::ebadf;
    request.offset = offset;
  }
  const GuestAddr at = TRY(task.mm().mmap(task, request));
  return static_cast<i64>(at.raw());
}

Result<i64> sys_munmap(Task& task, GuestAddr addr, u64 length) {
  TRY(task.mm().munmap(addr, length));
  return 0;
}

Result<i64> sys_mprotect(Task& task, GuestAddr addr, u64 length, MmapProt prot) {
  TRY(task.mm().mprotect(addr, length, asked_for(task, prot)));
  return 0;
}

Result<i64> sys_brk(Task& task, GuestAddr addr) { return static_cast<i64>(task.mm().brk(task, addr).raw()); }

Result<i64> sys_mremap(Task& task, GuestAddr old_addr, u64 old_length, u64 new_length, MremapFlags flags,
                       GuestAddr new_addr) {
  const GuestAddr at =
      TRY(task.mm().mremap(task, old_addr, old_length, new_length, static_cast<u32>(flags.raw()), new_addr));
  return static_cast<i64>(at.raw());
}

Result<i64> sys_msync(Task& task, GuestAddr addr, usize length, MsyncFlags flags) {
  TRY(task.mm().msync(addr, length, flags.raw()));
  return 0;
}

Result<i64> sys_mincore(Task& task, GuestAddr addr, usize length, UserBytes<Out> vec) {
  if ((addr.raw() & kPageMask) != 0) return Errno::einval;
  // A page of answers at a time, as Linux: what stands before a hole has been written.
  const u64 pages = length / kPageSize + static_cast<u64>((length & kPageMask) != 0);
  for (u64 done = 0; done < pages;) {
    const u64 step = std::min<u64>(pages - done, kPageSize);
    const std::vector<u8> answer = TRY(task.mm().mincore(addr + done * kPageSize, step * kPageSize));
    TRY(copy_to_user(task, vec.addr() + done, answer.data(), answer.size()));
    done += step;
  }
  return 0;
}

Result<i64> sys_madvise(Task& task, GuestAddr addr, usize length, MadviseAdvice advice) {
  TRY(task.mm().madvise(addr, length, advice.raw()));
  return 0;
}

Result<i64> sys_mlock(Task& task, GuestAddr addr, usize length) {
  TRY(task.mm().mlock(task, addr, length));
  return 0;
}

Result<i64> sys_mlock2(Task& task, GuestAddr addr, usize length, MlockFlags flags) {
  if (flags.unknown(abi::mlock_onfault) != 0) return Errno::einval;
  TRY(task.mm().mlock(task, addr, length, flags.raw()));
  return 0;
}

Result<i64> sys_munlock(Task& task, GuestAddr addr, usize length) {
  TRY(task.mm().munlock(addr, length));
  return 0;
}

Result<i64> sys_mlockall(Task& task, MlockallFlags flags) {
  TRY(task.mm().mlockall(task, static_cast<u32>(flags.raw())));
  return 0;
}

Result<i64> sys_munlockall(Task& task) {
  TRY(task.mm().munlockall());
  return 0;
}

Result<i64> sys_mseal(Task& task, GuestAddr addr, usize length, u64 flags) {
  if (flags != 0) return Errno::einval;
  TRY(task.mm().mseal(addr, length));
  return 0;
}

// --- Protection keys: as on a processor without them (pkeys(7)) ---------------------------------------------------------

Result<i64> sys_pkey_alloc(Task&, u64 flags, u64 access_rights) {
  if (flags != 0 || (access_rights & ~u64{abi::pkey_disable_access | abi::pkey_disable_write}) != 0)
    return Errno::einval;
  return Errno::enospc;
}

Result<i64> sys_pkey_free(Task&, int) { return Errno::einval; }

Result<i64> sys_pkey_mprotect(Task& task, GuestAddr addr, usize length, MmapProt prot, int pkey) {
  if (pkey != -1) return Errno::einval;
  TRY(task.mm().mprotect(addr, length, asked_for(task, prot)));
  return 0;
}

// --- Another process's memory ------------------------------------------------------------------------------------------
namespace {

using Segments = std::vector<UserBuffer::Segment>;

Result<Segments> read_segments(Task& task, UserArray<In, abi::IoVec> iov, u64 count) {
  if (count > abi::uio_maxiov) return Errno::einval;
  const std::vector<abi::IoVec> vectors = TRY(iov.read_array(task, count));
  Segments segments;
  for (const abi::IoVec& v : vectors) {
    if (static_cast<i64>(v.iov_len) < 0) return Errno::einval;
    segments.push_back({v.iov_base, v.iov_len});
  }
  return segments;
}

Result<Ref<Mm>> memory_of(Task& task, Pid pid) {
  Ref<Task> target;
  {
    ReadGuard guard(task.kernel().process_tree);
    target = task.namespaces().pid->find(pid);
  }
  if (!target) return Errno::esrch;
  TRY(check_ptrace_access(task, *target));
  Ref<Mm> mm = target->mm_ref();
  if (!mm) return Errno::esrch;
  return mm;
}

struct VmCall {
  UserArray<In, abi::IoVec> local;
  u64 local_count;
  UserArray<In, abi::IoVec> remote;
  u64 remote_count, flags;
};

enum class VmDirection : u8 { read, write };

// Through a buffer of the kernel's: two address spaces are never locked together.
Result<i64> process_vm(Task& task, Pid pid, const VmCall& call, VmDirection direction) {
  if (call.flags != 0) return Errno::einval;
  UserBuffer local = TRY(read_iovec(task, call.local.addr(), call.local_count));
  if (local.remaining() == 0) return 0;
  const Segments remote = TRY(read_segments(task, call.remote, call.remote_count));
  const Ref<Mm> mm = TRY(memory_of(task, pid));
  std::vector<u8> bounce(std::min<usize>(local.remaining(), 64 << 10));
  i64 total = 0;
  for (const UserBuffer::Segment& segment : remote) {
    for (u64 done = 0; done < segment.length && local.remaining() != 0;) {
      const usize step = std::min<u64>({bounce.size(), segment.length - done, local.remaining()});
      usize moved = 0;
      if (direction == VmDirection::read) {
        const usize got = mm->copy_in(bounce.data(), segment.base + done, step);
        moved = got == 0 ? 0 : local.copy_out({bounce.data(), got}).value_or(usize{0});
      } else {
        const usize got = local.copy_in({bounce.data(), step}).value_or(usize{0});
        moved = got == 0 ? 0 : mm->copy_out(segment.base + done, bounce.data(), got);
      }
      total += static_cast<i64>(moved);
      done += moved;
      if (moved == step) continue;
      return total != 0 ? Result<i64>(total) : Errno::efault;
    }
  }
  return total;
}

}  // namespace

Result<i64> sys_process_vm_readv(Task& task, Pid pid, UserArray<In, abi::IoVec> local_iov, u64 liovcnt,
                                 UserArray<In, abi::IoVec> remote_iov, u64 riovcnt, u64 flags) {
  return process_vm(task, pid, {local_iov, liovcnt, remote_iov, riovcnt, flags}, VmDirection::read);
}

Result<i64> sys_process_vm_writev(Task& task, Pid pid, UserArray<In, abi::IoVec> local_iov, u64 liovcnt,
                                  UserArray<In, abi::IoVec> remote_iov, u64 riovcnt, u64 flags) {
  return process_vm(task, pid, {local_iov, liovcnt, remote_iov, riovcnt, flags}, VmDirection::write);
}

// Linux: mm/mmap.c:remap_file_pages, itself emulated: a shared mapping is laid over its own range at another offset.
Result<i64> sys_remap_file_pages(Task& task, GuestAddr addr, u64 size, MmapProt prot, u64 pgoff, MmapFlags) {
  const u64 start = page_floor(addr.raw()), length = page_floor(size);
  if (prot.raw() != 0 || start + length <= start || pgoff + length / kPageSize < pgoff ||
      pgoff >= ~u64{0} / kPageSize) {
    return Errno::einval;
  }
  TRY(task.mm().remap_file_pages(task, GuestAddr(start), length, pgoff * kPageSize));
  return 0;
}

// --- Memory policy: one node, node 0 (mm/mempolicy.c, CONFIG_NUMA with a single node) ----------------------------------------
namespace {

constexpr u32 kModeFlags = 0xe000;  // MPOL_MODE_FLAGS
constexpr u32 kLastPolicy = 6;      // MPOL_WEIGHTED_INTERLEAVE, behind MPOL_PREFERRED_MANY
constexpr u32 kMostNodes = 64;

// The mask of nodes of a call: einval for a node that does not exist.
Result<u64> read_nodes(Task& task, UserArray<In, u64> mask, u64 maxnode) {
  if (mask.is_null() || maxnode <= 1) return 0;
  const u64 bits = maxnode - 1;
  if (bits > kPageSize * 8) return Errno::einval;
  const std::vector<u64> words = TRY(mask.read_array(task, (bits + 63) / 64));
  u64 nodes = words[0];
  if (bits < kMostNodes) nodes &= (u64{1} << bits) - 1;
  for (usize i = 1; i < words.size(); ++i) {
    if (words[i] != 0) return Errno::einval;
  }
  return nodes;
}

Result<void> check_policy(int mode, u64 nodes) {
  const u32 policy = static_cast<u32>(mode) & ~kModeFlags;
  if (policy > kLastPolicy) return Errno::einval;
  const bool wants_none = policy == static_cast<u32>(abi::mpol_default) || policy == static_cast<u32>(abi::mpol_local);
  if (wants_none) return nodes == 0 ? Result<void>() : Errno::einval;
  if (nodes == 0) return policy == static_cast<u32>(abi::mpol_preferred) ? Result<void>() : Errno::einval;
  return (nodes & 1) != 0 ? Result<void>() : Errno::einval;
}

}  // namespace

Result<i64> sys_set_mempolicy(Task& task, int mode, UserArray<In, u64> nodemask, u64 maxnode) {
  const u64 nodes = TRY(read_nodes(task, nodemask, maxnode));
  TRY(check_policy(mode, nodes));
  return 0;
}

Result<i64> sys_mbind(Task& task, GuestAddr addr, u64 len, u64 mode, UserArray<In, u64> nodemask, u64 maxnode,
                      u32 flags) {
  constexpr u32 kStrict = 1, kMove = 2, kMoveAll = 4;  // MPOL_MF_*
  const u64 nodes = TRY(read_nodes(task, nodemask, maxnode));
  if ((flags & ~(kStrict | kMove | kMoveAll)) != 0) return Errno::einval;
  if ((flags & kMoveAll) != 0 && !task.credentials().capable(Capability::sys_nice)) return Errno::eperm;
  if ((addr.raw() & kPageMask) != 0) return Errno::einval;
  TRY(check_policy(static_cast<int>(mode), nodes));
  TRY(task.mm().check_mapped(addr, len));
  return 0;
}

Result<i64> sys_get_mempolicy(Task& task, UserOut<i32> mode, UserArray<Out, u64> nodemask, u64 maxnode, GuestAddr addr,
                              u64 flags) {
  if ((flags & ~u64{abi::mpol_f_node | abi::mpol_f_addr | abi::mpol_f_mems_allowed}) != 0) return Errno::einval;
  if (!nodemask.is_null() && maxnode < 1) return Errno::einval;
  const bool allowed = (flags & abi::mpol_f_mems_allowed) != 0;
  if (allowed && (flags & (abi::mpol_f_node | abi::mpol_f_addr)) != 0) return Errno::einval;
  if ((flags & abi::mpol_f_addr) != 0) {
    if (!task.mm().check_mapped(addr, 1).ok()) return Errno::efault;
  } else if (!addr.is_null() || ((flags & abi::mpol_f_node) != 0 && !allowed)) {
    return Errno::einval;
  }
  if (!mode.is_null()) TRY(mode.write(task, 0));  // MPOL_DEFAULT; and node 0
  if (nodemask.is_null()) return 0;
  const u64 words = (std::min<u64>(maxnode, kPageSize * 8) + 63) / 64;
  std::vector<u64> mask(words, 0);
  if (allowed && !mask.empty()) mask[0] = 1;
  TRY(nodemask.write_array(task, mask));
  return 0;
}

Result<i64> sys_set_mempolicy_home_node(Task& task, GuestAddr addr, u64 len, u64 home_node, u64 flags) {
  if (flags != 0 || (addr.raw() & kPageMask) != 0 || home_node != 0) return Errno::einval;
  TRY(task.mm().check_mapped(addr, len));
  return Errno::eopnotsupp;  // no range has MPOL_BIND or MPOL_PREFERRED_MANY here
}

Result<i64> sys_migrate_pages(Task& task, Pid pid, u64 maxnode, UserArray<In, u64> old_nodes,
                              UserArray<In, u64> new_nodes) {
  const u64 from = TRY(read_nodes(task, old_nodes, maxnode));
  const u64 to = TRY(read_nodes(task, new_nodes, maxnode));
  (void)from;
  if (pid != Pid(0)) TRY(memory_of(task, pid));
  return (to & ~u64{1}) == 0 && to != 0 ? Result<i64>(0) : Errno::einval;
}

// Each page is on node 0: asking finds it there, moving it there is done, another node does not exist.
Result<i64> sys_move_pages(Task& task, Pid pid, u64 count, UserArray<In, u64> pages, UserArray<In, i32> nodes,
                           UserArray<Out, i32> status, int flags) {
  constexpr int kMove = 2, kMoveAll = 4;
  if ((flags & ~(kMove | kMoveAll)) != 0) return Errno::einval;
  if ((flags & kMoveAll) != 0 && !task.credentials().capable(Capability::sys_nice)) return Errno::eperm;
  const Ref<Mm> mm = pid == Pid(0) ? task.mm_ref() : TRY(memory_of(task, pid));
  for (u64 i = 0; i < count; ++i) {
    const u64 addr = TRY(pages.read(task, i));
    if (!nodes.is_null()) {
      const i32 node = TRY(nodes.read(task, i));
      if (node != 0) return Errno::enodev;
    }
    u8 byte = 0;
    const bool present = mm->copy_in(&byte, GuestAddr(addr), 1) == 1;
    TRY(status.write(task, present ? 0 : -static_cast<i32>(Errno::efault), i));
  }
  return 0;
}

}  // namespace limen
