// User pointers: typed, directed, never dereferenced.
//
//   Result<i64> sys_uname(Task& task, UserOut<abi::UtsName> buf) {
//     TRY(buf.write(task, task.uts().snapshot()));
//     return 0;
//   }
//
// Nothing is validated before the copy (read(fd, NULL, 0) is fine on Linux). Each read copies once:
// judge the copy, never the guest's memory. EFAULT is the only error of a copy but for paths (ENAMETOOLONG).
#pragma once

#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "abi/params.h"
#include "base/result.h"
#include "base/types.h"

namespace limen {

class Task;

// Copies between the kernel and the task's address space; kernel/mm/user_ptr.cc. All or EFAULT.
Result<void> copy_from_user(Task& task, void* to, GuestAddr from, usize length);
Result<void> copy_to_user(Task& task, GuestAddr to, const void* from, usize length);
// A structure that grows from one Linux to the next, of which the caller has `given` bytes and we know `known`: what the caller lacks is
// zero, what we do not know has to be, else e2big. Linux: copy_struct_from_user; a byte that is not zero is seen before one that is not
// there. `given` has been checked against a page.
Result<void> copy_struct_from_user(Task& task, void* to, usize known, GuestAddr from, usize given);
// As strncpy_from_user: up to and without the NUL; `too_long` when no NUL stands in the first `max` bytes.
Result<std::string> string_from_user(Task& task, GuestAddr from, usize max, Errno too_long);

template <typename T>
concept UserAbi = std::is_trivially_copyable_v<T>;

// What all of them are: an address (UserAddr, in abi/params.h, is the untyped one).
class UserPointer {
 public:
  constexpr UserPointer() = default;
  constexpr explicit UserPointer(GuestAddr addr) : addr_(addr) {}
  constexpr GuestAddr addr() const { return addr_; }
  constexpr u64 raw() const { return addr_.raw(); }
  constexpr bool is_null() const { return addr_.is_null(); }

 private:
  GuestAddr addr_;
};

template <typename T>
class UserIn : public UserPointer {
 public:
  using UserPointer::UserPointer;
  Result<T> read(Task& task, usize index = 0) const {
    static_assert(UserAbi<T>);
    T value;
    TRY(copy_from_user(task, &value, addr() + index * sizeof(T), sizeof(T)));
    return value;
  }
  // As copy_struct_from_user.
  Result<T> read_sized(Task& task, usize given) const {
    static_assert(UserAbi<T>);
    T value;
    TRY(copy_struct_from_user(task, &value, sizeof value, addr(), given));
    return value;
  }
  // `count` has been checked by the caller against a bound of its own.
  Result<std::vector<T>> read_array(Task& task, usize count) const {
    static_assert(UserAbi<T>);
    std::vector<T> values(count);
    if (count != 0) TRY(copy_from_user(task, values.data(), addr(), count * sizeof(T)));
    return values;
  }
};

template <typename T>
class UserOut : public UserPointer {
 public:
  using UserPointer::UserPointer;
  Result<void> write(Task& task, const T& value, usize index = 0) const {
    static_assert(UserAbi<T>);
    return copy_to_user(task, addr() + index * sizeof(T), &value, sizeof(T));
  }
  Result<void> write_array(Task& task, std::span<const T> values) const {
    static_assert(UserAbi<T>);
    return values.empty() ? Result<void>() : copy_to_user(task, addr(), values.data(), values.size_bytes());
  }
};

template <typename T>
class UserInOut : public UserPointer {
 public:
  using UserPointer::UserPointer;
  UserIn<T> in() const { return UserIn<T>(addr()); }
  UserOut<T> out() const { return UserOut<T>(addr()); }
  Result<T> read(Task& task, usize index = 0) const { return in().read(task, index); }
  Result<void> write(Task& task, const T& value, usize index = 0) const { return out().write(task, value, index); }
};

// A buffer, or an array, whose length is another parameter of the call.
template <typename Dir>
class UserBytes : public UserPointer {
 public:
  using UserPointer::UserPointer;
};
template <typename T>
class UserArray<In, T> : public UserIn<T> {
 public:
  using UserIn<T>::UserIn;
};
template <typename T>
class UserArray<Out, T> : public UserOut<T> {
 public:
  using UserOut<T>::UserOut;
};
template <typename T>
class UserArray<InOut, T> : public UserInOut<T> {
 public:
  using UserInOut<T>::UserInOut;
};

// A NUL-terminated path: at most PATH_MAX bytes with the NUL, else ENAMETOOLONG. An empty one is not an error here.
class UserPath : public UserPointer {
 public:
  using UserPointer::UserPointer;
  Result<std::string> read(Task& task) const;
};
// A NUL-terminated string of another kind: the caller says the bound and the errno beyond it.
class UserString : public UserPointer {
 public:
  using UserPointer::UserPointer;
  Result<std::string> read(Task& task, usize max, Errno too_long) const {
    return string_from_user(task, addr(), max, too_long);
  }
};
// A NULL-terminated vector of strings (argv, envp).
class UserStrings : public UserPointer {
 public:
  using UserPointer::UserPointer;
  // E2BIG when strings and pointers together exceed `max_bytes`. A null vector is empty, as Linux has it.
  Result<std::vector<std::string>> read(Task& task, usize max_bytes) const;
};

}  // namespace limen
