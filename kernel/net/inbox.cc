#include "kernel/net/inbox.h"

#include <algorithm>
#include <bit>

namespace limen {
namespace {

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

// What Linux allocates for a datagram: its structures, and a block that is a power of two. Linux: skb->truesize.
usize true_size_of(usize length) {
  constexpr usize kStructures = 256, kRoom = 384, kSmall = 832;
  return std::max(kSmall, kStructures + std::bit_ceil(length + kRoom));
}

}  // namespace

Inbox::~Inbox() { discard(); }

void Inbox::carry(const Message& message) {
  if (message.ancillary.files.empty() || !in_flight_) return;
  in_flight_->lock.assert_held();
  carriers_.fetch_add(1, std::memory_order_relaxed);
  in_flight_->add(message.ancillary.files, message.ancillary.flyer.get());
}

void Inbox::carry_no_more(const Ancillary& with) {
  if (with.files.empty() || !in_flight_) return;
  in_flight_->lock.assert_held();
  carriers_.fetch_sub(1, std::memory_order_relaxed);
  in_flight_->remove(with.files, with.flyer.get());
}

void Inbox::each_file(const std::function<void(const Ref<File>&)>& look) const {
  if (carriers_.load(std::memory_order_relaxed) == 0) return;
  MutexGuard guard(lock_);
  for (const Message& m : messages_) {
    for (const Ref<File>& file : m.ancillary.files) look(file);
  }
}

Result<usize> Inbox::put(MemoryAccount& account, UserBuffer& from, const SocketAddress& sender, Ancillary& ancillary,
                         Limits limits) {
  if (ancillary.files.empty() || !in_flight_) return put_any(account, from, sender, ancillary, limits);
  Result<usize> put = Errno::enobufs;
  for (int tries = 0; tries < 2 && put.is(Errno::enobufs); ++tries) {
    if (tries != 0) in_flight_->collect(nullptr);  // there may be some that nobody can reach
    MutexGuard guard(in_flight_->lock);
    put = put_any(account, from, sender, ancillary, limits);
  }
  return put;
}

Result<usize> Inbox::put_any(MemoryAccount& account, UserBuffer& from, const SocketAddress& sender,
                             Ancillary& ancillary, Limits limits) {
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
      if (kind_ == Kind::messages) message.ancillary = ancillary;
      message.ancillary.sender = ancillary.sender;
      message.ancillary.files = std::move(ancillary.files);
      message.ancillary.flyer = ancillary.flyer;
      ancillary.files.clear();
      carry(message);
      message.charge = std::move(*charge);
      bytes_ += want;
      if (kind_ == Kind::messages) true_size_ += true_size_of(want);
      total += want;
      messages_.push_back(std::move(message));
    } while (kind_ == Kind::stream && from.remaining() != 0);
  }
  readers.wake(kPollReadable);
  return total;
}

Result<Inbox::Message> Inbox::take_in(MemoryAccount& account, UserBuffer& from) {
  const usize length = from.remaining();
  Message message;
  message.charge = TRY(MemoryCharge::take(account, length + kOverhead, Errno::enobufs));
  message.data.resize(length);
  if (length == 0) return message;
  const usize copied = TRY(from.copy_in(message.data));
  return copied == length ? Result<Message>(std::move(message)) : Result<Message>(Errno::efault);
}

Result<Inbox::Message> Inbox::copy_of(MemoryAccount& account, std::span<const u8> bytes) {
  Message message;
  message.charge = TRY(MemoryCharge::take(account, bytes.size() + kOverhead, Errno::enobufs));
  message.data.assign(bytes.begin(), bytes.end());
  return message;
}

Result<void> Inbox::post(Message& message, Limits limits) {
  {
    MutexGuard guard(lock_);
    if (reader_closed_) return Errno::epipe;
    const usize room = bytes_ >= limits.bytes ? 0 : limits.bytes - bytes_;
    const usize length = message.data.size();
    if ((length > room && bytes_ != 0) || messages_.size() >= limits.messages) return Errno::eagain;
    // Linux: __udp_enqueue_schedule_skb. What finds nothing before it always fits.
    if (true_size_ != 0 && true_size_ + true_size_of(length) > limits.true_size) return Errno::eagain;
    bytes_ += length;
    true_size_ += true_size_of(length);
    message.ancillary.drops = drops();
    messages_.push_back(std::move(message));
  }
  readers.wake(kPollReadable);
  return success;
}

Result<Inbox::Received> Inbox::get(UserBuffer& to, Look look, i64 skip) {
  if (std::optional<Result<Received>> got = get_any(to, look, skip, false)) return std::move(*got);
  MutexGuard guard(in_flight_->lock);
  return std::move(*get_any(to, look, skip, true));
}

