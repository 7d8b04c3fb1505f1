// Longer than 500 lines: the calls with rules of their own are a list.
#include "kernel/trace/capture.h"

#include <algorithm>
#include <array>
#include <concepts>
#include <cstring>

#include "abi/aio.h"
#include "abi/bpf.h"
#include "abi/bpf_call.h"
#include "abi/capability.h"
#include "abi/fcntl.h"
#include "abi/futex.h"
#include "abi/io_uring.h"
#include "abi/ioctl_words.h"
#include "abi/ipc.h"
#include "abi/mman.h"
#include "abi/mount.h"
#include "abi/params.h"
#include "abi/poll.h"
#include "abi/prctl.h"
#include "abi/resource.h"
#include "abi/sched.h"
#include "abi/seccomp.h"
#include "abi/signal.h"
#include "abi/socket.h"
#include "abi/stat.h"
#include "abi/syscalls.h"
#include "abi/sysinfo.h"
#include "abi/termios.h"
#include "abi/time.h"
#include "abi/utsname.h"
#include "abi/x86_64/stat.h"
#include "abi/xattr.h"
#include "kernel/mm/mm.h"
#include "kernel/mm/user_ptr.h"
#include "kernel/net/socket_file.h"
#include "kernel/task/pidfd.h"
#include "kernel/task/task.h"
#include "kernel/vfs/fd_table.h"
#include "kernel/vfs/path.h"

namespace limen {

namespace {

// --- What the rows say ---------------------------------------------------------------------------------------------------

enum class Shape : u8 { none, word, number, length_pointer, fd, path, string, strings, bytes, array, one };
struct Param {
  Shape shape = Shape::none;
  bool in = false, out = false;
  u16 size = 0;  // of an element
};

template <typename T>
constexpr u16 size_of() {
  if constexpr (requires { sizeof(T); }) return static_cast<u16>(sizeof(T));
  return 0;
}
template <typename Dir>
constexpr bool reads = !std::same_as<Dir, Out>;
template <typename Dir>
constexpr bool writes = !std::same_as<Dir, In>;

template <typename T>
struct Describe {
  static constexpr Param param{std::integral<T> ? Shape::number : Shape::word};
};
template <>
struct Describe<Fd> {
  static constexpr Param param{Shape::fd};
};
template <>
struct Describe<DirFd> {
  static constexpr Param param{Shape::fd};
};
template <>
struct Describe<UserPath> {
  static constexpr Param param{Shape::path, true};
};
template <>
struct Describe<UserString> {
  static constexpr Param param{Shape::string, true};
};
template <>
struct Describe<UserStrings> {
  static constexpr Param param{Shape::strings, true};
};
template <typename Dir>
struct Describe<UserBytes<Dir>> {
  static constexpr Param param{Shape::bytes, reads<Dir>, writes<Dir>, 1};
};
template <typename Dir, typename T>
struct Describe<UserArray<Dir, T>> {
  static constexpr Param param{Shape::array, reads<Dir>, writes<Dir>, size_of<T>()};
};
template <typename T>
struct Describe<UserIn<T>> {
  static constexpr Param param{Shape::one, true, false, size_of<T>()};
};
template <typename T>
struct Describe<UserOut<T>> {
  static constexpr Param param{Shape::one, false, true, size_of<T>()};
};
template <typename T>
struct Describe<UserInOut<T>> {
  static constexpr Param param{std::same_as<T, i32> ? Shape::length_pointer : Shape::one, true, true, size_of<T>()};
};

using Params = std::array<Param, 6>;
template <typename Signature>
struct Describer;
template <typename... Types>
struct Describer<void(Types...)> {
  static constexpr Params params{Describe<Types>::param...};
};

constexpr auto kParams = [] {
  std::array<Params, kSyscallEnd> table{};
#define SYSCALL(name, x64, i386, arm64, families, level, reason, ...) table[x64] = Describer<void(__VA_ARGS__)>::params;
#define ABSENT(name, x64, i386, arm64, families, error, reason, ...) \
  if (x64 >= 0) table[x64 < 0 ? 0 : x64] = Describer<void(__VA_ARGS__)>::params;
#include "abi/syscalls.def"
#undef SYSCALL
#undef ABSENT
  return table;
}();

// --- The rule --------------------------------------------------------------------------------------------------------------

struct Context {
  Task& task;
  const platform::Entry& call;
  const CaptureOptions& options;
  RecordWriter& to;
  bool leaving = false;
  i64 value = 0;
  bool netlink = false;  // its data are messages with heads of their own, which are shown whole

