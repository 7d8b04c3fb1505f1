// The oracle of abi/wait.h: the host's own headers, compared by the compiler.
#include "abi/wait.h"

#include <linux/pidfd.h>
#include <sys/wait.h>

#include "abi/same_test.h"

namespace limen::abi {

SAME(wnohang, WNOHANG);
SAME(wuntraced, WUNTRACED);
SAME(wstopped, WSTOPPED);
SAME(wexited, WEXITED);
SAME(wcontinued, WCONTINUED);
SAME(wnowait, WNOWAIT);
SAME(wnothread, __WNOTHREAD);
SAME(wall, __WALL);
SAME(wclone, __WCLONE);
SAME(p_all, P_ALL);
SAME(p_pid, P_PID);
SAME(p_pgid, P_PGID);
SAME(p_pidfd, P_PIDFD);
SAME(pidfd_nonblock, PIDFD_NONBLOCK);
#ifdef PIDFD_THREAD
SAME(pidfd_thread, PIDFD_THREAD);
#endif
#ifdef PIDFD_SIGNAL_THREAD
SAME(pidfd_signal_thread, PIDFD_SIGNAL_THREAD);
#endif
#ifdef PIDFD_SIGNAL_THREAD_GROUP
SAME(pidfd_signal_thread_group, PIDFD_SIGNAL_THREAD_GROUP);
#endif
#ifdef PIDFD_SIGNAL_PROCESS_GROUP
SAME(pidfd_signal_process_group, PIDFD_SIGNAL_PROCESS_GROUP);
#endif

static_assert(WIFEXITED(w_exitcode(3)) && WEXITSTATUS(w_exitcode(3)) == 3);
static_assert(WIFSIGNALED(w_termsig(Signal(9), false)) && WTERMSIG(w_termsig(Signal(11), true)) == 11);
static_assert(WCOREDUMP(w_termsig(Signal(11), true)));
static_assert(WIFSTOPPED(w_stopcode(19)) && WSTOPSIG(w_stopcode(19)) == 19);
static_assert(WIFCONTINUED(w_continued));

}  // namespace limen::abi
