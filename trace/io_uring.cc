// io_uring(7): what its three calls are told. A sandbox has no rings, but who asks for one is shown what was asked.
#include <linux/io_uring.h>

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "abi/io_uring.h"
#include "abi/mman.h"
#include "trace/print.h"

namespace limen::trace {
namespace {

#define N(x) \
  Name { static_cast<u64>(static_cast<u32>(x)), #x }
constexpr Name kOperations[] = {N(IORING_OP_NOP),
                                N(IORING_OP_READV),
                                N(IORING_OP_WRITEV),
                                N(IORING_OP_FSYNC),
                                N(IORING_OP_READ_FIXED),
                                N(IORING_OP_WRITE_FIXED),
                                N(IORING_OP_POLL_ADD),
                                N(IORING_OP_POLL_REMOVE),
                                N(IORING_OP_SYNC_FILE_RANGE),
                                N(IORING_OP_SENDMSG),
                                N(IORING_OP_RECVMSG),
                                N(IORING_OP_TIMEOUT),
                                N(IORING_OP_TIMEOUT_REMOVE),
                                N(IORING_OP_ACCEPT),
                                N(IORING_OP_ASYNC_CANCEL),
                                N(IORING_OP_LINK_TIMEOUT),
                                N(IORING_OP_CONNECT),
                                N(IORING_OP_FALLOCATE),
                                N(IORING_OP_OPENAT),
                                N(IORING_OP_CLOSE),
                                N(IORING_OP_FILES_UPDATE),
                                N(IORING_OP_STATX),
                                N(IORING_OP_READ),
                                N(IORING_OP_WRITE),
                                N(IORING_OP_FADVISE),
                                N(IORING_OP_MADVISE),
                                N(IORING_OP_SEND),
                                N(IORING_OP_RECV),
                                N(IORING_OP_OPENAT2),
                                N(IORING_OP_EPOLL_CTL),
                                N(IORING_OP_SPLICE),
                                N(IORING_OP_PROVIDE_BUFFERS),
                                N(IORING_OP_REMOVE_BUFFERS),
                                N(IORING_OP_TEE),
                                N(IORING_OP_SHUTDOWN),
                                N(IORING_OP_RENAMEAT),
                                N(IORING_OP_UNLINKAT),
                                N(IORING_OP_MKDIRAT),
                                N(IORING_OP_SYMLINKAT),
                                N(IORING_OP_LINKAT),
                                N(IORING_OP_MSG_RING),
                                N(IORING_OP_FSETXATTR),
                                N(IORING_OP_SETXATTR),
                                N(IORING_OP_FGETXATTR),
                                N(IORING_OP_GETXATTR),
                                N(IORING_OP_SOCKET),
                                N(IORING_OP_URING_CMD),
                                N(IORING_OP_SEND_ZC),
                                N(IORING_OP_SENDMSG_ZC)};
constexpr Name kOperationFlags[] = {N(IO_URING_OP_SUPPORTED)};
constexpr Name kRestrictions[] = {N(IORING_RESTRICTION_REGISTER_OP), N(IORING_RESTRICTION_SQE_OP),
                                  N(IORING_RESTRICTION_SQE_FLAGS_ALLOWED), N(IORING_RESTRICTION_SQE_FLAGS_REQUIRED)};
constexpr Name kEntryFlags[] = {N(IOSQE_FIXED_FILE),      N(IOSQE_IO_DRAIN), N(IOSQE_IO_LINK),
                                N(IOSQE_IO_HARDLINK),     N(IOSQE_ASYNC),    N(IOSQE_BUFFER_SELECT),
                                N(IOSQE_CQE_SKIP_SUCCESS)};
constexpr Name kResourceFlags[] = {N(IORING_RSRC_REGISTER_SPARSE)};
#undef N
constexpr auto kNumber = Names::Kind::number, kBits = Names::Kind::bits;
constexpr Names kOperationNames{kNumber, "IORING_OP_???", kOperations};
constexpr Names kSupportNames{kBits, "IO_URING_OP_???", kOperationFlags};
constexpr Names kRestrictionNames{kNumber, "IORING_RESTRICTION_???", kRestrictions};
constexpr Names kEntryNames{kBits, "IOSQE_???", kEntryFlags};
constexpr Names kResourceNames{kBits, "IORING_RSRC_REGISTER_???", kResourceFlags};

void descriptors(Print& p, u64 place, u64 count) {
  p.array<i32>(place, count, [&](i32 fd) { p.descriptor(fd); });
}
void buffers(Print& p, u64 place, u64 count) {
  p.array<abi::IoVec>(place, count, [&](const abi::IoVec& v) {
    p.text("{iov_base="), p.address(v.iov_base.raw()), p.text(fmt::format(", iov_len={}}}", v.iov_len));
  });
}

// Words that must be 0 are shown where they are not.
template <typename Word>
void reserved(Print& p, std::string_view name, std::span<const Word> words) {
  if (std::all_of(words.begin(), words.end(), [](Word word) { return word == 0; })) return;
  p.text(fmt::format(", {}=", name));
  if (words.size() == 1) return p.text(hex(words[0]));
  for (usize i = 0; i < words.size(); ++i) p.text((i == 0 ? "[" : ", ") + hex(words[i]));
  p.text("]");
}

void setup(Print& p, usize i) {
  p.object<abi::IoUringParams>(p.arg(i), [&](const abi::IoUringParams& r) {
    p.text("{flags="), p.named("ring_setup", r.flags);
    p.text(fmt::format(", sq_thread_cpu={}, sq_thread_idle={}", hex(r.sq_thread_cpu), r.sq_thread_idle));
    if ((r.flags & IORING_SETUP_ATTACH_WQ) != 0) p.text(", wq_fd="), p.descriptor(static_cast<i32>(r.wq_fd));
    reserved<u32>(p, "resv", r.resv);
    if (p.done()) {
      p.text(fmt::format(", sq_entries={}, cq_entries={}, features=", r.sq_entries, r.cq_entries));
      p.named("ring_features", r.features);
    }
    p.text("}");
  });
}

void enter(Print& p, usize i) {
  if (i == 3) return p.named("ring_enter", static_cast<u32>(p.arg(i)));
  p.arg(5) == sizeof(u64) ? find_object("SigSet")(p, p.arg(i)) : p.address(p.arg(i));
}

void probe(Print& p, u64 place, u64 count) {
  p.object<io_uring_probe>(place, [&](const io_uring_probe& r) {
    p.text("{last_op="), append_names(p.out, kOperationNames, r.last_op),
        p.text(fmt::format(", ops_len={}", r.ops_len));
    const std::array<u16, 1> first{r.resv};
    reserved<u16>(p, "resv", first), reserved<u32>(p, "resv2", r.resv2);
    p.text(", ops="), p.array<io_uring_probe_op>(place + sizeof r, count, [&](const io_uring_probe_op& op) {
      p.text("{op="), append_names(p.out, kOperationNames, op.op);
      const std::array<u8, 1> byte{op.resv};
      const std::array<u32, 1> word{op.resv2};
      reserved<u8>(p, "resv", byte), p.text(", flags="), append_names(p.out, kSupportNames, op.flags);
      reserved<u32>(p, "resv2", word), p.text("}");
    });
    p.text("}");
  });
}

void restrictions(Print& p, u64 place, u64 count) {
  p.array<io_uring_restriction>(place, count, [&](const io_uring_restriction& r) {
    p.text("{opcode="), append_names(p.out, kRestrictionNames, r.opcode);
    switch (r.opcode) {
      case IORING_RESTRICTION_REGISTER_OP:
        p.text(", register_op="), p.named("ring_register", r.register_op);
        break;
      case IORING_RESTRICTION_SQE_OP:
        p.text(", sqe_op="), append_names(p.out, kOperationNames, r.sqe_op);
        break;
      case IORING_RESTRICTION_SQE_FLAGS_ALLOWED:
      case IORING_RESTRICTION_SQE_FLAGS_REQUIRED:
        p.text(", sqe_flags="), append_names(p.out, kEntryNames, r.sqe_flags);
        break;
      default:
        p.text(" /* op: " + hex(r.register_op) + " */");
    }
    const std::array<u8, 1> byte{r.resv};
    reserved<u8>(p, "resv", byte), reserved<u32>(p, "resv2", r.resv2), p.text("}");
  });
}

void resources(Print& p, std::string_view field, u64 data, u64 tags, u64 count, bool files) {
  p.text(fmt::format(", {}=", field)), files ? descriptors(p, data, count) : buffers(p, data, count);
  p.text(", tags="), p.array<u64>(tags, count, [&](u64 tag) { p.text(hex(tag)); });
}

void add_resources(Print& p, u64 place, u64 size, bool files) {
  if (size < sizeof(io_uring_rsrc_register)) return p.address(place);
  p.object<io_uring_rsrc_register>(place, [&](const io_uring_rsrc_register& r) {
    p.text(fmt::format("{{nr={}, flags=", r.nr)), append_names(p.out, kResourceNames, r.flags);
    const std::array<u64, 1> word{r.resv2};
    reserved<u64>(p, "resv2", word), resources(p, "data", r.data, r.tags, r.nr, files), p.text("}");
  });
}

void change_resources(Print& p, u64 place, u64 size, bool files) {
  if (size < sizeof(io_uring_rsrc_update2)) return p.address(place);
  p.object<io_uring_rsrc_update2>(place, [&](const io_uring_rsrc_update2& r) {
    p.text(fmt::format("{{offset={}", r.offset));
    const std::array<u32, 1> first{r.resv}, second{r.resv2};
    reserved<u32>(p, "resv", first), resources(p, "data", r.data, r.tags, r.nr, files);
    p.text(fmt::format(", nr={}", r.nr)), reserved<u32>(p, "resv2", second), p.text("}");
  });
}

void change_files(Print& p, u64 place, u64 count) {
  p.object<io_uring_files_update>(place, [&](const io_uring_files_update& r) {
    p.text(fmt::format("{{offset={}", r.offset));
    const std::array<u32, 1> word{r.resv};
    reserved<u32>(p, "resv", word), p.text(", fds="), descriptors(p, r.fds, count), p.text("}");
  });
}

void processors(Print& p, u64 place, u64 bytes) {
  const std::span<const u8> mask = p.seen().from(place);
  if (place == 0 || mask.empty()) return p.address(place);
  p.text("[");
  bool first = true;
  for (usize cpu = 0; cpu < std::min<usize>(mask.size(), bytes) * 8; ++cpu) {
    if ((mask[cpu / 8] >> (cpu % 8) & 1) == 0) continue;
    p.text((first ? "" : " ") + std::to_string(cpu));
    first = false;
  }
  p.text("]");
}

void workers(Print& p, u64 place, u64 count) {
  std::array<u32, 2> most{};
  if (count != most.size() || !p.seen().read(place, most)) return p.address(place);
  p.text(fmt::format("[[IO_WQ_BOUND]={}, [IO_WQ_UNBOUND]={}] => ", most[0], most[1])), p.address(place);
}

void rings(Print& p, u64 place, u64 count, bool adds) {
  p.array<io_uring_rsrc_update>(place, count, [&](const io_uring_rsrc_update& r) {
    p.text(fmt::format("{{offset={}", r.offset));
    const std::array<u32, 1> word{r.resv};
    reserved<u32>(p, "resv", word), p.text(", data=");
    adds ? p.descriptor(static_cast<i32>(r.data)) : p.text(hex(r.data));
    p.text("}");
  });
}

void buffer_ring(Print& p, u64 place) {
  p.object<io_uring_buf_reg>(place, [&](const io_uring_buf_reg& r) {
    p.text("{ring_addr="), p.address(r.ring_addr),
        p.text(fmt::format(", ring_entries={}, bgid={}", r.ring_entries, r.bgid));
    const std::array<u16, 1> pad{r.pad};
    const std::array<u64, 3> words{r.resv[0], r.resv[1], r.resv[2]};
    reserved<u16>(p, "pad", pad), reserved<u64>(p, "resv", words), p.text("}");
  });
}

void change(Print& p, usize i) {  // io_uring_register
  const u32 op = static_cast<u32>(p.arg(1)), count = static_cast<u32>(p.arg(3));
  const u64 place = p.arg(2);
  if (i == 1) return p.named("ring_register", op);
  switch (op) {
    case IORING_REGISTER_BUFFERS:
      return buffers(p, place, count);
    case IORING_REGISTER_FILES:
    case IORING_REGISTER_EVENTFD:
    case IORING_REGISTER_EVENTFD_ASYNC:
      return descriptors(p, place, count);
    case IORING_REGISTER_FILES_UPDATE:
      return change_files(p, place, count);
    case IORING_REGISTER_PROBE:
      return probe(p, place, count);
    case IORING_REGISTER_RESTRICTIONS:
      return restrictions(p, place, count);
    case IORING_REGISTER_FILES2:
    case IORING_REGISTER_BUFFERS2:
      return add_resources(p, place, count, op == IORING_REGISTER_FILES2);
    case IORING_REGISTER_FILES_UPDATE2:
    case IORING_REGISTER_BUFFERS_UPDATE:
      return change_resources(p, place, count, op == IORING_REGISTER_FILES_UPDATE2);
    case IORING_REGISTER_IOWQ_AFF:
      return processors(p, place, count);
    case IORING_REGISTER_IOWQ_MAX_WORKERS:
      return workers(p, place, count);
    case IORING_REGISTER_RING_FDS:
    case IORING_UNREGISTER_RING_FDS:
      return rings(p, place, count, op == IORING_REGISTER_RING_FDS);
    case IORING_REGISTER_PBUF_RING:
    case IORING_UNREGISTER_PBUF_RING:
      return buffer_ring(p, place);
    default:
      return p.address(place);
  }
}

constexpr Override kOverrides[] = {{"io_uring_setup", 1 << 1, setup, 1 << 1},
                                   {"io_uring_enter", 1 << 3 | 1 << 4, enter},
                                   {"io_uring_register", 1 << 1 | 1 << 2, change}};

}  // namespace

std::span<const Override> ring_overrides() { return kOverrides; }

}  // namespace limen::trace
