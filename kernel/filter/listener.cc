#include "kernel/filter/listener.h"

#include <algorithm>
#include <cstring>

#include "abi/fcntl.h"
#include "host/random.h"
#include "kernel/kernel.h"
#include "kernel/mm/user_ptr.h"
#include "kernel/vfs/anon.h"

namespace limen {
namespace {

using State = Notification::State;

constexpr u32 kIoctlSizeShift = 16, kIoctlSizeMask = 0x3fff;
constexpr u32 kWithoutSize = ~(kIoctlSizeMask << kIoctlSizeShift);

// As copy_struct_from_user: a longer structure is fine while what we do not know of it is zero.
template <typename T>
Result<T> read_versioned(Task& task, GuestAddr from, u32 size, u32 least) {
  if (size < least || size >= kPageSize) return Errno::einval;
  std::vector<u8> bytes(size);
  TRY(copy_from_user(task, bytes.data(), from, size));
  for (usize i = sizeof(T); i < size; ++i) {
    if (bytes[i] != 0) return Errno::e2big;
  }
  T value{};
  std::memcpy(&value, bytes.data(), std::min<usize>(size, sizeof value));
  return value;
}

class ListenerFile final : public File {
 public:
  ListenerFile(Path path, Ref<Listener> listener)
      : File(std::move(path), abi::o_rdwr), listener_(std::move(listener)) {}
  bool seekable() const override { return false; }
  PollEvents poll(PollTable* table) override {
    if (table != nullptr) table->add(listener_, listener_->asked());
    return listener_->poll();
  }
  Result<i64> ioctl(Task& task, u32 command, u64 argument) override {
    return listener_->ioctl(task, command, argument);
  }

 protected:
  Result<usize> try_read(Task&, UserBuffer&, u64*) override { return Errno::einval; }
  Result<usize> try_write(Task&, UserBuffer&, u64*) override { return Errno::einval; }
  void released() override { listener_->close(); }

