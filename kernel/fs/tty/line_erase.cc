// VERASE, VWERASE and VKILL. Source: termios(3), drivers/tty/n_tty.c:eraser.
#include <cctype>

#include "kernel/fs/tty/line_discipline.h"

namespace limen {
namespace {

bool is_word(u8 c) { return (c < 0x80 && std::isalnum(c) != 0) || c == '_' || c >= 0xc0; }

}  // namespace

void LineDiscipline::finish_erasing() {
  if (std::exchange(erasing_, false)) echo_raw('/');
}

// VKILL where the screen cannot be erased: the line is only forgotten.
bool LineDiscipline::kill_without_erasing() {
  if (local(abi::echo) && local(abi::echok) && local(abi::echoke) && local(abi::echoe)) return false;
  head_ = line_head_;
  if (!local(abi::echo)) return true;
  finish_erasing();
  echo(key(abi::vkill));
  if (local(abi::echok)) echo_raw('\n');
  return true;
}

void LineDiscipline::erase(u8 c) {
  if (head_ == line_head_) return;
  const Erase how = is_key(c, abi::verase)                          ? Erase::character
                    : is_key(c, abi::vwerase) && local(abi::iexten) ? Erase::word
                                                                    : Erase::line;
  if (how == Erase::line && kill_without_erasing()) return;
  bool in_word = false;
  while (head_ != line_head_) {
    // One character, of several bytes perhaps.
    u64 start = head_;
    u8 first = 0;
    do {
      first = at(--start);
    } while (is_continuation(first) && start != line_head_);
    if (is_continuation(first)) break;  // only a part of one is there
    if (how == Erase::word) {
      if (is_word(first)) {
        in_word = true;
      } else if (in_word) {
        break;
      }
    }
    const usize bytes = static_cast<usize>(head_ - start);
    head_ = start;
    if (local(abi::echo)) erase_on_screen(first, how, start, bytes);
    if (how == Erase::character) break;
  }
  if (head_ == line_head_ && local(abi::echo)) finish_erasing();
}

void LineDiscipline::erase_on_screen(u8 c, Erase how, u64 head, usize bytes) {
  if (local(abi::echoprt)) {
    if (!std::exchange(erasing_, true)) echo_raw('\\');
    echo(c);
    for (usize i = 1; i < bytes; ++i) {
      echo_raw(at(head + i));
      add_echo({Echo::Kind::back_column});
    }
  } else if (how == Erase::character && !local(abi::echoe)) {
    echo(key(abi::verase));
  } else if (c == '\t') {
    erase_tab();
  } else {
    const bool two = is_control(c) && local(abi::echoctl);
    const usize cells = is_control(c) ? (two ? 2 : 0) : 1;
    for (usize i = 0; i < cells; ++i) echo_raw('\b'), echo_raw(' '), echo_raw('\b');
  }
}

// How far back a tab went depends on what stands before it, up to the last tab or the start of the line.
void LineDiscipline::erase_tab() {
  u32 cells = 0;
  bool after_tab = false;
  for (u64 i = head_; i != line_head_ && !after_tab;) {
    const u8 c = at(--i);
    if (c == '\t') {
      after_tab = true;
    } else if (is_control(c)) {
      if (local(abi::echoctl)) cells += 2;
    } else if (!is_continuation(c)) {
      ++cells;
    }
  }
  add_echo({Echo::Kind::erase_tab, static_cast<u8>((cells & 7) | (after_tab ? 0x80 : 0))});
}

}  // namespace limen