std::optional<Result<Inbox::Received>> Inbox::get_any(UserBuffer& to, Look look, i64 skip, bool has_files) {
  std::vector<Message> spent;  // dropped without the lock: files may end here
  Result<Received> received = Errno::eagain;
  {
    MutexGuard guard(lock_);
    if (!has_files && carriers_.load(std::memory_order_relaxed) != 0) return std::nullopt;
    received = kind_ == Kind::stream ? get_stream(to, look, skip, spent) : get_message(to, look, skip, spent);
    if (received.is(Errno::eagain)) return at_the_end();
  }
  if (received.ok() && look != Look::peek) writers.wake(kPollWritable);
  return received;
}

Result<Inbox::Received> Inbox::at_the_end() {
  if (writer_closed_ && end_first_.load(std::memory_order_relaxed)) return Received{};
  if (error_ != Errno{}) return std::exchange(error_, Errno{});
  if (writer_closed_ || reader_closed_ || read_shut_ || reset_) return Received{};
  return Errno::eagain;
}

Result<Inbox::Received> Inbox::get_message(UserBuffer& to, Look look, i64 skip, std::vector<Message>& spent) {
  usize index = 0, skipped = skip > 0 ? static_cast<usize>(skip) : 0;
  if (skip >= 0) {  // Linux: __skb_try_recv_from_queue
    for (; index < messages_.size(); ++index) {
      const Message& m = messages_[index];
      if (skipped < m.data.size() || (skipped == 0 && !m.peeked)) break;
      skipped -= m.data.size();
    }
  }
  if (index >= messages_.size()) return Errno::eagain;
  Message& message = messages_[index];
  Received received;
  received.from = message.from;
  received.ancillary = message.ancillary;
  received.skipped = skipped;
  received.length = message.data.size() - skipped;
  const usize want = std::min(received.length, to.remaining());
  if (want != 0) received.copied = TRY(to.copy_out({message.data.data() + skipped, want}));
  if (look == Look::peek) {
    message.peeked = true;
    return received;
  }
  bytes_ -= message.data.size();
  true_size_ -= true_size_of(message.data.size());
  carry_no_more(message.ancillary);
  spent.push_back(std::move(message));
  messages_.pop_front();
  return received;
}

// Forgets the stream's first n bytes, all of its first message.
void Inbox::consume(usize n, std::vector<Message>& spent) {
  Message& message = messages_.front();
  message.offset += n;
  if (!message.ancillary.files.empty()) {  // they may end with the reader's copies: not under the lock
    carry_no_more(message.ancillary);
    spent.emplace_back().ancillary.files.swap(message.ancillary.files);
  }
  bytes_ -= n;
  consumed_ += n;
  if (urgent_ && consumed_ > urgent_->at) urgent_.reset();
  if (message.offset < message.data.size()) return;
  spent.push_back(std::move(message));
  messages_.pop_front();
}

// Linux: tcp_recvmsg_locked, unix_stream_read_generic.
Result<Inbox::Received> Inbox::get_stream(UserBuffer& to, Look look, i64 skip, std::vector<Message>& spent) {
  Received received;
  bool first = true;
  u64 position = consumed_;
  usize index = 0, offset = messages_.empty() ? 0 : messages_.front().offset;
  while (skip > 0 && index < messages_.size()) {
    const usize step = std::min<usize>(static_cast<usize>(skip), messages_[index].data.size() - offset);
    skip -= static_cast<i64>(step), position += step, offset += step;
    if (offset == messages_[index].data.size()) ++index, offset = 0;
  }
  while (index < messages_.size()) {
    if (look != Look::peek) index = 0, offset = messages_.front().offset, position = consumed_;
    Message& message = messages_[index];
    // Bytes of another sender are not joined, so that credentials stay true.
    if (!first && message.ancillary.sender.pid != received.ancillary.sender.pid) break;
    const usize have = message.data.size() - offset;
    if (urgent_ && position == urgent_->at && !inline_) {
      if (received.copied != 0) break;
      if (look == Look::peek) {
        position += 1, offset += 1;
        if (have == 1) ++index, offset = 0;
      } else {
        consume(1, spent);
      }
      continue;
    }
    usize want = std::min(have, to.remaining());
    if (urgent_ && position == urgent_->at && received.copied != 0) break;
    if (urgent_ && position < urgent_->at) want = std::min<u64>(want, urgent_->at - position);
    usize n = want;
    if (want != 0 && look != Look::drop) {
      const Result<usize> copied = to.copy_out({message.data.data() + offset, want});
      if (!copied.ok() && received.copied == 0) return copied.error();
      n = copied.value_or(0);
    } else if (look == Look::drop) {
      to.truncate(to.remaining() - want);
    }
    if (first) received.from = message.from, received.ancillary.sender = message.ancillary.sender;
    first = false;
    received.copied += n, received.length += n;
    const bool has_files = !message.ancillary.files.empty();
    if (has_files) received.ancillary.files = message.ancillary.files;
    const bool whole = n == have;
    if (look == Look::peek) {
      position += n, offset += n;
      if (whole) ++index, offset = 0;
    } else {
      consume(n, spent);
    }
    if (has_files || n < want || to.remaining() == 0) break;
  }
  return first ? Result<Received>(Errno::eagain) : Result<Received>(std::move(received));
}

