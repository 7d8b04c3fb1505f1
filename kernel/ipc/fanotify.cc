#include "kernel/ipc/fanotify.h"

#include <algorithm>

#include "abi/fcntl.h"
#include "abi/stat.h"
#include "kernel/ipc/fanotify_event.h"
#include "kernel/task/thread_group.h"

namespace limen {
namespace {

constexpr u64 kMarkBytes = 1024;  // what a mark and the inode that it keeps may cost
constexpr u64 kFanotifyEventBytes = 512;
constexpr usize kMostMerged = 128;  // of the queue's end are compared. Linux: FANOTIFY_MAX_MERGE_EVENTS

Ref<WatchList> list_of(const FanotifyTarget& target) {
  switch (target.kind) {
    case FanotifyTarget::Kind::mount:
      return watch_list_of(*target.path.mount);
    case FanotifyTarget::Kind::filesystem:
      return watch_list_of(*target.path.mount->filesystem());
    default:
      return watch_list_of(target.path.inode());
  }
}

// Does a mask that was given so apply to this event as heard by this list? Linux: fsnotify_mask_applicable.
bool applies(u32 mask, bool of_directory, bool by_parent) {
  return (!of_directory || (mask & abi::fan_ondir) != 0) && (!by_parent || (mask & abi::fan_event_on_child) != 0);
}

// Linux: fsnotify_effective_ignore_mask.
u32 effective_ignored(const FanotifyMark& mark, bool of_directory, bool by_parent) {
  u32 ignored = mark.ignored;
  if (ignored == 0) return 0;
  if ((mark.flags & abi::fan_mark_ignore) == 0) {
    ignored |= abi::fan_ondir | (mark.mask & abi::fan_event_on_child);  // before there were flags in an ignore mask
  }
  return applies(ignored, of_directory, by_parent) ? ignored : 0;
}

void mix(u64& hash, std::span<const u8> bytes) {
  for (const u8 byte : bytes) hash = (hash ^ byte) * 0x100000001b3;
}

}  // namespace

FanotifyMark::FanotifyMark(Ref<FanotifyGroup> group, const FanotifyTarget& target, MemoryCharge charge)
    : group_(std::move(group)),
      key_(FanotifyGroup::key_of(target)),
      charge_(std::move(charge)),
      mount_id_(target.path.mount->id()),
      device_(target.path.mount->filesystem()->device()),
      filesystem_(target.kind == FanotifyTarget::Kind::inode ? target.path.mount->filesystem() : nullptr),
      inode_(target.kind == FanotifyTarget::Kind::inode ? target.path.dentry->inode() : nullptr),
      list_(list_of(target)) {}

Result<Ref<FanotifyGroup>> FanotifyGroup::create(MemoryAccount& memory, Ref<UserAccount> user,
                                                 const Settings& settings) {
  if (user->fanotify_groups.fetch_add(1, std::memory_order_relaxed) >= kMostGroups) {
    user->fanotify_groups.fetch_sub(1, std::memory_order_relaxed);
    return Errno::emfile;
  }
  return make_ref<FanotifyGroup>(memory, std::move(user), settings);
}

FanotifyGroup::FanotifyGroup(MemoryAccount& memory, Ref<UserAccount> user, const Settings& settings)
    : memory_(memory), user_(std::move(user)), settings_(settings) {}
FanotifyGroup::~FanotifyGroup() { user_->fanotify_groups.fetch_sub(1, std::memory_order_relaxed); }

u32 FanotifyGroup::fid_mode() const {
  constexpr u32 kFids =
      abi::fan_report_fid | abi::fan_report_dir_fid | abi::fan_report_name | abi::fan_report_target_fid;
  return settings_.flags & kFids;
}

FanotifyGroup::Key FanotifyGroup::key_of(const FanotifyTarget& target) {
  switch (target.kind) {
    case FanotifyTarget::Kind::mount:
      return {target.kind, target.path.mount.get()};
    case FanotifyTarget::Kind::filesystem:
      return {target.kind, target.path.mount->filesystem().get()};
    default:
      return {target.kind, &target.path.inode()};
  }
}

// Linux: fanotify_add_mark, fanotify_may_update_existing_mark.
Result<void> FanotifyGroup::add_mark(const FanotifyTarget& target, u32 mask, u32 flags) {
  const bool ignores = (flags & (abi::fan_mark_ignored_mask | abi::fan_mark_ignore)) != 0;
  MutexGuard guard(lock_);
  const auto known = marks_.find(key_of(target));
  Ref<FanotifyMark> mark = known != marks_.end() ? known->second : Ref<FanotifyMark>();
  if (mark) {
    const bool evictable = (mark->flags & abi::fan_mark_evictable) != 0;
    if ((flags & abi::fan_mark_evictable) != 0 && !evictable) return Errno::eexist;
    if ((mark->flags & abi::fan_mark_ignore) != 0 && (flags & abi::fan_mark_ignored_mask) != 0) return Errno::eexist;
    constexpr u32 kSurvives = abi::fan_mark_ignore | abi::fan_mark_ignored_surv_modify;
    if ((flags & abi::fan_mark_ignore) != 0 && (flags & kSurvives) == abi::fan_mark_ignore &&
        (mark->flags & kSurvives) == kSurvives)
      return Errno::eexist;
    if ((flags & abi::fan_mark_evictable) == 0) mark->flags &= ~abi::fan_mark_evictable;
  } else {
    const bool limited = !has(abi::fan_unlimited_marks);
    if (limited && user_->fanotify_marks.load(std::memory_order_relaxed) >= settings_.most_marks) return Errno::enospc;
    MemoryCharge charge = TRY(MemoryCharge::take(memory_, kMarkBytes, Errno::enospc));
    mark = make_ref<FanotifyMark>(Ref<FanotifyGroup>(this), target, std::move(charge));
    user_->fanotify_marks.fetch_add(1, std::memory_order_relaxed);
    mark->flags = flags & abi::fan_mark_evictable;
    marks_.emplace(mark->key(), mark);
    mark->list().add(mark);
  }
  if (ignores) {
    if ((flags & abi::fan_mark_ignore) != 0) mark->flags |= abi::fan_mark_ignore;
    mark->flags |= flags & abi::fan_mark_ignored_surv_modify;
    mark->ignored |= mask;
  } else {
    mark->mask |= mask;
    if ((mask & kFanotifyQuestions) != 0)
      target.path.mount->filesystem()->is_asked.store(true, std::memory_order_relaxed);
  }
  return success;
}

Result<void> FanotifyGroup::remove_mark(const FanotifyTarget& target, u32 mask, u32 flags) {
  Ref<FanotifyMark> out;  // dropped without the lock: an inode may end with it
  MutexGuard guard(lock_);
  const auto known = marks_.find(key_of(target));
  if (known == marks_.end()) return Errno::enoent;
  FanotifyMark& mark = *known->second;
  const bool ignores = (flags & (abi::fan_mark_ignored_mask | abi::fan_mark_ignore)) != 0;
  (ignores ? mark.ignored : mark.mask) &= ~mask;
  // Linux: fanotify_mark_remove_from_mask: what only says how goes with the last event.
  if (((mark.mask | mark.ignored) & ~(fid_mode() != 0 ? kFanotifyHow : u32{abi::fan_event_on_child})) != 0)
    return success;
  out = take_out(mark);
  out->leave();
  return success;
}

Ref<FanotifyMark> FanotifyGroup::take_out(FanotifyMark& mark) {
  if (std::exchange(mark.ended, true)) return {};
  user_->fanotify_marks.fetch_sub(1, std::memory_order_relaxed);
  const auto at = marks_.find(mark.key());
  Ref<FanotifyMark> out = std::move(at->second);
  marks_.erase(at);
  return out;
}

void FanotifyGroup::drop(FanotifyMark& mark) {
  Ref<FanotifyMark> out;
  {
    MutexGuard guard(lock_);
    out = take_out(mark);
  }
  if (out) out->leave();
}

void FanotifyGroup::flush(FanotifyTarget::Kind kind) {
  std::vector<Ref<FanotifyMark>> all;
  {
    MutexGuard guard(lock_);
    for (auto at = marks_.begin(); at != marks_.end();) {
      FanotifyMark& mark = *(at++)->second;
      if (mark.key().first == kind) all.push_back(take_out(mark));
    }
  }
  for (const Ref<FanotifyMark>& mark : all) mark->leave();
}

void FanotifyGroup::close() {
  std::deque<Ref<Event>> events;
  std::list<Ref<Event>> asked;
  {
    MutexGuard guard(lock_);
    closed_ = true;
    events.swap(events_), asked.swap(asked_);
    for (const Ref<Event>& event : events) event->answer = success;
    for (const Ref<Event>& event : asked) event->answer = success;
  }
  askers.wake();
  using Kind = FanotifyTarget::Kind;
  for (const Kind kind : {Kind::inode, Kind::mount, Kind::filesystem}) flush(kind);
}

// Linux: fanotify_group_event_mask.
FanotifyGroup::Wanted FanotifyGroup::wanted(const InodeEvent& event, std::span<const Heard> heard) {
  Wanted wanted;
  const bool by_fid = fid_mode() != 0;
  if (!by_fid && event.path == nullptr) return wanted;
  const bool of_directory = (event.mask & abi::in_isdir) != 0, of_name = (event.mask & kFanotifyNames) != 0;
  const bool modifies = (event.mask & abi::in_modify) != 0;
  u32 marks = 0, ignored = 0;
  for (const Heard& each : heard) {
    auto& mark = static_cast<FanotifyMark&>(*each.watcher);
    if (mark.ended) continue;
    if (modifies && (mark.flags & abi::fan_mark_ignored_surv_modify) == 0) mark.ignored = 0;
    const bool by_parent = each.by == HeardBy::directory && !of_name;
    ignored |= effective_ignored(mark, of_directory, by_parent);
    if (!applies(mark.mask, of_directory, by_parent)) continue;
    marks |= mark.mask;
    if ((mark.mask & event.mask & ~kFanotifyHow) != 0) wanted.by[static_cast<usize>(each.by)] = true;
  }
  wanted.mask = event.mask & marks & ~ignored & ~kFanotifyHow;
  if (wanted.mask != 0 && by_fid && of_directory) wanted.mask |= abi::fan_ondir;
  return wanted;
}

// Linux: fanotify_alloc_event.
Ref<FanotifyGroup::Event> FanotifyGroup::make_event(const InodeEvent& event, const Wanted& wanted) const {
  Ref<Event> made = make_ref<Event>();
  made->mask = wanted.mask;
  if (event.task != nullptr) {
    made->pid = has(abi::fan_report_tid) ? event.task->tid() : event.task->group().pid();
    if (has(abi::fan_report_pidfd)) made->actor = Ref<Task>(event.task);
  }
  const u32 mode = fid_mode();
  if (mode == 0) {
    made->path = *event.path;
    return made;
  }
  const bool of_name = (wanted.mask & kFanotifyNames) != 0, of_directory = (wanted.mask & abi::fan_ondir) != 0;
  made->fsid = event.inode->filesystem().fsid();
  const auto handle = [](Inode& inode, const Ref<Dentry>& name) -> std::optional<EncodedHandle> {
    Result<EncodedHandle> encoded = encode_handle(inode, name, HandleUse::compare);
    return encoded.ok() ? std::optional(std::move(*encoded)) : std::nullopt;
  };
  const auto of = [&](const Ref<Dentry>& name) { return handle(*name->inode(), name); };
  const bool tells_directory = event.directory && of_name;
  const auto object = [&] {
    const bool wants_target = (mode & abi::fan_report_target_fid) != 0;
    return tells_directory && !wants_target ? of(event.directory) : handle(*event.inode, event.dentry);
  };
  // The directory to be told of: where a name changed, a directory itself, or what a file is in.
  const Ref<Dentry> place = of_name || !of_directory ? event.directory : event.dentry;
  if ((mode & abi::fan_report_dir_fid) == 0 || !place) {
    made->object = object();
    return made;
  }
  const bool is_itself = place == event.dentry;
  const bool tells_child =
      (mode & abi::fan_report_fid) != 0 && !is_itself && (!of_name || (mode & abi::fan_report_target_fid) != 0);
  const bool tells_name = (mode & abi::fan_report_name) != 0 && !is_itself;
  if (!tells_child && !tells_name && event.to_directory == nullptr) {
    made->object = of(place);
    return made;
  }
  const bool is_rename = (wanted.mask & abi::fan_rename) != 0;
  const auto by = [&](HeardBy list) { return wanted.by[static_cast<usize>(list)]; };
  if (!is_rename || by(HeardBy::filesystem) || by(HeardBy::directory)) {
    made->directory = of(place);
    if (tells_name) made->name = event.entry;
  }
  if (is_rename && (by(HeardBy::filesystem) || by(HeardBy::to_directory))) {
    made->to_directory = of(event.to_directory);
    made->to_name = event.to_entry;
  }
  if (tells_child) made->object = handle(*event.inode, event.dentry);
  return made;
}

bool FanotifyGroup::Event::is_same(const Event& other) const {
  return hash == other.hash && pid == other.pid && path == other.path && fsid == other.fsid &&
         directory == other.directory && to_directory == other.to_directory && object == other.object &&
         name == other.name && to_name == other.to_name;
}

// Linux: fanotify_merge.
bool FanotifyGroup::merge(const Event& fresh) {
  usize looked = 0;
  for (auto at = events_.rbegin(); at != events_.rend() && looked < kMostMerged; ++at, ++looked) {
    Event& old = **at;
    if (old.is_question || old.is_overflow || !old.is_same(fresh)) continue;
    // What happened to directories and what to others is not mixed, nor a rename with anything.
    if (fid_mode() != 0 && ((old.mask ^ fresh.mask) & (abi::fan_ondir | abi::fan_rename)) != 0) continue;
    old.mask |= fresh.mask;
    return true;
  }
  return false;
}

bool FanotifyGroup::queue(const Ref<Event>& event) {
  Result<MemoryCharge> charge = MemoryCharge::take(memory_, kFanotifyEventBytes, Errno::enomem);
  const bool has_room = has(abi::fan_unlimited_queue) || events_.size() < kMostQueued;
  if (has_room && charge.ok()) {
    event->charge = std::move(*charge);
    events_.push_back(event);
    return true;
  }
  if (std::exchange(overflowed_, true)) return false;
  Ref<Event> overflow = make_ref<Event>();
  overflow->mask = abi::fan_q_overflow, overflow->is_overflow = true;
  events_.push_back(std::move(overflow));
  return false;
}

void FanotifyGroup::event(const InodeEvent& event, std::span<const Heard> heard) {
  Wanted what;
  {
    MutexGuard guard(lock_);
    if (closed_) return;
    what = wanted(event, heard);
  }
  if ((what.mask & ~abi::fan_ondir) == 0) return;
  if (fid_mode() == 0) {  // of files and directories alone
    const Result<u32> type = event.inode->file_type();
    if (!type.ok() || (*type != abi::s_ifreg && *type != abi::s_ifdir)) return;
  }
  Ref<Event> made = make_event(event, what);
  if (fid_mode() != 0 && !made->object && !made->directory && !made->to_directory) return;
  for (const auto* handle : {&made->directory, &made->to_directory, &made->object}) {
    if (*handle) mix(made->hash, (*handle)->bytes);
  }
  mix(made->hash, {reinterpret_cast<const u8*>(made->name.data()), made->name.size()});
  {
    MutexGuard guard(lock_);
    if (closed_) return;
    if (!merge(*made)) (void)queue(made);
  }
  readers.wake(kPollIn | kPollRdNorm);
}

// Linux: fanotify_get_response.
Result<void> FanotifyGroup::ask(Task& task, const InodeEvent& event, std::span<const Heard> heard) {
  const Result<u32> type = event.inode->file_type();
  if (!type.ok() || (*type != abi::s_ifreg && *type != abi::s_ifdir)) return success;
  const Ref<Event> question = make_ref<Event>();
  {
    MutexGuard guard(lock_);
    if (closed_) return success;
    Wanted what = wanted(event, heard);
    what.mask &= kFanotifyQuestions;
    if (what.mask == 0) return success;
    question->mask = what.mask, question->is_question = true;
    question->pid = has(abi::fan_report_tid) ? task.tid() : task.group().pid();
    if (has(abi::fan_report_pidfd)) question->actor = Ref<Task>(&task);
    question->path = *event.path;
    if (!queue(question)) return success;
  }
  readers.wake(kPollIn | kPollRdNorm);
  const Result<void> answered = task.block_killable(askers, [&]() -> Result<void> {
    MutexGuard guard(lock_);
    return question->answer ? *question->answer : Result<void>(Errno::eagain);
  });
  if (answered.is(Errno::eintr)) {
    MutexGuard guard(lock_);
    std::erase(events_, question);
    asked_.remove(question);
  }
  return answered;
}

}  // namespace limen
