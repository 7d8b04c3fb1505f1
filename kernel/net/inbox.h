// What a socket has received and not read: messages in order, with their sender, descriptors and credentials. A stream's bytes
// are messages that reads may join. Unix sockets and the sandbox's loopback are both made of these: a connection is two.
//
// Lock: lock_ (rank `inbox`), held during user copies. Files that a message carries are dropped without it.
#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "abi/socket.h"
#include "base/lock.h"
#include "kernel/cred/namespace.h"
#include "kernel/ipc/account.h"
#include "kernel/net/in_flight.h"
#include "kernel/net/socket_options.h"
#include "kernel/vfs/file.h"

namespace limen {

inline constexpr PollEvents kPollReadable = kPollIn | kPollRdNorm;
inline constexpr PollEvents kPollWritable = kPollOut | kPollWrNorm | kPollWrBand;

// The bytes of a guest's sockaddr, as many as it has. Never longer than sockaddr_storage.
struct SocketAddress {
  std::string bytes;
  u16 family() const {
    return bytes.size() < 2 ? 0 : static_cast<u16>(static_cast<u8>(bytes[0]) | static_cast<u8>(bytes[1]) << 8);
  }
  bool operator==(const SocketAddress&) const = default;
};

// An error that a sender hears of later (IP_RECVERR), and who told of it.
struct LateError {
  abi::SockExtendedErr what{};
  SocketAddress offender;
};

// What control messages ask of IP for one datagram; -1: as its socket has it.
struct SentControl {
  i32 ttl = -1, tos = -1;                             // IP_TTL, IP_TOS
  i32 hops = -1, class6 = -1;                         // IPV6_HOPLIMIT, IPV6_TCLASS
  u32 flow = 0;                                       // IPV6_FLOWINFO, in network order
  std::optional<std::array<u8, 16>> source, source6;  // IP_PKTINFO, IPV6_PKTINFO
  i32 stamps = 0;                                     // SO_TIMESTAMPING
};

// What goes with a message besides its bytes.
struct Ancillary {
  std::vector<Ref<File>> files;
  Ref<UserAccount> flyer;  // who sent them
  abi::UCred sender{};
  // Of a datagram:
  u64 stamp_ns = 0;  // CLOCK_REALTIME when it was sent
  SocketAddress to;  // where it was sent
  i32 ttl = 64, tos = 0;
  u32 flow = 0;  // of IPv6, in network order
  u32 mark = 0;
  u32 segment = 0;  // the datagram is several of so many bytes (UDP_SEGMENT); 0: it is one
  u32 drops = 0;    // how many were lost before it
  std::optional<LateError> error;
};

class Inbox final : public RefCounted {
 public:
  enum class Kind : u8 { stream, messages };
  // `in_flight` (null of those that carry none): where descriptors in messages are counted.
  explicit Inbox(Kind kind, Ref<InFlight> in_flight = {}) : kind_(kind), in_flight_(std::move(in_flight)) {}
  ~Inbox() override;

  struct Message {
    std::vector<u8> data;
    usize offset = 0;
    bool peeked = false;
    SocketAddress from;
    Ancillary ancillary;
    MemoryCharge charge;
  };
  struct Limits {
    usize bytes = 212992;
    usize messages = ~usize{0};
    usize true_size = ~usize{0};  // of a datagram's receiver: SO_RCVBUF, which counts what Linux would allocate
  };
  // Puts bytes in: all of a message or nothing, of a stream what fits. eagain (full), epipe (nobody will read), enobufs, efault.
  Result<usize> put(MemoryAccount& account, UserBuffer& from, const SocketAddress& sender, Ancillary& ancillary,
                    Limits limits);
  // The same for a message whose bytes were copied before (take_in): somebody had to look at them. eagain, epipe.
  static Result<Message> take_in(MemoryAccount& account, UserBuffer& from);           // enobufs, efault
  static Result<Message> copy_of(MemoryAccount& account, std::span<const u8> bytes);  // enobufs
  Result<void> post(Message& message, Limits limits);
  void count_drop() { drops_.fetch_add(1, std::memory_order_relaxed); }
  u32 drops() const { return drops_.load(std::memory_order_relaxed); }

