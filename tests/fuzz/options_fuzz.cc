// The words of `limen run`: each is taken or refused with a one-line text, never anything else.
#include <cstdlib>
#include <cstring>
#include <string>

#include "cli/plan_build.h"
#include "cli/terminal.h"

namespace {

template <typename Parse>
void try_parse(Parse parse) {
  try {
    parse();
  } catch (const limen::cli::UsageError& error) {
    if (std::strlen(error.what()) == 0) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace limen::cli;
  const std::string text(reinterpret_cast<const char*>(data), size);
  try_parse([&] { parse_size("--memory", text); });
  try_parse([&] {
    if (parse_duration("--timeout", text).count() <= 0) std::abort();
  });
  try_parse([&] { parse_number("--pids", text, 1, 100); });
  try_parse([&] { parse_mutation(text); });
  const std::string path = normalise_path(text);
  if (path.empty() || path[0] != '/' || path.find("//") != std::string::npos) std::abort();
  if (normalise_path(path) != path) std::abort();
  return 0;
}
