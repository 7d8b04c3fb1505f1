// The events of a trace, as bytes: what kernel/trace/recorder.h writes and every reader (trace/) reads.
//
// A stream is a sequence of records, in the order of `sequence` without gaps. A record is a RecordHead, the fixed body of its
// kind, and `pieces` pieces of what the kernel saw; each part padded to 8 bytes. Native byte order: a stream lives in a pipe of
// one machine.
#pragma once

#include <array>

#include "abi/signal.h"
#include "base/types.h"

namespace limen::event {

enum class Kind : u8 { entry, exit, signal, stopped, started, program, ended, lost, counters };

struct RecordHead {
  u32 size;  // of the whole record
  Kind kind;
  u8 flags;    // exit: Observer::Touched
  u16 pieces;  // how many follow the body
  u64 sequence;
  u64 time_ns;  // the sandbox's monotonic clock
  i32 tid, pid;
};
static_assert(sizeof(RecordHead) == 32);

struct Entry {
  u64 nr;
  u64 ip;
  std::array<u64, 6> args;
};
struct Exit {
  u64 nr;
  i64 value;
};
struct Signal {
  abi::SigInfo info;
};
struct Stopped {
  i32 signo, pad;
};
struct Started {
  i32 maker;  // 0: the front end
  u32 euid;
  u64 realtime_ns;
};
struct Program {
  i32 old_tid;
  u32 euid;  // a set-user-ID program has another than the one before
};
struct Ended {
  i32 wait_status;
  i32 superseded;
};
struct Lost {
  u64 events;  // of this task since its last record
};

// The last record of a stream: how guests entered the kernel. Of no thread.
struct Counters {
  u64 crossings, syscalls_trapped, syscalls_patched, syscalls_answered, hot, cold, faults, interrupts, map_batches,
      map_orders;
};

constexpr usize body_size(Kind kind) {
  switch (kind) {
    case Kind::entry:
      return sizeof(Entry);
    case Kind::exit:
      return sizeof(Exit);
    case Kind::signal:
      return sizeof(Signal);
    case Kind::started:
      return sizeof(Started);
    case Kind::counters:
      return sizeof(Counters);
    case Kind::stopped:
    case Kind::program:
    case Kind::ended:
    case Kind::lost:
      return 8;
  }
  return 0;
}

// A piece: what stood in guest memory, or what the kernel knows.
struct Piece {
  enum class Kind : u8 {
    memory,  // `length` bytes at `place`
    count,   // what stands at `place`, a NULL-terminated array or directory entries, is so many; the data is the number
    file,    // descriptor `place` (AT_FDCWD too) is this file: its path, as /proc/PID/fd has it
    name,    // of the program
    detail,  // what else is known of descriptor `place`: a Detail
    frame,   // of the stack, `place` being its address: a Frame
  };
  u64 place;
  u32 length;
  Kind kind;
  u8 pad[3];
};
static_assert(sizeof(Piece) == 16);

// A place on the stack; behind it stand the path of the file that is mapped there, and the name of the function, if any.
struct Frame {
  u64 offset;  // in the file
  u64 into;    // ... and from the start of the function
  u16 path_length, name_length;
  u32 pad;
};
static_assert(sizeof(Frame) == 24);

// A descriptor that has more to say than a path.
struct Detail {
  enum class Kind : u8 { character_device, block_device, process, socket };
  Kind kind;
  u8 connected, listening;
  u8 pad;
  u32 major, minor;  // of a device; `major`: the process
  // Of a socket; its addresses stand behind, one after the other.
  i32 domain, protocol;
  u32 type;
  u16 local_length, peer_length;
  u32 pad2;
  u64 inode, peer_inode;  // 0: not known
};
static_assert(sizeof(Detail) == 48);

inline constexpr usize kMostRecord = 64 * 1024;
constexpr usize padded(usize n) { return (n + 7) & ~usize{7}; }

}  // namespace limen::event
