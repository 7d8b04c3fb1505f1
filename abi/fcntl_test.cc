// The oracle of abi/fcntl.h: the host's own headers, compared by the compiler.
#include "abi/fcntl.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/memfd.h>
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/same_test.h"

namespace limen::abi {

SAME(o_accmode, O_ACCMODE);
SAME(o_rdonly, O_RDONLY);
SAME(o_wronly, O_WRONLY);
SAME(o_rdwr, O_RDWR);
SAME(o_creat, O_CREAT);
SAME(o_excl, O_EXCL);
SAME(o_noctty, O_NOCTTY);
SAME(o_trunc, O_TRUNC);
SAME(o_append, O_APPEND);
SAME(o_nonblock, O_NONBLOCK);
SAME(o_dsync, O_DSYNC);
SAME(o_async, O_ASYNC);
SAME(o_direct, O_DIRECT);
SAME(o_directory, O_DIRECTORY);
SAME(o_nofollow, O_NOFOLLOW);
SAME(o_noatime, O_NOATIME);
SAME(o_cloexec, O_CLOEXEC);
SAME(o_sync, O_SYNC);
SAME(o_path, O_PATH);
SAME(o_tmpfile, O_TMPFILE);
SAME(resolve_no_xdev, RESOLVE_NO_XDEV);
SAME(resolve_no_magiclinks, RESOLVE_NO_MAGICLINKS);
SAME(resolve_no_symlinks, RESOLVE_NO_SYMLINKS);
SAME(resolve_beneath, RESOLVE_BENEATH);
SAME(resolve_in_root, RESOLVE_IN_ROOT);
SAME(resolve_cached, RESOLVE_CACHED);
SAME(at_fdcwd, AT_FDCWD);
SAME(at_symlink_nofollow, AT_SYMLINK_NOFOLLOW);
SAME(at_removedir, AT_REMOVEDIR);
SAME(at_symlink_follow, AT_SYMLINK_FOLLOW);
SAME(at_no_automount, AT_NO_AUTOMOUNT);
SAME(at_empty_path, AT_EMPTY_PATH);
SAME(at_statx_sync_type, AT_STATX_SYNC_TYPE);
SAME(at_statx_sync_as_stat, AT_STATX_SYNC_AS_STAT);
SAME(at_statx_force_sync, AT_STATX_FORCE_SYNC);
SAME(at_statx_dont_sync, AT_STATX_DONT_SYNC);
SAME(at_recursive, AT_RECURSIVE);
SAME(at_eaccess, AT_EACCESS);
#ifdef AT_HANDLE_FID
SAME(at_handle_fid, AT_HANDLE_FID);
#endif
#ifdef AT_HANDLE_MNT_ID_UNIQUE
SAME(at_handle_mnt_id_unique, AT_HANDLE_MNT_ID_UNIQUE);
#endif
#ifdef AT_EXECVE_CHECK
SAME(at_execve_check, AT_EXECVE_CHECK);
#endif
SAME(f_ok, F_OK);
SAME(x_ok, X_OK);
SAME(w_ok, W_OK);
SAME(r_ok, R_OK);
SAME(seek_set, SEEK_SET);
SAME(seek_cur, SEEK_CUR);
SAME(seek_end, SEEK_END);
SAME(seek_data, SEEK_DATA);
SAME(seek_hole, SEEK_HOLE);
SAME(s_ifmt, S_IFMT);
SAME(s_ifsock, S_IFSOCK);
SAME(s_iflnk, S_IFLNK);
SAME(s_ifreg, S_IFREG);
SAME(s_ifblk, S_IFBLK);
SAME(s_ifdir, S_IFDIR);
SAME(s_ifchr, S_IFCHR);
SAME(s_ififo, S_IFIFO);
SAME(s_isuid, S_ISUID);
SAME(s_isgid, S_ISGID);
SAME(s_isvtx, S_ISVTX);
SAME(s_irwxu, S_IRWXU);
SAME(s_irusr, S_IRUSR);
SAME(s_iwusr, S_IWUSR);
SAME(s_ixusr, S_IXUSR);
SAME(s_irwxg, S_IRWXG);
SAME(s_irgrp, S_IRGRP);
SAME(s_iwgrp, S_IWGRP);
SAME(s_ixgrp, S_IXGRP);
SAME(s_irwxo, S_IRWXO);
SAME(s_iroth, S_IROTH);
SAME(s_iwoth, S_IWOTH);
SAME(s_ixoth, S_IXOTH);
SAME(f_dupfd, F_DUPFD);
SAME(f_getfd, F_GETFD);
SAME(f_setfd, F_SETFD);
SAME(f_getfl, F_GETFL);
SAME(f_setfl, F_SETFL);
SAME(f_setown, F_SETOWN);
SAME(f_getown, F_GETOWN);
SAME(f_setsig, F_SETSIG);
SAME(f_getsig, F_GETSIG);
SAME(f_setown_ex, F_SETOWN_EX);
SAME(f_getown_ex, F_GETOWN_EX);
SAME(f_ofd_getlk, F_OFD_GETLK);
SAME(f_ofd_setlk, F_OFD_SETLK);
SAME(f_ofd_setlkw, F_OFD_SETLKW);
SAME(f_setlease, F_SETLEASE);
SAME(f_getlease, F_GETLEASE);
SAME(f_notify, F_NOTIFY);
#ifdef F_DUPFD_QUERY
SAME(f_dupfd_query, F_DUPFD_QUERY);
#endif
#ifdef F_CREATED_QUERY
SAME(f_created_query, F_CREATED_QUERY);
#endif
SAME(f_dupfd_cloexec, F_DUPFD_CLOEXEC);
SAME(f_setpipe_sz, F_SETPIPE_SZ);
SAME(f_getpipe_sz, F_GETPIPE_SZ);
SAME(f_add_seals, F_ADD_SEALS);
SAME(f_get_seals, F_GET_SEALS);
SAME(f_get_rw_hint, F_GET_RW_HINT);
SAME(f_set_rw_hint, F_SET_RW_HINT);
SAME(f_get_file_rw_hint, F_GET_FILE_RW_HINT);
SAME(f_set_file_rw_hint, F_SET_FILE_RW_HINT);
SAME(fd_cloexec, FD_CLOEXEC);
SAME(f_seal_seal, F_SEAL_SEAL);
SAME(f_seal_shrink, F_SEAL_SHRINK);
SAME(f_seal_grow, F_SEAL_GROW);
SAME(f_seal_write, F_SEAL_WRITE);
SAME(f_seal_future_write, F_SEAL_FUTURE_WRITE);
#ifdef F_SEAL_EXEC
SAME(f_seal_exec, F_SEAL_EXEC);
#endif
SAME(f_rdlck, F_RDLCK);
SAME(f_wrlck, F_WRLCK);
SAME(f_unlck, F_UNLCK);
SAME(f_owner_tid, F_OWNER_TID);
SAME(f_owner_pid, F_OWNER_PID);
SAME(f_owner_pgrp, F_OWNER_PGRP);
SAME(lock_sh, LOCK_SH);
SAME(lock_ex, LOCK_EX);
SAME(lock_nb, LOCK_NB);
SAME(lock_un, LOCK_UN);
SAME(rename_noreplace, RENAME_NOREPLACE);
SAME(rename_exchange, RENAME_EXCHANGE);
SAME(rename_whiteout, RENAME_WHITEOUT);
SAME(falloc_fl_keep_size, FALLOC_FL_KEEP_SIZE);
SAME(falloc_fl_punch_hole, FALLOC_FL_PUNCH_HOLE);
SAME(falloc_fl_no_hide_stale, FALLOC_FL_NO_HIDE_STALE);
SAME(falloc_fl_collapse_range, FALLOC_FL_COLLAPSE_RANGE);
SAME(falloc_fl_zero_range, FALLOC_FL_ZERO_RANGE);
SAME(falloc_fl_insert_range, FALLOC_FL_INSERT_RANGE);
SAME(falloc_fl_unshare_range, FALLOC_FL_UNSHARE_RANGE);
#ifdef FALLOC_FL_WRITE_ZEROES
SAME(falloc_fl_write_zeroes, FALLOC_FL_WRITE_ZEROES);
#endif
SAME(posix_fadv_normal, POSIX_FADV_NORMAL);
SAME(posix_fadv_random, POSIX_FADV_RANDOM);
SAME(posix_fadv_sequential, POSIX_FADV_SEQUENTIAL);
SAME(posix_fadv_willneed, POSIX_FADV_WILLNEED);
SAME(posix_fadv_dontneed, POSIX_FADV_DONTNEED);
SAME(posix_fadv_noreuse, POSIX_FADV_NOREUSE);
SAME(sync_file_range_wait_before, SYNC_FILE_RANGE_WAIT_BEFORE);
SAME(sync_file_range_write, SYNC_FILE_RANGE_WRITE);
SAME(sync_file_range_wait_after, SYNC_FILE_RANGE_WAIT_AFTER);
SAME(splice_f_move, SPLICE_F_MOVE);
SAME(splice_f_nonblock, SPLICE_F_NONBLOCK);
SAME(splice_f_more, SPLICE_F_MORE);
SAME(splice_f_gift, SPLICE_F_GIFT);
SAME(rwf_hipri, RWF_HIPRI);
SAME(rwf_dsync, RWF_DSYNC);
SAME(rwf_sync, RWF_SYNC);
SAME(rwf_nowait, RWF_NOWAIT);
SAME(rwf_append, RWF_APPEND);
#ifdef RWF_NOAPPEND
SAME(rwf_noappend, RWF_NOAPPEND);
#endif
#ifdef RWF_ATOMIC
SAME(rwf_atomic, RWF_ATOMIC);
#endif
#ifdef RWF_DONTCACHE
SAME(rwf_dontcache, RWF_DONTCACHE);
#endif
SAME(mfd_cloexec, MFD_CLOEXEC);
SAME(mfd_allow_sealing, MFD_ALLOW_SEALING);
SAME(mfd_hugetlb, MFD_HUGETLB);
#ifdef MFD_NOEXEC_SEAL
SAME(mfd_noexec_seal, MFD_NOEXEC_SEAL);
#endif
#ifdef MFD_EXEC
SAME(mfd_exec, MFD_EXEC);
#endif
SAME(close_range_unshare, CLOSE_RANGE_UNSHARE);
SAME(close_range_cloexec, CLOSE_RANGE_CLOEXEC);
SAME(utime_now, UTIME_NOW);
SAME(utime_omit, UTIME_OMIT);

SAME_SIZE(OpenHow, open_how);
SAME_OFFSET(OpenHow, flags, open_how, flags);
SAME_OFFSET(OpenHow, mode, open_how, mode);
SAME_OFFSET(OpenHow, resolve, open_how, resolve);
SAME_SIZE(FLock, struct flock);
SAME_OFFSET(FLock, l_type, struct flock, l_type);
SAME_OFFSET(FLock, l_whence, struct flock, l_whence);
SAME_OFFSET(FLock, l_start, struct flock, l_start);
SAME_OFFSET(FLock, l_len, struct flock, l_len);
SAME_OFFSET(FLock, l_pid, struct flock, l_pid);
SAME_SIZE(FOwnerEx, f_owner_ex);
SAME_OFFSET(FOwnerEx, type, f_owner_ex, type);
SAME_OFFSET(FOwnerEx, pid, f_owner_ex, pid);

}  // namespace limen::abi
