#include "kernel/trace/recorder.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

#include "host/clock.h"
#include "kernel/kernel.h"
#include "kernel/mm/mm.h"
#include "kernel/signal/siginfo.h"
#include "kernel/task/thread_group.h"
#include "platform/sleeper.h"

namespace limen {

// What is kept of one task: Task::observed.
class Recorder::Watch final : public RefCounted {
 public:
  explicit Watch(std::shared_ptr<EventChunks> pool) : chunks(std::move(pool)), ring(*chunks) {}
  const std::shared_ptr<EventChunks> chunks;  // a task may outlive the recorder
  EventRing ring;
  RecordWriter writer;
  u64 lost = 0;
  std::atomic<bool> ended{false};
  // Where its writer waits for the reader.
  std::atomic<bool> waits{false};
  platform::Sleeper sleeper;
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
  const Result<void> started =
      platform.start_thread("trace", platform::Platform::Where::anywhere, [self] { self->drain(); });
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

void Recorder::hurry() {
  std::lock_guard<std::mutex> guard(mutex_);
  hurry_ = true, idle_.store(false, std::memory_order_relaxed);
  changed_.notify_all();
}

// Null: this record is lost.
u8* Recorder::wait_for_room(Task& task, Watch& watch, usize size) {
  constexpr i64 kLookAgainNs = 10'000'000;  // is the task to die?
  for (;;) {
    u8* const place = watch.ring.reserve(size);
    if (place != nullptr) return place;
    if (options_.drop || task.must_die() || gone_.load(std::memory_order_relaxed)) return nullptr;
    watch.waits.store(true);
    hurry();
    watch.sleeper.sleep(static_cast<u64>(host::monotonic_ns() + kLookAgainNs));
  }
}

void Recorder::push(Task& task, Watch& watch, u8 flags) {
  if (gone_.load(std::memory_order_relaxed)) return;
  const std::span<const u8> record = watch.writer.finish();
  constexpr usize kLostRecord = sizeof(event::RecordHead) + sizeof(event::Lost);
  const usize told = watch.lost != 0 ? kLostRecord : 0;
  u8* place = watch.ring.reserve(told + record.size());
  if (place == nullptr) place = wait_for_room(task, watch, told + record.size());
  if (place == nullptr) {
    ++watch.lost;
    return;
  }
  event::RecordHead& head = watch.writer.head();
  head.flags = flags;
  head.tid = task.tid().raw(), head.pid = task.group().pid().raw();
  head.time_ns = clock_.monotonic_ns();
  if (told != 0) {
    event::RecordHead lost{.size = kLostRecord, .kind = event::Kind::lost, .time_ns = head.time_ns};
    lost.tid = head.tid, lost.pid = head.pid;
    lost.sequence = sequence_.fetch_add(1, std::memory_order_relaxed);
    const event::Lost body{std::exchange(watch.lost, 0)};
    std::memcpy(place, &lost, sizeof lost);
    std::memcpy(place + sizeof lost, &body, sizeof body);
  }
  head.sequence = sequence_.fetch_add(1, std::memory_order_relaxed);
  std::memcpy(place + told, record.data(), record.size());
  watch.ring.commit(told + record.size());
  // Seen late, an idle reader looks by itself after a while.
  if (idle_.load(std::memory_order_relaxed) || (chunks_->half_full() && !hurry_.load(std::memory_order_relaxed)))
    hurry();
}

bool Recorder::wants_stack(Task& task, const platform::Entry& call) {
  if (options_.capture.stacks != CaptureOptions::Stacks::first)
    return options_.capture.stacks == CaptureOptions::Stacks::each;
  const RecorderOptions::Telling telling =
      call.nr < kSyscallEnd ? options_.telling[call.nr] : RecorderOptions::Telling{};
  const u64 kind = call.nr << 32 ^ (call.args[telling.argument] & telling.bits);
  const usize bit = (kind * 0x9e37'79b9'7f4a'7c15 >> 48 ^ std::hash<std::string>()(task.name())) % kKinds;
  const u64 mask = u64{1} << bit % 64;
  return (kinds_[bit / 64].fetch_or(mask, std::memory_order_relaxed) & mask) == 0;
}

void Recorder::call_entered(Task& task, const platform::Entry& call) {
  if (records(call.nr)) entered(task, call);
}

void Recorder::entered(Task& task, const platform::Entry& call) {
  Watch& watch = static_cast<Watch&>(*task.observed);
  watch.writer.begin(event::Kind::entry);
  event::Entry body{.nr = call.nr, .ip = call.ip, .args = {}};
  std::copy(std::begin(call.args), std::end(call.args), body.args.begin());
  watch.writer.body(body);
  capture_entry(task, call, options_.capture, watch.writer);
  if (wants_stack(task, call)) stacks_.capture(task, watch.writer);
  push(task, watch);
}

void Recorder::call_left(Task& task, const platform::Entry& call, i64 value, u8 touched) {
  const bool recorded = records(call.nr);
  const bool no_room = !recorded && call.nr < kSyscallEnd && options_.calls_without_room[call.nr] &&
                       (value == -static_cast<i64>(Errno::enospc) || value == -static_cast<i64>(Errno::edquot));
  // A refusal is told whatever the call: without its entry, where that is not recorded.
  if (!recorded && !no_room && (touched & refused) == 0) return;
  if (no_room) entered(task, call);
  constexpr u64 kRtSigreturn = 15;
  if (call.nr == kRtSigreturn && value >= 0) value = static_cast<i64>(task.cpu().registers().rax);
  Watch& watch = static_cast<Watch&>(*task.observed);
  watch.writer.begin(event::Kind::exit);
  watch.writer.body(event::Exit{call.nr, value});
  if (recorded) capture_exit(task, call, value, options_.capture, watch.writer);
  push(task, watch, touched);
}

void Recorder::signal_taken(Task& task, const SignalInfo& info) {
  Watch& watch = static_cast<Watch&>(*task.observed);
  watch.writer.begin(event::Kind::signal);
  watch.writer.body(event::Signal{encode_siginfo(info)});
  if (options_.capture.stacks == CaptureOptions::Stacks::each) stacks_.capture(task, watch.writer);
  push(task, watch);
}

void Recorder::task_stopped(Task& task, Signal by) {
  Watch& watch = static_cast<Watch&>(*task.observed);
  watch.writer.begin(event::Kind::stopped);
  watch.writer.body(event::Stopped{by.raw(), 0});
  push(task, watch);
}

void Recorder::task_started(Task& task, Task* maker) {
  const Ref<Watch> watch = make_ref<Watch>(chunks_);
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

void Recorder::first_program(Task& task, const std::string& path, const std::vector<std::string>& argv,
                             const std::vector<std::string>& envp) {
  constexpr u64 kExecve = 59;
  Watch& watch = static_cast<Watch&>(*task.observed);
  if (records(kExecve)) {
    // The words have no place in any guest's memory: they stand where the program finds its own.
    const MmLayout layout = task.mm().layout();
    const u64 path_place = layout.start_stack, argv_place = layout.start_stack + kPageSize;
    watch.writer.begin(event::Kind::entry);
    watch.writer.body(event::Entry{.nr = kExecve, .ip = 0, .args = {path_place, argv_place, layout.env_start}});
    watch.writer.piece(event::Piece::Kind::memory, path_place, path.c_str(), path.size() + 1);
    capture_vector(argv, argv_place, true, options_.capture, watch.writer);
    capture_vector(envp, layout.env_start, options_.capture.verbose, options_.capture, watch.writer);
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

namespace {
constexpr auto kTogether = std::chrono::milliseconds(50);  // events of so long are handed over together
constexpr auto kLook = std::chrono::seconds(1);            // an idle reader's look for what it was not woken for
constexpr usize kLargePiece = 16 * 1024;                   // worth a write of its own
}  // namespace

// Finds what is in the rings. What came too early the last time is there still: in `early_`.
void Recorder::collect(std::span<const Ref<Watch>> watches) {
  const auto take = [this](std::span<const u8> records) {
    for (usize at = 0; at < records.size();) {
      const auto* head = reinterpret_cast<const event::RecordHead*>(&records[at]);
      found_.push_back({head->sequence, &records[at], head->size});
      at += head->size;
    }
  };
  found_.clear();
  take(early_);
  for (const Ref<Watch>& watch : watches) watch->ring.take(take);
  const auto by_sequence = [](const Found& a, const Found& b) { return a.sequence < b.sequence; };
  if (!std::is_sorted(found_.begin(), found_.end(), by_sequence)) std::sort(found_.begin(), found_.end(), by_sequence);
}

// Gives the sink what is next, in order; what came too early stays. False: the sink is gone.
bool Recorder::give_out() {
  usize n = 0;
  out_.clear();
  while (n < found_.size() && found_[n].sequence == next_) {
    std::span<const u8> piece(found_[n].at, found_[n].size);
    for (++n, ++next_; n < found_.size() && found_[n].at == piece.data() + piece.size() && found_[n].sequence == next_;
         ++n, ++next_) {
      piece = {piece.data(), piece.size() + found_[n].size};
    }
    if (piece.size() < kLargePiece) {
      out_.insert(out_.end(), piece.begin(), piece.end());
      continue;
    }
    if (!out_.empty() && !sink_(out_)) return false;
    out_.clear();
    if (!sink_(piece)) return false;
  }
  std::vector<u8> early;
  for (; n < found_.size(); ++n) early.insert(early.end(), found_[n].at, found_[n].at + found_[n].size);
  early_.swap(early);
  return out_.empty() || sink_(out_);
}

// Chunks that were handed over are free again, and rings of tasks that have ended go when they are empty.
void Recorder::release(std::span<const Ref<Watch>> watches) {
  bool ended = false;
  for (const Ref<Watch>& watch : watches) {
    watch->ring.release();
    ended = ended || watch->ended.load(std::memory_order_acquire);
  }
  for (const Ref<Watch>& watch : watches) {
    if (watch->waits.load(std::memory_order_relaxed) && watch->waits.exchange(false)) watch->sleeper.wake();
  }
  if (!ended) return;
  std::lock_guard<std::mutex> guard(mutex_);
  std::erase_if(watches_, [](const Ref<Watch>& watch) {
    return watch->ended.load(std::memory_order_acquire) && watch->ring.is_empty();
  });
}

void Recorder::drain() {
  std::vector<Ref<Watch>> watches;
  for (bool last = false;;) {
    {
      std::lock_guard<std::mutex> guard(mutex_);
      watches = watches_;
      last = finishing_;
      hurry_.store(false, std::memory_order_relaxed);
    }
    collect(watches);
    const bool any = !found_.empty();
    if (any && !give_out()) gone_.store(true);
    release(watches);
    if (gone_.load() || (last && !any)) break;
    std::unique_lock<std::mutex> guard(mutex_);
    if (!any) {
      idle_.store(true, std::memory_order_relaxed);
      changed_.wait_for(guard, kLook, [this] { return finishing_ || !idle_.load(std::memory_order_relaxed); });
      idle_.store(false, std::memory_order_relaxed);
      hurry_.store(false, std::memory_order_relaxed);
    }
    changed_.wait_for(guard, kTogether, [this] { return finishing_ || hurry_.load(std::memory_order_relaxed); });
  }
  std::lock_guard<std::mutex> guard(mutex_);
  running_ = false;
  changed_.notify_all();
}

}  // namespace limen
