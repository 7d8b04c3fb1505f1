// Result<T>: a value or an errno, and TRY to pass the errno on.
//
//   Result<usize> f() {
//     Ref<File> file = TRY(files.get(fd));   // the whole initialiser of a named local
//     TRY(file->check_writable());           // or a whole statement; never inside a list
//     return file->size();
//   }
#pragma once

#include <cstdlib>
#include <new>
#include <type_traits>
#include <utility>

#include "base/errno.h"

namespace limen {

template <typename T>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  Result(Errno e) : error_(static_cast<int32_t>(e)) {}  // NOLINT(google-explicit-constructor)
  template <typename U = T>
  requires(std::is_constructible_v<T, U&&> && !std::is_same_v<std::remove_cvref_t<U>, Result> &&
           !std::is_same_v<std::remove_cvref_t<U>, Errno>) Result(U&& value) {  // NOLINT(google-explicit-constructor)
    new (&storage_) T(std::forward<U>(value));
  }
  Result(Result&& other) noexcept : error_(other.error_) {
    if (ok()) new (&storage_) T(std::move(other.ref()));
  }
  Result(const Result& other) : error_(other.error_) {
    if (ok()) new (&storage_) T(other.ref());
  }
  Result& operator=(Result&& other) noexcept {
    if (this != &other) {
      destroy();
      error_ = other.error_;
      if (ok()) new (&storage_) T(std::move(other.ref()));
    }
    return *this;
  }
  Result& operator=(const Result& other) {
    if (this != &other) *this = Result(other);
    return *this;
  }
  ~Result() { destroy(); }

  bool ok() const { return error_ == 0; }
  explicit operator bool() const { return ok(); }
  // The errno; only where !ok().
  Errno error() const { return static_cast<Errno>(error_); }
  bool is(Errno e) const { return error_ == static_cast<int32_t>(e); }

  // The value; only where ok(), else the kernel stops: using it unchecked is our bug.
  T& value() & { return checked(); }
  const T& value() const& { return const_cast<Result*>(this)->checked(); }
  T&& value() && { return std::move(checked()); }
  T& operator*() & { return checked(); }
  const T& operator*() const& { return const_cast<Result*>(this)->checked(); }
  T&& operator*() && { return std::move(checked()); }
  T* operator->() { return &checked(); }
  const T* operator->() const { return &const_cast<Result*>(this)->checked(); }
  template <typename U>
  T value_or(U&& other) const {
    return ok() ? value() : static_cast<T>(std::forward<U>(other));
  }

 private:
  T& ref() { return *std::launder(reinterpret_cast<T*>(&storage_)); }
  const T& ref() const { return *std::launder(reinterpret_cast<const T*>(&storage_)); }
  T& checked() {
    if (!ok()) std::abort();
    return ref();
  }
  void destroy() {
    if (ok()) ref().~T();
  }

  alignas(T) unsigned char storage_[sizeof(T)];
  int32_t error_ = 0;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;
  Result() = default;
  Result(Errno e) : error_(static_cast<int32_t>(e)) {}  // NOLINT(google-explicit-constructor)
  bool ok() const { return error_ == 0; }
  explicit operator bool() const { return ok(); }
  Errno error() const { return static_cast<Errno>(error_); }
  bool is(Errno e) const { return error_ == static_cast<int32_t>(e); }
  void value() const {
    if (!ok()) std::abort();
  }

 private:
  int32_t error_ = 0;
};

// `return success;` from a Result<void> function reads better than `return {};`.
inline const Result<void> success{};

}  // namespace limen

#define TRY(expr)                            \
  __extension__({                            \
    auto limen_try_result = (expr);          \
    if (!limen_try_result.ok()) [[unlikely]] \
      return limen_try_result.error();       \
    std::move(limen_try_result).value();     \
  })
