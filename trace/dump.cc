// -e read=SET, -e write=SET: all the data of a call behind its line, as bytes and as text.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "abi/mman.h"
#include "abi/socket.h"
#include "trace/text.h"

namespace limen::trace {
namespace {

// How a call's second and third word say where its data are.
enum class Data : u8 { bytes, vector, message };
struct Mover {
  std::string_view call;
  bool reads;
  Data data;
};
constexpr Mover kMovers[] = {
    {"read", true, Data::bytes},       {"pread64", true, Data::bytes},    {"recvfrom", true, Data::bytes},
    {"readv", true, Data::vector},     {"preadv", true, Data::vector},    {"preadv2", true, Data::vector},
    {"recvmsg", true, Data::message},  {"write", false, Data::bytes},     {"pwrite64", false, Data::bytes},
    {"sendto", false, Data::bytes},    {"writev", false, Data::vector},   {"pwritev", false, Data::vector},
    {"pwritev2", false, Data::vector}, {"vmsplice", false, Data::vector}, {"sendmsg", false, Data::message}};

// " | 00000  61 62 0a                                          ab.              |"
void dump(std::string& out, std::span<const u8> data) {
  constexpr usize kLine = 16;
  for (usize at = 0; at < data.size(); at += kLine) {
    fmt::format_to(std::back_inserter(out), " | {:05x} ", at);
    const usize n = std::min(kLine, data.size() - at);
    for (usize i = 0; i < kLine; ++i) {
      if (i % 8 == 0) out += ' ';
      i < n ? void(fmt::format_to(std::back_inserter(out), "{:02x} ", data[at + i])) : void(out += "   ");
    }
    out += ' ';
    for (usize i = 0; i < kLine; ++i) {
      const u8 c = i < n ? data[at + i] : ' ';
      out += c >= ' ' && c < 0x7f ? static_cast<char>(c) : '.';
    }
    out += " |\n";
  }
}

void dump_at(std::string& out, const Seen& seen, u64 place, u64 length) {
  const std::span<const u8> there = seen.from(place);
  const usize known = static_cast<usize>(std::min<u64>(there.size(), length));
  dump(out, there.first(known));
  if (known < length) fmt::format_to(std::back_inserter(out), " | {} bytes more\n", length - known);
}

}  // namespace

void append_data(std::string& out, const Call& call, const Filter& filter) {
  if (call.row == nullptr || call.failed() || !call.left) return;
  const auto* mover =
      std::find_if(std::begin(kMovers), std::end(kMovers), [&](const Mover& m) { return m.call == call.row->name; });
  if (mover == std::end(kMovers)) return;
  const DescriptorSet& wanted = mover->reads ? filter.dump_reads : filter.dump_writes;
  if (!wanted.holds(static_cast<i32>(call.args[0]))) return;
  u64 left = mover->reads ? static_cast<u64>(call.value) : ~u64{0}, place = call.args[1], count = call.args[2];
  if (mover->data == Data::bytes) return dump_at(out, call.seen, place, std::min(left, count));
  if (mover->data == Data::message) {
    abi::MsgHdr message;
    if (!call.seen.read(place, message)) return;
    place = message.msg_iov.raw(), count = message.msg_iovlen;
  }
  abi::IoVec vector;
  for (u64 i = 0; i < count && left > 0 && call.seen.read(place + i * sizeof vector, vector); ++i) {
    const u64 length = std::min(vector.iov_len, left);
    if (length == 0) continue;
    fmt::format_to(std::back_inserter(out), " * {} bytes in buffer {}\n", length, i);
    dump_at(out, call.seen, vector.iov_base.raw(), length);
    left -= length;
  }
}

}  // namespace limen::trace
