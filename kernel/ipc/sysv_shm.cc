#include "kernel/ipc/sysv_shm.h"

#include "abi/fcntl.h"
#include "kernel/kernel.h"
#include "kernel/vfs/anon.h"

#include <fmt/format.h>

namespace limen {
namespace {

constexpr u64 kSegmentCost = 1024;

// One attachment. Reading and writing are not for it: it is only mapped.
class ShmFile final : public File {
 public:
  ShmFile(Path path, u32 flags, Ref<ShmSegment> segment) : File(std::move(path), flags), segment_(std::move(segment)) {}
  Result<MappingSource> mapping() override {
    return MappingSource{Ref<PageStore>(&segment_->store()), nullptr, segment_};
  }
  ShmSegment& segment() { return *segment_; }

 private:
  const Ref<ShmSegment> segment_;
};

Path segment_path(Task& task, i32 key) {
  Path path = anon_path(task, fmt::format("/SYSV{:08x}", static_cast<u32>(key)), abi::s_ifreg | 0777);
  path.dentry->set_deleted();
  return path;
}

}  // namespace

ShmSegment::ShmSegment(Task& task, i32 key, u64 size, u32 flags, Ref<PageStore> store, MemoryCharge charge)
    : IpcObject(task, key, flags, LockRank::leaf),
      size_(size),
      store_(std::move(store)),
      table_(ipc_of(task).shms),
      kernel_(task.kernel()),
      creator_(task.group().pid().raw()),
      maker_(task.tid().raw()),
      settings_(ipc_of(task).settings),
      path_(segment_path(task, key)),
      charge_(std::move(charge)) {
  store_->set_size(page_ceil(size));
  store_->set_observer(this);
}

ShmSegment::~ShmSegment() { table_->units -= page_ceil(size_) / kPageSize; }

Result<Ref<IpcObject>> ShmSegment::make(Task& task, i32 key, u64 size, u32 flags) {
  const IpcSettings& set = *ipc_of(task).settings;
  if (size < 1 || size > set.shmmax) return Errno::einval;
  const u64 pages = page_ceil(size) / kPageSize;
  if (pages == 0) return Errno::enospc;
  IpcTable& table = *ipc_of(task).shms;
  if (table.units.load() + pages > set.shmall) return Errno::enospc;
  if ((flags & abi::shm_hugetlb) != 0) {  // none are set aside
    return task.credentials().capable(Capability::ipc_lock) ? Errno::enomem : Errno::eperm;
  }
  if ((flags & abi::shm_noreserve) == 0 && size > task.kernel().options().limits.memory) return Errno::enomem;
  MemoryCharge charge = TRY(MemoryCharge::take(task.kernel().ipc_memory(), kSegmentCost, Errno::enomem));
  table.units += pages;
  task.made_shm = true;
  return Ref<IpcObject>::adopt(
      new ShmSegment(task, key, size, flags, make_ref<PageStore>(task.kernel().arena()), std::move(charge)));
}

Ref<File> ShmSegment::open(Task&, u32 flags) { return make_ref<ShmFile>(path_, flags, Ref<ShmSegment>(this)); }

void ShmSegment::remove() {
  bool unused = false;
  {
    MutexGuard guard(lock_);
    mode_ |= abi::shm_dest;
    unused = attachments_ == 0;
    removed_ = unused;
  }
  if (unused)
    table_->remove(*this);
  else
    table_->forget_key(*this);  // no longer found by its key
}

void ShmSegment::attached(i32 pid, i64 now) {
  MutexGuard guard(lock_);
  attached_at_ = now;
  last_user_ = pid;
}

abi::ShmidDs ShmSegment::status(const Task& reader) const {
  lock_.assert_held();
  abi::ShmidDs ds{};
  ds.shm_perm = permissions(reader.credentials());
  ds.shm_segsz = size_;
  ds.shm_atime = attached_at_, ds.shm_dtime = detached_at_, ds.shm_ctime = changed_at;
  ds.shm_cpid = creator_, ds.shm_lpid = last_user_;
  ds.shm_nattch = attachments_;
  return ds;
}

void ShmSegment::set_locked(bool locked) {
  if (locked)
    mode_ |= abi::shm_locked;
  else
    mode_ &= ~abi::shm_locked;
}

void ShmSegment::mapping_added(StoreMapper&) {
  MutexGuard guard(lock_);
  ++attachments_;
}

void ShmSegment::mapping_removed(StoreMapper& mapper) {
  const i64 now = static_cast<i64>(kernel_.clock().realtime_ns() / 1'000'000'000);
  bool last = false;
  {
    MutexGuard guard(lock_);
    detached_at_ = now;
    last_user_ = mapper.user.load();
    last = --attachments_ == 0 && ((mode_ & abi::shm_dest) != 0 || settings_->shm_rmid_forced.on());
    removed_ = removed_ || last;
  }
  if (last) table_->remove(*this);
}

void ShmSegment::end_with_maker(i32 task) {
  bool unused = false;
  {
    MutexGuard guard(lock_);
    if (maker_ == task) maker_ = 0;
    unused = maker_ == 0 && attachments_ == 0 && settings_->shm_rmid_forced.on();
    removed_ = removed_ || unused;
  }
  if (unused) table_->remove(*this);
}

void exit_shm(Task& task) {
  if (!task.made_shm.exchange(false)) return;
  for (const Ref<IpcObject>& object : ipc_of(task).shms->all())
    static_cast<ShmSegment&>(*object).end_with_maker(task.tid().raw());
}

void remove_orphaned_shm(IpcNamespace& ipc) {
  for (const Ref<IpcObject>& object : ipc.shms->all()) static_cast<ShmSegment&>(*object).end_with_maker(0);
}

ShmSegment* segment_of(File& file) {
  auto* attachment = dynamic_cast<ShmFile*>(&file);
  return attachment == nullptr ? nullptr : &attachment->segment();
}

}  // namespace limen
