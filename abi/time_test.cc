// The oracle of abi/time.h: the host's own headers, compared by the compiler.
#include "abi/time.h"

#include <sys/time.h>
#include <sys/times.h>
#include <sys/timex.h>
#include <time.h>
#include <utime.h>

#include "abi/same_test.h"

namespace limen::abi {

SAME(clock_realtime, CLOCK_REALTIME);
SAME(clock_monotonic, CLOCK_MONOTONIC);
SAME(clock_process_cputime_id, CLOCK_PROCESS_CPUTIME_ID);
SAME(clock_thread_cputime_id, CLOCK_THREAD_CPUTIME_ID);
SAME(clock_monotonic_raw, CLOCK_MONOTONIC_RAW);
SAME(clock_realtime_coarse, CLOCK_REALTIME_COARSE);
SAME(clock_monotonic_coarse, CLOCK_MONOTONIC_COARSE);
SAME(clock_boottime, CLOCK_BOOTTIME);
SAME(clock_realtime_alarm, CLOCK_REALTIME_ALARM);
SAME(clock_boottime_alarm, CLOCK_BOOTTIME_ALARM);
SAME(clock_tai, CLOCK_TAI);
SAME(timer_abstime, TIMER_ABSTIME);
SAME(itimer_real, ITIMER_REAL);
SAME(itimer_virtual, ITIMER_VIRTUAL);
SAME(itimer_prof, ITIMER_PROF);
SAME(adj_offset, ADJ_OFFSET);
SAME(adj_frequency, ADJ_FREQUENCY);
SAME(adj_maxerror, ADJ_MAXERROR);
SAME(adj_esterror, ADJ_ESTERROR);
SAME(adj_status, ADJ_STATUS);
SAME(adj_timeconst, ADJ_TIMECONST);
SAME(adj_tai, ADJ_TAI);
SAME(adj_setoffset, ADJ_SETOFFSET);
SAME(adj_micro, ADJ_MICRO);
SAME(adj_nano, ADJ_NANO);
SAME(adj_tick, ADJ_TICK);
SAME(adj_offset_singleshot, ADJ_OFFSET_SINGLESHOT);
SAME(adj_offset_ss_read, ADJ_OFFSET_SS_READ);
SAME(time_ok, TIME_OK);
SAME(time_error, TIME_ERROR);
SAME(sta_pll, STA_PLL);
SAME(sta_unsync, STA_UNSYNC);
SAME(sta_nano, STA_NANO);

SAME_SIZE(TimeSpec, timespec);
SAME_OFFSET(TimeSpec, tv_sec, timespec, tv_sec);
SAME_OFFSET(TimeSpec, tv_nsec, timespec, tv_nsec);
SAME_SIZE(TimeVal, timeval);
SAME_OFFSET(TimeVal, tv_sec, timeval, tv_sec);
SAME_OFFSET(TimeVal, tv_usec, timeval, tv_usec);
SAME_SIZE(TimeZone, struct timezone);
SAME_OFFSET(TimeZone, tz_minuteswest, struct timezone, tz_minuteswest);
SAME_OFFSET(TimeZone, tz_dsttime, struct timezone, tz_dsttime);
SAME_SIZE(ITimerVal, itimerval);
SAME_OFFSET(ITimerVal, it_interval, itimerval, it_interval);
SAME_OFFSET(ITimerVal, it_value, itimerval, it_value);
SAME_SIZE(ITimerSpec, itimerspec);
SAME_OFFSET(ITimerSpec, it_interval, itimerspec, it_interval);
SAME_OFFSET(ITimerSpec, it_value, itimerspec, it_value);
SAME_SIZE(Tms, tms);
SAME_OFFSET(Tms, tms_utime, tms, tms_utime);
SAME_OFFSET(Tms, tms_stime, tms, tms_stime);
SAME_OFFSET(Tms, tms_cutime, tms, tms_cutime);
SAME_OFFSET(Tms, tms_cstime, tms, tms_cstime);
SAME_SIZE(UtimBuf, utimbuf);
SAME_OFFSET(UtimBuf, actime, utimbuf, actime);
SAME_OFFSET(UtimBuf, modtime, utimbuf, modtime);
SAME_SIZE(Timex, timex);
SAME_OFFSET(Timex, modes, timex, modes);
SAME_OFFSET(Timex, offset, timex, offset);
SAME_OFFSET(Timex, freq, timex, freq);
SAME_OFFSET(Timex, maxerror, timex, maxerror);
SAME_OFFSET(Timex, esterror, timex, esterror);
SAME_OFFSET(Timex, status, timex, status);
SAME_OFFSET(Timex, constant, timex, constant);
SAME_OFFSET(Timex, precision, timex, precision);
SAME_OFFSET(Timex, tolerance, timex, tolerance);
SAME_OFFSET(Timex, time, timex, time);
SAME_OFFSET(Timex, tick, timex, tick);
SAME_OFFSET(Timex, ppsfreq, timex, ppsfreq);
SAME_OFFSET(Timex, jitter, timex, jitter);
SAME_OFFSET(Timex, shift, timex, shift);
SAME_OFFSET(Timex, stabil, timex, stabil);
SAME_OFFSET(Timex, jitcnt, timex, jitcnt);
SAME_OFFSET(Timex, calcnt, timex, calcnt);
SAME_OFFSET(Timex, errcnt, timex, errcnt);
SAME_OFFSET(Timex, stbcnt, timex, stbcnt);
SAME_OFFSET(Timex, tai, timex, tai);

}  // namespace limen::abi
