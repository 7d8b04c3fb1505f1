#include "trace/html.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/errno.h"
#include "trace/json.h"
#include "trace/names.h"
#include "trace/print.h"

namespace limen::trace {
namespace {

// Inside of a script element nothing may look like its end: '<' is written as U+0001, which no decoded text holds.
std::string without_markup(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '<' ? '\1' : c == '\n' || c == '\t' ? ' ' : c;
  return out;
}

std::string markup(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '<' ? "&lt;" : c == '&' ? "&amp;" : c == '>' ? "&gt;" : std::string(1, c);
  return out;
}

}  // namespace

void HtmlWriter::begin() {
  if (begun_) return;
  begun_ = true;
  std::string head(kPageHead);
  constexpr std::string_view kPlace = "@TITLE@";
  for (usize at = head.find(kPlace); at != std::string::npos; at = head.find(kPlace, at)) {
    head.replace(at, kPlace.size(), markup(title_));
    at += markup(title_).size();
  }
  output_.write(0, head);
}

usize HtmlWriter::name_index(std::string_view name) {
  const auto known = names_.find(name);
  if (known != names_.end()) return known->second;
  const usize index = names_.size();
  names_.emplace(name, index);
  return index;
}

// start, duration, thread, name, error, text: tabs between them.
void HtmlWriter::line(u64 start_ns, u64 duration_ns, i32 tid, std::string_view name, i32 error, std::string_view text) {
  begin();
  last_ns_ = std::max(last_ns_, start_ns + duration_ns);
  output_.write(0, fmt::format("{}\t{}\t{}\t{}\t{}\t{}\n", start_ns - first_ns(), duration_ns, tid, name_index(name),
                               error, without_markup(text)));
}

void HtmlWriter::touch(const Call& call) {
  if (call.row == nullptr) return;
  const auto count = [&](std::map<std::string, Touched>& in, const std::string& name) {
    if (in.size() >= kMostFiles && !in.contains(name)) return;
    Touched& t = in[name];
    ++t.calls;
    const std::string_view call_name = call.row->name;
    if (call.failed()) {
      ++t.errors;
    } else if (call_name.find("read") != std::string_view::npos || call_name.starts_with("recv")) {
      t.read += static_cast<u64>(std::max<i64>(call.value, 0));
    } else if (call_name.find("write") != std::string_view::npos || call_name.starts_with("send")) {
      t.written += static_cast<u64>(std::max<i64>(call.value, 0));
    }
  };
  for (usize i = 0; i < 6; ++i) {
    const SyscallParam param = syscall_param(*call.row, i);
    if (param.name.empty()) break;
    if (param.type == "Fd") {
      const std::optional<std::string_view> file = call.seen.file(static_cast<i32>(call.args[i]));
      if (file) count(file->starts_with("socket:") ? sockets_ : files_, escaped(*file));
    } else if (param.type == "UserPath") {
      std::string text;
      Print p{call, decode_, text};
      p.path(call.args[i]);
      if (text.starts_with('"')) count(files_, text.substr(1, text.rfind('"') - 1));
    } else if (param.name == "addr" && in_family(call.row->families, Family::network) && call.args[i] != 0) {
      std::string text;
      Print p{call, decode_, text};
      print_socket_address(p, call.args[i], 128);
      if (text.starts_with('{')) count(sockets_, text);
    }
  }
}

void HtmlWriter::on_entry(Thread& thread, u64) { thread.shown = filter_.shows(thread.call); }

void HtmlWriter::on_exit(Thread& thread, u64) {
  Call& call = thread.call;
  if (!thread.shown || !filter_.shows_result(call)) return;
  std::string text;
  decode_whole(call, filter_.decoding(call.nr, decode_), text);
  line(call.entered_ns, call.left_ns - call.entered_ns, thread.tid, call_name(call),
       call.failed() ? static_cast<i32>(-call.value) : 0, text);
  touch(call);
}

void HtmlWriter::on_signal(Thread& thread, u64 ns, const abi::SigInfo& info) {
  line(ns, 0, thread.tid, signal_name(info.signo), 0,
       "--- " + signal_name(info.signo) + " " + decode_signal(info, decode_) + " ---");
}

void HtmlWriter::on_started(Thread& thread, u64 ns, i32 maker) {
  current_[thread.tid] = lives_.size();
  lives_.push_back({thread.tid, thread.pid, maker, thread.name, "", ns - first_ns(), 0});
}

void HtmlWriter::on_program(Thread& thread, u64) {
  const auto life = current_.find(thread.tid);
  if (life == current_.end()) return;
  std::string& name = lives_[life->second].name;
  name = name.empty() || lives_[life->second].maker == 0 ? thread.name
         : name == thread.name                           ? name
                                                         : name + " → " + thread.name;
}

void HtmlWriter::on_ended(Thread& thread, u64 ns, i32 wait_status, bool superseded) {
  if (thread.in_call && thread.shown && filter_.paths.empty()) {
    std::string text;
    decode_entry(thread.call, filter_.decoding(thread.call.nr, decode_), text);
    text += ") = ?";
    line(thread.call.entered_ns, ns - thread.call.entered_ns, thread.tid, call_name(thread.call), 0, text);
  }
  const auto life = current_.find(thread.tid);
  if (life == current_.end()) return;
  Life& l = lives_[life->second];
  l.end_ns = ns - first_ns();
  const i32 signal = wait_status & 0x7f;
  l.end = superseded    ? "superseded by execve"
          : signal != 0 ? "killed by " + signal_name(signal)
                        : fmt::format("exited with {}", wait_status >> 8 & 0xff);
  last_ns_ = std::max(last_ns_, ns);
  current_.erase(life);
}

void HtmlWriter::finish() {
  begin();
  std::string facts = "</script>\n<script type=\"application/json\" id=\"facts\">{\"names\":[";
  std::vector<std::string> names(names_.size());
  for (const auto& [name, index] : names_) names[index] = name;
  const auto list = [&](const auto& of, const auto& print) {
    bool first = true;
    for (const auto& one : of) {
      if (!first) facts += ',';
      first = false;
      print(one);
    }
  };
  const auto text = [&](std::string_view s) { facts += json_string(without_markup(s)); };
  list(names, [&](const std::string& name) { text(name); });
  facts += "],\"errnos\":{";
  bool first = true;
  for (i32 e = 1; e < 134; ++e) {
    facts += fmt::format("{}\"{}\":\"{}\"", first ? "" : ",", e, errno_name(static_cast<Errno>(e)));
    first = false;
  }
  facts += "},\"threads\":[";
  list(lives_, [&](const Life& l) {
    facts += fmt::format("{{\"tid\":{},\"pid\":{},\"maker\":{},\"start\":{},\"end\":{},\"name\":", l.tid, l.pid,
                         l.maker, l.start_ns, l.end_ns);
    text(l.name), facts += ",\"how\":", text(l.end), facts += '}';
  });
  const auto touched = [&](const char* key, const std::map<std::string, Touched>& of) {
    facts += fmt::format("],\"{}\":[", key);
    list(of, [&](const auto& one) {
      facts += "[", text(one.first);
      facts += fmt::format(",{},{},{},{}]", one.second.calls, one.second.errors, one.second.read, one.second.written);
    });
  };
  touched("files", files_), touched("sockets", sockets_);
  facts += fmt::format("],\"span\":{}}}</script>\n", last_ns_ > first_ns() ? last_ns_ - first_ns() : 1);
  output_.write(0, facts);
  output_.write(0, kPageScript);
}

}  // namespace limen::trace