  struct Received {
    usize copied = 0;
    usize length = 0;   // of the message, before it was cut
    usize skipped = 0;  // bytes of it that a look with an offset stepped over
    SocketAddress from;
    Ancillary ancillary;
  };
  enum class Look : u8 { take, peek, drop };  // drop: as take, but nothing is copied (MSG_TRUNC of tcp(7))
  // A message, or a stream's bytes up to its urgent one. eagain; the pending error once; copied == 0 and no error at the end.
  // `skip`: of a peek with SO_PEEK_OFF, how many bytes are stepped over, those of whole messages too; -1: it has none.
  Result<Received> get(UserBuffer& to, Look look, i64 skip = -1);
  std::optional<LateError> first_error() const;  // of an error queue
  // Extends the last message of an error queue that tells of calls up to the one before; false: there is none such.
  bool extend_copied(u32 call);
  // What its messages carry. Under InFlight::lock.
  void each_file(const std::function<void(const Ref<File>&)>& look) const;

  // The byte that was put last is urgent: reads stop before it and then step over it, unless it stays in line (SO_OOBINLINE).
  // Tells whom SIGURG is for, where somebody reads here.
  Ref<File> mark_urgent();
  void set_inline(bool on);
  // MSG_OOB. einval: there is none, or it was read; eagain.
  Result<usize> get_urgent(UserBuffer& to, Look look);
  // Whose file reads here, and the number of its inode; null at its end.
  void set_reader(File* file, u64 inode, Ref<SocketOptions> options);
  Ref<PacketFilter> reader_filter();
  u64 reader_inode() const { return reader_inode_.load(std::memory_order_relaxed); }  // 0: nobody reads

  // Does the end of a stream hide an error that came after it (tcp(7)), or come after that (unix(7))?
  enum class EndFirst : bool { no, yes };
  void set_end_first(EndFirst which) { end_first_.store(which == EndFirst::yes, std::memory_order_relaxed); }

  void close_writer();      // nothing more will come: readers see the end
  void shut_reader();       // readers see the end where nothing is left; writers see nothing
  void close_reader();      // nobody will read: writers see EPIPE
  void reset(Errno error);  // the connection is gone both ways, and the reader is told this error once
  void discard();           // drops what is in it
  struct State {
    bool empty = true, writer_closed = false, reader_closed = false, failed = false, reset = false;
    bool urgent = false;   // an urgent byte waits
    bool at_mark = false;  // it is the next one
    usize bytes = 0, messages = 0, first = 0, true_size = 0;
    u64 total = 0;          // bytes of a stream that ever came
    usize before_mark = 0;  // bytes of a stream before the urgent one; all where there is none
  };
  State state() const;
  Errno take_error();  // Errno{} where there is none

  WaitQueue readers;
  WaitQueue writers;

 private:
  const Kind kind_;
  const Ref<InFlight> in_flight_;
  std::atomic<u32> carriers_{0};  // messages with descriptors
  mutable Mutex lock_{LockRank::inbox};
  std::deque<Message> messages_ GUARDED_BY(lock_);
  usize bytes_ GUARDED_BY(lock_) = 0;
  usize true_size_ GUARDED_BY(lock_) = 0;  // of messages
  std::atomic<u32> drops_{0};
  bool writer_closed_ GUARDED_BY(lock_) = false;
  bool reader_closed_ GUARDED_BY(lock_) = false;
  bool read_shut_ GUARDED_BY(lock_) = false;
  bool reset_ GUARDED_BY(lock_) = false;
  Errno error_ GUARDED_BY(lock_){};
  struct Urgent {
    u64 at;             // as a count of all bytes of this stream
    bool read = false;  // by MSG_OOB
  };
  std::optional<Urgent> urgent_ GUARDED_BY(lock_);
  u64 consumed_ GUARDED_BY(lock_) = 0;  // bytes of this stream that were read
  bool inline_ GUARDED_BY(lock_) = false;
  File* reader_ GUARDED_BY(lock_) = nullptr;
  Ref<SocketOptions> reader_options_ GUARDED_BY(lock_);
  std::atomic<u64> reader_inode_{0};
  std::atomic<bool> end_first_{false};

  Result<usize> put_any(MemoryAccount& account, UserBuffer& from, const SocketAddress& sender, Ancillary& ancillary,
                        Limits limits);
  // `has_files`: may this look at messages with descriptors? Null: there are some, and it may not.
  std::optional<Result<Received>> get_any(UserBuffer& to, Look look, i64 skip, bool has_files);
  void carry(const Message& message) REQUIRES(lock_);  // under InFlight::lock, too
  void carry_no_more(const Ancillary& with) REQUIRES(lock_);
  Result<Received> get_stream(UserBuffer& to, Look look, i64 skip, std::vector<Message>& spent) REQUIRES(lock_);
  Result<Received> at_the_end() REQUIRES(lock_);
  Result<Received> get_message(UserBuffer& to, Look look, i64 skip, std::vector<Message>& spent) REQUIRES(lock_);
  void consume(usize n, std::vector<Message>& spent) REQUIRES(lock_);
};

}  // namespace limen
