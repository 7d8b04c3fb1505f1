#include "trace/perfetto.h"

#include <fmt/format.h>

#include "trace/json.h"
#include "trace/names.h"

namespace limen::trace {

std::string PerfettoWriter::microseconds(u64 ns) const {
  const u64 since = ns - first_ns();
  return fmt::format("{}.{:03}", since / 1000, since % 1000);
}

void PerfettoWriter::put(std::string event) {
  output_.write(0, (any_ ? ",\n" : "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n") + event);
  any_ = true;
}

void PerfettoWriter::slice(Thread& thread, u64 end_ns) {
  Call& call = thread.call;
  std::string args;
  for (const Argument& argument : arguments(call, filter_.decoding(call.nr, decode_))) {
    args += fmt::format(
        "{}:{},", json_string(argument.name.empty() ? "arg" + std::to_string(args.size()) : std::string(argument.name)),
        json_string(argument.shown));
  }
  const u64 ns = end_ns - call.entered_ns;
  std::string result;
  if (call.left) {
    decode_result(call, filter_.decoding(call.nr, decode_), result);
  } else {
    result = "?";
  }
  put(fmt::format(
      "{{\"name\":{},\"cat\":\"{}\",\"ph\":\"X\",\"ts\":{},\"dur\":{}.{:03},\"pid\":{},\"tid\":{},\"args\":{{{}"
      "\"result\":{}}}}}",
      json_string(call_name(call)), call.failed() ? "failed" : "call", microseconds(call.entered_ns), ns / 1000,
      ns % 1000, thread.pid, thread.tid, args, json_string(result)));
}

void PerfettoWriter::flow(const Thread& thread, u64 ns, std::string_view name, u64 id, End end) {
  put(fmt::format("{{\"name\":\"{}\",\"cat\":\"flow\",\"ph\":\"{}\",{}\"id\":{},\"ts\":{},\"pid\":{},\"tid\":{}}}",
                  name, end == End::start ? "s" : "f", end == End::start ? "" : "\"bp\":\"e\",", id, microseconds(ns),
                  thread.pid, thread.tid));
}

// An arrow begins inside the slice that causes something, and ends inside the one that notices.
void PerfettoWriter::flows_of_call(const Thread& thread, u64 ns) {
  const Call& call = thread.call;
  if (call.row == nullptr || call.value < 0) return;
  const std::string_view name = call.row->name;
  if (name == "futex") {
    const std::pair<i32, u64> word(thread.pid, call.args[0]);
    const u32 op = static_cast<u32>(call.args[1]) & 0x7f;
    if ((op == 1 || op == 10 || op == 5) && call.value > 0) {
      wakes_[word] = ++flows_;
      flow(thread, call.entered_ns, "wake", flows_, End::start);
    } else if (op == 0 || op == 9) {
      const auto wake = wakes_.find(word);
      if (wake == wakes_.end()) return;
      flow(thread, ns, "wake", wake->second, End::finish);
      wakes_.erase(wake);
    }
  }
  const bool reads = name == "read" || name == "readv", writes = name == "write" || name == "writev";
  const std::optional<std::string_view> seen = call.seen.file(static_cast<i32>(call.args[0]));
  if (!(reads || writes) || !seen || !seen->starts_with("pipe:") || call.value == 0) return;
  const std::string file(*seen);
  if (writes) {
    writes_[file] = ++flows_;
    flow(thread, call.entered_ns, "pipe", flows_, End::start);
  } else if (const auto write = writes_.find(file); write != writes_.end()) {
    flow(thread, ns, "pipe", write->second, End::finish);
    writes_.erase(write);
  }
}

void PerfettoWriter::on_entry(Thread& thread, u64) { thread.shown = filter_.shows(thread.call); }

void PerfettoWriter::on_exit(Thread& thread, u64 ns) {
  if (!thread.shown || !filter_.shows_result(thread.call)) return;
  slice(thread, ns);
  flows_of_call(thread, ns);
}

void PerfettoWriter::on_signal(Thread& thread, u64 ns, const abi::SigInfo& info) {
  put(fmt::format(
      "{{\"name\":\"{}\",\"cat\":\"signal\",\"ph\":\"i\",\"s\":\"t\",\"ts\":{},\"pid\":{},\"tid\":{},"
      "\"args\":{{\"info\":{}}}}}",
      signal_name(info.signo), microseconds(ns), thread.pid, thread.tid, json_string(decode_signal(info, decode_))));
}

void PerfettoWriter::on_started(Thread& thread, u64 ns, i32 maker) {
  put(fmt::format("{{\"name\":\"thread_name\",\"ph\":\"M\",\"pid\":{},\"tid\":{},\"args\":{{\"name\":{}}}}}",
                  thread.pid, thread.tid, json_string(thread.name)));
  const auto parent = threads().find(maker);
  if (parent == threads().end()) return;
  flow(parent->second, ns, "fork", ++flows_, End::start);
  flow(thread, ns, "fork", flows_, End::finish);
}

void PerfettoWriter::on_program(Thread& thread, u64) {
  for (const std::string_view what : {"process_name", "thread_name"}) {
    put(fmt::format("{{\"name\":\"{}\",\"ph\":\"M\",\"pid\":{},\"tid\":{},\"args\":{{\"name\":{}}}}}", what, thread.pid,
                    thread.tid, json_string(thread.name)));
  }
}

void PerfettoWriter::on_ended(Thread& thread, u64 ns, i32, bool) {
  if (thread.in_call && thread.shown && filter_.paths.empty()) slice(thread, ns);
}

void PerfettoWriter::finish() {
  if (!any_) output_.write(0, "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n");
  output_.write(0, "\n]}\n");
}

}  // namespace limen::trace
