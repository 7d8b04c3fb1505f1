#include "kernel/ipc/epoll.h"

#include <algorithm>

#include "kernel/kernel.h"

namespace limen {
namespace {

constexpr u32 kPrivateBits = abi::epollwakeup | abi::epolloneshot | abi::epollet | abi::epollexclusive;
constexpr u32 kExclusiveOk = abi::epollin | abi::epollout | abi::epollerr | abi::epollhup | abi::epollwakeup |
                             abi::epollet | abi::epollexclusive;
constexpr usize kMostNested = 5;  // EP_MAX_NESTS + 1

}  // namespace

class EpollItem final : public FileWatcher, public PollTable {
 public:
  EpollItem(Ref<Epoll> epoll, File& file, Fd fd, abi::EpollEvent event, MemoryCharge charge)
      : epoll_(std::move(epoll)), charge_(std::move(charge)), file_(&file), fd_(fd), event_(event), identity_(&file) {
    epoll_->user_->epoll_watches += 1;
  }
  ~EpollItem() override { epoll_->user_->epoll_watches -= 1; }

  // Registers with each queue of the file, which may be several.
  void add(Ref<RefCounted> owner, WaitQueue& queue) override {
    // A file that is its own queues' owner must not be kept alive: file_gone comes before its end.
    if (owner.get() == identity_) owner.reset();
    MutexGuard guard(places_lock_);
    if (!unregistered_) places_.push_back(std::make_unique<Place>(*this, std::move(owner), queue));
  }
  // For good: an ADD that is still registering meets a DEL.
  void unregister() {
    std::vector<std::unique_ptr<Place>> places;  // owners are dropped without the lock
    MutexGuard guard(places_lock_);
    unregistered_ = true;
    places.swap(places_);
  }
  void file_gone(File& file) override;

  u32 interest() const { return events_.load(std::memory_order_relaxed) & ~kPrivateBits; }

  struct Place final : WaitQueue::Entry {
    Place(EpollItem& item, Ref<RefCounted> owner, WaitQueue& queue)
        : item_(item), owner_(std::move(owner)), queue_(queue) {
      queue_.add(*this);
    }
    ~Place() override { queue_.remove(*this); }
    bool woken(PollEvents events, WakeChain& chain) override {
      if ((item_.interest() & events) == 0) return false;
      item_.epoll_->mark_ready(item_);
      chain.add(item_.epoll_, item_.epoll_->queue, kPollIn | kPollRdNorm);
      return true;
    }
    EpollItem& item_;
    Ref<RefCounted> owner_;  // the queue lives as long
    WaitQueue& queue_;
  };

