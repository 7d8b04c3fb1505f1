// siginfo between its canonical form and a guest's. Source: sigaction(2); kernel/signal.c:siginfo_layout.
#pragma once

#include "abi/poll.h"
#include "abi/signal.h"
#include "kernel/signal/signal.h"

namespace limen {

// Bytes that the signal's layout does not use are zero: nothing of the kernel leaks.
abi::SigInfo encode_siginfo(const SignalInfo& info);
// What read(2) of a signalfd gives. Linux: fs/signalfd.c:signalfd_copyinfo.
abi::SignalfdSigInfo encode_signalfd_info(const SignalInfo& info);
// What rt_sigqueueinfo(2) was given; signo is the call's.
SignalInfo decode_siginfo(Signal signo, const abi::SigInfo& info);

}  // namespace limen
