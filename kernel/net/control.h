// Control messages (cmsg(3)) for a receiver: what does not fit is cut and told by MSG_CTRUNC.
#pragma once

#include <algorithm>
#include <span>

#include "abi/socket.h"
#include "base/result.h"
#include "kernel/mm/user_ptr.h"

namespace limen {

class ControlWriter {
 public:
  ControlWriter(Task& task, GuestAddr at, u64 room) : task_(task), at_(at), room_(at.is_null() ? 0 : room) {}
  u64 used() const { return used_; }
  bool cut() const { return cut_; }
  u64 data_room() const { return room_ - used_ > sizeof(abi::CMsgHdr) ? room_ - used_ - sizeof(abi::CMsgHdr) : 0; }
  void cut_some() { cut_ = true; }
  Result<void> put(i32 level, i32 type, std::span<const u8> data) {
    if (data_room() == 0) {
      cut_ = true;
      return success;
    }
    const u64 n = std::min<u64>(data.size(), data_room());
    if (n < data.size()) cut_ = true;
    const abi::CMsgHdr head{abi::cmsg_len(n), level, type};
    TRY(copy_to_user(task_, at_ + used_, &head, sizeof head));
    TRY(copy_to_user(task_, at_ + used_ + sizeof head, data.data(), n));
    used_ += std::min(abi::cmsg_space(n), room_ - used_);
    return success;
  }
  template <typename T>
  Result<void> put_value(i32 level, i32 type, const T& value) {
    return put(level, type, {reinterpret_cast<const u8*>(&value), sizeof value});
  }

 private:
  Task& task_;
  const GuestAddr at_;
  const u64 room_;
  u64 used_ = 0;
  bool cut_ = false;
};

}  // namespace limen
