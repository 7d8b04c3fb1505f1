// The line discipline N_TTY: what becomes of the bytes between a terminal and its programs.
// Source: termios(3), drivers/tty/n_tty.c.
//
//   keyboard ── receive() ──▶ input ── read() ──▶ program
//                    └ echo ─┐
//   screen  ◀── output() ◀───┴── write() ◀── program
//
// No lock and no task is known here: a Terminal (terminal.h) holds one under its lock, and does what receive() and the
// others leave in `Effects`. All work is bounded by the bytes given and by the sizes of the buffers.
#pragma once

#include <array>
#include <bitset>
#include <deque>

#include "abi/termios.h"
#include "base/result.h"
#include "kernel/fs/tty/byte_queue.h"
#include "kernel/mm/user_buffer.h"
#include "kernel/signal/signal.h"

namespace limen {

// What a new pseudo terminal is set to. Linux: drivers/tty/tty_io.c:tty_std_termios.
abi::Termios2 standard_termios();

inline bool is_control(u8 c) { return c < 0x20 || c == 0x7f; }

class LineDiscipline {
 public:
  static constexpr usize kInputSize = 4096;    // a line has one byte less, with its end
  static constexpr usize kOutputSize = 16384;  // about what Linux lets a pseudo terminal hold
  static constexpr usize kEchoes = 4096;

  // What is to be done once the terminal's lock is free again.
  struct Effects {
    SignalSet signals;           // for the foreground process group
    bool input = false;          // there is something to read, or a reader has to look again
    bool output = false;         // the screen has something to take, or writers have to look again
    bool flushed_input = false;  // TIOCPKT_FLUSHREAD
    bool flushed_output = false;
    bool stopped = false, started = false;  // by ^S and ^Q, or by TCXONC
  };

  explicit LineDiscipline(const abi::Termios2& settings);

  const abi::Termios2& settings() const { return settings_; }
  void set_settings(const abi::Termios2& settings, Effects& effects);

  // What the keyboard sends; returns how much was taken. In canonical mode what does not fit into a line is taken and dropped.
  usize receive(std::span<const u8> bytes, Effects& effects);

  // Would read(2) find something? In raw mode, at least `least` bytes.
  bool has_input(usize least) const;
  // A line, or what there is of it; or, in raw mode, what there is. `ends`: nothing more belongs to this read(2).
  struct Taken {
    usize bytes = 0;
    bool ends = false;
  };
  Result<Taken> read(UserBuffer& to);
  usize readable_bytes() const;  // FIONREAD
  bool is_line_mode() const { return has(settings_.c_lflag, abi::icanon) && !has(settings_.c_lflag, abi::extproc); }

  // What a program writes; returns how much was taken: all that the output has room for.
  usize write(std::span<const u8> bytes);
  usize write_room() const { return is_stopped() ? 0 : output_.room(); }
  void flush_echoes();  // those that had found no room
  ByteQueue& output() { return output_; }
  const ByteQueue& output() const { return output_; }

  bool is_stopped() const { return stopped_; }
  enum class Flow : u8 { stop, start };
  void set_flow(Flow flow, Effects& effects);  // TCXONC
  void flush_input(Effects& effects);          // TCIFLUSH
  void flush_output(Effects& effects);
  // TCIOFF, TCION: sends the character past a stop.
  void send_at_once(u8 c, Effects& effects);

 private:
  struct Echo {
    enum class Kind : u8 { plain, control, erase_tab, mark_column, back_column } kind;
    u8 value = 0;
  };
  enum class Erase : u8 { character, word, line };

  static bool has(u32 flags, u32 bit) { return (flags & bit) != 0; }
  bool in(u32 bit) const { return has(settings_.c_iflag, bit); }
  bool out(u32 bit) const { return has(settings_.c_oflag, bit); }
  bool local(u32 bit) const { return has(settings_.c_lflag, bit); }
  u8 key(u32 index) const { return settings_.c_cc[index]; }
  bool is_key(u8 c, u32 index) const { return c == key(index) && c != 0; }
  bool is_continuation(u8 c) const { return in(abi::iutf8) && (c & 0xc0) == 0x80; }

  // input.cc
  void recompute();
  usize input_room(bool& overflows);
  void receive_one(u8 c, Effects& effects);
  void receive_plain(u8 c, Effects& effects);
  bool receive_flow(u8 c, Effects& effects);
  bool receive_signal(u8 c, Effects& effects);
  bool receive_line_edit(u8 c, Effects& effects);
  bool receive_line_end(u8 c, Effects& effects);
  void end_line(u8 c, Effects& effects);
  void reprint(u8 c);
  void store(u8 c);
  u8& slot(u64 position) { return input_[position % kInputSize]; }
  u8 at(u64 position) const { return input_[position % kInputSize]; }
  void forget_input();
  Result<Taken> read_line(UserBuffer& to);
  Result<usize> copy_input(UserBuffer& to, usize n);
  void start_by_key(Effects& effects);

  // erase.cc
  void erase(u8 c);
  bool kill_without_erasing();
  void erase_on_screen(u8 c, Erase how, u64 head, usize bytes);
  void erase_tab();
  void finish_erasing();

  // output.cc
  void echo(u8 c);      // as ECHOCTL shows it
  void echo_raw(u8 c);  // as it is
  void add_echo(Echo echo);
  bool put_echo(const Echo& echo);
  bool put(u8 c);  // through OPOST; false where there is no room
  void mark_column_if_line_starts();

  abi::Termios2 settings_;
  std::bitset<256> special_;  // characters that receive_one has to look at
  bool raw_ = false;          // no character is special and nothing is echoed

  std::array<u8, kInputSize> input_{};
  std::bitset<kInputSize> line_ends_;
  u64 head_ = 0, tail_ = 0, line_head_ = 0;  // positions ever; line_head_: where the line being typed starts
  bool next_is_literal_ = false;             // after VLNEXT
  bool erasing_ = false;                     // between the slashes of ECHOPRT

  ByteQueue output_{kOutputSize};
  std::deque<Echo> echoes_;
  u32 column_ = 0, line_column_ = 0;
  bool stopped_ = false, stopped_by_call_ = false;
};

}  // namespace limen
