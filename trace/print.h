// Printers of parameters. A printer writes one word of a call, with the memory that it points to, as text.
#pragma once

#include <string>

#include "trace/decode.h"
#include "trace/names.h"

namespace limen::trace {

// What a printer has at hand.
struct Print {
  const Call& call;
  const DecodeOptions& options;
  std::string& out;

  u64 arg(usize i) const { return call.args[i]; }
  const Seen& seen() const { return call.seen; }
  bool done() const { return call.left && !call.failed(); }

  void text(std::string_view s) { out += s; }
  void address(u64 a);  // NULL, 0x7ffc...
  void number(i64 n) { append_number(out, n); }
  void unsigned_number(u64 n) { append_number(out, n); }
  void named(std::string_view table, u64 value) { append_names(out, names(table), value); }
  void process(i32 pid);    // "7", "7<sh>" of a thread, a process, a group or a session
  void descriptor(i32 fd);  // "3", "3</etc/passwd>"
  void file(i32 fd);        // "</etc/passwd>", where that is asked for
  bool is_netlink(i32 fd) const;
  void directory(i32 fd);                           // as descriptor, or AT_FDCWD
  void path(u64 place);                             // never shortened
  void string(u64 place);                           // up to its NUL
  std::string quoted(std::string_view word) const;  // as -x has it: an address inside of a name
  // `length` bytes at `place`, shortened to -s.
  void bytes(u64 place, u64 length);
  // A structure: `print` writes it where its memory is there; else its address.
  template <typename T, typename F>
  void object(u64 place, const F& print) {
    T value;
    if (place != 0 && options.structures && seen().read(place, value)) {
      print(value);
    } else {
      address(place);
    }
  }
  // "[a, b, ...]" of up to `count` elements.
  template <typename T, typename F>
  void array(u64 place, u64 count, const F& print) {
    if (place == 0 || !options.structures || (count != 0 && seen().memory(place, sizeof(T)) == nullptr))
      return address(place);
    out += '[';
    for (u64 i = 0; i < count; ++i) {
      if (i > 0) out += ", ";
      T value;
      if ((i >= options.string_bytes && !options.verbose) || !seen().read(place + i * sizeof(T), value)) {
        out += "...";
        break;
      }
      print(value);
    }
    out += ']';
  }
};

// `data` with escapes, as -x has it.
void append_shown(std::string& out, std::string_view data, DecodeOptions::Hex hex);
// The same in quotes. `more`: an ellipsis behind it.
enum class More : bool { no, yes };
void append_quoted(std::string& out, std::string_view data, DecodeOptions::Hex hex, More more);
std::string quote(std::string_view data, DecodeOptions::Hex hex, More more);
// The same escapes without the quotes, for names that guests choose.
enum class Octal : bool { no, yes };  // no: hexadecimal
void append_escaped(std::string& out, std::string_view data, Octal octal = Octal::yes);
std::string escaped(std::string_view data);

// The name of a function as its source has it, where the compiler wrote it otherwise.
std::string readable_name(std::string_view name);

// Structures by their name in abi/ ("Stat"); null: print the address.
using PrintObject = void (*)(Print& p, u64 place);
PrintObject find_object(std::string_view name);
std::string inet6_text(std::span<const u8> address);  // "::1"
void print_interface(Print& p, u32 index);            // if_nametoindex("lo")
void print_netlink(Print& p, u64 place, u64 length);  // messages of netlink(7)
void print_bpf(Print& p, u64 place, u64 length);      // bpf(2)'s attributes, by the call's command
void print_socket_address(Print& p, u64 place, i64 length);
void print_iovec(Print& p, u64 place, u64 count, u64 bytes);
void print_wait_status(Print& p, u64 place);
void print_siginfo(std::string& out, const abi::SigInfo& info, const DecodeOptions& options);
void append_process(std::string& out, i32 pid, const DecodeOptions& options);  // "7<sh>"
std::string error_name(u64 error);     // "ENOENT"; a number where it has no name
void print_time(Print& p, u64 place);  // TimeSpec
// Of a structure at `place` that says it is `size` long what stands behind the `known` bytes, if that is not zero.
void print_newer(Print& p, u64 place, usize known, u64 size);
std::string moment(i64 seconds, u64 ns, bool with_ns);  // "1970-01-01T00:00:01.000000002+0000"
std::string ticks(i64 n);                               // "5 /* 0.05 s */"
void print_filter_program(Print& p, u64 place);         // a struct sock_fprog

// A call that is printed as a whole, or some of its parameters.
struct Override {
  std::string_view call;
  u8 params;  // bits of those that `print` writes
  void (*print)(Print& p, usize param);
  u8 at_exit = 0;   // bits of those that can be told only when the call is left, besides what the types say
  u8 at_entry = 0;  // ... and the opposite
  bool (*waits)(const Call& call) = nullptr;  // is it so with `at_exit` for this one? null: always
};
const Override* find_override(std::string_view call);
std::span<const Override> system_overrides();   // trace/calls_system.cc
std::span<const Override> prctl_overrides();    // trace/prctl.cc, with arch_prctl
std::span<const Override> ioctl_overrides();    // trace/ioctl.cc
std::span<const Override> ring_overrides();     // trace/io_uring.cc
std::span<const Override> machine_overrides();  // trace/machine.cc
void append_prctl_note(std::string& out, const Call& call);
void append_io_priority(std::string& out, u32 value);  // "IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 4)"
// The names of a word whose type does not have them: "fsopen", 1.
const Names* parameter_names(std::string_view call, usize param);
// What stands behind the result: "([{fd=3, revents=POLLIN}])", "(Timeout)", "(flags O_RDWR)"; empty: nothing.
void append_result_note(std::string& out, const Call& call, const DecodeOptions& options);

}  // namespace limen::trace
