#include "kernel/ipc/aio.h"

#include <algorithm>

#include "kernel/kernel.h"
#include "kernel/task/deferred.h"

namespace limen {
namespace {

constexpr u64 kPollBytes = 512;  // what a waiting request costs

}  // namespace

// One IOCB_CMD_POLL that waits. A wake-up comes under a queue's lock, so the file is asked later.
class AioPoll final : public RefCounted, public PollTable {
 public:
  AioPoll(Ref<AioContext> context, Ref<File> file, PollEvents events, const abi::IoEvent& event, Ref<EventFile> told,
          MemoryCharge charge)
      : context_(std::move(context)),
        file_(std::move(file)),
        events_(events),
        event_(event),
        told_(std::move(told)),
        charge_(std::move(charge)) {}

  u64 iocb() const { return event_.obj; }
  // First register, then look.
  void start() { look(file_->poll(this)); }
  void add(Ref<RefCounted> owner, WaitQueue& queue) override {
    MutexGuard guard(places_lock_);
    if (!over_) places_.push_back(std::make_unique<Place>(*this, std::move(owner), queue));
  }
  void look(PollEvents ready) {
    if ((ready & events_) != 0) finish(ready & events_);
  }
  void finish(PollEvents ready) {
    if (!context_->take_out(*this)) return;
    leave();
    abi::IoEvent event = event_;
    event.res = static_cast<i64>(ready);
    context_->complete(event, told_);
  }
  void leave() {
    std::vector<std::unique_ptr<Place>> places;  // owners are dropped without the lock
    MutexGuard guard(places_lock_);
    over_ = true;
    places.swap(places_);
  }

 private:
  friend class AioContext;
  struct Place final : WaitQueue::Entry {
    Place(AioPoll& request, Ref<RefCounted> owner, WaitQueue& queue)
        : request(request), owner(std::move(owner)), queue(queue) {
      queue.add(*this);
    }
    ~Place() override { queue.remove(*this); }
    bool woken(PollEvents events, WakeChain&) override {
      if ((events & request.events_) == 0) return false;
      AioPoll* const self = &request;
      defer(request.context_->kernel_, Ref<RefCounted>(self), [self] { self->look(self->file_->poll(nullptr)); });
      return true;
    }
    AioPoll& request;
    Ref<RefCounted> owner;  // the queue lives as long
    WaitQueue& queue;
  };

