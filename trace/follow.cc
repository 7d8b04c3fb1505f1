#include "trace/follow.h"

#include <algorithm>

#include "trace/print.h"

namespace limen::trace {
namespace {

std::string name_in(const EventView& view) {
  for (const PieceView& piece : view.pieces) {
    if (piece.kind == event::Piece::Kind::name) return escaped(piece.text());
  }
  return "";
}

}  // namespace

Thread& Follower::thread_of(const event::RecordHead& head) {
  if (latest_ == nullptr || latest_->tid != head.tid) latest_ = &threads_[head.tid];
  latest_->tid = head.tid, latest_->pid = head.pid;
  return *latest_;
}

// A process that has been waited for has no name any more; prctl(PR_SET_NAME) gives another.
void Follower::follow_names(const Thread& thread) {
  const Call& call = thread.call;
  if (call.row == nullptr || call.value < 0) return;
  constexpr u64 kSetName = 15;
  constexpr i32 kExited = 1, kDumped = 3;
  constexpr u32 kNoWait = 0x01000000;
  if (call.row->name == "wait4" && call.value > 0) {
    i32 status = 0;
    const bool goes_on = call.seen.read(call.args[1], status) && ((status & 0xff) == 0x7f || status == 0xffff);
    if (!goes_on) names_.erase(static_cast<i32>(call.value));
  } else if (call.row->name == "waitid" && (static_cast<u32>(call.args[3]) & kNoWait) == 0) {
    abi::SigInfo info;
    if (call.seen.read(call.args[2], info) && info.code >= kExited && info.code <= kDumped)
      names_.erase(info.as<abi::SigInfoChild>().pid);
  } else if (call.row->name == "prctl" && call.args[0] == kSetName) {
    const std::span<const u8> text = call.seen.from(call.args[1]);
    constexpr usize kMost = 15;
    const auto* end = std::find(text.begin(), text.end(), u8{0}).base();
    if (!text.empty())
      names_[thread.tid] =
          escaped({reinterpret_cast<const char*>(text.data()), std::min(kMost, static_cast<usize>(end - text.data()))});
  }
}

void Follower::entered(Thread& thread, const EventView& view) {
  const auto entry = view.as<event::Entry>();
  Call& call = thread.call;
  call.seen.clear();
  call.nr = entry.nr, call.ip = entry.ip, call.args = entry.args;
  call.row = find_syscall(Arch::x86_64, static_cast<i64>(entry.nr));
  call.entered_ns = view.head.time_ns;
  call.left = false, call.value = 0, call.touched = 0, call.made_descriptor = false;
  call.seen.add(view.pieces);
  thread.in_call = true;
  on_entry(thread, view.head.time_ns);
}

void Follower::left(Thread& thread, const EventView& view) {
  const auto exit = view.as<event::Exit>();
  Call& call = thread.call;
  if (!thread.in_call || call.nr != exit.nr) return;  // its entry is lost
  call.left = true, call.value = exit.value, call.touched = view.head.flags, call.left_ns = view.head.time_ns;
  call.seen.add(view.pieces);
  for (const PieceView& piece : view.pieces) {
    if (piece.kind == event::Piece::Kind::file && static_cast<i64>(piece.place) == exit.value)
      call.made_descriptor = true;
  }
  follow_names(thread);
  on_exit(thread, view.head.time_ns);
  thread.in_call = false;
  thread.last_nr = call.nr;
}

void Follower::take(const EventView& view) {
  const u64 ns = view.head.time_ns;
  if (first_ns_ == 0) first_ns_ = ns;
  if (view.head.kind == event::Kind::counters) return on_counters(ns, view.as<event::Counters>());
  Thread& thread = thread_of(view.head);
  switch (view.head.kind) {
    case event::Kind::entry:
      return entered(thread, view);
    case event::Kind::exit:
      return left(thread, view);
    case event::Kind::signal:
      thread.at_signal.clear(), thread.at_signal.add(view.pieces);
      return on_signal(thread, ns, view.as<event::Signal>().info);
    case event::Kind::stopped:
      return on_stopped(thread, ns, view.as<event::Stopped>().signo);
    case event::Kind::started: {
      const auto started = view.as<event::Started>();
      if (started.maker == 0) realtime_offset_ = started.realtime_ns - ns;
      thread.name = name_in(view), thread.started_ns = ns;
      names_[thread.tid] = thread.name;
      return on_started(thread, ns, started.maker);
    }
    case event::Kind::program: {
      const i32 old_tid = view.as<event::Program>().old_tid;
      if (old_tid != thread.tid) {
        // A thread that was not the leader has the leader's number now.
        Thread moved = std::move(threads_[old_tid]);
        threads_.erase(old_tid), names_.erase(old_tid);
        latest_ = nullptr;
        moved.tid = thread.tid, moved.pid = thread.pid;
        thread = std::move(moved);
        on_renumbered(old_tid, thread);
      }
      thread.name = names_[thread.tid] = name_in(view);
      return on_program(thread, ns);
    }
    case event::Kind::ended: {
      const auto ended = view.as<event::Ended>();
      on_ended(thread, ns, ended.wait_status, ended.superseded != 0);
      if (thread.tid != thread.pid) names_.erase(thread.tid);
      threads_.erase(view.head.tid);
      latest_ = nullptr;
      return;
    }
    case event::Kind::counters:
      return;
    case event::Kind::lost:
      return on_lost(thread, ns, view.as<event::Lost>().events);
  }
}

}  // namespace limen::trace
