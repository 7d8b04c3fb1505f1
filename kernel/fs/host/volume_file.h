// Open files and directories of a writable volume: the bytes are the host's, moved straight between it and guest pages.
#pragma once

#include "kernel/fs/host/volume_fs.h"
#include "kernel/mm/shared_writable.h"

namespace limen {

class VolumeFile final : public File, public SharedWritable {
 public:
  VolumeFile(Path path, u32 flags, Ref<HostTree::Open> open) : File(std::move(path), flags), open_(std::move(open)) {}
  Result<Attributes> attributes() override;
  Result<void> change(const AttributeChange& change) override;
  Result<u64> seek(Task& task, i64 offset, int whence) override;
  Result<void> allocate(u32 mode, u64 offset, u64 length) override;
  Result<void> sync(Task&, bool data_only) override;
  Result<MappingSource> mapping() override;
  Result<MappingSource> shared_mapping() override;
  Result<void> write_back(Durable durable) override;
  bool can_be_direct() const override { return true; }

 protected:
  bool appends() const override { return true; }
  Result<usize> try_read(Task& task, UserBuffer& to, u64* position) override;
  Result<usize> try_write(Task& task, UserBuffer& from, u64* position) override;

 private:
  VolumeInode& node() const { return static_cast<VolumeInode&>(inode()); }
  Result<usize> write_shared(SharedPages& shared, UserBuffer& from, u64* position);
  const Ref<HostTree::Open> open_;
};

class VolumeDirectory final : public File {
 public:
  VolumeDirectory(Path path, u32 flags) : File(std::move(path), flags) {}
  Result<void> read_directory(Task& task, u64& position, const DirectorySink& sink) override;
  Result<void> sync(Task&, bool) override { return success; }

 protected:
  Result<usize> try_read(Task&, UserBuffer&, u64*) override { return Errno::eisdir; }

 private:
  host::DirectoryNames names_;  // as they were at the beginning; under position_lock(), which getdents holds
};

}  // namespace limen
