#include "kernel/signal/siginfo.h"

namespace limen {
namespace {

enum class Layout : u8 { kill, queue, timer, poll, fault, child, sys };

// Which union member a signal and its code use.
Layout layout_of(Signal s, i32 code) {
  if (code > abi::si_user && code < abi::si_kernel) {
    struct Known {
      Signal s;
      i32 last_code;
      Layout layout;
    };
    constexpr Known kKnown[] = {
        {sig::ill, 11, Layout::fault}, {sig::fpe, 15, Layout::fault}, {sig::segv, 10, Layout::fault},
        {sig::bus, 5, Layout::fault},  {sig::trap, 6, Layout::fault}, {sig::chld, 6, Layout::child},
        {sig::io, 6, Layout::poll},    {sig::sys, 2, Layout::sys},
    };
    for (const Known& known : kKnown) {
      if (known.s == s && code <= known.last_code) return known.layout;
    }
    return code <= 6 ? Layout::poll : Layout::kill;
  }
  if (code == abi::si_timer) return Layout::timer;
  if (code == abi::si_sigio) return Layout::poll;
  return code < 0 ? Layout::queue : Layout::kill;
}

}  // namespace

abi::SigInfo encode_siginfo(const SignalInfo& info) {
  abi::SigInfo out{};
  out.signo = info.signo.raw();
  out.err = info.error;
  out.code = info.code;
  switch (layout_of(info.signo, info.code)) {
    case Layout::kill:
      out.put(abi::SigInfoKill{info.pid.raw(), info.uid.raw()});
      break;
    case Layout::queue:
      out.put(abi::SigInfoQueue{info.pid.raw(), info.uid.raw(), info.value});
      break;
    case Layout::timer:
      out.put(abi::SigInfoTimer{info.timer_id, info.overrun, info.value});
      break;
    case Layout::poll:
      out.put(abi::SigInfoPoll{info.band, info.fd, 0});
      break;
    case Layout::fault: {
      abi::SigInfoFault fault{};
      fault.addr = GuestAddr(info.addr);
      out.put(fault);
      break;
    }
    case Layout::child:
      out.put(abi::SigInfoChild{info.pid.raw(), info.uid.raw(), info.status, 0, static_cast<i64>(info.utime),
                                static_cast<i64>(info.stime)});
      break;
    case Layout::sys:
      out.put(abi::SigInfoSys{GuestAddr(info.addr), info.syscall, info.arch});
      break;
  }
  return out;
}

abi::SignalfdSigInfo encode_signalfd_info(const SignalInfo& info) {
  abi::SignalfdSigInfo out{};
  out.ssi_signo = static_cast<u32>(info.signo.raw());
  out.ssi_errno = info.error;
  out.ssi_code = info.code;
  const auto put_sender = [&] {
    out.ssi_pid = static_cast<u32>(info.pid.raw());
    out.ssi_uid = info.uid.raw();
  };
  const auto put_value = [&] {
    out.ssi_ptr = info.value;
    out.ssi_int = static_cast<i32>(info.value);
  };
  switch (layout_of(info.signo, info.code)) {
    case Layout::kill:
      put_sender();
      break;
    case Layout::queue:
      put_sender();
      put_value();
      break;
    case Layout::timer:
      out.ssi_tid = static_cast<u32>(info.timer_id);
      out.ssi_overrun = static_cast<u32>(info.overrun);
      put_value();
      break;
    case Layout::poll:
      out.ssi_band = static_cast<u32>(info.band);
      out.ssi_fd = info.fd;
      break;
    case Layout::fault:
      out.ssi_addr = info.addr;
      break;
    case Layout::child:
      put_sender();
      out.ssi_status = info.status;
      out.ssi_utime = info.utime;
      out.ssi_stime = info.stime;
      break;
    case Layout::sys:
      out.ssi_call_addr = info.addr;
      out.ssi_syscall = info.syscall;
      out.ssi_arch = info.arch;
      break;
  }
  return out;
}

SignalInfo decode_siginfo(Signal signo, const abi::SigInfo& in) {
  SignalInfo info{.signo = signo, .code = in.code, .error = in.err};
  switch (layout_of(signo, in.code)) {
    case Layout::kill: {
      const auto fields = in.as<abi::SigInfoKill>();
      info.pid = Pid(fields.pid), info.uid = Uid(fields.uid);
      break;
    }
    case Layout::queue: {
      const auto fields = in.as<abi::SigInfoQueue>();
      info.pid = Pid(fields.pid), info.uid = Uid(fields.uid), info.value = fields.value;
      break;
    }
    case Layout::timer: {
      const auto fields = in.as<abi::SigInfoTimer>();
      info.timer_id = fields.timerid, info.overrun = fields.overrun, info.value = fields.value;
      break;
    }
    case Layout::poll: {
      const auto fields = in.as<abi::SigInfoPoll>();
      info.band = fields.band, info.fd = fields.fd;
      break;
    }
    case Layout::fault:
      info.addr = in.as<abi::SigInfoFault>().addr.raw();
      break;
    case Layout::child: {
      const auto fields = in.as<abi::SigInfoChild>();
      info.pid = Pid(fields.pid), info.uid = Uid(fields.uid), info.status = fields.status;
      info.utime = static_cast<u64>(fields.utime), info.stime = static_cast<u64>(fields.stime);
      break;
    }
    case Layout::sys: {
      const auto fields = in.as<abi::SigInfoSys>();
      info.addr = fields.call_addr.raw(), info.syscall = fields.syscall, info.arch = fields.arch;
      break;
    }
  }
  return info;
}

}  // namespace limen
