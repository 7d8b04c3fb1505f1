// From the keyboard to the program. Source: drivers/tty/n_tty.c (n_tty_receive_buf_common, n_tty_receive_char_special, canon_copy_from_read_buf).
#include <cctype>

#include "kernel/fs/tty/line_discipline.h"

namespace limen {

abi::Termios2 standard_termios() {
  abi::Termios2 t{};
  t.c_iflag = abi::icrnl | abi::ixon;
  t.c_oflag = abi::opost | abi::onlcr;
  t.c_cflag = abi::b38400 | abi::cs8 | abi::cread;
  t.c_lflag = abi::isig | abi::icanon | abi::echo | abi::echoe | abi::echok | abi::echoctl | abi::echoke | abi::iexten;
  t.c_cc[abi::vintr] = 3, t.c_cc[abi::vquit] = 034, t.c_cc[abi::verase] = 0177, t.c_cc[abi::vkill] = 025;
  t.c_cc[abi::veof] = 4, t.c_cc[abi::vmin] = 1, t.c_cc[abi::vstart] = 021, t.c_cc[abi::vstop] = 023;
  t.c_cc[abi::vsusp] = 032, t.c_cc[abi::vreprint] = 022, t.c_cc[abi::vdiscard] = 017, t.c_cc[abi::vwerase] = 027;
  t.c_cc[abi::vlnext] = 026;
  t.c_ispeed = t.c_ospeed = 38400;
  return t;
}

LineDiscipline::LineDiscipline(const abi::Termios2& settings) : settings_(settings) { recompute(); }

void LineDiscipline::recompute() {
  special_.reset();
  if (in(abi::igncr | abi::icrnl)) special_.set('\r');
  if (in(abi::inlcr)) special_.set('\n');
  if (local(abi::icanon)) {
    for (const u32 k : {abi::verase, abi::vkill, abi::veof, abi::veol}) special_.set(key(k));
    special_.set('\n');
    if (local(abi::iexten)) {
      for (const u32 k : {abi::vwerase, abi::vlnext, abi::veol2}) special_.set(key(k));
      if (local(abi::echo)) special_.set(key(abi::vreprint));
    }
  }
  if (in(abi::ixon)) special_.set(key(abi::vstart)), special_.set(key(abi::vstop));
  if (local(abi::isig)) {
    for (const u32 k : {abi::vintr, abi::vquit, abi::vsusp}) special_.set(key(k));
  }
  special_.reset(0);  // a key that is switched off
  raw_ = !in(abi::istrip | abi::iuclc | abi::igncr | abi::icrnl | abi::inlcr | abi::ixon | abi::parmrk) &&
         !local(abi::icanon | abi::isig | abi::echo);
}

void LineDiscipline::set_settings(const abi::Termios2& settings, Effects& effects) {
  const abi::Termios2 old = std::exchange(settings_, settings);
  if (has(old.c_lflag ^ settings_.c_lflag, abi::icanon | abi::extproc)) {
    // What was typed stays: as a line of its own in line mode, as bytes in raw mode.
    line_ends_.reset();
    line_head_ = tail_;
    if (local(abi::icanon) && head_ != tail_) {
      line_ends_.set((head_ - 1) % kInputSize);
      line_head_ = head_;
    }
    erasing_ = next_is_literal_ = false;
  }
  recompute();
  if (!in(abi::ixon) && has(old.c_iflag, abi::ixon) && !stopped_by_call_) start_by_key(effects);
  effects.input = effects.output = true;
}

// How much may be received now. A full line that nobody can read yet goes on taking characters, and drops them: its end must get in.
usize LineDiscipline::input_room(bool& overflows) {
  i64 room = static_cast<i64>(kInputSize) - static_cast<i64>(head_ - tail_);
  if (in(abi::parmrk)) room = (room + 2) / 3;
  --room;
  overflows = false;
  if (room > 0) return static_cast<usize>(room);
  overflows = local(abi::icanon) && line_head_ == tail_;
  if (overflows && room < 0) --head_;
  return overflows ? 1 : 0;
}

usize LineDiscipline::receive(std::span<const u8> bytes, Effects& effects) {
  usize taken = 0;
  while (taken < bytes.size()) {
    bool overflows = false;
    const usize n = std::min(bytes.size() - taken, input_room(overflows));
    if (n == 0) break;
    for (const u8 c : bytes.subspan(taken, n)) {
      if (raw_) {
        store(c);
      } else {
        receive_one(c, effects);
      }
    }
    taken += n;
  }
  if (!raw_) {
    const usize before = output_.size();
    flush_echoes();
    if (output_.size() != before) effects.output = true;
  }
  if (!is_line_mode() && head_ != tail_) effects.input = true;
  return taken;
}

// Never more than the buffer holds, whatever PARMRK doubles: the last character gives way.
void LineDiscipline::store(u8 c) {
  if (head_ - tail_ == kInputSize) --head_;
  slot(head_++) = c;
}

void LineDiscipline::receive_one(u8 c, Effects& effects) {
  const bool literal = std::exchange(next_is_literal_, false);
  if (in(abi::istrip)) c &= 0x7f;
  if (in(abi::iuclc) && local(abi::iexten)) c = static_cast<u8>(std::tolower(c));
  if (literal) return receive_plain(c, effects);
  if (local(abi::extproc)) return store(c);
  if (!special_[c]) return receive_plain(c, effects);
  if (receive_flow(c, effects) || receive_signal(c, effects)) return;
  if (is_stopped() && !stopped_by_call_ && in(abi::ixon) && in(abi::ixany)) start_by_key(effects);
  if (c == '\r') {
    if (in(abi::igncr)) return;
    if (in(abi::icrnl)) c = '\n';
  } else if (c == '\n' && in(abi::inlcr)) {
    c = '\r';
  }
  if (local(abi::icanon) && (receive_line_edit(c, effects) || receive_line_end(c, effects))) return;
  if (local(abi::echo)) {
    finish_erasing();
    if (c == '\n') {
      echo_raw(c);
    } else {
      mark_column_if_line_starts();
      echo(c);
    }
  }
  if (c == 0xff && in(abi::parmrk)) store(c);
  store(c);
}

void LineDiscipline::receive_plain(u8 c, Effects& effects) {
  if (is_stopped() && !stopped_by_call_ && in(abi::ixon) && in(abi::ixany)) start_by_key(effects);
  if (local(abi::echo)) {
    finish_erasing();
    mark_column_if_line_starts();
    echo(c);
  }
  if (c == 0xff && in(abi::parmrk)) store(c);
  store(c);
}

bool LineDiscipline::receive_flow(u8 c, Effects& effects) {
  if (!in(abi::ixon)) return false;
  if (is_key(c, abi::vstart)) {
    start_by_key(effects);
    return true;
  }
  if (!is_key(c, abi::vstop)) return false;
  if (!is_stopped()) effects.stopped = true;
  stopped_ = true;
  return true;
}

void LineDiscipline::start_by_key(Effects& effects) {
  if (stopped_by_call_ || !std::exchange(stopped_, false)) return;
  effects.started = effects.output = true;
  flush_echoes();
}

bool LineDiscipline::receive_signal(u8 c, Effects& effects) {
  if (!local(abi::isig)) return false;
  const Signal s = is_key(c, abi::vintr)   ? sig::intr
                   : is_key(c, abi::vquit) ? sig::quit
                   : is_key(c, abi::vsusp) ? sig::tstp
                                           : Signal(0);
  if (s.raw() == 0) return false;
  effects.signals.add(s);
  if (!local(abi::noflsh)) {
    echoes_.clear();
    flush_output(effects);
    forget_input();
    effects.flushed_input = true;
  }
  if (in(abi::ixon)) start_by_key(effects);
  if (local(abi::echo)) echo(c);
  flush_echoes();
  effects.output = true;
  return true;
}

bool LineDiscipline::receive_line_edit(u8 c, Effects&) {
  const bool extended = local(abi::iexten);
  if (is_key(c, abi::verase) || is_key(c, abi::vkill) || (is_key(c, abi::vwerase) && extended)) {
    erase(c);
    return true;
  }
  if (is_key(c, abi::vlnext) && extended) {
    next_is_literal_ = true;
    if (local(abi::echo)) {
      finish_erasing();
      if (local(abi::echoctl)) echo_raw('^'), echo_raw('\b');
    }
    return true;
  }
  if (!is_key(c, abi::vreprint) || !extended || !local(abi::echo)) return false;
  reprint(c);
  return true;
}

void LineDiscipline::reprint(u8 c) {
  finish_erasing();
  echo(c);
  echo_raw('\n');
  for (u64 i = line_head_; i != head_; ++i) echo(at(i));
}

bool LineDiscipline::receive_line_end(u8 c, Effects& effects) {
  if (c == '\n') {
    if (local(abi::echo) || local(abi::echonl)) echo_raw('\n');
    end_line(c, effects);
    return true;
  }
  if (is_key(c, abi::veof)) {
    end_line(0, effects);  // marks the end, and is not read
    return true;
  }
  if (!is_key(c, abi::veol) && !(is_key(c, abi::veol2) && local(abi::iexten))) return false;
  if (local(abi::echo)) {
    mark_column_if_line_starts();
    echo(c);
  }
  if (c == 0xff && in(abi::parmrk)) store(c);
  end_line(c, effects);
  return true;
}

void LineDiscipline::end_line(u8 c, Effects& effects) {
  store(c);
  line_ends_.set((head_ - 1) % kInputSize);
  line_head_ = head_;
  effects.input = true;
}

void LineDiscipline::forget_input() {
  head_ = tail_ = line_head_ = 0;
  line_ends_.reset();
  next_is_literal_ = erasing_ = false;
}

void LineDiscipline::flush_input(Effects& effects) {
  forget_input();
  effects.flushed_input = true;
}

bool LineDiscipline::has_input(usize least) const {
  return is_line_mode() ? line_head_ != tail_ : head_ - tail_ >= std::max<usize>(1, least);
}

usize LineDiscipline::readable_bytes() const {
  if (!is_line_mode()) return head_ - tail_;
  usize n = line_head_ - tail_;
  for (u64 i = tail_; i != line_head_; ++i) {
    if (line_ends_[i % kInputSize] && at(i) == 0) --n;
  }
  return n;
}

Result<usize> LineDiscipline::copy_input(UserBuffer& to, usize n) {
  usize done = 0;
  while (done < n) {
    const usize from = (tail_ + done) % kInputSize;
    const usize part = std::min(n - done, kInputSize - from);
    const Result<usize> copied = to.copy_out(std::span(input_).subspan(from, part));
    if (!copied.ok() && done == 0) return copied.error();
    done += copied.value_or(0);
    if (copied.value_or(0) < part) break;
  }
  return done;
}

Result<LineDiscipline::Taken> LineDiscipline::read(UserBuffer& to) {
  if (is_line_mode()) return read_line(to);
  const usize n = TRY(copy_input(to, std::min<usize>(to.remaining(), head_ - tail_)));
  tail_ += n;
  if (!local(abi::icanon)) line_head_ = tail_;
  return Taken{n, to.remaining() == 0};
}

Result<LineDiscipline::Taken> LineDiscipline::read_line(UserBuffer& to) {
  u64 end = tail_;
  const u64 most = tail_ + std::min<u64>(to.remaining(), line_head_ - tail_);
  while (end != most && !line_ends_[end % kInputSize]) ++end;
  // At an end: it is read with the line, unless it is VEOF's.
  const bool found = end != line_head_ && line_ends_[end % kInputSize] && (end != most || at(end) == 0);
  const bool is_eof = found && at(end) == 0;
  const usize wanted = static_cast<usize>(end - tail_) + (found && !is_eof ? 1 : 0);
  const usize n = TRY(copy_input(to, wanted));
  if (n < wanted) {  // a bad address: what is behind it stays
    tail_ += n;
    return Taken{n, true};
  }
  tail_ += n + (is_eof ? 1 : 0);
  if (found) line_ends_.reset(end % kInputSize);
  return Taken{n, true};
}

}  // namespace limen
