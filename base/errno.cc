#include "base/errno.h"

#include <algorithm>
#include <array>

namespace limen {
namespace {

struct Row {
  Errno value;
  std::string_view name;
  std::string_view text;
};

constexpr Row kRows[] = {
#define LIMEN_ERRNO_ROW(name, number, text) {Errno::name, #name, text},
    LIMEN_ERRNOS(LIMEN_ERRNO_ROW)
#undef LIMEN_ERRNO_ROW
};

// What no call here answers by itself: filters, supervisors and injected errors may nevertheless. Those from 512 on never leave
// a kernel (include/linux/errno.h) and have no text of their own.
struct ForeignRow {
  int number;
  std::string_view name, text;
};
constexpr ForeignRow kForeign[] = {
    {44, "ECHRNG", "Channel number out of range"},
    {45, "EL2NSYNC", "Level 2 not synchronized"},
    {46, "EL3HLT", "Level 3 halted"},
    {47, "EL3RST", "Level 3 reset"},
    {48, "ELNRNG", "Link number out of range"},
    {49, "EUNATCH", "Protocol driver not attached"},
    {50, "ENOCSI", "No CSI structure available"},
    {51, "EL2HLT", "Level 2 halted"},
    {52, "EBADE", "Invalid exchange"},
    {53, "EBADR", "Invalid request descriptor"},
    {54, "EXFULL", "Exchange full"},
    {55, "ENOANO", "No anode"},
    {56, "EBADRQC", "Invalid request code"},
    {57, "EBADSLT", "Invalid slot"},
    {59, "EBFONT", "Bad font file format"},
    {63, "ENOSR", "Out of streams resources"},
    {64, "ENONET", "Machine is not on the network"},
    {65, "ENOPKG", "Package not installed"},
    {66, "EREMOTE", "Object is remote"},
    {68, "EADV", "Advertise error"},
    {69, "ESRMNT", "Srmount error"},
    {70, "ECOMM", "Communication error on send"},
    {72, "EMULTIHOP", "Multihop attempted"},
    {73, "EDOTDOT", "RFS specific error"},
    {76, "ENOTUNIQ", "Name not unique on network"},
    {78, "EREMCHG", "Remote address changed"},
    {79, "ELIBACC", "Can not access a needed shared library"},
    {81, "ELIBSCN", ".lib section in a.out corrupted"},
    {82, "ELIBMAX", "Attempting to link in too many shared libraries"},
    {83, "ELIBEXEC", "Cannot exec a shared library directly"},
    {85, "ERESTART", "Interrupted system call should be restarted"},
    {86, "ESTRPIPE", "Streams pipe error"},
    {102, "ENETRESET", "Network dropped connection on reset"},
    {117, "EUCLEAN", "Structure needs cleaning"},
    {118, "ENOTNAM", "Not a XENIX named type file"},
    {119, "ENAVAIL", "No XENIX semaphores available"},
    {120, "EISNAM", "Is a named type file"},
    {121, "EREMOTEIO", "Remote I/O error"},
    {123, "ENOMEDIUM", "No medium found"},
    {124, "EMEDIUMTYPE", "Wrong medium type"},
    {129, "EKEYREJECTED", "Key was rejected by service"},
    {132, "ERFKILL", "Operation not possible due to RF-kill"},
    {133, "EHWPOISON", "Memory page has hardware error"},
    {517, "EPROBE_DEFER", "Unknown error 517"},
    {518, "EOPENSTALE", "Unknown error 518"},
    {521, "EBADHANDLE", "Unknown error 521"},
    {522, "ENOTSYNC", "Unknown error 522"},
    {523, "EBADCOOKIE", "Unknown error 523"},
    {524, "ENOTSUPP", "Unknown error 524"},
    {525, "ETOOSMALL", "Unknown error 525"},
    {526, "ESERVERFAULT", "Unknown error 526"},
    {527, "EBADTYPE", "Unknown error 527"},
    {528, "EJUKEBOX", "Unknown error 528"},
    {529, "EIOCBQUEUED", "Unknown error 529"},
    {530, "ERECALLCONFLICT", "Unknown error 530"},
};

constexpr size_t kLongest = 24;

// The names upper-cased once, at compile time.
constexpr auto kUpper = [] {
  std::array<std::array<char, kLongest>, std::size(kRows)> out{};
  for (size_t i = 0; i < std::size(kRows); ++i) {
    for (size_t j = 0; j < kRows[i].name.size(); ++j) {
      const char c = kRows[i].name[j];
      out[i][j] = (c >= 'a' && c <= 'z') ? static_cast<char>(c - 'a' + 'A') : c;
    }
  }
  return out;
}();

const Row* find(Errno e) {
  const auto* row = std::find_if(std::begin(kRows), std::end(kRows), [e](const Row& r) { return r.value == e; });
  return row == std::end(kRows) ? nullptr : row;
}

const ForeignRow* find_foreign(Errno e) {
  const auto* row = std::find_if(std::begin(kForeign), std::end(kForeign),
                                 [e](const ForeignRow& r) { return r.number == static_cast<int>(e); });
  return row == std::end(kForeign) ? nullptr : row;
}

}  // namespace

std::string_view errno_name(Errno e) {
  if (const Row* row = find(e)) return {kUpper[static_cast<size_t>(row - kRows)].data(), row->name.size()};
  const ForeignRow* row = find_foreign(e);
  return row != nullptr ? row->name : "E???";
}

std::string_view errno_text(Errno e) {
  if (const Row* row = find(e)) return row->text;
  const ForeignRow* row = find_foreign(e);
  return row != nullptr ? row->text : "Unknown error";
}

}  // namespace limen
