// The oracle of abi/poll.h: the host's own headers, compared by the compiler.
#include "abi/poll.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#include "abi/same_test.h"

namespace limen::abi {

SAME(pollin, POLLIN);
SAME(pollpri, POLLPRI);
SAME(pollout, POLLOUT);
SAME(pollerr, POLLERR);
SAME(pollhup, POLLHUP);
SAME(pollnval, POLLNVAL);
SAME(pollrdnorm, POLLRDNORM);
SAME(pollrdband, POLLRDBAND);
SAME(pollwrnorm, POLLWRNORM);
SAME(pollwrband, POLLWRBAND);
SAME(pollmsg, POLLMSG);
SAME(pollrdhup, POLLRDHUP);
SAME(fd_setsize, FD_SETSIZE);
SAME(epoll_ctl_add, EPOLL_CTL_ADD);
SAME(epoll_ctl_del, EPOLL_CTL_DEL);
SAME(epoll_ctl_mod, EPOLL_CTL_MOD);
SAME(epollin, EPOLLIN);
SAME(epollpri, EPOLLPRI);
SAME(epollout, EPOLLOUT);
SAME(epollerr, EPOLLERR);
SAME(epollhup, EPOLLHUP);
SAME(epollrdnorm, EPOLLRDNORM);
SAME(epollrdband, EPOLLRDBAND);
SAME(epollwrnorm, EPOLLWRNORM);
SAME(epollwrband, EPOLLWRBAND);
SAME(epollmsg, EPOLLMSG);
SAME(epollrdhup, EPOLLRDHUP);
SAME(epollexclusive, EPOLLEXCLUSIVE);
SAME(epollwakeup, EPOLLWAKEUP);
SAME(epolloneshot, EPOLLONESHOT);
SAME(epollet, EPOLLET);
SAME(epoll_cloexec, EPOLL_CLOEXEC);
SAME(efd_semaphore, EFD_SEMAPHORE);
SAME(efd_cloexec, EFD_CLOEXEC);
SAME(efd_nonblock, EFD_NONBLOCK);
SAME(tfd_cloexec, TFD_CLOEXEC);
SAME(tfd_nonblock, TFD_NONBLOCK);
SAME(sfd_cloexec, SFD_CLOEXEC);
SAME(sfd_nonblock, SFD_NONBLOCK);
SAME(in_cloexec, IN_CLOEXEC);
SAME(in_nonblock, IN_NONBLOCK);
SAME(tfd_timer_abstime, TFD_TIMER_ABSTIME);
SAME(tfd_timer_cancel_on_set, TFD_TIMER_CANCEL_ON_SET);
SAME(in_access, IN_ACCESS);
SAME(in_modify, IN_MODIFY);
SAME(in_attrib, IN_ATTRIB);
SAME(in_close_write, IN_CLOSE_WRITE);
SAME(in_close_nowrite, IN_CLOSE_NOWRITE);
SAME(in_open, IN_OPEN);
SAME(in_moved_from, IN_MOVED_FROM);
SAME(in_moved_to, IN_MOVED_TO);
SAME(in_create, IN_CREATE);
SAME(in_delete, IN_DELETE);
SAME(in_delete_self, IN_DELETE_SELF);
SAME(in_move_self, IN_MOVE_SELF);
SAME(in_unmount, IN_UNMOUNT);
SAME(in_q_overflow, IN_Q_OVERFLOW);
SAME(in_ignored, IN_IGNORED);
SAME(in_onlydir, IN_ONLYDIR);
SAME(in_dont_follow, IN_DONT_FOLLOW);
SAME(in_excl_unlink, IN_EXCL_UNLINK);
SAME(in_mask_create, IN_MASK_CREATE);
SAME(in_mask_add, IN_MASK_ADD);
SAME(in_isdir, IN_ISDIR);
SAME(in_oneshot, IN_ONESHOT);
SAME(in_all_events, IN_ALL_EVENTS);

SAME_SIZE(PollFd, pollfd);
SAME_OFFSET(PollFd, fd, pollfd, fd);
SAME_OFFSET(PollFd, events, pollfd, events);
SAME_OFFSET(PollFd, revents, pollfd, revents);
SAME_SIZE(EpollEvent, epoll_event);
SAME_OFFSET(EpollEvent, events, epoll_event, events);
SAME_OFFSET(EpollEvent, data, epoll_event, data);
SAME_SIZE(SignalfdSigInfo, signalfd_siginfo);
SAME_OFFSET(SignalfdSigInfo, ssi_signo, signalfd_siginfo, ssi_signo);
SAME_OFFSET(SignalfdSigInfo, ssi_errno, signalfd_siginfo, ssi_errno);
SAME_OFFSET(SignalfdSigInfo, ssi_code, signalfd_siginfo, ssi_code);
SAME_OFFSET(SignalfdSigInfo, ssi_pid, signalfd_siginfo, ssi_pid);
SAME_OFFSET(SignalfdSigInfo, ssi_uid, signalfd_siginfo, ssi_uid);
SAME_OFFSET(SignalfdSigInfo, ssi_fd, signalfd_siginfo, ssi_fd);
SAME_OFFSET(SignalfdSigInfo, ssi_tid, signalfd_siginfo, ssi_tid);
SAME_OFFSET(SignalfdSigInfo, ssi_band, signalfd_siginfo, ssi_band);
SAME_OFFSET(SignalfdSigInfo, ssi_overrun, signalfd_siginfo, ssi_overrun);
SAME_OFFSET(SignalfdSigInfo, ssi_trapno, signalfd_siginfo, ssi_trapno);
SAME_OFFSET(SignalfdSigInfo, ssi_status, signalfd_siginfo, ssi_status);
SAME_OFFSET(SignalfdSigInfo, ssi_int, signalfd_siginfo, ssi_int);
SAME_OFFSET(SignalfdSigInfo, ssi_ptr, signalfd_siginfo, ssi_ptr);
SAME_OFFSET(SignalfdSigInfo, ssi_utime, signalfd_siginfo, ssi_utime);
SAME_OFFSET(SignalfdSigInfo, ssi_stime, signalfd_siginfo, ssi_stime);
SAME_OFFSET(SignalfdSigInfo, ssi_addr, signalfd_siginfo, ssi_addr);
SAME_OFFSET(SignalfdSigInfo, ssi_addr_lsb, signalfd_siginfo, ssi_addr_lsb);
SAME_OFFSET(SignalfdSigInfo, ssi_syscall, signalfd_siginfo, ssi_syscall);
SAME_OFFSET(SignalfdSigInfo, ssi_call_addr, signalfd_siginfo, ssi_call_addr);
SAME_OFFSET(SignalfdSigInfo, ssi_arch, signalfd_siginfo, ssi_arch);

}  // namespace limen::abi
