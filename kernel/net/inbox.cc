#include "kernel/net/inbox.h"

#include <algorithm>

namespace limen {
namespace {

constexpr PollEvents kReadable = kPollIn | kPollRdNorm;
constexpr PollEvents kWritable = kPollOut | kPollWrNorm | kPollWrBand;
constexpr usize kChunk = 65536;        // of a stream: one allocation
constexpr usize kFileOverhead = 8192;  // for each descriptor in flight
constexpr usize kOverhead = 512;       // charged for each message, so that empty ones are not free

// Descriptors of sockets that carry descriptors of sockets ...: a thread drops them one after the other and not one inside the
// other, as the chain is as long as a guest likes and the kernel's stack is not.
void drop_messages(std::deque<Inbox::Message> messages) {
  thread_local std::deque<Inbox::Message>* dropping = nullptr;
  if (dropping != nullptr) {
    for (Inbox::Message& m : messages) dropping->push_back(std::move(m));
    return;
  }
  dropping = &messages;
  while (!messages.empty()) {
    const Inbox::Message last = std::move(messages.front());
    messages.pop_front();
  }
  dropping = nullptr;
}

}  // namespace

Inbox::~Inbox() { drop_messages(std::move(messages_)); }

Result<usize> Inbox::put(MemoryAccount& account, UserBuffer& from, const SocketAddress& sender, Ancillary& ancillary,
                         Limits limits) {
  usize total = 0;
  {
    MutexGuard guard(lock_);
    do {
      if (reader_closed_) {
        if (total != 0) break;
        return Errno::epipe;
      }
      const usize room = bytes_ >= limits.bytes ? 0 : limits.bytes - bytes_;
      const usize want = kind_ == Kind::stream ? std::min({from.remaining(), room, kChunk}) : from.remaining();
      const bool full = kind_ == Kind::stream ? want == 0 && from.remaining() != 0
                                              : (want > room && bytes_ != 0) || messages_.size() >= limits.messages;
      if (full) {
        if (total != 0) break;
        return Errno::eagain;
      }
      if (kind_ == Kind::stream && want == 0) break;
      Result<MemoryCharge> charge =
          MemoryCharge::take(account, want + kOverhead + ancillary.files.size() * kFileOverhead, Errno::enobufs);
      if (!charge.ok()) {
        if (total != 0) break;
        return charge.error();
      }
      Message message;
      message.data.resize(want);
      if (want != 0) {
        const Result<usize> copied = from.copy_in(message.data);
        if (!copied.ok() || *copied < want) {
          if (copied.ok()) from.rewind(*copied);
          if (total != 0) break;
          return Errno::efault;
        }
      }
      message.from = sender;
      message.ancillary.sender = ancillary.sender;
      message.ancillary.files = std::move(ancillary.files);
      ancillary.files.clear();
      message.charge = std::move(*charge);
      bytes_ += want;
      total += want;
      messages_.push_back(std::move(message));
    } while (kind_ == Kind::stream && from.remaining() != 0);
  }
  readers.wake(kReadable);
  return total;
}

Result<Inbox::Received> Inbox::get(UserBuffer& to, Look look) {
  Received received;
  std::vector<Message> spent;  // dropped without the lock: files may end here
  bool made_room = false;
  {
    MutexGuard guard(lock_);
    if (error_ != Errno{} && messages_.empty()) return std::exchange(error_, Errno{});
    if (messages_.empty()) {
      if (writer_closed_ || reader_closed_) return received;
      return Errno::eagain;
    }
    received.from = messages_.front().from;
    received.ancillary.sender = messages_.front().ancillary.sender;
    for (usize index = 0; index < messages_.size();) {
      Message& message = messages_[index];
      // Bytes of another sender are not joined, so that credentials stay true.
      if (index + spent.size() != 0 && message.ancillary.sender.pid != received.ancillary.sender.pid) break;
      const usize have = message.data.size() - message.offset;
      const usize want = std::min(have, to.remaining());
      usize n = 0;
      if (want != 0) {
        const Result<usize> copied = to.copy_out({message.data.data() + message.offset, want});
        if (!copied.ok() && received.copied == 0) return copied.error();
        n = copied.value_or(0);
      }
      received.copied += n;
      received.length += kind_ == Kind::messages ? have : n;
      const bool has_files = !message.ancillary.files.empty();
      if (has_files) received.ancillary.files = message.ancillary.files;
      if (look == Look::take) {
        message.offset += n;
        if (has_files) message.ancillary.files.clear();
        if (kind_ == Kind::messages || message.offset == message.data.size()) {
          bytes_ -= kind_ == Kind::messages ? message.data.size() : 0;
          spent.push_back(std::move(message));
          messages_.pop_front();
        }
        if (kind_ == Kind::stream) bytes_ -= n;
        made_room = true;
      } else {
        ++index;
      }
      if (kind_ == Kind::messages || has_files || n < want || to.remaining() == 0) break;
      if (n < have) break;
    }
  }
  if (made_room) writers.wake(kWritable);
  return received;
}

void Inbox::close_writer() {
  {
    MutexGuard guard(lock_);
    writer_closed_ = true;
  }
  readers.wake(kReadable | kPollRdHup | kPollHup);
}

void Inbox::close_reader() {
  {
    MutexGuard guard(lock_);
    reader_closed_ = true;
  }
  writers.wake(kWritable | kPollErr | kPollHup);
  readers.wake(kReadable | kPollRdHup | kPollHup);
}

void Inbox::reset(Errno error) {
  {
    MutexGuard guard(lock_);
    writer_closed_ = true;
    error_ = error;
  }
  readers.wake(kReadable | kPollErr | kPollHup | kPollRdHup);
  writers.wake(kWritable | kPollErr | kPollHup);
}

void Inbox::discard() {
  std::deque<Message> dropped;
  {
    MutexGuard guard(lock_);
    dropped.swap(messages_);
    bytes_ = 0;
  }
  drop_messages(std::move(dropped));
}

Inbox::State Inbox::state() const {
  MutexGuard guard(lock_);
  State state;
  state.empty = messages_.empty();
  state.writer_closed = writer_closed_;
  state.reader_closed = reader_closed_;
  state.failed = error_ != Errno{};
  state.bytes = bytes_;
  state.messages = messages_.size();
  if (!messages_.empty()) state.first = messages_.front().data.size() - messages_.front().offset;
  return state;
}

Errno Inbox::take_error() {
  MutexGuard guard(lock_);
  return std::exchange(error_, Errno{});
}

}  // namespace limen