  const Ref<AioContext> context_;
  const Ref<File> file_;
  const PollEvents events_;
  const abi::IoEvent event_;
  const Ref<EventFile> told_;
  const MemoryCharge charge_;
  Mutex places_lock_{LockRank::epoll_item};
  std::vector<std::unique_ptr<Place>> places_ GUARDED_BY(places_lock_);
  bool over_ GUARDED_BY(places_lock_) = false;
  std::list<Ref<AioPoll>>::iterator place_;  // these two under the context's lock
  bool listed_ = false;
};

AioContext::AioContext(Kernel& kernel, usize asked, usize capacity, MemoryCharge charge)
    : kernel_(kernel), asked_(asked), capacity_(capacity), charge_(std::move(charge)) {}
AioContext::~AioContext() { kernel_.settings().aio_nr -= asked_; }

Result<Ref<AioContext>> AioContext::create(Kernel& kernel, usize asked, usize capacity, u64 bytes) {
  MemoryCharge charge = TRY(MemoryCharge::take(kernel.ipc_memory(), bytes, Errno::eagain));
  SystemSettings& settings = kernel.settings();
  if (settings.aio_nr.fetch_add(asked) + asked > settings.aio_max_nr) {
    settings.aio_nr -= asked;
    return Errno::eagain;
  }
  return Ref<AioContext>::adopt(new AioContext(kernel, asked, capacity, std::move(charge)));
}

Result<void> AioContext::reserve() {
  MutexGuard guard(lock_);
  if (reserved_ >= capacity_) return Errno::eagain;
  ++reserved_;
  return success;
}

void AioContext::give_back() {
  MutexGuard guard(lock_);
  --reserved_;
}

void AioContext::complete(const abi::IoEvent& event, const Ref<EventFile>& told) {
  {
    MutexGuard guard(lock_);
    if (!closed_) events_.push_back(event);
  }
  if (told) told->signal();
  finished.wake(kPollIn);
}

Result<void> AioContext::poll(Kernel& kernel, Ref<File> file, PollEvents events, const abi::IoEvent& event,
                              Ref<EventFile> told) {
  MemoryCharge charge = TRY(MemoryCharge::take(kernel.ipc_memory(), kPollBytes, Errno::eagain));
  const Ref<AioPoll> request =
      make_ref<AioPoll>(Ref<AioContext>(this), std::move(file), events, event, std::move(told), std::move(charge));
  {
    MutexGuard guard(lock_);
    if (closed_) return Errno::einval;
    request->place_ = polls_.insert(polls_.end(), request);
    request->listed_ = true;
  }
  request->start();
  return success;
}

// True for the one who ends it.
bool AioContext::take_out(AioPoll& request) {
  Ref<AioPoll> out;  // dropped without the lock
  MutexGuard guard(lock_);
  if (!std::exchange(request.listed_, false)) return false;
  out = std::move(*request.place_);
  polls_.erase(request.place_);
  return true;
}

bool AioContext::cancel(u64 iocb) {
  Ref<AioPoll> found;
  {
    MutexGuard guard(lock_);
    const auto at = std::find_if(polls_.begin(), polls_.end(), [iocb](const auto& p) { return p->iocb() == iocb; });
    if (at == polls_.end()) return false;
    found = *at;
  }
  found->finish(0);
  return true;
}

std::vector<abi::IoEvent> AioContext::take(usize most) {
  std::vector<abi::IoEvent> out;
  MutexGuard guard(lock_);
  while (out.size() < most && !events_.empty()) {
    out.push_back(events_.front());
    events_.pop_front();
  }
  reserved_ -= out.size();
  return out;
}

void AioContext::put_back(const std::vector<abi::IoEvent>& events) {
  MutexGuard guard(lock_);
  events_.insert(events_.begin(), events.begin(), events.end());
  reserved_ += events.size();
}

bool AioContext::is_closed() {
  MutexGuard guard(lock_);
  return closed_;
}

void AioContext::close() {
  std::list<Ref<AioPoll>> polls;
  {
    MutexGuard guard(lock_);
    closed_ = true;
    polls.swap(polls_);
    for (const Ref<AioPoll>& request : polls) request->listed_ = false;
  }
  for (const Ref<AioPoll>& request : polls) {
    request->leave();
    if (request->told_) request->told_->signal();
  }
  finished.wake();
}

AioTable::~AioTable() {
  std::map<u64, Ref<AioContext>> contexts;
  {
    MutexGuard guard(lock_);
    contexts.swap(contexts_);
  }
  for (const auto& [id, context] : contexts) context->close();
}

void AioTable::add(u64 id, Ref<AioContext> context) {
  MutexGuard guard(lock_);
  contexts_[id] = std::move(context);
}

Result<Ref<AioContext>> AioTable::find(u64 id) {
  MutexGuard guard(lock_);
  const auto at = contexts_.find(id);
  return at == contexts_.end() ? Result<Ref<AioContext>>(Errno::einval) : at->second;
}

Result<Ref<AioContext>> AioTable::remove(u64 id) {
  MutexGuard guard(lock_);
  const auto at = contexts_.find(id);
  if (at == contexts_.end()) return Errno::einval;
  Ref<AioContext> context = std::move(at->second);
  contexts_.erase(at);
  return context;
}

AioRoom aio_room(usize asked, usize cpus) {
  constexpr usize kHeader = 32;
  const usize wanted = std::max(asked, cpus * 4) * 2 + 2;
  const usize bytes = page_ceil(kHeader + wanted * sizeof(abi::IoEvent));
  return {(bytes - kHeader) / sizeof(abi::IoEvent) - 1, bytes};
}

}  // namespace limen
