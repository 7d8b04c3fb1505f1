#include "kernel/mm/user_ptr.h"

#include <algorithm>
#include <cstring>

#include "abi/limits.h"
#include "kernel/mm/mm.h"
#include "kernel/task/task.h"
#include "kernel/task/thread_group.h"

namespace limen {

Result<void> copy_from_user(Task& task, void* to, GuestAddr from, usize length) {
  if (task.mm().copy_in(to, from, length) != length) return Errno::efault;
  return success;
}

Result<void> copy_struct_from_user(Task& task, void* to, usize known, GuestAddr from, usize given) {
  if (given > known) {
    std::vector<u8> newer(given - known);
    const usize got = task.mm().copy_in(newer.data(), from + known, newer.size());
    const auto end = newer.begin() + static_cast<i64>(got);
    if (std::any_of(newer.begin(), end, [](u8 byte) { return byte != 0; })) return Errno::e2big;
    if (got != newer.size()) return Errno::efault;
  }
  std::memset(to, 0, known);
  return copy_from_user(task, to, from, std::min(known, given));
}

Result<void> copy_to_user(Task& task, GuestAddr to, const void* from, usize length) {
  if (task.mm().copy_out(to, from, length) != length) return Errno::efault;
  return success;
}

Result<std::string> string_from_user(Task& task, GuestAddr from, usize max, Errno too_long) {
  // A string often ends near a page's end: never copy beyond the page that is known to be needed.
  std::string text;
  char chunk[256];
  while (text.size() < max) {
    const GuestAddr at = from + text.size();
    const usize to_page_end = kPageSize - (at.raw() & kPageMask);
    const usize wanted = std::min({sizeof chunk, to_page_end, max - text.size()});
    const usize got = task.mm().copy_in(chunk, at, wanted);
    if (const void* nul = std::memchr(chunk, 0, got)) {
      text.append(chunk, static_cast<usize>(static_cast<const char*>(nul) - chunk));
      return text;
    }
    if (got < wanted) return Errno::efault;
    text.append(chunk, got);
  }
  return too_long;
}

Result<std::string> UserPath::read(Task& task) const {
  return string_from_user(task, addr(), abi::path_max, Errno::enametoolong);
}

// Linux: fs/exec.c:count, copy_strings. Each pointer counts, and its NUL does.
Result<std::vector<std::string>> UserStrings::read(Task& task, usize max_bytes) const {
  std::vector<std::string> strings;
  if (is_null()) return strings;
  usize total = 0;
  for (GuestAddr at = addr();; at = at + sizeof(u64)) {
    u64 pointer = 0;
    TRY(copy_from_user(task, &pointer, at, sizeof pointer));
    if (pointer == 0) return strings;
    total += sizeof pointer;
    if (total >= max_bytes) return Errno::e2big;
    const usize room = std::min<usize>(max_bytes - total, abi::max_arg_strlen);
    std::string text = TRY(string_from_user(task, GuestAddr(pointer), room, Errno::e2big));
    total += text.size() + 1;
    strings.push_back(std::move(text));
  }
}

}  // namespace limen
