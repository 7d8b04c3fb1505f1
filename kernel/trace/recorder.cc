#include "kernel/trace/recorder.h"

#include <algorithm>
#include <chrono>

#include "kernel/kernel.h"
#include "kernel/mm/mm.h"
#include "kernel/signal/siginfo.h"
#include "kernel/task/thread_group.h"

namespace limen {

// What is kept of one task: Task::observed.
class Recorder::Watch final : public RefCounted {
 public:
  EventRing ring;
  RecordWriter writer;
  u64 lost = 0;
  std::atomic<bool> ended{false};
};

namespace {
u32 euid_of(const Task& task) { return static_cast<u32>(task.credentials().euid.raw()); }
}  // namespace

Recorder::Recorder(RecorderOptions options, Clock& clock) : options_(options), clock_(clock) {}

Recorder::~Recorder() = default;

Result<void> Recorder::start(platform::Platform& platform, Sink sink) {
  sink_ = std::move(sink);
  running_ = true;
  const Ref<Recorder> self(this);
  const Result<void> started = platform.start_thread("trace", [self] { self->drain(); });
  if (!started.ok()) running_ = false;
  return started;
}

void Recorder::finish(const event::Counters& counters) {
  std::unique_lock<std::mutex> guard(mutex_);
  finishing_ = true;
  changed_.notify_all();
  changed_.wait(guard, [this] { return !running_; });
  if (gone_.load()) return;
  RecordWriter writer;
  writer.begin(event::Kind::counters);
  writer.body(counters);
  const std::span<const u8> record = writer.finish();
  writer.head().sequence = next_, writer.head().time_ns = clock_.monotonic_ns();
  (void)sink_(record);
}

// --- The tasks' side -------------------------------------------------------------------------------------------------------

bool Recorder::records(u64 nr) const { return nr < kSyscallEnd ? options_.calls[nr] : options_.unknown_calls; }

// False: this record is lost.
bool Recorder::wait_for_room(Task& task, EventRing& ring, usize size) {
  while (!ring.has_room(size)) {
    if (options_.drop || task.must_die() || gone_.load(std::memory_order_relaxed)) return false;
    std::unique_lock<std::mutex> guard(mutex_);
    changed_.notify_all();
    changed_.wait_for(guard, std::chrono::milliseconds(1));
  }
  return true;
}

void Recorder::push(Task& task, Watch& watch, u8 flags) {
  if (gone_.load(std::memory_order_relaxed)) return;
  const std::span<const u8> record = watch.writer.finish();
  event::RecordHead& head = watch.writer.head();
  constexpr usize kLostRecord = sizeof(event::RecordHead) + sizeof(event::Lost);
  if (!wait_for_room(task, watch.ring, record.size() + (watch.lost != 0 ? kLostRecord : 0))) {
    ++watch.lost;
    return;
  }
  head.flags = flags;
  head.tid = task.tid().raw(), head.pid = task.group().pid().raw();
  head.time_ns = clock_.monotonic_ns();
  if (watch.lost != 0) {
    RecordWriter told;
    told.begin(event::Kind::lost);
    told.body(event::Lost{watch.lost});
    told.finish();
    told.head().tid = head.tid, told.head().pid = head.pid, told.head().time_ns = head.time_ns;
    told.head().sequence = sequence_.fetch_add(1, std::memory_order_relaxed);
    watch.ring.push(told.finish());
    watch.lost = 0;
    if (!watch.ring.has_room(record.size())) {  // the end of the buffer took the rest
      ++watch.lost;
      return;
    }
  }
  head.sequence = sequence_.fetch_add(1, std::memory_order_relaxed);
  watch.ring.push(record);
  if (watch.ring.half_full()) changed_.notify_all();
}

void Recorder::call_entered(Task& task, const platform::Entry& call) {
  if (!records(call.nr)) return;
  Watch& watch = static_cast<Watch&>(*task.observed);
  watch.writer.begin(event::Kind::entry);
  event::Entry body{.nr = call.nr, .ip = call.ip, .args = {}};
  std::copy(std::begin(call.args), std::end(call.args), body.args.begin());
  watch.writer.body(body);
  capture_entry(task, call, options_.capture, watch.writer);
  push(task, watch);
}

void Recorder::call_left(Task& task, const platform::Entry& call, i64 value, u8 touched) {
  // A refusal is told whatever the call: without its entry, where that is not recorded.
  if (!records(call.nr) && (touched & refused) == 0) return;
  constexpr u64 kRtSigreturn = 15;
  if (call.nr == kRtSigreturn && value >= 0) value = static_cast<i64>(task.cpu().registers().rax);
  Watch& watch = static_cast<Watch&>(*task.observed);
  watch.writer.begin(event::Kind::exit);
  watch.writer.body(event::Exit{call.nr, value});
  if (records(call.nr)) capture_exit(task, call, value, options_.capture, watch.writer);
  push(task, watch, touched);
}

void Recorder::signal_taken(Task& task, const SignalInfo& info) {
  Watch& watch = static_cast<Watch&>(*task.observed);
  watch.writer.begin(event::Kind::signal);
  watch.writer.body(event::Signal{encode_siginfo(info)});
  push(task, watch);
}

void Recorder::task_stopped(Task& task, Signal by) {
  Watch& watch = static_cast<Watch&>(*task.observed);
  watch.writer.begin(event::Kind::stopped);
  watch.writer.body(event::Stopped{by.raw(), 0});
  push(task, watch);
}

void Recorder::task_started(Task& task, Task* maker) {
  const Ref<Watch> watch = make_ref<Watch>();
  task.observed = watch;
  {
    std::lock_guard<std::mutex> guard(mutex_);
    watches_.push_back(watch);
  }
  watch->writer.begin(event::Kind::started);
  watch->writer.body(event::Started{maker != nullptr ? maker->tid().raw() : 0, euid_of(task), clock_.realtime_ns()});
  watch->writer.text(event::Piece::Kind::name, 0, task.name());
  push(task, *watch);
}

void Recorder::first_program(Task& task, const std::string& path, const std::vector<std::string>& argv, usize envc) {
  constexpr u64 kExecve = 59;
  Watch& watch = static_cast<Watch&>(*task.observed);
  if (records(kExecve)) {
    // The words have no place in any guest's memory: they stand where the program finds its own.
    const MmLayout layout = task.mm().layout();
    const u64 path_place = layout.start_stack, argv_place = layout.start_stack + kPageSize;
    watch.writer.begin(event::Kind::entry);
    watch.writer.body(event::Entry{.nr = kExecve, .ip = 0, .args = {path_place, argv_place, layout.env_start}});
    watch.writer.piece(event::Piece::Kind::memory, path_place, path.c_str(), path.size() + 1);
    capture_arguments(argv, argv_place, options_.capture, watch.writer);
    const u64 variables = envc;
    watch.writer.piece(event::Piece::Kind::count, layout.env_start, &variables, sizeof variables);
    push(task, watch);
  }
  program_started(task, task.tid());
  if (!records(kExecve)) return;
  watch.writer.begin(event::Kind::exit);
  watch.writer.body(event::Exit{kExecve, 0});
  push(task, watch);
}

void Recorder::program_started(Task& task, Pid old_tid) {
  Watch& watch = static_cast<Watch&>(*task.observed);
  watch.writer.begin(event::Kind::program);
  watch.writer.body(event::Program{old_tid.raw(), euid_of(task)});
  watch.writer.text(event::Piece::Kind::name, 0, task.name());
  push(task, watch);
}

void Recorder::task_ended(Task& task, int wait_status, bool superseded) {
  Watch& watch = static_cast<Watch&>(*task.observed);
  watch.writer.begin(event::Kind::ended);
  watch.writer.body(event::Ended{wait_status, superseded ? 1 : 0});
  push(task, watch);
  watch.ended.store(true, std::memory_order_release);
}

// --- The reader's side -----------------------------------------------------------------------------------------------------

// Takes what is in the rings. Rings of tasks that have ended go when they are empty.
bool Recorder::collect() {
  std::vector<Ref<Watch>> watches;
  {
    std::lock_guard<std::mutex> guard(mutex_);
    watches = watches_;
  }
  const usize before = batch_.size();
  bool done = false;
  for (const Ref<Watch>& watch : watches) {
    const bool ended = watch->ended.load(std::memory_order_acquire);
    watch->ring.take(batch_);
    done = done || ended;
  }
  std::lock_guard<std::mutex> guard(mutex_);
  if (done) {
    // `ended` may have been set after the ring was read: only what was empty then is empty for good.
    std::erase_if(watches_, [](const Ref<Watch>& watch) {
      return watch->ended.load(std::memory_order_acquire) && watch->ring.is_empty();
    });
  }
  changed_.notify_all();  // there is room
  return batch_.size() != before;
}

// Gives the sink what is next, in order; what came too early stays. False: the sink is gone.
bool Recorder::give_out() {
  struct Place {
    u64 sequence;
    usize at;
    u32 size;
  };
  std::vector<Place> places;
  for (usize at = 0; at < batch_.size();) {
    const auto* head = reinterpret_cast<const event::RecordHead*>(&batch_[at]);
    places.push_back({head->sequence, at, head->size});
    at += head->size;
  }
  std::sort(places.begin(), places.end(), [](const Place& a, const Place& b) { return a.sequence < b.sequence; });
  out_.clear();
  std::vector<u8> rest;
  for (const Place& place : places) {
    std::vector<u8>& to = place.sequence == next_ ? out_ : rest;
    if (place.sequence == next_) ++next_;
    to.insert(to.end(), batch_.begin() + static_cast<i64>(place.at),
              batch_.begin() + static_cast<i64>(place.at + place.size));
  }
  batch_.swap(rest);
  return out_.empty() || sink_(out_);
}

void Recorder::drain() {
  constexpr auto kShortest = std::chrono::microseconds(500), kLongest = std::chrono::microseconds(16'000);
  auto pause = kShortest;
  for (bool last = false;;) {
    const bool any = collect();
    if (any && !give_out()) {
      gone_.store(true);
      break;
    }
    if (last && !any) break;
    pause = any ? kShortest : std::min(pause * 2, kLongest);
    std::unique_lock<std::mutex> guard(mutex_);
    if (!finishing_) changed_.wait_for(guard, pause);
    last = finishing_;
  }
  std::lock_guard<std::mutex> guard(mutex_);
  running_ = false;
  changed_.notify_all();
}

}  // namespace limen
