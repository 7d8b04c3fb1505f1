#include "kernel/fs/proc/sysctl_file.h"

#include <algorithm>
#include <charconv>

#include "abi/fcntl.h"
#include "kernel/ipc/sysv.h"
#include "kernel/kernel.h"
#include "kernel/net/endpoint.h"

namespace limen {
namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

void skip_spaces(std::string_view& text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
}

struct Word {
  bool negative = false;
  u64 magnitude = 0;
};

// Linux: proc_get_long: a number by C's rules, and a blank or nothing behind it.
Result<Word> take_word(std::string_view& text) {
  constexpr usize kMostLength = 21;
  Word word;
  std::string_view rest = text;
  if (rest.starts_with('-') && rest.size() > 1) word.negative = true, rest.remove_prefix(1);
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (rest.empty() || !is_digit(rest[0])) return Errno::einval;
  const auto is_hex = [&](char c) { return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); };
  int base = 10;
  if (rest.size() > 2 && rest[0] == '0' && (rest[1] | 0x20) == 'x' && is_hex(rest[2])) {
    base = 16, rest.remove_prefix(2);
  } else if (rest[0] == '0') {
    base = 8;
  }
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), word.magnitude, base);
  if (error != std::errc()) return Errno::einval;
  const usize length = static_cast<usize>(end - text.data());
  if (length >= kMostLength) return Errno::einval;
  text.remove_prefix(length);
  if (!text.empty() && text.front() != ' ' && text.front() != '\t' && text.front() != '\n') return Errno::einval;
  return word;
}

Result<u64> judge(const SysctlNumbers& how, const Word& word) {
  if (how.form == SysctlNumbers::Form::natural) {
    if (word.negative || word.magnitude < how.least || word.magnitude > how.most) return Errno::einval;
    return word.magnitude;
  }
  if (word.magnitude > u64{INT32_MAX} + (word.negative ? 1 : 0)) return Errno::einval;
  const i64 value = word.negative ? -static_cast<i64>(word.magnitude) : static_cast<i64>(word.magnitude);
  if (value < static_cast<i64>(how.least) || value > static_cast<i64>(how.most)) return Errno::einval;
  return static_cast<u64>(value);
}

class SysctlFile final : public File {
 public:
  SysctlFile(Path path, u32 flags, Ref<SysctlInode> inode) : File(std::move(path), flags), inode_(std::move(inode)) {}

  Result<usize> try_read(Task& task, UserBuffer& to, u64* position) override {
    if (!inode_->permission(task, task.credentials(), 4)->ok()) return Errno::eperm;
    const bool is_text = inode_->what().content == SysctlInode::Content::text;
    if (*position != 0 && !is_text) return usize{0};
    const std::string text = TRY(inode_->what().render(task))
    +"\n";
    if (*position >= text.size()) return usize{0};
    const std::string_view rest = std::string_view(text).substr(*position);
    const usize n = TRY(to.copy_out(std::span(reinterpret_cast<const u8*>(rest.data()), rest.size())));
    *position += n;
    return n;
  }

  Result<usize> try_write(Task& task, UserBuffer& from, u64* position) override {
    if (!inode_->what().store || !inode_->permission(task, task.credentials(), 2)->ok()) return Errno::eperm;
    std::string text(std::min<usize>(from.remaining(), kPageSize - 1), '\0');
    const usize n = TRY(from.copy_in(std::span(reinterpret_cast<u8*>(text.data()), text.size())));
    text.resize(n);
    if (n == 0) return n;
    const u64 at = position == nullptr ? 0 : *position;
    const bool means_nothing = at != 0 && inode_->what().content == SysctlInode::Content::numbers;
    const usize taken = means_nothing ? n : TRY(inode_->what().store(task, text, at));
    if (position != nullptr) *position += taken;
    return taken;
  }

 private:
  const Ref<SysctlInode> inode_;
};

}  // namespace

Result<usize> parse_numbers(const SysctlNumbers& how, std::string_view text, const std::function<void(usize, u64)>& put,
                            usize count) {
  const usize length = text.size();
  usize found = 0;
  for (skip_spaces(text); !text.empty() && found < count; ++found, skip_spaces(text)) {
    const Word word = TRY(take_word(text));
    const u64 value = TRY(judge(how, word));
    put(found, value);
  }
  return found == 0 ? Result<usize>(Errno::einval) : length - text.size();
}

std::string number_text(const SysctlNumbers& how, std::span<const Setting> values) {
  std::string text;
  for (const Setting& value : values) {
    if (!text.empty()) text += '\t';
    text += how.form == SysctlNumbers::Form::natural ? std::to_string(value.get()) : std::to_string(value.integer());
  }
  return text;
}

SysctlInode::SysctlInode(PseudoFilesystem& fs, What what)
    : PseudoInode(fs, abi::s_ifreg | what.mode), what_(std::move(what)) {}

// Linux: sysctl_perm, and the `permissions` of each kind of namespace.
bool SysctlInode::grants(Task& task, const Credentials& who, u32 want) const {
  const Namespaces& in = task.namespaces();
  const u32 mode = what_.mode;
  const auto has = [want](u32 bits) { return (want & ~bits & 7) == 0; };
  const auto by_ids = [&](const UserNamespace* owner) {
    const auto root = [owner](UserNamespace::Ids kind) {
      return owner == nullptr ? std::optional<u32>(0) : owner->kernel_id(kind, 0);
    };
    if (root(UserNamespace::Ids::user) == who.euid.raw()) return has(mode >> 6);
    const std::optional<u32> group = root(UserNamespace::Ids::group);
    return has(group && who.in_group(Gid(*group)) ? mode >> 3 : mode);
  };
  switch (what_.right) {
    case SysctlRight::sandbox:
      return by_ids(nullptr);
    case SysctlRight::next_id:
      if (who.capable_in(*in.ipc, Capability::checkpoint_restore) || who.capable_in(*in.ipc, Capability::sys_admin))
        return has(6);
      return by_ids(in.ipc->owner().get());
    case SysctlRight::ipc:
      return by_ids(in.ipc->owner().get());
    case SysctlRight::first_net:
      if (!in.net->is_first()) return has(mode >> 6 & 4);
      [[fallthrough]];
    case SysctlRight::net:
      return who.capable_in(*in.net, Capability::net_admin) ? has(mode >> 6) : by_ids(nullptr);
    case SysctlRight::pid:
      return who.capable_in(*in.pid, Capability::sys_admin) ? has(mode >> 6) : by_ids(in.pid->owner().get());
    case SysctlRight::user:
      return who.capable_here(Capability::sys_resource) ? has(mode >> 6) : has(mode & 4);
  }
  return false;
}

std::optional<Result<void>> SysctlInode::permission(Task& task, const Credentials& who, u32 want) {
  return (want & 1) == 0 && grants(task, who, want) ? Result<void>() : Errno::eacces;
}

Result<void> SysctlInode::change(const AttributeChange& change) {
  if (change.mode || change.uid || change.gid) return Errno::eperm;
  return PseudoInode::change(change);
}

Result<Ref<File>> SysctlInode::open(Task&, const Path& path, u32 flags) {
  return Ref<File>(make_ref<SysctlFile>(path, flags, Ref<SysctlInode>(this)));
}

}  // namespace limen
