// uname(2)'s names, for the kernel and, of the first namespace, for guests that read them by themselves (gate/answers.cc).
#include <cstring>

#include "gate/wire/time_page.h"
#include "kernel/kernel.h"
#include "kernel/version.h"

namespace limen {

UtsNamespace::UtsNamespace(std::string host) : Namespace(NamespaceKind::uts) {
  MutexGuard g(lock_);
  put_name(name_.sysname, "Linux");
  put_name(name_.nodename, host);
  put_name(name_.release, kLinuxRelease);
  put_name(name_.version, kLinuxVersion);
  put_name(name_.machine, "x86_64");
  put_name(name_.domainname, "(none)");
}

UtsNamespace::UtsNamespace(const UtsNamespace& from, Ref<UserNamespace> owner, UserCharge charge)
    : Namespace(NamespaceKind::uts, std::move(owner), std::move(charge)) {
  const abi::UtsName name = from.name();
  MutexGuard g(lock_);
  name_ = name;
}

abi::UtsName UtsNamespace::name() const {
  MutexGuard g(lock_);
  return name_;
}

void UtsNamespace::set_hostname(std::string_view n) {
  MutexGuard g(lock_);
  put_name(name_.nodename, n);
  publish();
}

void UtsNamespace::set_domainname(std::string_view n) {
  MutexGuard g(lock_);
  put_name(name_.domainname, n);
  publish();
}

void UtsNamespace::publish_in(wire::NamePage& page) {
  MutexGuard g(lock_);
  page_ = &page;
  publish();
}

// Readers are guests, which only read: who meets a change asks the kernel.
void UtsNamespace::publish() {
  static_assert(sizeof name_ == sizeof page_->text);
  if (page_ == nullptr) return;
  const u32 sequence = page_->sequence;
  __atomic_store_n(&page_->sequence, sequence + 1, __ATOMIC_SEQ_CST);
  std::memcpy(page_->text, &name_, sizeof name_);
  __atomic_store_n(&page_->sequence, sequence + 2, __ATOMIC_SEQ_CST);
}

}  // namespace limen