  const Ref<Epoll> epoll_;
  const MemoryCharge charge_;
  File* file_;  // under Epoll::lock_; null once it is gone
  const Fd fd_;
  abi::EpollEvent event_;       // under Epoll::lock_
  std::atomic<u32> events_{0};  // event_.events, for wake-ups; 0 while a ONESHOT is spent
  bool listed_ = false;         // under Epoll::ready_lock_
  std::list<Ref<EpollItem>>::iterator place_;
  const RefCounted* const identity_;  // of the file, for comparison only
  Mutex places_lock_{LockRank::epoll_item};
  std::vector<std::unique_ptr<Place>> places_ GUARDED_BY(places_lock_);
  bool unregistered_ GUARDED_BY(places_lock_) = false;
};

Epoll::Epoll(MemoryAccount& memory, Ref<UserAccount> user, const Setting& most_watches)
    : memory_(memory), user_(std::move(user)), most_watches_(most_watches) {}
Epoll::~Epoll() = default;

void Epoll::mark_ready(EpollItem& item) {
  MutexGuard guard(ready_lock_);
  if (item.listed_ || closed_) return;
  item.listed_ = true;
  item.place_ = ready_.insert(ready_.end(), Ref<EpollItem>(&item));
}

void EpollItem::file_gone(File& file) {
  Ref<EpollItem> self;
  {
    MutexGuard guard(epoll_->lock_);
    file_ = nullptr;
    const auto it = epoll_->items_.find({&file, fd_.raw()});
    if (it != epoll_->items_.end() && it->second.get() == this) {
      self = std::move(it->second);
      epoll_->items_.erase(it);
    }
  }
  unregister();
}

Result<void> Epoll::add(EpollFile& self, Ref<File> file, Fd fd, abi::EpollEvent event) {
  const u32 events = event.events;
  auto* const nested = dynamic_cast<EpollFile*>(file.get());
  if ((events & abi::epollexclusive) != 0 && ((events & ~kExclusiveOk) != 0 || nested != nullptr)) return Errno::einval;
  event.events = events | kPollErr | kPollHup;
  if (user_->epoll_watches >= most_watches_) return Errno::enospc;
  MemoryCharge charge = TRY(MemoryCharge::take(memory_, SystemSettings::kBytesOfWatch, Errno::enomem));
  Ref<EpollItem> item = make_ref<EpollItem>(Ref<Epoll>(this), *file, fd, event, std::move(charge));
  item->events_.store(event.events, std::memory_order_relaxed);
  if (nested != nullptr) {
    Depths below, above;
    const usize depth = nested == &self ? kLoop : nested->epoll()->depth_below(this, 1, below);
    if (depth == kLoop || depth_above(above) + depth > kMostNested) return Errno::eloop;
  }
  {
    MutexGuard guard(lock_);
    if (!items_.emplace(Key{file.get(), fd.raw()}, item).second) return Errno::eexist;
  }
  if (nested != nullptr) {
    MutexGuard guard(nested->epoll()->parents_lock_);
    nested->epoll()->parents_.push_back(this);
  }
  file->add_watcher(item);
  // First register, then look: what happens between is told twice, never lost.
  if ((file->poll(item.get()) & event.events) != 0) {
    mark_ready(*item);
    queue.wake(kPollIn | kPollRdNorm);
  }
  return success;
}

Result<void> Epoll::modify(File& file, Fd fd, abi::EpollEvent event) {
  if ((event.events & abi::epollexclusive) != 0) return Errno::einval;
  event.events |= kPollErr | kPollHup;
  Ref<EpollItem> item;
  {
    MutexGuard guard(lock_);
    const auto it = items_.find({&file, fd.raw()});
    if (it == items_.end()) return Errno::enoent;
    if ((it->second->event_.events & abi::epollexclusive) != 0) return Errno::einval;
    item = it->second;
    item->event_ = event;
    item->events_.store(event.events, std::memory_order_seq_cst);
  }
  if ((file.poll(nullptr) & event.events) != 0) {
    mark_ready(*item);
    queue.wake(kPollIn | kPollRdNorm);
  }
  return success;
}

Result<void> Epoll::remove(File& file, Fd fd) {
  Ref<EpollItem> item;
  {
    MutexGuard guard(lock_);
    const auto it = items_.find({&file, fd.raw()});
    if (it == items_.end()) return Errno::enoent;
    item = std::move(it->second);
    items_.erase(it);
    item->file_ = nullptr;
  }
  item->unregister();
  file.remove_watcher(*item);
  if (auto* const nested = dynamic_cast<EpollFile*>(&file)) nested->epoll()->lost_parent(*this);
  return success;
}

Ref<EpollItem> Epoll::next_ready(const std::vector<Ref<EpollItem>>& seen) {
  MutexGuard guard(ready_lock_);
  for (auto it = ready_.begin(); it != ready_.end(); ++it) {
    // What this call has put back already is not looked at twice.
    if (std::find(seen.begin(), seen.end(), *it) != seen.end()) continue;
    Ref<EpollItem> item = std::move(*it);
    ready_.erase(it);
    item->listed_ = false;
    return item;
  }
  return {};
}

Result<std::vector<abi::EpollEvent>> Epoll::take(usize most) {
  std::vector<abi::EpollEvent> result;
  std::vector<Ref<EpollItem>> put_back;
  while (result.size() < most) {
    const Ref<EpollItem> item = next_ready({});
    if (!item) break;
    Ref<File> file;
    abi::EpollEvent event{};
    {
      MutexGuard guard(lock_);
      if (item->file_ == nullptr || !item->file_->try_ref()) continue;
      file = Ref<File>::adopt(item->file_);
      event = item->event_;
    }
    const u32 events = file->poll(nullptr) & item->interest();
    if (events == 0) continue;
    if ((event.events & abi::epolloneshot) != 0) {
      MutexGuard guard(lock_);
      if ((item->event_.events & ~kPrivateBits) == 0) continue;  // another waiter was first
      item->event_.events &= kPrivateBits;
      item->events_.store(item->event_.events, std::memory_order_seq_cst);
    } else if ((event.events & abi::epollet) == 0) {
      put_back.push_back(item);
    }
    result.push_back({events, event.data});
  }
  // At the tail, so that every ready file has its turn; not before the end, so that none is told twice.
  for (const Ref<EpollItem>& item : put_back) mark_ready(*item);
  if (!put_back.empty()) queue.wake(kPollIn | kPollRdNorm);
  if (result.empty()) return Errno::eagain;
  return result;
}

bool Epoll::ready() {
  std::vector<Ref<EpollItem>> seen;
  while (const Ref<EpollItem> item = next_ready(seen)) {
    Ref<File> file;
    {
      MutexGuard guard(lock_);
      if (item->file_ == nullptr || !item->file_->try_ref()) continue;
      file = Ref<File>::adopt(item->file_);
    }
    if ((file->poll(nullptr) & item->interest()) == 0) continue;
    mark_ready(*item);
    return true;
  }
  return false;
}

void Epoll::close() {
  std::map<Key, Ref<EpollItem>> items;
  std::vector<std::pair<EpollItem*, Ref<File>>> files;
  {
    MutexGuard guard(lock_);
    items.swap(items_);
    for (auto& [key, item] : items) {
      // A file that is dying has taken its watchers already and waits for lock_.
      if (item->file_ != nullptr && item->file_->try_ref())
        files.emplace_back(item.get(), Ref<File>::adopt(item->file_));
      item->file_ = nullptr;
    }
  }
  for (auto& [key, item] : items) item->unregister();
  for (const auto& [item, file] : files) {
    file->remove_watcher(*item);
    if (auto* const nested = dynamic_cast<EpollFile*>(file.get())) nested->epoll()->lost_parent(*this);
  }
  std::list<Ref<EpollItem>> ready;
  MutexGuard guard(ready_lock_);
  closed_ = true;
  ready.swap(ready_);
  for (const Ref<EpollItem>& item : ready) item->listed_ = false;
}

std::vector<Ref<Epoll>> Epoll::children() {
  std::vector<Ref<Epoll>> result;
  std::vector<Ref<File>> files;  // dropped without the lock
  {
    MutexGuard guard(lock_);
    for (const auto& [key, item] : items_) {
      if (item->file_ == nullptr || !item->file_->try_ref()) continue;
      files.push_back(Ref<File>::adopt(item->file_));
    }
  }
  for (const Ref<File>& file : files) {
    if (auto* nested = dynamic_cast<EpollFile*>(file.get())) result.push_back(nested->epoll());
  }
  return result;
}

std::vector<Ref<Epoll>> Epoll::parents() {
  std::vector<Ref<Epoll>> result;
  MutexGuard guard(parents_lock_);
  for (Epoll* parent : parents_) {
    if (parent->try_ref()) result.push_back(Ref<Epoll>::adopt(parent));
  }
  return result;
}

void Epoll::lost_parent(Epoll& parent) {
  MutexGuard guard(parents_lock_);
  const auto at = std::find(parents_.begin(), parents_.end(), &parent);
  if (at != parents_.end()) parents_.erase(at);
}

// How many epolls stand in a row from the outermost that watches this one down to it. Linux: ep_get_upwards_depth_proc.
usize Epoll::depth_above(Depths& known) {
  const auto before = known.find(this);
  if (before != known.end()) return before->second;
  usize deepest = 1;
  for (const Ref<Epoll>& parent : parents()) deepest = std::max(deepest, parent->depth_above(known) + 1);
  known[this] = deepest;
  return deepest;
}

usize Epoll::depth_below(const Epoll* forbidden, usize level, Depths& known) {
  if (this == forbidden || level > kMostNested) return kLoop;
  const auto before = known.find(this);
  if (before != known.end()) return before->second;
  usize deepest = 1;
  for (const Ref<Epoll>& child : children()) {
    const usize below = child->depth_below(forbidden, level + 1, known);
    if (below == kLoop) return kLoop;
    deepest = std::max(deepest, below + 1);
  }
  known[this] = deepest;
  return deepest;
}

// Linux: get_epoll_tfile_raw_ptr.
Result<const File*> Epoll::watched(Fd fd, u32 nth) {
  MutexGuard guard(lock_);
  for (const auto& [key, item] : items_) {
    if (key.second == fd.raw() && nth-- == 0) return key.first;
  }
  return Errno::enoent;
}

std::string Epoll::describe() {
  std::string text;
  MutexGuard guard(lock_);
  for (const auto& [key, item] : items_) {
    char line[128];
    std::snprintf(line, sizeof line, "tfd: %8d events: %8x data: %16llx\n", item->fd_.raw(),
                  static_cast<u32>(item->event_.events), static_cast<unsigned long long>(item->event_.data));
    text += line;
  }
  return text;
}

PollEvents EpollFile::poll(PollTable* table) {
  if (table != nullptr) table->add(epoll_, epoll_->queue);
  return epoll_->ready() ? kPollIn | kPollRdNorm : 0;
}

}  // namespace limen
