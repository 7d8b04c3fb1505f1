// Intrusive reference counting.
//
//   class Pipe final : public RefCounted { ... };
//   Ref<Pipe> p = make_ref<Pipe>(args...);
//
// A Ref is never null except when default-constructed or moved from; where "none" is a
// normal state say `Ref<T>` with `if (ref)`. No raw pointers between kernel objects
// outside references that the owner declares in its header.
#pragma once

#include <atomic>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace limen {

class RefCounted {
 public:
  RefCounted() = default;
  RefCounted(const RefCounted&) = delete;
  RefCounted& operator=(const RefCounted&) = delete;
  virtual ~RefCounted() = default;

  void ref() const { count_.fetch_add(1, std::memory_order_relaxed); }
  void unref() const {
    if (count_.fetch_sub(1, std::memory_order_acq_rel) == 1) const_cast<RefCounted*>(this)->last_reference();
  }
  // Take a reference unless the object is already dying (for tables that do not own).
  bool try_ref() const {
    auto n = count_.load(std::memory_order_relaxed);
    while (n != 0) {
      if (count_.compare_exchange_weak(n, n + 1, std::memory_order_acq_rel)) return true;
    }
    return false;
  }
  // Only a hint: another thread may change it at once.
  unsigned ref_count() const { return count_.load(std::memory_order_acquire); }

 protected:
  // Called once, when the count reaches zero. The default deletes.
  virtual void last_reference() { delete this; }

 private:
  mutable std::atomic<unsigned> count_{1};
};

template <typename T>
class Ref {
 public:
  constexpr Ref() = default;
  constexpr Ref(std::nullptr_t) {}  // NOLINT(google-explicit-constructor)
  explicit Ref(T* p) : p_(p) {
    if (p_) p_->ref();
  }
  static Ref adopt(T* p) {
    Ref r;
    r.p_ = p;
    return r;
  }
  Ref(const Ref& o) : Ref(o.p_) {}
  Ref(Ref&& o) noexcept : p_(std::exchange(o.p_, nullptr)) {}
  template <typename U>
  requires std::is_convertible_v<U*, T*> Ref(const Ref<U>& o) : Ref(o.get()) {}  // NOLINT(google-explicit-constructor)
  template <typename U>
  requires std::is_convertible_v<U*, T*> Ref(Ref<U>&& o)
  noexcept : p_(o.release()) {}  // NOLINT(google-explicit-constructor)
  Ref& operator=(Ref o) noexcept {
    std::swap(p_, o.p_);
    return *this;
  }
  ~Ref() {
    if (p_) p_->unref();
  }

  T* get() const { return p_; }
  T& operator*() const { return *p_; }
  T* operator->() const { return p_; }
  explicit operator bool() const { return p_ != nullptr; }
  bool operator==(const Ref& o) const { return p_ == o.p_; }
  bool operator==(std::nullptr_t) const { return p_ == nullptr; }
  T* release() { return std::exchange(p_, nullptr); }
  void reset() { *this = Ref(); }

 private:
  T* p_ = nullptr;
};

template <typename T, typename... Args>
Ref<T> make_ref(Args&&... args) {
  return Ref<T>::adopt(new T(std::forward<Args>(args)...));
}

template <typename T, typename U>
Ref<T> ref_cast(const Ref<U>& r) {
  return Ref<T>(dynamic_cast<T*>(r.get()));
}

}  // namespace limen
