// What a socket has received and not read: messages in order, with their sender, descriptors and credentials. A stream's bytes
// are messages that reads may join. Unix sockets and the sandbox's loopback are both made of these: a connection is two.
//
// Lock: lock_ (rank `inbox`), held during user copies. Files that a message carries are dropped without it.
#pragma once

#include <deque>
#include <vector>

#include "abi/socket.h"
#include "base/lock.h"
#include "kernel/ipc/account.h"
#include "kernel/vfs/file.h"

namespace limen {

// The bytes of a guest's sockaddr, as many as it has. Never longer than sockaddr_storage.
struct SocketAddress {
  std::string bytes;
  u16 family() const {
    return bytes.size() < 2 ? 0 : static_cast<u16>(static_cast<u8>(bytes[0]) | static_cast<u8>(bytes[1]) << 8);
  }
  bool operator==(const SocketAddress&) const = default;
};

// What goes with a message besides its bytes.
struct Ancillary {
  std::vector<Ref<File>> files;
  abi::UCred sender{};
};

class Inbox final : public RefCounted {
 public:
  enum class Kind : u8 { stream, messages };
  explicit Inbox(Kind kind) : kind_(kind) {}
  ~Inbox() override;

  struct Message {
    std::vector<u8> data;
    usize offset = 0;
    SocketAddress from;
    Ancillary ancillary;
    MemoryCharge charge;
  };
  struct Limits {
    usize bytes = 212992;
    usize messages = ~usize{0};
  };
  // Puts bytes in: all of a message or nothing, of a stream what fits. eagain (full), epipe (nobody will read), enobufs, efault.
  Result<usize> put(MemoryAccount& account, UserBuffer& from, const SocketAddress& sender, Ancillary& ancillary,
                    Limits limits);

  struct Received {
    usize copied = 0;
    usize length = 0;  // of the message, before it was cut
    SocketAddress from;
    Ancillary ancillary;
  };
  enum class Look : u8 { take, peek };
  // A message, or a stream's bytes. eagain; the pending error once; copied == 0 and no error at the end.
  Result<Received> get(UserBuffer& to, Look look);

  void close_writer();      // nothing more will come: readers see the end
  void close_reader();      // nobody will read: writers see EPIPE
  void reset(Errno error);  // both, and readers are told this error once
  void discard();           // drops what is in it
  struct State {
    bool empty = true, writer_closed = false, reader_closed = false, failed = false;
    usize bytes = 0, messages = 0, first = 0;
  };
  State state() const;
  Errno take_error();  // Errno{} where there is none

  WaitQueue readers;
  WaitQueue writers;

 private:
  const Kind kind_;
  mutable Mutex lock_{LockRank::inbox};
  std::deque<Message> messages_ GUARDED_BY(lock_);
  usize bytes_ GUARDED_BY(lock_) = 0;
  bool writer_closed_ GUARDED_BY(lock_) = false;
  bool reader_closed_ GUARDED_BY(lock_) = false;
  Errno error_ GUARDED_BY(lock_){};
};

}  // namespace limen
