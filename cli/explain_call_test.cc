#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/syscall_text.h"

namespace limen::cli {
namespace {

struct Said {
  int status;
  std::string out, error;
};

Said explain(const std::vector<std::string>& words) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const int status = dispatch(*make_explain(), words);
  return {status, testing::internal::GetCapturedStdout(), testing::internal::GetCapturedStderr()};
}

nlohmann::json json_of(std::vector<std::string> words) {
  words.insert(words.begin(), "--json");
  return nlohmann::json::parse(explain(words).out);
}

TEST(Explain, registers_are_those_of_each_architecture) {
  const nlohmann::json openat = json_of({"openat"})[0];
  EXPECT_EQ(openat["architectures"]["x86_64"]["number"], 257);
  EXPECT_EQ(openat["architectures"]["x86_64"]["arguments_in"]["mode"], "r10");
  EXPECT_EQ(openat["architectures"]["aarch64"]["arguments_in"]["mode"], "x3");
  EXPECT_TRUE(json_of({"open"})[0]["architectures"]["aarch64"].is_null());
}

TEST(Explain, parameters_that_stand_elsewhere_on_other_architectures) {
  const nlohmann::json calls = json_of({"pread64", "clone", "select"});
  EXPECT_EQ(calls[0]["architectures"]["i386"]["arguments_in"]["offset"], "esi:edi");
  EXPECT_EQ(calls[0]["architectures"]["x86_64"]["arguments_in"]["offset"], "r10");
  EXPECT_EQ(calls[1]["architectures"]["x86_64"]["arguments_in"]["tls"], "r8");
  EXPECT_EQ(calls[1]["architectures"]["aarch64"]["arguments_in"]["tls"], "x3");
  EXPECT_EQ(calls[2]["architectures"]["i386"]["arguments_in"]["readfds"], "ebx[1]");
}

TEST(Explain, every_call_has_a_page_and_registers_enough) {
  for (const SyscallRow& row : syscall_rows()) {
    const Said said = explain({std::string(row.name)});
    EXPECT_EQ(said.status, 0) << row.name;
    EXPECT_NE(said.out.find("Linux "), std::string::npos) << row.name;
  }
}

TEST(Explain, a_number_is_one_of_the_architecture_asked_for) {
  EXPECT_EQ(json_of({"--arch", "arm64", "56"})[0]["name"], "openat");
  EXPECT_EQ(json_of({"--arch", "i386", "5"})[0]["name"], "open");
}

TEST(Explain, an_unknown_call_is_one_line_with_the_nearest_names) {
  const Said said = explain({"read", "opnat"});
  EXPECT_EQ(said.status, 125);
  EXPECT_EQ(said.out, "");
  EXPECT_EQ(said.error, "limen explain: no system call 'opnat' on x86_64; did you mean 'openat' or 'openat2'?\n");
  EXPECT_EQ(explain({"9999"}).status, 125);
  EXPECT_EQ(explain({}).status, 125);
}

}  // namespace
}  // namespace limen::cli
