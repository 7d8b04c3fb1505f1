// One file below /proc/sys: who may write it, and what is made of the bytes. A number is written whole and at the file's begin; a write
// elsewhere is taken and means nothing (kernel.sysctl_writes_strict is 1), and a read elsewhere finds the end.
// Source: Documentation/admin-guide/sysctl/kernel.rst, fs/proc/proc_sysctl.c, kernel/sysctl.c.
//
// No lock is held over a guest's bytes. Whoever opened a file is asked for the right again at each read and write: eperm.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "kernel/fs/pseudo/pseudo.h"
#include "kernel/settings.h"

namespace limen {

// To whom the owner's bits of the mode are given.
enum class SysctlRight : u8 {
  sandbox,    // uid 0 of the sandbox; no capability makes up for it
  ipc,        // the root of the task's IPC namespace
  next_id,    // the same, and who has CAP_CHECKPOINT_RESTORE there may write it whatever its mode says
  net,        // the sandbox's root, and who has CAP_NET_ADMIN in the task's network namespace
  first_net,  // the same, but in namespaces below nobody writes it
  pid,        // the root of the task's pid namespace, and who has CAP_SYS_ADMIN there
  user,       // who has CAP_SYS_RESOURCE in its own user namespace
};

class SysctlInode final : public PseudoInode {
 public:
  // What is there now, without its newline.
  using Render = std::function<Result<std::string>(Task& reader)>;
  // How many bytes of the text were understood. `from`: where it is written; a number only at 0.
  using Store = std::function<Result<usize>(Task& writer, std::string_view text, u64 from)>;
  enum class Content : u8 { numbers, text };
  struct What {
    u32 mode = 0444;
    SysctlRight right = SysctlRight::sandbox;
    Content content = Content::numbers;
    Render render;
    Store store;  // null: nobody writes it
  };
  SysctlInode(PseudoFilesystem& fs, What what);
  // eacces.
  std::optional<Result<void>> permission(Task& task, const Credentials& who, u32 want) override;
  Result<void> change(const AttributeChange& change) override;  // eperm but for times
  Result<Ref<File>> open(Task& task, const Path& path, u32 flags) override;
  const What& what() const { return what_; }

 private:
  bool grants(Task& task, const Credentials& who, u32 want) const;
  const What what_;
};

// How numbers are written and judged.
struct SysctlNumbers {
  enum class Form : u8 { integer, natural };  // int, with a sign; unsigned long
  Form form = Form::integer;
  u64 least = static_cast<u64>(INT32_MIN), most = INT32_MAX;  // of integers modulo 2^64
};
// As many of `values` as the text has, each as it comes: those before one that is einval stay. The bytes that were understood.
Result<usize> parse_numbers(const SysctlNumbers& how, std::string_view text, const std::function<void(usize, u64)>& put,
                            usize count);
std::string number_text(const SysctlNumbers& how, std::span<const Setting> values);  // by tabs

}  // namespace limen
