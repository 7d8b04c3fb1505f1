#include "host/stream.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

namespace limen::host {
namespace {

Handle handle_of(int fd) { return Handle(fd, {Origin::Kind::inherited, "", fd}); }

std::span<const u8> bytes(const char* text) {
  return {reinterpret_cast<const u8*>(text), std::char_traits<char>::length(text)};
}

TEST(Stream, ARegularFileIsReadAndWrittenAtAnyPlace) {
  Stream stream(handle_of(memfd_create("stream", MFD_CLOEXEC)));
  ASSERT_EQ(stream.kind(), StreamKind::regular);
  EXPECT_EQ(stream.write(bytes("hello")).value(), 5u);
  EXPECT_EQ(stream.write_at(bytes("JJ"), 1).value(), 2u);
  u8 got[8] = {};
  EXPECT_EQ(stream.read_at(got, 0).value(), 5u);
  EXPECT_EQ(std::string(reinterpret_cast<char*>(got)), "hJJlo");
  EXPECT_EQ(stream.seek(0, SEEK_CUR).value(), 5u);  // neither moved the offset that others share
  EXPECT_TRUE(stream.sync(true).ok());
  EXPECT_TRUE(stream.truncate(2).ok());
  EXPECT_EQ(stream.status().value().size, 2u);
}

TEST(Stream, APipeHasNoPlaces) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  Stream in(handle_of(ends[0])), out(handle_of(ends[1]));
  EXPECT_EQ(in.kind(), StreamKind::pipe_or_socket);
  u8 got[1];
  EXPECT_TRUE(in.read(got).is(Errno::eagain));
  EXPECT_TRUE(in.read_at(got, 0).is(Errno::espipe));
  EXPECT_TRUE(in.sync(false).is(Errno::einval));
}

}  // namespace
}  // namespace limen::host
