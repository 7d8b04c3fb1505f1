// Readiness and the descriptors made for it: poll, epoll, eventfd, timerfd, signalfd, inotify.
// Source: poll(2), epoll_ctl(2), eventfd(2), timerfd_create(2), signalfd(2), inotify(7); include/uapi/asm-generic/poll.h,
// include/uapi/linux/{eventpoll,eventfd,timerfd,signalfd,inotify}.h.
#pragma once

#include "abi/time.h"
#include "base/types.h"

namespace limen::abi {

// poll(2)
inline constexpr u16 pollin = 1;
inline constexpr u16 pollpri = 2;
inline constexpr u16 pollout = 4;
inline constexpr u16 pollerr = 8;
inline constexpr u16 pollhup = 0x10;
inline constexpr u16 pollnval = 0x20;
inline constexpr u16 pollrdnorm = 0x40;
inline constexpr u16 pollrdband = 0x80;
inline constexpr u16 pollwrnorm = 0x100;
inline constexpr u16 pollwrband = 0x200;
inline constexpr u16 pollmsg = 0x400;
inline constexpr u16 pollremove = 0x1000;
inline constexpr u16 pollrdhup = 0x2000;

struct PollFd {
  i32 fd;
  u16 events;
  u16 revents;
};

// select(2)
inline constexpr i32 fd_setsize = 1024;

// epoll_ctl(2)
inline constexpr i32 epoll_ctl_add = 1;
inline constexpr i32 epoll_ctl_del = 2;
inline constexpr i32 epoll_ctl_mod = 3;

inline constexpr u32 epollin = 1;
inline constexpr u32 epollpri = 2;
inline constexpr u32 epollout = 4;
inline constexpr u32 epollerr = 8;
inline constexpr u32 epollhup = 0x10;
inline constexpr u32 epollrdnorm = 0x40;
inline constexpr u32 epollrdband = 0x80;
inline constexpr u32 epollwrnorm = 0x100;
inline constexpr u32 epollwrband = 0x200;
inline constexpr u32 epollmsg = 0x400;
inline constexpr u32 epollrdhup = 0x2000;
inline constexpr u32 epollexclusive = 0x10000000;
inline constexpr u32 epollwakeup = 0x20000000;
inline constexpr u32 epolloneshot = 0x40000000;
inline constexpr u32 epollet = 0x80000000;

// Packed on x86_64, so that a 32-bit guest has the same; aligned to 8 on every other architecture.
struct [[gnu::packed]] EpollEvent {
  u32 events;
  u64 data;
};

// epoll_wait(2), pselect6(2): the sixth argument is a pointer to this.
struct SigSetArg {
  GuestAddr mask;
  u64 size;
};

// Flags of the calls that make a descriptor.
inline constexpr u32 epoll_cloexec = 02000000;
inline constexpr u32 efd_semaphore = 01;
inline constexpr u32 efd_cloexec = 02000000;
inline constexpr u32 efd_nonblock = 04000;
inline constexpr u32 tfd_cloexec = 02000000;
inline constexpr u32 tfd_nonblock = 04000;
inline constexpr u32 sfd_cloexec = 02000000;
inline constexpr u32 sfd_nonblock = 04000;
inline constexpr u32 in_cloexec = 02000000;
inline constexpr u32 in_nonblock = 04000;

// timerfd_settime(2)
inline constexpr u32 tfd_timer_abstime = 1;
inline constexpr u32 tfd_timer_cancel_on_set = 2;
inline constexpr u32 tfd_ioc_set_ticks = 0x40085400;

// What read(2) gives of a signalfd.
struct SignalfdSigInfo {
  u32 ssi_signo;
  i32 ssi_errno;
  i32 ssi_code;
  u32 ssi_pid;
  u32 ssi_uid;
  i32 ssi_fd;
  u32 ssi_tid;
  u32 ssi_band;
  u32 ssi_overrun;
  u32 ssi_trapno;
  i32 ssi_status;
  i32 ssi_int;
  u64 ssi_ptr;
  u64 ssi_utime;
  u64 ssi_stime;
  u64 ssi_addr;
  u16 ssi_addr_lsb;
  u16 pad0;
  i32 ssi_syscall;
  u64 ssi_call_addr;
  u32 ssi_arch;
  u8 pad1[28];
};

// inotify(7)
inline constexpr u32 in_access = 1;
inline constexpr u32 in_modify = 2;
inline constexpr u32 in_attrib = 4;
inline constexpr u32 in_close_write = 8;
inline constexpr u32 in_close_nowrite = 0x10;
inline constexpr u32 in_open = 0x20;
inline constexpr u32 in_moved_from = 0x40;
inline constexpr u32 in_moved_to = 0x80;
inline constexpr u32 in_create = 0x100;
inline constexpr u32 in_delete = 0x200;
inline constexpr u32 in_delete_self = 0x400;
inline constexpr u32 in_move_self = 0x800;
inline constexpr u32 in_unmount = 0x2000;
inline constexpr u32 in_q_overflow = 0x4000;
inline constexpr u32 in_ignored = 0x8000;
inline constexpr u32 in_onlydir = 0x1000000;
inline constexpr u32 in_dont_follow = 0x2000000;
inline constexpr u32 in_excl_unlink = 0x4000000;
inline constexpr u32 in_mask_create = 0x10000000;
inline constexpr u32 in_mask_add = 0x20000000;
inline constexpr u32 in_isdir = 0x40000000;
inline constexpr u32 in_oneshot = 0x80000000;
inline constexpr u32 in_all_events = 0xfff;

// The head of one event; `len` bytes of name follow, NULs at the end.
struct InotifyEvent {
  i32 wd;
  u32 mask;
  u32 cookie;
  u32 len;
};
static_assert(sizeof(InotifyEvent) == 16);

}  // namespace limen::abi
