#include "trace/json.h"

#include <fmt/format.h>

#include "base/errno.h"
#include "kernel/trace/observer.h"
#include "trace/names.h"
#include "trace/print.h"

namespace limen::trace {
namespace {

// Bytes of the character that begins here; 0: none does.
usize character(std::string_view text, usize at) {
  const u8 first = static_cast<u8>(text[at]);
  const usize length = first < 0x80                              ? 1
                       : (first & 0xe0) == 0xc0 && first >= 0xc2 ? 2
                       : (first & 0xf0) == 0xe0                  ? 3
                       : (first & 0xf8) == 0xf0 && first <= 0xf4 ? 4
                                                                 : 0;
  if (length == 0 || at + length > text.size()) return 0;
  for (usize i = 1; i < length; ++i) {
    if ((static_cast<u8>(text[at + i]) & 0xc0) != 0x80) return 0;
  }
  const u8 second = length > 1 ? static_cast<u8>(text[at + 1]) : 0;
  // Too long, a surrogate, past the last plane.
  const bool wrong = (first == 0xe0 && second < 0xa0) || (first == 0xed && second >= 0xa0) ||
                     (first == 0xf0 && second < 0x90) || (first == 0xf4 && second >= 0x90);
  return wrong ? 0 : length;
}

}  // namespace

bool is_utf8(std::string_view text) {
  for (usize at = 0; at < text.size();) {
    const usize length = character(text, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (usize at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '"' || c == '\\') {
      (out += '\\') += c;
      ++at;
    } else if (static_cast<u8>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\u{:04x}", static_cast<u8>(c));
      ++at;
    } else if (const usize length = character(text, at); length != 0) {
      out += text.substr(at, length);
      at += length;
    } else {
      out += "\\ufffd";
      ++at;
    }
  }
  return out + "\"";
}

std::string JsonWriter::head(std::string_view type, const Thread& thread, u64 ns) const {
  return fmt::format("{{\"type\":\"{}\",\"time_ns\":{},\"pid\":{},\"tid\":{}", type, ns - first_ns(), thread.pid,
                     thread.tid);
}

void JsonWriter::call(Thread& thread) {
  Call& call = thread.call;
  std::string out = head("call", thread, call.entered_ns);
  out += fmt::format(",\"name\":{},\"nr\":{},\"args\":[", json_string(call_name(call)), call.nr);
  bool first = true;
  for (const Argument& argument : arguments(call, filter_.decoding(call.nr, decode_))) {
    out += fmt::format("{}{{\"name\":\"{}\",\"type\":{},\"raw\":{}", first ? "" : ",", argument.name,
                       json_string(argument.type), argument.raw);
    first = false;
    if (argument.number) out += fmt::format(",\"value\":{}", *argument.number);
    if (argument.text && is_utf8(*argument.text)) {
      out += ",\"value\":" + json_string(*argument.text);
    } else if (argument.text) {
      out += ",\"value_hex\":\"";
      for (const char c : *argument.text) out += fmt::format("{:02x}", static_cast<u8>(c));
      out += '"';
    }
    out += ",\"text\":" + json_string(argument.shown) + "}";
  }
  out += "]";
  if (call.left) {
    const bool restarts = call.value <= -512 && call.value >= -516;
    out += fmt::format(",\"result\":{},\"duration_ns\":{}", call.value, call.left_ns - call.entered_ns);
    if (call.failed() && !restarts)
      out += fmt::format(",\"error\":\"{}\"", errno_name(static_cast<Errno>(-call.value)));
    if (restarts) out += ",\"restarted\":true";
    if ((call.touched & Observer::answered) != 0) out += ",\"injected\":true";
    if ((call.touched & Observer::poked) != 0) out += ",\"poked\":true";
    if ((call.touched & Observer::delayed) != 0) out += ",\"delayed\":true";
  } else {
    out += ",\"unfinished\":true";
  }
  const std::vector<Seen::Frame> stack = call.seen.stack();
  for (const Seen::Frame& frame : stack) {
    out += &frame == stack.data() ? ",\"stack\":[" : ",";
    out += fmt::format("{{\"address\":{},\"path\":{},\"offset\":{}", frame.address, json_string(frame.path),
                       frame.at.offset);
    if (!frame.name.empty())
      out += fmt::format(",\"function\":{},\"into\":{}", json_string(readable_name(frame.name)), frame.at.into);
    out += '}';
  }
  if (!stack.empty()) out += ']';
  output_.write(thread.tid, out + "}\n");
}

void JsonWriter::on_entry(Thread& thread, u64) { thread.shown = filter_.shows(thread.call); }

void JsonWriter::on_exit(Thread& thread, u64) {
  if (thread.shown && filter_.shows_result(thread.call)) call(thread);
}

void JsonWriter::on_signal(Thread& thread, u64 ns, const abi::SigInfo& info) {
  if (info.signo < 0 || info.signo > 64 || !filter_.signals[static_cast<usize>(info.signo)]) return;
  output_.write(thread.tid, head("signal", thread, ns) + fmt::format(",\"signal\":\"{}\",\"code\":{},\"text\":{}}}\n",
                                                                     signal_name(info.signo), info.code,
                                                                     json_string(decode_signal(info, decode_))));
}

void JsonWriter::on_stopped(Thread& thread, u64 ns, i32 signo) {
  output_.write(thread.tid, head("stopped", thread, ns) + fmt::format(",\"signal\":\"{}\"}}\n", signal_name(signo)));
}

void JsonWriter::on_started(Thread& thread, u64 ns, i32 maker) {
  output_.write(thread.tid, head("started", thread, ns) +
                                fmt::format(",\"maker\":{},\"realtime_ns\":{}}}\n", maker, realtime_ns(ns)));
}

void JsonWriter::on_program(Thread& thread, u64 ns) {
  output_.write(thread.tid, head("program", thread, ns) + fmt::format(",\"name\":{}}}\n", json_string(thread.name)));
}

void JsonWriter::on_ended(Thread& thread, u64 ns, i32 wait_status, bool superseded) {
  if (thread.in_call && thread.shown && (filter_.statuses & unfinished) != 0 && filter_.paths.empty()) call(thread);
  const i32 signal = wait_status & 0x7f;
  std::string out = head("ended", thread, ns);
  out += signal != 0 ? fmt::format(",\"signal\":\"{}\"", signal_name(signal))
                     : fmt::format(",\"status\":{}", wait_status >> 8 & 0xff);
  if (superseded) out += ",\"superseded\":true";
  output_.write(thread.tid, out + "}\n");
}

void JsonWriter::on_lost(Thread& thread, u64 ns, u64 events) {
  output_.write(thread.tid, head("lost", thread, ns) + fmt::format(",\"events\":{}}}\n", events));
}

}  // namespace limen::trace