Ref<File> Inbox::mark_urgent() {
  Ref<File> reader;
  std::vector<Message> spent;
  {
    MutexGuard guard(lock_);
    // An older urgent byte that is next to be read goes away; another one becomes a byte like others.
    if (urgent_ && urgent_->at == consumed_ && !inline_ && bytes_ > 1) consume(1, spent);
    urgent_ = Urgent{consumed_ + bytes_ - 1};
    if (reader_ != nullptr && reader_->try_ref()) reader = Ref<File>::adopt(reader_);
  }
  readers.wake(kPollPri | kPollReadable);
  return reader;
}

void Inbox::set_inline(bool on) {
  MutexGuard guard(lock_);
  inline_ = on;
}

void Inbox::set_reader(File* file, u64 inode, Ref<SocketOptions> options) {
  reader_inode_.store(inode, std::memory_order_relaxed);
  MutexGuard guard(lock_);
  reader_ = file;
  std::swap(reader_options_, options);
}

Ref<PacketFilter> Inbox::reader_filter() {
  MutexGuard guard(lock_);
  return reader_options_ ? reader_options_->filter() : Ref<PacketFilter>();
}

// Linux: tcp_recv_urg.
Result<usize> Inbox::get_urgent(UserBuffer& to, Look look) {
  MutexGuard guard(lock_);
  if (inline_ || !urgent_ || urgent_->read) return Errno::einval;
  u64 left = urgent_->at - consumed_;
  for (const Message& message : messages_) {
    const usize have = message.data.size() - message.offset;
    if (left >= have) {
      left -= have;
      continue;
    }
    if (to.remaining() != 0) TRY(to.copy_out({message.data.data() + message.offset + left, 1}));
    break;
  }
  if (look == Look::take) urgent_->read = true;
  return usize{1};
}

std::optional<LateError> Inbox::first_error() const {
  MutexGuard guard(lock_);
  return messages_.empty() ? std::nullopt : messages_.front().ancillary.error;
}

bool Inbox::extend_copied(u32 call) {
  MutexGuard guard(lock_);
  if (messages_.empty() || !messages_.back().ancillary.error) return false;
  abi::SockExtendedErr& last = messages_.back().ancillary.error->what;
  if (last.ee_origin != abi::so_ee_origin_zerocopy || last.ee_data + 1 != call) return false;
  last.ee_data = call;
  return true;
}

void Inbox::close_writer() {
  {
    MutexGuard guard(lock_);
    writer_closed_ = true;
  }
  readers.wake(kPollReadable | kPollRdHup | kPollHup);
}

void Inbox::shut_reader() {
  {
    MutexGuard guard(lock_);
    read_shut_ = true;
  }
  readers.wake(kPollReadable | kPollRdHup | kPollHup);
}

void Inbox::close_reader() {
  {
    MutexGuard guard(lock_);
    reader_closed_ = true;
  }
  writers.wake(kPollWritable | kPollErr | kPollHup);
  readers.wake(kPollReadable | kPollRdHup | kPollHup);
}

void Inbox::reset(Errno error) {
  {
    MutexGuard guard(lock_);
    reset_ = true;
    error_ = error;
  }
  readers.wake(kPollReadable | kPollErr | kPollHup | kPollRdHup);
  writers.wake(kPollWritable | kPollErr | kPollHup);
}

void Inbox::discard() {
  std::deque<Message> dropped;
  const auto empty = [&](bool has_files) {
    MutexGuard guard(lock_);
    if (!has_files && carriers_.load(std::memory_order_relaxed) != 0) return false;
    for (const Message& m : messages_) carry_no_more(m.ancillary);
    dropped.swap(messages_);
    consumed_ += bytes_;
    bytes_ = true_size_ = 0;
    urgent_.reset();
    return true;
  };
  if (!empty(false)) {
    MutexGuard guard(in_flight_->lock);
    empty(true);
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
  state.reset = reset_;
  state.bytes = state.before_mark = bytes_;
  state.true_size = true_size_;
  state.total = consumed_ + bytes_;
  if (urgent_) {
    state.urgent = !urgent_->read;
    state.at_mark = urgent_->at == consumed_;
    if (!inline_) state.before_mark = urgent_->at - consumed_;
    // An urgent byte that is out of line does not count as something to read.
    if (kind_ == Kind::stream && state.at_mark && !inline_ && bytes_ == 1) state.empty = true;
  }
  state.messages = messages_.size();
  if (!messages_.empty()) state.first = messages_.front().data.size() - messages_.front().offset;
  return state;
}

Errno Inbox::take_error() {
  MutexGuard guard(lock_);
  return std::exchange(error_, Errno{});
}

}  // namespace limen
