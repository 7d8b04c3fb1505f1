// /proc/PID/pagemap and map_files: which pages of a process are there, and which files it has mapped. Source: proc(5),
// Documentation/admin-guide/mm/pagemap.rst, fs/proc/{task_mmu,base}.c.
//
// An entry of pagemap tells whether the page is present (bit 63) and of a file or shared (61). Frame numbers are 0, as Linux has it
// for all but CAP_SYS_ADMIN: there are no frames; so is bit 56, exclusively mapped.
#pragma once

#include "kernel/fs/proc/task_files.h"

namespace limen {

Ref<Inode> make_page_map(PseudoFilesystem& fs, const Ref<Task>& task, TaskScope scope);
Ref<Inode> make_map_files(PseudoFilesystem& fs, const Ref<Task>& task, TaskScope scope);

}  // namespace limen
