// From the program, and from the echo, to the screen. Source: termios(3), drivers/tty/n_tty.c (do_output_char, __process_echoes).
#include <cctype>

#include "kernel/fs/tty/line_discipline.h"

namespace limen {
namespace {

constexpr u8 kReturnAndLine[] = {'\r', '\n'};
constexpr u8 kEightSpaces[] = {' ', ' ', ' ', ' ', ' ', ' ', ' ', ' '};

}  // namespace

bool LineDiscipline::put(u8 c) {
  if (write_room() == 0) return false;
  switch (c) {
    case '\n':
      if (out(abi::onlret)) column_ = 0;
      if (out(abi::onlcr)) {
        if (write_room() < 2) return false;
        line_column_ = column_ = 0;
        output_.push(kReturnAndLine);
        return true;
      }
      line_column_ = column_;
      break;
    case '\r':
      if (out(abi::onocr) && column_ == 0) return true;
      if (out(abi::ocrnl)) {
        c = '\n';
        if (out(abi::onlret)) line_column_ = column_ = 0;
        break;
      }
      line_column_ = column_ = 0;
      break;
    case '\t': {
      const u32 spaces = 8 - (column_ & 7);
      if ((settings_.c_oflag & abi::tabdly) == abi::xtabs) {
        if (write_room() < spaces) return false;
        column_ += spaces;
        output_.push(std::span(kEightSpaces).first(spaces));
        return true;
      }
      column_ += spaces;
      break;
    }
    case '\b':
      if (column_ > 0) --column_;
      break;
    default:
      if (is_control(c)) break;
      if (out(abi::olcuc)) c = static_cast<u8>(std::toupper(c));
      if (!is_continuation(c)) ++column_;
      break;
  }
  output_.push(c);
  return true;
}

usize LineDiscipline::write(std::span<const u8> bytes) {
  flush_echoes();
  if (!out(abi::opost)) return is_stopped() ? 0 : output_.push(bytes);
  usize taken = 0;
  while (taken < bytes.size() && put(bytes[taken])) ++taken;
  return taken;
}

void LineDiscipline::add_echo(Echo echo) {
  // Where the screen stands still, the oldest echoes are the least missed.
  if (echoes_.size() == kEchoes) echoes_.pop_front();
  echoes_.push_back(echo);
}

void LineDiscipline::echo(u8 c) {
  const bool shown = local(abi::echoctl) && is_control(c) && c != '\t';
  add_echo({shown ? Echo::Kind::control : Echo::Kind::plain, c});
}

void LineDiscipline::echo_raw(u8 c) { add_echo({Echo::Kind::plain, c}); }

void LineDiscipline::mark_column_if_line_starts() {
  if (line_head_ == head_) add_echo({Echo::Kind::mark_column});
}

bool LineDiscipline::put_echo(const Echo& echo) {
  switch (echo.kind) {
    case Echo::Kind::plain:
      if (out(abi::opost)) return put(echo.value);
      return write_room() != 0 && output_.push(echo.value);
    case Echo::Kind::control:
      if (write_room() < 2) return false;
      output_.push('^');
      output_.push(echo.value ^ 0100);
      column_ += 2;
      return true;
    case Echo::Kind::erase_tab: {
      const u32 cells = (echo.value & 0x80) != 0 ? echo.value & 0x7fu : echo.value + line_column_;
      const u32 back = 8 - (cells & 7);
      if (write_room() < back) return false;
      for (u32 i = 0; i < back; ++i) output_.push('\b');
      column_ -= std::min(column_, back);
      return true;
    }
    case Echo::Kind::mark_column:
      line_column_ = column_;
      return true;
    case Echo::Kind::back_column:
      if (column_ > 0) --column_;
      return true;
  }
  return true;
}

void LineDiscipline::flush_echoes() {
  while (!echoes_.empty() && put_echo(echoes_.front())) echoes_.pop_front();
}

void LineDiscipline::flush_output(Effects& effects) {
  output_.clear();
  effects.flushed_output = effects.output = true;
}

void LineDiscipline::set_flow(Flow flow, Effects& effects) {
  const bool stop = flow == Flow::stop;
  if (std::exchange(stopped_by_call_, stop) == stop) return;  // ^S is not undone by TCOON
  if (std::exchange(stopped_, stop) == stop) return;
  if (stop) {
    effects.stopped = true;
    return;
  }
  effects.started = effects.output = true;
  flush_echoes();
}

void LineDiscipline::send_at_once(u8 c, Effects& effects) {
  output_.push(c);
  effects.output = true;
}

}  // namespace limen
