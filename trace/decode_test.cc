#include "trace/decode.h"

#include <gtest/gtest.h>

#include "kernel/trace/capture.h"
#include "trace/print.h"
#include "trace/summary.h"
#include "trace/text.h"

namespace limen::trace {
namespace {

// A call made by hand, with the memory that its words point to.
class Made {
 public:
  Made(std::string_view name, std::array<u64, 6> args) {
    call.row = find_syscall(name);
    call.nr = static_cast<u64>(call.row->x86_64);
    call.args = args;
  }
  Made& memory(u64 place, const void* data, usize length) {
    const PieceView piece{event::Piece::Kind::memory, place, {static_cast<const u8*>(data), length}};
    call.seen.add({&piece, 1});
    return *this;
  }
  // Two pieces of one record.
  Made& both(u64 place, std::string_view one, std::string_view other) {
    const auto piece = [&](std::string_view s) {
      return PieceView{event::Piece::Kind::memory, place, {reinterpret_cast<const u8*>(s.data()), s.size()}};
    };
    const PieceView pieces[] = {piece(one), piece(other)};
    call.seen.add(pieces);
    return *this;
  }
  Made& text(u64 place, std::string_view words) { return memory(place, words.data(), words.size()); }
  Made& file(i64 fd, std::string_view path) {
    const PieceView piece{
        event::Piece::Kind::file, static_cast<u64>(fd), {reinterpret_cast<const u8*>(path.data()), path.size()}};
    call.seen.add({&piece, 1});
    return *this;
  }
  std::string entry() {
    std::string out;
    decode_entry(call, options, out);
    return out;
  }
  std::string exit(i64 value) {
    call.left = true, call.value = value;
    std::string out;
    decode_exit(call, options, out);
    out += ") = ";
    decode_result(call, options, out);
    return out;
  }
  std::string whole(i64 value) {
    const std::string head = entry();
    return head + exit(value);
  }
  Call call;
  DecodeOptions options;
};

constexpr u64 kCwd = static_cast<u64>(-100);
using namespace std::string_view_literals;

TEST(Decode, PathAndFlags) {
  EXPECT_EQ(Made("openat", {kCwd, 0x1000, 02000000, 0}).text(0x1000, "/etc/ld.so.cache\0"sv).whole(3),
            "openat(AT_FDCWD, \"/etc/ld.so.cache\", O_RDONLY|O_CLOEXEC) = 3");
  EXPECT_EQ(Made("openat", {kCwd, 0x1000, 0101, 0644}).text(0x1000, "f\0"sv).whole(-13),
            "openat(AT_FDCWD, \"f\", O_WRONLY|O_CREAT, 0644) = -1 EACCES (Permission denied)");
}

TEST(Decode, OutParametersWaitForTheExit) {
  Made made("read", {3, 0x2000, 832});
  EXPECT_EQ(made.entry(), "read(3, ");
  made.text(0x2000, "\177ELF\2\1\1\3\0\0"sv);
  EXPECT_EQ(made.exit(10), "\"\\177ELF\\2\\1\\1\\3\\0\\0\", 832) = 10");
}

TEST(Decode, FailedCallShowsTheAddressOfItsBuffer) {
  EXPECT_EQ(Made("read", {3, 0x2000, 832}).whole(-9), "read(3, 0x2000, 832) = -1 EBADF (Bad file descriptor)");
}

TEST(Decode, UnreadableMemoryIsAnAddress) {
  EXPECT_EQ(Made("openat", {kCwd, 0x1000, 0, 0}).whole(-14),
            "openat(AT_FDCWD, 0x1000, O_RDONLY) = -1 EFAULT (Bad address)");
}

TEST(Decode, APathIsWholeWhereAnArgumentIsTheSameWord) {
  EXPECT_EQ(Made("execve", {0x1000, 0, 0})
                .both(0x1000, "/usr/lib/gcc/x86_64-linux-gnu/12/cc1\0"sv, "/usr/lib/gcc"sv)
                .whole(0),
            "execve(\"/usr/lib/gcc/x86_64-linux-gnu/12/cc1\", NULL, NULL) = 0");
}

TEST(Decode, OfTwoRecordsTheLaterCounts) {
  EXPECT_EQ(Made("write", {1, 0x2000, 2}).text(0x2000, "abcd").text(0x2000, "xy").whole(2), "write(1, \"xy\", 2) = 2");
}

TEST(Decode, RawWordsAndAddressesWhereTheyAreAskedFor) {
  Made raw("close", {3});
  raw.options.raw = true;
  EXPECT_EQ(raw.whole(3), "close(0x3) = 0x3");
  Made bare("uname", {0x1000});
  bare.options.structures = false;
  EXPECT_EQ(bare.whole(0), "uname(0x1000) = 0");
}

TEST(Decode, NumbersOfProcessesHaveNamesWhereThoseAreKnown) {
  const ProcessNames names{{7, "sh"}};
  Made made("kill", {7, 15});
  made.options.names = &names;
  EXPECT_EQ(made.whole(0), "kill(7<sh>, SIGTERM) = 0");
}

TEST(Decode, AnErrorWithoutANameIsANumber) { EXPECT_EQ(Made("close", {3}).whole(-1000), "close(3) = -1 (errno 1000)"); }

TEST(Decode, LongBuffersAreShortened) {
  const std::string long_text(40, 'x');
  EXPECT_EQ(Made("write", {1, 0x2000, 40}).text(0x2000, long_text).whole(40),
            "write(1, \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"..., 40) = 40");
}

TEST(Decode, UnknownBitsAreShown) {
  EXPECT_EQ(Made("mprotect", {0x1000, 4096, 0x41}).whole(0), "mprotect(0x1000, 4096, PROT_READ|0x40) = 0");
  EXPECT_EQ(Made("lseek", {3, 0, 99}).whole(-22), "lseek(3, 0, 0x63 /* SEEK_??? */) = -1 EINVAL (Invalid argument)");
}

TEST(Decode, ResultsOfCallsThatGiveAddresses) {
  EXPECT_EQ(Made("brk", {0}).whole(0x5555'0000), "brk(NULL) = 0x55550000");
  EXPECT_EQ(Made("umask", {022}).whole(022), "umask(022) = 022");
}

TEST(Decode, RestartErrnosHaveNoNumber) {
  EXPECT_EQ(Made("pause", {}).whole(-514), "pause() = ? ERESTARTNOHAND (To be restarted if no handler)");
}

TEST(Decode, PathsOfDescriptors) {
  Made made("close", {3});
  made.options.files = DecodeOptions::paths;
  EXPECT_EQ(made.file(3, "/etc/passwd").whole(0), "close(3</etc/passwd>) = 0");
}

TEST(Decode, EscapesAreAsShortAsTheyCanBe) {
  EXPECT_EQ(quote("\0001\0a\n\""sv, DecodeOptions::Hex::none, More::no), "\"\\0001\\0a\\n\\\"\"");
  EXPECT_EQ(quote("\1a"sv, DecodeOptions::Hex::unprintable, More::yes), "\"\\x01\\x61\"...");
}

TEST(Decode, SetsOfSignalsAreNamedByWhatIsMissingWhereThatIsShorter) {
  EXPECT_EQ(print_signal_set(1 << 16), "[CHLD]");
  EXPECT_EQ(print_signal_set(~u64{0}), "~[]");
}

TEST(Decode, ConstantsAreWrittenAsAsked) {
  const auto in_style = [](ConstantStyle style, std::string_view table, u64 value) {
    const ConstantScope scope(style);
    return print_names(names(table), value);
  };
  using enum ConstantStyle;
  EXPECT_EQ(in_style(abbreviated, "MmapProt", 3), "PROT_READ|PROT_WRITE");
  EXPECT_EQ(in_style(raw, "MmapProt", 3), "0x3");
  EXPECT_EQ(in_style(verbose, "MmapProt", 3), "0x3 /* PROT_READ|PROT_WRITE */");
  EXPECT_EQ(in_style(verbose, "Whence", 0), "0 /* SEEK_SET */");
  EXPECT_EQ(in_style(raw, "Whence", 77), "0x4d");
  EXPECT_EQ(in_style(verbose, "Whence", 77), "0x4d /* SEEK_??? */");
  Made made("kill", {5, 9});
  made.options.constants = verbose;
  EXPECT_EQ(made.whole(0), "kill(5, 9 /* SIGKILL */) = 0");
  EXPECT_EQ(signal_name(9), "SIGKILL");  // outside of a call
}

TEST(Decode, EveryRowCanBeDecodedWithoutMemory) {
  for (const SyscallRow& row : syscall_rows()) {
    if (row.x86_64 < 0) continue;
    for (const u64 word : {u64{0}, u64{1}, ~u64{0}}) {
      Made made(row.name, {word, word, word, word, word, word});
      EXPECT_TRUE(made.whole(static_cast<i64>(word)).starts_with(std::string(row.name) + "(")) << row.name;
    }
  }
}

TEST(Filter, SetsOfCalls) {
  const auto has = [](const CallSet& set, std::string_view name) {
    return set[static_cast<usize>(find_syscall(name)->x86_64)];
  };
  EXPECT_TRUE(has(parse_calls("openat,close"), "close"));
  EXPECT_FALSE(has(parse_calls("!openat"), "openat"));
  EXPECT_TRUE(has(parse_calls("%file"), "openat"));
  EXPECT_TRUE(has(parse_calls("/^sched_"), "sched_yield"));
  EXPECT_TRUE(parse_calls("?nosuchcall").none());
  EXPECT_THROW(parse_calls("opneat"), BadSet);
  EXPECT_THROW(parse_calls("/["), BadSet);
  EXPECT_THROW(parse_calls("%nothing"), BadSet);
  EXPECT_THROW(parse_calls("read,,write"), BadSet);
  EXPECT_NO_THROW(check_summary_columns("name,time,count"));
  EXPECT_THROW(check_summary_columns("name,syscall"), BadSet);
  EXPECT_THROW(check_summary_columns(""), BadSet);
  Filter filter;
  EXPECT_THROW(filter.add("colour=red"), BadSet);
  EXPECT_THROW(filter.add("signal=SIGNOTHING"), BadSet);
}

TEST(Stream, BrokenRecordsEndTheReading) {
  std::vector<u8> bytes(sizeof(event::RecordHead));
  event::RecordHead head{.size = 8};
  std::memcpy(bytes.data(), &head, sizeof head);
  Stream stream;
  EXPECT_FALSE(stream.feed(bytes, [](const EventView&) { FAIL(); }));
  // A piece that is longer than its record.
  RecordWriter writer;
  writer.begin(event::Kind::stopped);
  writer.body(event::Stopped{19, 0});
  writer.text(event::Piece::Kind::name, 0, "abc");
  const std::span<const u8> good = writer.finish();
  std::vector<u8> bad(good.begin(), good.end());
  const u32 length = 1000;
  std::memcpy(&bad[sizeof head + 8 + offsetof(event::Piece, length)], &length, sizeof length);
  EXPECT_FALSE(Stream().feed(bad, [](const EventView&) { FAIL(); }));
  int seen = 0;
  EXPECT_TRUE(Stream().feed(good, [&](const EventView& view) { seen += static_cast<int>(view.pieces.size()); }));
  EXPECT_EQ(seen, 1);
}

TEST(Durations, PercentilesAreWithinATenth) {
  Durations d;
  for (u64 i = 1; i <= 1000; ++i) d.add(i * 1000);
  EXPECT_NEAR(static_cast<double>(d.percentile_ns(0.5)), 500e3, 50e3);
  EXPECT_NEAR(static_cast<double>(d.percentile_ns(0.99)), 990e3, 99e3);
  EXPECT_EQ(d.total_ns(), 500500u * 1000);
}

}  // namespace
}  // namespace limen::trace