 private:
  const Ref<Listener> listener_;
};

// The task that waits takes what it was given.
Result<i64> take_descriptor(Task& task, const AddFdRequest& request) {
  if (request.at) {
    TRY(task.files().install_at(task, *request.at, request.file, request.flags));
    return request.at->raw();
  }
  const Fd fd = TRY(task.files().install(task, request.file, request.flags));
  return fd.raw();
}

}  // namespace

Listener::Listener() {
  MutexGuard guard(lock_);
  host::fill_random(std::span(reinterpret_cast<u8*>(&next_id_), sizeof next_id_));
}

Ref<Notification> Listener::find(u64 id) {
  const auto found = std::find_if(waiting_.begin(), waiting_.end(), [id](const auto& n) { return n->id == id; });
  return found == waiting_.end() ? nullptr : *found;
}

std::optional<Result<i64>> Listener::ask(Task& task, const abi::SeccompData& call, bool wait_killable) {
  const Ref<Notification> n = make_ref<Notification>();
  n->task = Ref<Task>(&task);
  n->call = call;
  {
    MutexGuard guard(lock_);
    if (closed_) return Errno::enosys;
    n->id = next_id_++;
    waiting_.push_back(n);
  }
  asked_.wake(kPollIn | kPollRdNorm);
  bool sent = false;  // and only the end of the process may interrupt
  Result<bool> answered{false};
  do {
    const bool killable = sent;
    const auto attempt = [&]() -> Result<bool> { return look(task, *n, wait_killable && !killable, &sent); };
    answered = killable ? task.block_killable(n->changed, attempt) : task.block(n->changed, Deadline::never(), attempt);
    if (!killable && !answered.ok() && wait_killable) {
      MutexGuard guard(lock_);
      if (n->state == State::sent) answered = false, sent = true;
    }
  } while (answered.ok() && !*answered);
  withdraw(n);
  if (!answered.ok()) return answered.error();
  MutexGuard guard(lock_);
  if ((n->answer.flags & abi::seccomp_user_notif_flag_continue) != 0) return std::nullopt;
  return n->answer.error != 0 ? Result<i64>(i64{n->answer.error}) : Result<i64>(n->answer.val);
}

// One look of the task that waits: takes descriptors. True when it is answered; false, where asked for, when the supervisor
// has just read the notification; else eagain.
Result<bool> Listener::look(Task& task, Notification& n, bool tell_sent, bool* sent) {
  for (;;) {
    Ref<AddFdRequest> request;
    {
      MutexGuard guard(lock_);
      if (n.descriptors.empty()) {
        if (n.state == State::replied) return true;
        if (tell_sent && n.state == State::sent) {
          *sent = true;
          return false;
        }
        return Errno::eagain;
      }
      request = n.descriptors.front();
      n.descriptors.pop_front();
    }
    const Result<i64> taken = take_descriptor(task, *request);
    {
      MutexGuard guard(lock_);
      request->result = taken;
      request->done = true;
      if (request->is_answer && taken.ok()) n.answer.val = *taken;
      if (request->is_answer && !taken.ok()) n.state = State::sent;
    }
    request->finished.wake();
  }
}

void Listener::withdraw(const Ref<Notification>& n) {
  std::list<Ref<AddFdRequest>> orphans;
  {
    MutexGuard guard(lock_);
    waiting_.remove(n);
    orphans.swap(n->descriptors);
    for (const Ref<AddFdRequest>& request : orphans) request->result = Errno::esrch, request->done = true;
  }
  for (const Ref<AddFdRequest>& request : orphans) request->finished.wake();
}

void Listener::abandon() {
  {
    MutexGuard guard(lock_);
    abandoned_ = true;
  }
  asked_.wake(kPollHup | kPollIn);
}

void Listener::close() {
  std::vector<Ref<Notification>> left;
  {
    MutexGuard guard(lock_);
    closed_ = true;
    for (const Ref<Notification>& n : waiting_) {
      if (n->state == State::replied) continue;
      n->state = State::replied;
      n->answer = {.id = n->id, .val = 0, .error = -static_cast<i32>(Errno::enosys), .flags = 0};
      left.push_back(n);
    }
  }
  for (const Ref<Notification>& n : left) n->changed.wake();
}

PollEvents Listener::poll() {
  MutexGuard guard(lock_);
  PollEvents events = abandoned_ ? kPollHup : 0;
  for (const Ref<Notification>& n : waiting_) {
    if (n->state == State::fresh) events |= kPollIn | kPollRdNorm;
    if (n->state == State::sent) events |= kPollOut | kPollWrNorm;
  }
  return events;
}

Result<i64> Listener::receive(Task& task, GuestAddr to) {
  abi::SeccompNotif out;
  TRY(copy_from_user(task, &out, to, sizeof out));
  const abi::SeccompNotif zero{};
  if (std::memcmp(&out, &zero, sizeof out) != 0) return Errno::einval;
  const Result<Ref<Notification>> got = task.block(asked_, Deadline::never(), [&]() -> Result<Ref<Notification>> {
    MutexGuard guard(lock_);
    for (const Ref<Notification>& n : waiting_) {
      if (n->state != State::fresh) continue;
      n->state = State::sent;
      return n;
    }
    return abandoned_ ? Errno::enoent : Errno::eagain;
  });
  if (!got.ok()) return got.error();
  const Ref<Notification>& n = *got;
  out.id = n->id, out.pid = static_cast<u32>(task.sees(n->task->tid())), out.flags = 0, out.data = n->call;
  const Result<void> copied = copy_to_user(task, to, &out, sizeof out);
  if (!copied.ok()) {
    {
      MutexGuard guard(lock_);
      if (n->state == State::sent) n->state = State::fresh;
    }
    asked_.wake(kPollIn | kPollRdNorm);
    return copied.error();
  }
  n->changed.wake();  // it may have to wait in another way now
  asked_.wake(kPollOut | kPollWrNorm);
  return 0;
}

Result<i64> Listener::send(Task& task, GuestAddr from) {
  abi::SeccompNotifResp answer;
  TRY(copy_from_user(task, &answer, from, sizeof answer));
  if ((answer.flags & ~abi::seccomp_user_notif_flag_continue) != 0) return Errno::einval;
  if (answer.flags != 0 && (answer.error != 0 || answer.val != 0)) return Errno::einval;
  Ref<Notification> n;
  {
    MutexGuard guard(lock_);
    n = find(answer.id);
    if (!n) return Errno::enoent;
    if (n->state != State::sent) return Errno::einprogress;
    n->state = State::replied;
    n->answer = answer;
  }
  n->changed.wake();
  return 0;
}

Result<i64> Listener::check_id(Task& task, GuestAddr from) {
  u64 id = 0;
  TRY(copy_from_user(task, &id, from, sizeof id));
  MutexGuard guard(lock_);
  const Ref<Notification> n = find(id);
  return n && n->state == State::sent ? Result<i64>(0) : Errno::enoent;
}

Result<i64> Listener::set_flags(u64 flags) {
  constexpr u64 kSyncWakeUp = 1;  // SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP: where to run, which the host decides here
  return (flags & ~kSyncWakeUp) != 0 ? Result<i64>(Errno::einval) : Result<i64>(0);
}

Result<i64> Listener::add_fd(Task& task, GuestAddr from, u32 size) {
  const auto given = TRY(read_versioned<abi::SeccompNotifAddfd>(task, from, size, sizeof(abi::SeccompNotifAddfd)));
  if ((given.newfd_flags & ~abi::o_cloexec) != 0) return Errno::einval;
  if ((given.flags & ~(abi::seccomp_addfd_flag_setfd | abi::seccomp_addfd_flag_send)) != 0) return Errno::einval;
  const bool set_fd = (given.flags & abi::seccomp_addfd_flag_setfd) != 0;
  if (given.newfd != 0 && !set_fd) return Errno::einval;
  const Ref<AddFdRequest> request = make_ref<AddFdRequest>();
  request->file = TRY(task.files().get(Fd(static_cast<i32>(given.srcfd))));
  request->flags = given.newfd_flags != 0 ? FdFlags::close_on_exec : FdFlags::none;
  if (set_fd) request->at = Fd(static_cast<i32>(given.newfd));
  request->is_answer = (given.flags & abi::seccomp_addfd_flag_send) != 0;
  Ref<Notification> n;
  {
    MutexGuard guard(lock_);
    n = find(given.id);
    if (!n) return Errno::enoent;
    if (n->state != State::sent) return Errno::einprogress;
    if (request->is_answer) {
      // One answer only, and descriptors that are still to be taken would come after it.
      if (!n->descriptors.empty()) return Errno::ebusy;
      n->state = State::replied;
    }
    n->descriptors.push_back(request);
  }
  n->changed.wake();
  const Result<void> done = task.block(request->finished, Deadline::never(), [&]() -> Result<void> {
    MutexGuard guard(lock_);
    return request->done ? Result<void>() : Errno::eagain;
  });
  MutexGuard guard(lock_);
  if (request->done) return request->result;
  n->descriptors.remove(request);
  return done.error();
}

Result<i64> Listener::ioctl(Task& task, u32 command, u64 argument) {
  constexpr u32 kIdValidWrongDirection = 0x80082102;  // as the first headers had it
  constexpr u32 kSetFlags = 0x40082104;               // SECCOMP_IOCTL_NOTIF_SET_FLAGS
  const GuestAddr address(argument);
  switch (command) {
    case abi::seccomp_ioctl_notif_recv:
      return receive(task, address);
    case abi::seccomp_ioctl_notif_send:
      return send(task, address);
    case abi::seccomp_ioctl_notif_id_valid:
    case kIdValidWrongDirection:
      return check_id(task, address);
    case kSetFlags:
      return set_flags(argument);
    default:
      break;
  }
  if ((command & kWithoutSize) == (abi::seccomp_ioctl_notif_addfd & kWithoutSize)) {
    return add_fd(task, address, command >> kIoctlSizeShift & kIoctlSizeMask);
  }
  return Errno::einval;
}

Ref<File> make_listener_file(Task& task, Ref<Listener> listener) {
  return make_ref<ListenerFile>(anon_path(task, "anon_inode:seccomp notify", 0600), std::move(listener));
}

}  // namespace limen
