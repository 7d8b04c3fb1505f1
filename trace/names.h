// The names of Linux's numbers, for text that people and scripts know from strace.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/types.h"

namespace limen::trace {

struct Name {
  u64 value;
  std::string_view name;
};

// How a constant is written, -X: by its name, by its number, or by both: "0x3 /* PROT_READ|PROT_WRITE */".
enum class ConstantStyle : u8 { abbreviated, raw, verbose };
// What this thread writes until its end, where else it writes names. Constants are written at the bottom of every printer: a scope
// spares each of them a parameter.
class ConstantScope {
 public:
  explicit ConstantScope(ConstantStyle style);
  ~ConstantScope();
  ConstantScope(const ConstantScope&) = delete;
  ConstantScope& operator=(const ConstantScope&) = delete;

 private:
  const ConstantStyle before_;
};
ConstantStyle constant_style();
// A constant whose number is written as `number` and whose name is `name`, as the style has it.
void append_constant(std::string& out, std::string_view number, std::string_view name);
std::string constant(std::string_view number, std::string_view name);

// A set of names. In a set of bits an entry whose value is 0 is what an empty set is called.
struct Names {
  enum class Kind : u8 { number, bits };
  Kind kind;
  std::string_view unknown;  // "PROT_???": what a value outside the list gets as its comment
  std::span<const Name> list;
};

struct NamedTable {
  std::string_view type;
  Names names;
};
std::span<const NamedTable> bpf_tables();
std::span<const NamedTable> socket_tables();
std::span<const NamedTable> call_tables();   // of single calls
std::span<const NamedTable> ioctl_tables();  // "IoctlCmd"

// By the type that abi/params.h has for them ("OpenFlags"), or by a name of our own ("sa_flags"); null: no such table.
const Names* find_names(std::string_view type);
// As above, for one that is there.
const Names& names(std::string_view type);

// "O_RDONLY|O_CLOEXEC", "0x1234 /* PROT_??? */".
void append_names(std::string& out, const Names& names, u64 value);
std::string print_names(const Names& names, u64 value);
std::string names_alone(std::string_view table, u64 value);  // whatever the style is
// The name of a number in a table, or empty.
std::string_view name_of(const Names& names, u64 value);

void append_number(std::string& out, u64 value);
void append_number(std::string& out, i64 value);
void append_hex(std::string& out, u64 value);  // "0x1f"
std::string hex(u64 value);                    // the same, but "0"
std::string device(u64 major, u64 minor);      // "makedev(0xfe, 0)"
std::string signal_name(i32 signo);            // "SIGCHLD", "SIGRT_1", "100"
i32 signal_number(std::string_view name);      // with or without "SIG", or a number; 0: none
// "[CHLD USR1]", or "~[USR1]" where most are in it.
std::string print_signal_set(u64 bits);
std::string open_flags(u64 value);
std::string file_mode(u32 mode);     // "S_IFREG|0644"
std::string permissions(u32 mode);   // "0644"
std::string clone_flags(u64 value);  // CLONE_* alone
std::string futex_op(u32 op);
std::string socket_type(u32 type);

}  // namespace limen::trace