  u64 arg(usize i) const { return call.args[i]; }
  usize bytes(u64 length) const {
    return std::min<u64>(length, std::max<usize>(options.string_bytes, netlink ? 8192 : 128));
  }
  // With -v all of them, within reason.
  usize elements(u64 count) const {
    constexpr usize kMost = 4096;
    return std::min<u64>(count, options.verbose ? std::max(options.string_bytes + 1, kMost) : options.string_bytes + 1);
  }
  template <typename T>
  bool read(u64 place, T& value) const {
    return task.mm().copy_in(&value, GuestAddr(place), sizeof value) == sizeof value;
  }
};

// How many bytes or elements parameter `i` has: the next number behind it, be it a pointer to one; before it where there is none.
u64 length_of(const Context& c, const Params& params, usize i) {
  for (usize k = i + 1; k < params.size(); ++k) {
    if (params[k].shape == Shape::number) return c.arg(k) & 0xffff'ffff'ffff;
    if (params[k].shape == Shape::length_pointer) {
      i32 length = 0;
      return c.read(c.arg(k), length) && length > 0 ? static_cast<u64>(length) : 0;
    }
  }
  for (usize k = i; k-- > 0;) {
    if (params[k].shape == Shape::number) return c.arg(k) & 0xffff'ffff;
  }
  return 0;
}

void strings(Context& c, u64 place, bool whole) {
  constexpr usize kMost = 1024;
  std::array<u64, kMost> pointers;
  const usize got = c.task.mm().copy_in(pointers.data(), GuestAddr(place), sizeof pointers) / sizeof(u64);
  if (got == 0) return;
  const u64 count =
      static_cast<u64>(std::find(pointers.begin(), pointers.begin() + static_cast<i64>(got), 0) - pointers.begin());
  c.to.piece(event::Piece::Kind::count, place, &count, sizeof count);
  if (!whole) return;
  const usize shown = c.elements(count);
  c.to.piece(event::Piece::Kind::memory, place, pointers.data(), std::min<usize>(shown + 1, got) * sizeof(u64));
  for (usize i = 0; i < shown; ++i) c.to.string(c.task, pointers[i], c.options.string_bytes + 1);
}

void socket_detail(Context& c, i32 fd, SocketFile& socket) {
  const SocketRow row = socket.row();
  struct {
    event::Detail head;
    std::array<char, 256> addresses;
  } detail{};
  const usize local = std::min<usize>(row.local.bytes.size(), 128), peer = std::min<usize>(row.peer.bytes.size(), 128);
  detail.head = {.kind = event::Detail::Kind::socket, .connected = row.connected, .listening = row.listening};
  detail.head.domain = row.domain, detail.head.protocol = row.protocol, detail.head.type = row.type;
  detail.head.local_length = static_cast<u16>(local), detail.head.peer_length = static_cast<u16>(peer);
  detail.head.inode = row.inode, detail.head.peer_inode = row.peer_inode;
  std::copy_n(row.local.bytes.begin(), local, detail.addresses.begin());
  std::copy_n(row.peer.bytes.begin(), peer, detail.addresses.begin() + static_cast<i64>(local));
  c.to.piece(event::Piece::Kind::detail, static_cast<u64>(static_cast<i64>(fd)), &detail,
             sizeof detail.head + local + peer);
}

void file_detail(Context& c, i32 fd, File& file) {
  if (auto* socket = dynamic_cast<SocketFile*>(&file)) return socket_detail(c, fd, *socket);
  event::Detail detail{};
  if (const Result<Ref<Task>> task = task_of_pidfd(file); task.ok()) {
    detail.kind = event::Detail::Kind::process, detail.major = static_cast<u32>((*task)->tid().raw());
  } else {
    const Result<Attributes> known = file.attributes();
    constexpr u32 kCharacter = 0020000, kBlock = 0060000;
    if (!known.ok() || (known->type() != kCharacter && known->type() != kBlock)) return;
    detail.kind = known->type() == kBlock ? event::Detail::Kind::block_device : event::Detail::Kind::character_device;
    detail.major = known->rdev.major, detail.minor = known->rdev.minor;
  }
  c.to.piece(event::Piece::Kind::detail, static_cast<u64>(static_cast<i64>(fd)), &detail, sizeof detail);
}

void file_name(Context& c, i32 fd) {
  std::string name;
  if (fd == abi::at_fdcwd.raw()) {
    name = path_name(c.task, c.task.fs().cwd());
  } else {
    const Result<Ref<File>> file = c.task.files().get(Fd(fd));
    if (!file.ok() || !(*file)->path()) return;
    name = path_name(c.task, (*file)->path());
    if (c.options.details) file_detail(c, fd, **file);
  }
  c.to.text(event::Piece::Kind::file, static_cast<u64>(static_cast<i64>(fd)), name);
}

// Names of descriptors that stand in memory, one every `stride` bytes.
void descriptors(Context& c, u64 place, u64 count, usize stride) {
  if (!c.options.files) return;
  for (u64 i = 0; i < c.elements(count) && c.to.room() > 0; ++i) {
    i32 fd = -1;
    if (!c.read(place + i * stride, fd)) return;
    if (fd >= 0) file_name(c, fd);
  }
}

void capture(Context& c, const Params& params, usize i) {
  const Param& p = params[i];
  const bool now = c.leaving ? p.out : p.in;
  const bool done = c.value >= 0;
  const u64 place = c.arg(i);
  switch (p.shape) {
    case Shape::none:
    case Shape::word:
    case Shape::number:
      return;
    case Shape::fd:
      if (!c.leaving && c.options.files) file_name(c, static_cast<i32>(place));
      return;
    case Shape::path:
      if (now) c.to.string(c.task, place, 4096);
      return;
    case Shape::string:
      if (now) c.to.string(c.task, place, std::max<usize>(c.options.string_bytes + 1, 256));
      return;
    case Shape::strings:
      if (now) strings(c, place, i == 1 || c.options.verbose || c.call.nr == 322);
      return;
    case Shape::bytes: {
      if (!now || (c.leaving && !done)) return;
      u64 length = length_of(c, params, i);
      // A positive result of a call that fills a buffer says how much of it is filled.
      if (c.leaving && c.value > 0) length = std::min(length, static_cast<u64>(c.value));
      return c.to.memory(c.task, place, c.bytes(length));
    }
    case Shape::array:
      if (!now || (c.leaving && !done)) return;
      return c.to.memory(c.task, place, c.elements(length_of(c, params, i)) * p.size);
    case Shape::length_pointer:
    case Shape::one:
      if (now) c.to.memory(c.task, place, p.size);
      return;
  }
}

// --- Calls with rules of their own -----------------------------------------------------------------------------------------

// The buffers of an iovec array, up to `total` bytes of them; none where `total` is 0.
void iovec(Context& c, u64 place, u64 count, u64 total) {
  std::array<abi::IoVec, 64> vector;
  const usize n = std::min<u64>({count, c.elements(count), vector.size()});
  const usize got = c.task.mm().copy_in(vector.data(), GuestAddr(place), n * sizeof(abi::IoVec)) / sizeof(abi::IoVec);
  c.to.piece(event::Piece::Kind::memory, place, vector.data(), got * sizeof(abi::IoVec));
  for (usize i = 0; i < got && total > 0; ++i) {
    const u64 length = std::min(vector[i].iov_len, total);
    c.to.memory(c.task, vector[i].iov_base.raw(), c.bytes(length));
    total -= length;
  }
}

constexpr u64 kNoEnd = ~u64{0};

void read_vector(Context& c) {
  if (!c.leaving) return iovec(c, c.arg(1), c.arg(2), 0);
  if (c.value >= 0) iovec(c, c.arg(1), c.arg(2), static_cast<u64>(c.value));
}
void foreign_vectors(Context& c) {  // process_vm_readv, process_vm_writev
  const bool writes = c.call.nr == 311;
  if (!c.leaving) iovec(c, c.arg(1), c.arg(2), writes ? kNoEnd : 0), iovec(c, c.arg(3), c.arg(4), 0);
  if (c.leaving && !writes && c.value >= 0) iovec(c, c.arg(1), c.arg(2), static_cast<u64>(c.value));
}
void write_vector(Context& c) {
  if (!c.leaving) iovec(c, c.arg(1), c.arg(2), kNoEnd);
}

void message(Context& c, u64 place, u64 data) {
  abi::MsgHdr msg;
  if (!c.read(place, msg)) return;
  c.to.piece(event::Piece::Kind::memory, place, &msg, sizeof msg);
  if (msg.msg_namelen > 0) c.to.memory(c.task, msg.msg_name.raw(), std::min(msg.msg_namelen, 128));
  iovec(c, msg.msg_iov.raw(), msg.msg_iovlen, data);
  const u64 control = msg.msg_control.raw(), length = std::min<u64>(msg.msg_controllen, 1024);
  c.to.memory(c.task, control, length);
  abi::CMsgHdr head;
  for (u64 at = 0; c.options.files && at + sizeof head <= length; at += abi::cmsg_align(head.cmsg_len)) {
    if (!c.read(control + at, head) || head.cmsg_len < sizeof head || head.cmsg_len > length) break;
    if (head.cmsg_level != abi::sol_socket || head.cmsg_type != abi::scm_rights) continue;
    descriptors(c, control + at + sizeof head, (head.cmsg_len - sizeof head) / sizeof(i32), sizeof(i32));
  }
}
void send_message(Context& c) {
  if (!c.leaving) message(c, c.arg(1), kNoEnd);
}
void receive_message(Context& c) {
  if (!c.leaving) c.to.memory(c.task, c.arg(1), sizeof(abi::MsgHdr));
  if (c.leaving && c.value >= 0) message(c, c.arg(1), static_cast<u64>(c.value));
}
void messages(Context& c) {
  const bool sends = c.call.nr == 307;
  if (c.leaving && c.value < 0) return;
  if (!sends && !c.leaving) c.to.memory(c.task, c.arg(4), sizeof(abi::TimeSpec));
  const u64 count = c.leaving ? static_cast<u64>(c.value) : c.arg(2);
  for (u64 i = 0; i < c.elements(count) && c.to.room() > 0; ++i) {
    const u64 place = c.arg(1) + i * sizeof(abi::MMsgHdr);
    abi::MMsgHdr one;
    if (!c.read(place, one)) return;
    if (sends != c.leaving) message(c, place, sends ? kNoEnd : one.msg_len);
    c.to.piece(event::Piece::Kind::memory, place, &one, sizeof one);
  }
}

void descriptor_sets(Context& c) {
  if (c.leaving && c.value < 0) return;
  const u64 n = std::min<u64>(static_cast<u32>(c.arg(0)), 1024);
  for (usize i = 1; i <= 3; ++i) c.to.memory(c.task, c.arg(i), (n + 63) / 64 * 8);
  if (c.arg(4) != 0) c.to.memory(c.task, c.arg(4), sizeof(abi::TimeSpec));
  abi::SigSetArg set;
  if (c.leaving || c.call.nr != 270 || !c.read(c.arg(5), set)) return;
  c.to.piece(event::Piece::Kind::memory, c.arg(5), &set, sizeof set);
  c.to.memory(c.task, set.mask.raw(), sizeof(abi::SigSet));
}

// The commands whose third word is an address that we can show the memory of.
struct Command {
  u32 code;
  bool out;
  u16 size;
};
void by_command(Context& c, std::span<const Command> commands, usize arg) {
  for (const Command& known : commands) {
    if (known.code == static_cast<u32>(c.arg(1)) && known.out == c.leaving) c.to.memory(c.task, c.arg(arg), known.size);
  }
}

void ioctl(Context& c) {
  const u32 command = static_cast<u32>(c.arg(1));
  const abi::IoctlWord* word = abi::find_ioctl_word(command);
  if (word == nullptr || !(c.leaving ? word->out && c.value >= 0 : word->in)) return;
  c.to.memory(c.task, c.arg(2), word->size);
  if (!c.leaving || word->size != abi::size_of_ifconf) return;
  struct {
    i32 length, pad;
    u64 buffer;
  } list{};
  if (c.read(c.arg(2), list) && list.length > 0)
    c.to.memory(c.task, list.buffer,
                c.elements(static_cast<u64>(list.length) / abi::size_of_ifreq) * abi::size_of_ifreq);
}

constexpr Command kFcntls[] = {{5, false, 32},   {5, true, 32},    {6, false, 32},  {7, false, 32}, {36, false, 32},
                               {36, true, 32},   {37, false, 32},  {38, false, 32}, {15, false, 8}, {16, true, 8},
                               {12, false, 32},  {13, false, 32},  {14, false, 32}, {12, true, 32}, {17, true, 8},
                               {1036, false, 8}, {1038, false, 8}, {1035, true, 8}, {1037, true, 8}};
void fcntl(Context& c) {
  by_command(c, kFcntls, 2);
  const u32 command = static_cast<u32>(c.arg(1));
  const bool duplicates = command == abi::f_dupfd || command == abi::f_dupfd_cloexec;
  if (duplicates && c.leaving && c.value >= 0 && c.options.files) file_name(c, static_cast<i32>(c.value));
}

void made_pair(Context& c) {  // pipe, pipe2, socketpair
  if (c.leaving && c.value >= 0) descriptors(c, c.arg(c.call.nr == 53 ? 3 : 0), 2, sizeof(i32));
}

void polled(Context& c) {
  if (!c.leaving) descriptors(c, c.arg(0), static_cast<u32>(c.arg(1)), sizeof(abi::PollFd));
}

// The words of bpf(2), and the names that some of them point to.
void bpf_attributes(Context& c) {
  if (c.leaving) return;
  c.to.memory(c.task, c.arg(1), std::min<u64>(static_cast<u32>(c.arg(2)), 256));
  const u32 command = static_cast<u32>(c.arg(0));
  u64 place = 0;
  u32 types = 0;
  if (command == abi::bpf_btf_load && c.read(c.arg(1) + abi::bpf_attr_btf, place) &&
      c.read(c.arg(1) + abi::bpf_attr_btf_size, types)) {
    c.to.memory(c.task, place, c.bytes(types));
  }
  const bool names =
      command == abi::bpf_obj_pin || command == abi::bpf_obj_get || command == abi::bpf_raw_tracepoint_open;
  if (names && c.read(c.arg(1) + abi::bpf_attr_pathname, place)) c.to.string(c.task, place, 4096);
  if (command == abi::bpf_prog_load && c.read(c.arg(1) + abi::bpf_attr_license, place))
    c.to.string(c.task, place, c.options.string_bytes + 1);
}

// The words of io_uring_register(2); how many bytes for each of its `count`, and what those point to.
void register_with_ring(Context& c) {
  const u32 op = static_cast<u32>(c.arg(1));
  const u64 place = c.arg(2), count = static_cast<u32>(c.arg(3)), some = c.elements(count);
  if (c.leaving) return;
  if (abi::registers_descriptors(op)) {
    c.to.memory(c.task, place, some * sizeof(i32));
    return descriptors(c, place, count, sizeof(i32));
  }
  const auto take = [&](usize head, usize each) { c.to.memory(c.task, place, head + each * some); };
  switch (op) {
    case abi::ioring_register_buffers:
      return take(0, sizeof(abi::IoVec));
    case abi::ioring_register_files_update: {
      abi::IoUringUpdate update{};
      take(sizeof update, 0);
      if (c.read(place, update)) c.to.memory(c.task, update.data, some * sizeof(i32));
      return;
    }
    case abi::ioring_register_probe:
      return take(16, 8);
    case abi::ioring_register_restrictions:
    case abi::ioring_register_ring_fds:
    case abi::ioring_unregister_ring_fds:
      return take(0, 16);
    case abi::ioring_register_iowq_aff:
      return c.to.memory(c.task, place, std::min<u64>(count, 128));
    case abi::ioring_register_iowq_max_workers:
      return take(2 * sizeof(u32), 0);
    case abi::ioring_register_pbuf_ring:
    case abi::ioring_unregister_pbuf_ring:
      return take(40, 0);
    case abi::ioring_register_files2:
    case abi::ioring_register_buffers2:
    case abi::ioring_register_files_update2:
    case abi::ioring_register_buffers_update: {
      const bool updates = op == abi::ioring_register_files_update2 || op == abi::ioring_register_buffers_update;
      const bool files = op == abi::ioring_register_files2 || op == abi::ioring_register_files_update2;
      abi::IoUringRegister2 added{};
      abi::IoUringUpdate2 changed{};
      if (updates ? !c.read(place, changed) : !c.read(place, added)) return;
      take(updates ? sizeof changed : sizeof added, 0);
      const u64 n = c.elements(updates ? changed.count : added.count);
      c.to.memory(c.task, updates ? changed.data : added.data, n * (files ? sizeof(i32) : sizeof(abi::IoVec)));
      return c.to.memory(c.task, updates ? changed.tags : added.tags, n * sizeof(u64));
    }
    default:
      return;
  }
}

void enter_ring(Context& c) {
  if (!c.leaving) c.to.memory(c.task, c.arg(4), std::min<u64>(c.arg(5), sizeof(abi::SigSet)));
}

void filter_program(Context& c, u64 place) {
  abi::SockFprog program;
  if (!c.read(place, program)) return;
  c.to.piece(event::Piece::Kind::memory, place, &program, sizeof program);
  if (c.options.verbose) c.to.memory(c.task, program.filter.raw(), program.len * sizeof(abi::SockFilter));
}

void socket_option(Context& c) {       // setsockopt
  constexpr i32 kForReusedPorts = 51;  // SO_ATTACH_REUSEPORT_CBPF
  const i32 option = static_cast<i32>(c.arg(2));
  const bool filter = option == abi::so_attach_filter || option == kForReusedPorts;
  const bool of_socket = static_cast<i32>(c.arg(1)) == abi::sol_socket;
  if (!c.leaving && of_socket && filter && c.arg(4) >= sizeof(abi::SockFprog)) filter_program(c, c.arg(3));
}

void prctl(Context& c) {
  constexpr u64 kModeFilter = 2;
  switch (static_cast<i32>(c.arg(0))) {
    case abi::pr_set_name:
      return c.leaving ? void() : c.to.string(c.task, c.arg(1), 17);
    case abi::pr_get_name:
      return c.leaving ? c.to.string(c.task, c.arg(1), 17) : void();
    case abi::pr_set_seccomp:
      return !c.leaving && c.arg(1) == kModeFilter ? filter_program(c, c.arg(2)) : void();
    case abi::pr_set_vma:
      return c.leaving ? void() : c.to.string(c.task, c.arg(4), c.options.string_bytes + 1);
    case abi::pr_get_tid_address:
      return c.leaving ? c.to.memory(c.task, c.arg(1), sizeof(u64)) : void();
    case abi::pr_sched_core:
      return c.leaving ? c.to.memory(c.task, c.arg(4), sizeof(u64)) : void();
    case abi::pr_get_pdeathsig:
    case abi::pr_get_child_subreaper:
    case abi::pr_get_unalign:
    case abi::pr_get_endian:
    case abi::pr_get_fpemu:
    case abi::pr_get_fpexc:
    case abi::pr_get_tsc:
      return c.leaving ? c.to.memory(c.task, c.arg(1), sizeof(i32)) : void();
    default:
      return;
  }
}

void arch_prctl(Context& c) {
  const i32 op = static_cast<i32>(c.arg(0));
  const bool tells = op == abi::arch_get_fs || op == abi::arch_get_gs || op == abi::arch_get_xcomp_supp ||
                     op == abi::arch_get_xcomp_perm || op == abi::arch_get_xcomp_guest_perm;
  if (c.leaving && tells) c.to.memory(c.task, c.arg(1), sizeof(u64));
}

void seccomp(Context& c) {
  const u64 op = c.arg(0);
  if (!c.leaving && op == abi::seccomp_set_mode_filter) filter_program(c, c.arg(2));
  if (!c.leaving && op == abi::seccomp_get_action_avail) c.to.memory(c.task, c.arg(2), sizeof(u32));
  if (c.leaving && op == abi::seccomp_get_notif_sizes) c.to.memory(c.task, c.arg(2), 3 * sizeof(u16));
}

void mount_data(Context& c) {
  if (!c.leaving) c.to.string(c.task, c.arg(4), c.options.string_bytes + 1), c.to.string(c.task, c.arg(0), 4096);
}

void configure_mount(Context& c) {  // fsconfig
  const u32 command = static_cast<u32>(c.arg(1));
  if (c.leaving) return;
  if (command == abi::fsconfig_set_string || command == abi::fsconfig_set_path ||
      command == abi::fsconfig_set_path_empty)
    c.to.string(c.task, c.arg(3), 4096);
  if (command == abi::fsconfig_set_binary) c.to.memory(c.task, c.arg(3), c.bytes(static_cast<u32>(c.arg(4))));
}

void file_handle(Context& c) {  // name_to_handle_at, open_by_handle_at
  const u64 place = c.arg(c.call.nr == 303 ? 2 : 1);
  abi::FileHandle handle{};
  if (c.read(place, handle))
    c.to.memory(c.task, place, sizeof handle + std::min(handle.handle_bytes, abi::max_handle_sz));
}

void keyctl(Context& c) {
  enum : u64 {
    update = 2,
    describe = 6,
    search = 10,
    read = 11,
    instantiate = 12,
    security = 17,
    vector = 20,
    query = 24,
    last = 28,
    restrict = 29
  };
  const u64 op = c.arg(0);
  const auto text = [&](usize i) { c.to.string(c.task, c.arg(i), std::max<usize>(c.options.string_bytes + 1, 256)); };
  if (c.leaving) {
    const bool tells = op == describe || op == read || op == security;
    if (tells && c.value > 0) c.to.memory(c.task, c.arg(2), c.bytes(std::min(c.arg(3), static_cast<u64>(c.value))));
    return;
  }
  if (op == 1) text(1);
  if (op == search || op == restrict) text(2), text(3);
  if (op >= query && op <= last) text(op == query ? 3 : 2);
  if (op == update || op == instantiate) c.to.memory(c.task, c.arg(2), c.bytes(c.arg(3)));
  if (op == vector) iovec(c, c.arg(2), c.arg(3), kNoEnd);
}

void ipc_control(Context& c) {  // shmctl, msgctl
  constexpr u32 kSet = 1, kStat = 2, kNewLayout = 0x100;
  const u32 command = static_cast<u32>(c.arg(1)) & ~kNewLayout;
  const usize size = c.call.nr == 31 ? sizeof(abi::ShmidDs) : sizeof(abi::MsqidDs);
  if (command == (c.leaving ? kStat : kSet)) c.to.memory(c.task, c.arg(2), size);
}

void submitted(Context& c) {  // io_submit
  std::array<u64, 32> blocks;
  if (c.leaving) return;
  const usize n = std::min<u64>({c.arg(1), c.elements(c.arg(1)), blocks.size()});
  const usize got = c.task.mm().copy_in(blocks.data(), GuestAddr(c.arg(2)), n * sizeof(u64)) / sizeof(u64);
  c.to.piece(event::Piece::Kind::memory, c.arg(2), blocks.data(), got * sizeof(u64));
  for (usize i = 0; i < got; ++i) {
    abi::IoCb block;
    if (!c.read(blocks[i], block)) continue;
    c.to.piece(event::Piece::Kind::memory, blocks[i], &block, sizeof block);
    const bool writes = block.aio_lio_opcode == abi::iocb_cmd_pwrite;
    const bool vector = block.aio_lio_opcode == abi::iocb_cmd_preadv || block.aio_lio_opcode == abi::iocb_cmd_pwritev;
    if (writes) c.to.memory(c.task, block.aio_buf, c.bytes(block.aio_nbytes));
    if (vector) iovec(c, block.aio_buf, block.aio_nbytes, block.aio_lio_opcode == abi::iocb_cmd_pwritev ? kNoEnd : 0);
  }
}

void cancelled(Context& c) {  // io_cancel
  if (!c.leaving) c.to.memory(c.task, c.arg(1), sizeof(abi::IoCb));
}

void io_events(Context& c) {
  if (!c.leaving) c.to.memory(c.task, c.arg(4), sizeof(abi::TimeSpec));
  if (c.leaving && c.value > 0)
    c.to.memory(c.task, c.arg(3), c.elements(static_cast<u64>(c.value)) * sizeof(abi::IoEvent));
  abi::SigSetArg set;
  if (c.leaving || c.call.nr != 333 || !c.read(c.arg(5), set)) return;
  c.to.piece(event::Piece::Kind::memory, c.arg(5), &set, sizeof set);
  c.to.memory(c.task, set.mask.raw(), sizeof(abi::SigSet));
}

void landlock_rule(Context& c) {
  if (!c.leaving) c.to.memory(c.task, c.arg(2), 12);
}

void compared(Context& c) {  // kcmp
  constexpr u32 kWatched = 7;
  if (!c.leaving && static_cast<u32>(c.arg(2)) == kWatched) c.to.memory(c.task, c.arg(4), 3 * sizeof(u32));
}

void node_masks(Context& c) {  // migrate_pages, move_pages
  if (c.call.nr == 256) {
    for (const usize i : {2, 3}) {
      if (!c.leaving) c.to.memory(c.task, c.arg(i), c.elements((c.arg(1) + 63) / 64) * sizeof(u64));
    }
    return;
  }
  const u64 count = c.elements(c.arg(1));
  if (!c.leaving)
    c.to.memory(c.task, c.arg(2), count * sizeof(u64)), c.to.memory(c.task, c.arg(3), count * sizeof(i32));
  if (c.leaving && c.value >= 0) c.to.memory(c.task, c.arg(4), count * sizeof(i32));
}

void futex(Context& c) {
  const u32 op = static_cast<u32>(c.arg(1)) & 0x7f;
  const bool waits = op == 0 || op == 6 || op == 9 || op == 11 || op == 13;
  if (!c.leaving && waits) c.to.memory(c.task, c.arg(3), sizeof(abi::TimeSpec));
}

void two_times(Context& c) {
  if (c.leaving) return;
  const usize path = c.call.nr == 235 ? 0 : 1;  // utimes has no directory
  if (path == 1 && c.options.files) file_name(c, static_cast<i32>(c.arg(0)));
  c.to.string(c.task, c.arg(path), 4096);
  c.to.memory(c.task, c.arg(path + 1), 2 * sizeof(abi::TimeSpec));
}

void counter(Context& c) {  // perf_event_open: attributes say themselves how long they are
  constexpr u32 kFirstSize = 64, kLastSize = 128;
  u32 size = 0;
  if (c.leaving || !c.read(c.arg(0) + sizeof size, size)) return;
  c.to.memory(c.task, c.arg(0), std::min(std::max(size, kFirstSize), kLastSize));
}

void segment_descriptor(Context& c) {  // set_thread_area, get_thread_area
  constexpr usize kSize = 16;
  c.to.memory(c.task, c.arg(0), kSize);
}

void kexec_segments(Context& c) {
  constexpr u64 kMost = 16, kSize = 32;
  if (!c.leaving && c.arg(1) <= kMost) c.to.memory(c.task, c.arg(2), c.arg(1) * kSize);
}

// How many entries there are, which is all that is shown of them.
void directory(Context& c) {
  constexpr u64 kLengthInEntry = 16, kShortest = 24;
  if (!c.leaving && c.options.files) file_name(c, static_cast<i32>(c.arg(0)));
  if (!c.leaving || c.value < 0) return;
  u64 count = 0;
  for (u64 at = 0; at < static_cast<u64>(c.value); ++count) {
    u16 length = 0;
    if (!c.read(c.arg(1) + at + kLengthInEntry, length) || length < kShortest) break;
    at += length;
  }
  c.to.piece(event::Piece::Kind::count, c.arg(1), &count, sizeof count);
  if (c.options.verbose) c.to.memory(c.task, c.arg(1), static_cast<usize>(c.value));
}

// The frame that the call gives back: the mask in its ucontext.
void signal_return(Context& c) {
  constexpr u64 kMaskInFrame = 296;  // after uc_flags, uc_link, uc_stack and the registers
  if (!c.leaving) c.to.memory(c.task, c.call.sp + kMaskInFrame, sizeof(abi::SigSet));
}

void affinity(Context& c) {
  const bool sets = c.call.nr == 203;
  if (sets == c.leaving || c.value < 0) return;
  c.to.memory(c.task, c.arg(2), std::min<u64>(sets ? c.arg(1) & 0xffff'ffff : static_cast<u64>(c.value), 128));
}

void counted_groups(Context& c) {
  const bool sets = c.call.nr == 116;
  if (sets == c.leaving || c.value < 0) return;
  const u64 count = sets ? c.arg(0) & 0xffff'ffff : static_cast<u64>(c.value);
  c.to.memory(c.task, c.arg(1), c.elements(count) * sizeof(u32));
}

void queue_message(Context& c) {  // msgsnd, msgrcv: a type stands before the text
  const bool sends = c.call.nr == 69;
  if (sends == c.leaving || c.value < 0) return;
  c.to.memory(c.task, c.arg(1), 8 + c.bytes(sends ? c.arg(2) : static_cast<u64>(c.value)));
}

void epoll_result(Context& c) {
  if (c.leaving && c.value > 0)
    c.to.memory(c.task, c.arg(1), c.elements(static_cast<u64>(c.value)) * sizeof(abi::EpollEvent));
  if (!c.leaving && c.call.nr == 441) c.to.memory(c.task, c.arg(3), sizeof(abi::TimeSpec));
  if (!c.leaving && c.call.nr != 232) c.to.memory(c.task, c.arg(4), sizeof(abi::SigSet));
}

void resident_pages(Context& c) {
  if (c.leaving && c.value == 0)
    c.to.memory(c.task, c.arg(2), c.bytes(std::min<u64>(page_ceil(c.arg(1)) / kPageSize, 4096)));
}

void capabilities(Context& c) {
  if (!c.leaving) c.to.memory(c.task, c.arg(0), sizeof(abi::CapHeader));
  if ((c.call.nr == 125) == c.leaving) c.to.memory(c.task, c.arg(1), 2 * sizeof(abi::CapData));
}

void clone3(Context& c) {
  abi::CloneArgs args{};
  if (!c.leaving) {
    c.to.memory(c.task, c.arg(0), std::min<u64>(c.arg(1), kPageSize));
    if (c.arg(1) >= sizeof args && c.read(c.arg(0), args))
      c.to.memory(c.task, args.set_tid.raw(), c.elements(args.set_tid_size) * sizeof(i32));
    return;
  }
  if (c.value <= 0 || !c.read(c.arg(0), args)) return;
  c.to.memory(c.task, args.parent_tid.raw(), 4);
  c.to.memory(c.task, args.pidfd.raw(), 4);
}

// What a structure has behind the part that its row knows: as much as Linux looks at.
void newer_structure(Context& c) {  // openat2, mount_setattr
  const usize at = c.call.nr == 437 ? 2 : 3;
  if (!c.leaving) c.to.memory(c.task, c.arg(at), std::min<u64>(c.arg(at + 1), kPageSize));
}

// Bytes of the address and length pair of accept, getsockname, recvfrom: as long as the guest's room was, no longer.
void peer_address(Context& c) {
  const bool datagram = c.call.nr == 45;
  const usize at = datagram ? 4 : 1;
  i32 length = 0;
  c.to.memory(c.task, c.arg(at + 1), sizeof length);
  if (!c.leaving || c.value < 0) return;
  if (datagram) c.to.memory(c.task, c.arg(1), c.bytes(static_cast<u64>(c.value)));
  if (c.read(c.arg(at + 1), length) && length > 0) c.to.memory(c.task, c.arg(at), std::min(length, 128));
}

struct Special {
  std::string_view name;
  void (*capture)(Context& c);
  bool replaces = false;  // the rule; else besides it
};
constexpr Special kSpecials[] = {
    {"readv", read_vector, true},
    {"preadv", read_vector, true},
    {"preadv2", read_vector, true},
    {"writev", write_vector, true},
    {"pwritev", write_vector, true},
    {"pwritev2", write_vector, true},
    {"vmsplice", write_vector, true},
    {"sendmsg", send_message, true},
    {"recvmsg", receive_message, true},
    {"sendmmsg", messages, true},
    {"recvmmsg", messages, true},
    {"select", descriptor_sets, true},
    {"pselect6", descriptor_sets, true},
    {"ioctl", ioctl},
    {"fcntl", fcntl},
    {"pipe", made_pair},
    {"pipe2", made_pair},
    {"socketpair", made_pair},
    {"poll", polled},
    {"ppoll", polled},
    {"bpf", bpf_attributes, true},
    {"io_uring_register", register_with_ring},
    {"io_uring_enter", enter_ring},
    {"prctl", prctl},
    {"arch_prctl", arch_prctl},
    {"process_vm_readv", foreign_vectors, true},
    {"process_vm_writev", foreign_vectors, true},
    {"seccomp", seccomp},
    {"setsockopt", socket_option},
    {"mount", mount_data},
    {"fsconfig", configure_mount},
    {"name_to_handle_at", file_handle},
    {"open_by_handle_at", file_handle},
    {"keyctl", keyctl},
    {"shmctl", ipc_control},
    {"msgctl", ipc_control},
    {"io_submit", submitted, true},
    {"io_cancel", cancelled},
    {"io_getevents", io_events, true},
    {"io_pgetevents", io_events, true},
    {"landlock_add_rule", landlock_rule},
    {"kcmp", compared},
    {"migrate_pages", node_masks, true},
    {"move_pages", node_masks, true},
    {"perf_event_open", counter},
    {"set_thread_area", segment_descriptor},
    {"get_thread_area", segment_descriptor},
    {"kexec_load", kexec_segments},
    {"futex", futex, true},
    {"utimensat", two_times, true},
    {"futimesat", two_times, true},
    {"utimes", two_times, true},
    {"getdents64", directory, true},
    {"getdents", directory, true},
    {"rt_sigreturn", signal_return},
    {"sched_setaffinity", affinity, true},
    {"sched_getaffinity", affinity, true},
    {"getgroups", counted_groups, true},
    {"setgroups", counted_groups, true},
    {"msgsnd", queue_message, true},
    {"msgrcv", queue_message, true},
    {"epoll_wait", epoll_result, true},
    {"epoll_pwait", epoll_result, true},
    {"epoll_pwait2", epoll_result, true},
    {"mincore", resident_pages, true},
    {"capget", capabilities, true},
    {"capset", capabilities, true},
    {"clone3", clone3, true},
    {"openat2", newer_structure},
    {"mount_setattr", newer_structure},
    {"accept", peer_address, true},
    {"accept4", peer_address, true},
    {"getsockname", peer_address, true},
    {"getpeername", peer_address, true},
    {"recvfrom", peer_address, true},
};
const auto& specials() {
  static const auto table = [] {
    std::array<const Special*, kSyscallEnd> by_number{};
    for (const Special& s : kSpecials) {
      const SyscallRow* row = find_syscall(s.name);
      if (row != nullptr && row->x86_64 >= 0) by_number[static_cast<usize>(row->x86_64)] = &s;
    }
    return by_number;
  }();
  return table;
}

// Calls whose result is a descriptor.
bool makes_descriptor(u64 nr) {
  static const auto table = [] {
    std::array<bool, kSyscallEnd> set{};
    for (const std::string_view name : {"open",
                                        "openat",
                                        "openat2",
                                        "creat",
                                        "dup",
                                        "dup2",
                                        "dup3",
                                        "socket",
                                        "accept",
                                        "accept4",
                                        "epoll_create",
                                        "epoll_create1",
                                        "eventfd",
                                        "eventfd2",
                                        "timerfd_create",
                                        "signalfd",
                                        "signalfd4",
                                        "inotify_init",
                                        "inotify_init1",
                                        "memfd_create",
                                        "pidfd_open",
                                        "pidfd_getfd",
                                        "mq_open",
                                        "fsopen",
                                        "fsmount",
                                        "fspick",
                                        "open_tree",
                                        "fanotify_init",
                                        "open_by_handle_at"}) {
      set[static_cast<usize>(find_syscall(name)->x86_64)] = true;
    }
    return set;
  }();
  return table[nr];
}

// Calls that carry a socket's messages.
bool moves_messages(u64 nr) {
  constexpr u64 kNumbers[] = {44, 45, 46, 47, 299, 307};  // sendto, recvfrom, sendmsg, recvmsg, recvmmsg, sendmmsg
  return std::find(std::begin(kNumbers), std::end(kNumbers), nr) != std::end(kNumbers);
}

bool is_netlink(Context& c) {
  const i32 fd = static_cast<i32>(c.arg(0));
  const Result<Ref<File>> file = c.task.files().get(Fd(fd));
  auto* socket = file.ok() ? dynamic_cast<SocketFile*>(file->get()) : nullptr;
  if (socket == nullptr || socket->domain() != abi::af_netlink) return false;
  if (!c.leaving && !c.options.details) socket_detail(c, fd, *socket);
  return true;
}

void capture_all(Context& c) {
  const u64 nr = c.call.nr;
  if (nr >= kSyscallEnd) return;
  const Special* special = c.options.memory ? specials()[nr] : nullptr;
  if (c.options.memory && moves_messages(nr)) c.netlink = is_netlink(c);
  const Params& params = kParams[nr];
  const bool by_rule = c.options.memory && (special == nullptr || !special->replaces);
  for (usize i = 0; i < params.size(); ++i) {
    if (by_rule || params[i].shape == Shape::fd) capture(c, params, i);
  }
  if (special != nullptr) special->capture(c);
  if (c.leaving && c.options.files && c.value >= 0 && makes_descriptor(nr)) file_name(c, static_cast<i32>(c.value));
}

}  // namespace

void capture_entry(Task& task, const platform::Entry& call, const CaptureOptions& options, RecordWriter& to) {
  Context c{task, call, options, to};
  capture_all(c);
}

void capture_exit(Task& task, const platform::Entry& call, i64 value, const CaptureOptions& options, RecordWriter& to) {
  Context c{task, call, options, to, true, value};
  capture_all(c);
}

void capture_vector(const std::vector<std::string>& strings, u64 place, bool whole, const CaptureOptions& options,
                    RecordWriter& to) {
  const u64 count = strings.size();
  to.piece(event::Piece::Kind::count, place, &count, sizeof count);
  if (!whole) return;
  const usize shown = options.verbose ? count : std::min<usize>(count, options.string_bytes + 1);
  std::vector<u64> pointers;
  u64 next = place + (shown + 1) * sizeof(u64);
  for (usize i = 0; i < shown; ++i) {
    pointers.push_back(next);
    next += strings[i].size() + 1;
  }
  pointers.push_back(0);
  to.piece(event::Piece::Kind::memory, place, pointers.data(), pointers.size() * sizeof(u64));
  for (usize i = 0; i < shown; ++i) {
    to.piece(event::Piece::Kind::memory, pointers[i], strings[i].c_str(),
             std::min(strings[i].size(), options.string_bytes) + 1);
  }
}

}  // namespace limen
