// Terminals: a pseudo terminal's pair, or the user's own terminal as the guest's console.
//
//   master (terminal emulator, sshd, the console's link) ◀──▶ Terminal ◀──▶ slave (/dev/pts/N: shells, editors)
//
// The Terminal is what both ends share: the line discipline, the bytes on their way, the window size, who has it as its
// controlling terminal. Ends are Files (terminal_file.cc); Terminals (below) is the table of all, and devpts shows it.
//
// Locks: session_ and foreground_ are under Kernel::process_tree, all else under lock_ (rank `tty`), which is held during user
// copies. Signals are sent, and the console's link is told, with neither lock_ held. Only reads and writes of Files block.
// Source: ioctl_tty(2), pty(7), pts(4), tty(4), credentials(7); drivers/tty/{tty_io,tty_jobctrl,pty}.c.
#pragma once

#include <map>
#include <vector>

#include "base/lock.h"
#include "kernel/fs/tty/line_discipline.h"
#include "kernel/ipc/account.h"
#include "kernel/task/thread_group.h"
#include "kernel/vfs/file.h"

namespace limen {

class Kernel;

inline constexpr u32 kPtsMajor = 136;
inline constexpr u32 kTtyMajor = 5;  // /dev/tty 0, /dev/console 1, /dev/ptmx 2

class Terminal final : public RefCounted {
 public:
  // What stands where a pseudo terminal has its master: told, with no lock held, that there may be something for it.
  class Link : public RefCounted {
   public:
    virtual void output_waits() = 0;
    virtual void input_has_room() = 0;
    virtual void input_is_wanted() = 0;  // somebody waits for input or changes settings
    virtual void drain() = 0;            // waits until the output is gone, for a while
  };

  static constexpr usize kPendingSize = 16384;  // input that the line discipline has not taken yet
  static constexpr u64 kCharge = kPendingSize + LineDiscipline::kOutputSize + 2 * LineDiscipline::kInputSize;

  Terminal(Kernel& kernel, u32 number, const abi::Termios2& settings, MemoryCharge charge);
  ~Terminal() override;

  Kernel& kernel() { return kernel_; }
  u32 number() const { return number_; }
  Device device() const { return {kPtsMajor, number_}; }

  // --- the slave's side. `life` is that of the opening: hang_up() ends it. -------------------------------------------
  Result<u32> open_slave(Task& task);  // a life; eio, ebusy
  u32 open_first();                    // the console, by the kernel itself
  void close_slave(u32 life);
  bool is_hung_up(u32 life) const EXCLUDES(lock_);
  // How long a read(2) goes on, from VMIN and VTIME when it starts.
  struct ReadPlan {
    usize minimum = 1;
    u64 between_ns = 0;  // from one byte to the next; 0: for ever
    u64 total_ns = 0;    // for the first one, where there is a limit
    bool has_limit = false;
  };
  ReadPlan read_plan() const EXCLUDES(lock_);
  // One attempt: eagain when there is nothing; `ends` when the call is complete with this.
  Result<LineDiscipline::Taken> read(u32 life, UserBuffer& to) EXCLUDES(lock_);
  Result<usize> write(u32 life, UserBuffer& from) EXCLUDES(lock_);
  PollEvents poll_slave(u32 life) const EXCLUDES(lock_);

  // --- the master's side ----------------------------------------------------------------------------------------------
  Result<usize> master_read(UserBuffer& to) EXCLUDES(lock_);
  usize master_write(std::span<const u8> bytes) EXCLUDES(lock_);  // what there is room for
  usize master_room() const EXCLUDES(lock_);
  PollEvents poll_master() const EXCLUDES(lock_);
  void close_master();
  void set_link(Ref<Link> link) EXCLUDES(lock_);
  // The link's way to the output: the first bytes that lie together, copied; pop what the screen has taken.
  usize copy_output(std::span<u8> to) EXCLUDES(lock_);
  void pop_output(usize n) EXCLUDES(lock_);

  // --- settings -------------------------------------------------------------------------------------------------------
  abi::Termios2 settings() const EXCLUDES(lock_);
  void set_settings(const abi::Termios2& settings) EXCLUDES(lock_);
  // What set_settings leaves alone: bits of the flags, and each of c_line and c_cc that is not zero here.
  abi::Termios locked_settings() const EXCLUDES(lock_);
  void lock_settings(const abi::Termios& locked) EXCLUDES(lock_);
  abi::WinSize window() const EXCLUDES(lock_);
  void set_window(const abi::WinSize& size) EXCLUDES(lock_);  // SIGWINCH to the foreground where it changes
  enum class Queue : u8 { input, output, both };
  void flush(Queue queue) EXCLUDES(lock_);
  void set_flow(LineDiscipline::Flow flow) EXCLUDES(lock_);
  void send_at_once(u8 c) EXCLUDES(lock_);  // to the screen
  void push_input(u8 c) EXCLUDES(lock_);    // TIOCSTI
  usize readable_bytes(bool for_master) const EXCLUDES(lock_);
  void want_input();  // tells the link
  void drain();

  // Flags of one bit each, under lock_.
  struct Flags {
    bool locked = true;      // TIOCSPTLCK
    bool packets = false;    // TIOCPKT
    bool exclusive = false;  // TIOCEXCL
  };
  Flags flags() const EXCLUDES(lock_);
  void set_flags(Flags flags) EXCLUDES(lock_);

  // --- job control (job_control.cc) ------------------------------------------------------------------------------------
  // May a process of the background do that? erestartsys after `s` was sent to its group; eio where nobody could stop it.
  Result<void> check_foreground(Task& task, Signal s);
  // The ioctls TIOCSCTTY, TIOCNOTTY, TIOCGPGRP, TIOCSPGRP, TIOCGSID. `by_master`: asked through the master's end.
  enum class Steal : u8 { no, yes };
  Result<void> make_controlling(Task& task, Steal steal, bool readable);
  Result<void> give_up(Task& task);
  Result<Pid> foreground(Task& task, bool by_master);
  Result<void> set_foreground(Task& task, Pid group);
  Result<Pid> session(Task& task, bool by_master);
  void adopt_on_open(Task& task);             // open(2) without O_NOCTTY by a session leader without a terminal
  void make_console_of(ThreadGroup& leader);  // under process_tree, for writing
  void signal_foreground(SignalSet signals);
  // Ends all openings of the slave: they read end of file and are refused all else. SIGHUP and SIGCONT to the session's leader.
  void hang_up();

  // Numbers for /proc/PID/stat; under process_tree.
  i32 foreground_id() const { return foreground_ ? foreground_->id.raw() : -1; }

  WaitQueue slave_queue, master_queue;

 private:
  friend void leave_controlling_terminal(ThreadGroup& group, std::vector<Ref<ThreadGroup>>& to_hang_up,
                                         std::vector<Ref<ThreadGroup>>& to_continue);
  using Effects = LineDiscipline::Effects;
  // Does what is left to do: without lock_.
  void carry_out(const Effects& effects) EXCLUDES(lock_);
  Ref<Link> link() const EXCLUDES(lock_);
  void note_packets(const Effects& effects) REQUIRES(lock_);
  void note_flow_settings(const abi::Termios2& old, const abi::Termios2& now) REQUIRES(lock_);
  void take_pending(Effects& effects) REQUIRES(lock_);
  void clear_session();  // under process_tree, for writing: no process of the session has it any more

  Kernel& kernel_;
  const u32 number_;
  const MemoryCharge charge_;
  Ref<Session> session_;          // under process_tree
  Ref<ProcessGroup> foreground_;  // under process_tree

  mutable Mutex lock_{LockRank::tty};
  LineDiscipline line_ GUARDED_BY(lock_);
  ByteQueue pending_ GUARDED_BY(lock_){kPendingSize};
  abi::Termios locked_ GUARDED_BY(lock_){};
  abi::WinSize window_ GUARDED_BY(lock_){};
  Flags flags_ GUARDED_BY(lock_);
  u8 packet_status_ GUARDED_BY(lock_) = 0;
  u32 life_ GUARDED_BY(lock_) = 1;
  u32 slaves_ GUARDED_BY(lock_) = 0;           // openings of this life
  bool slave_left_ GUARDED_BY(lock_) = false;  // all closed, after one was open
  bool master_gone_ GUARDED_BY(lock_) = false;
  Ref<Link> link_ GUARDED_BY(lock_);
};

// A process that leads a session ends, or gives its terminal up: the session loses it. Under process_tree, for writing; whom to
// send SIGHUP, and SIGCONT after it, is added to the lists.
void leave_controlling_terminal(ThreadGroup& group, std::vector<Ref<ThreadGroup>>& to_hang_up,
                                std::vector<Ref<ThreadGroup>>& to_continue);

// All terminals of a kernel by number, and the inodes that devpts shows.
class Terminals final : public RefCounted {
 public:
  static constexpr usize kMost = 1024;
  static Ref<Terminals> of(Kernel& kernel);

  struct Entry {
    Ref<Terminal> terminal;
    Ref<Inode> inode;
  };
  // A new one with the lowest free number; enospc, enomem.
  Result<Entry> add(Kernel& kernel, Uid uid, Gid gid, const abi::Termios2& settings);
  void remove(u32 number);
  Entry find(u32 number) const;  // empty where there is none
  std::vector<u32> numbers() const;

  // The user's own terminal; null where the sandbox has none.
  Ref<Terminal> console() const;
  // `is_job`: a stopped first process is taken care of by whoever started the sandbox, as a shell would.
  void set_console(Ref<Terminal> console, bool is_job, std::function<void(Signal)> on_stop);
  bool first_process_is_job() const;
  void first_process_stopped(Signal s);

  void set_filesystem(Filesystem& devpts) { devpts_ = &devpts; }
  Filesystem* filesystem() const { return devpts_; }

 private:
  mutable Mutex lock_{LockRank::leaf};
  std::map<u32, Entry> entries_ GUARDED_BY(lock_);
  Ref<Terminal> console_ GUARDED_BY(lock_);
  bool is_job_ GUARDED_BY(lock_) = false;
  std::function<void(Signal)> on_stop_ GUARDED_BY(lock_);
  Filesystem* devpts_ = nullptr;  // set before the first task runs; a mount holds it for ever
};

// The path of a slave's name: in the caller's devpts. eio where none is mounted.
Result<Path> slave_path(const MountNamespace& mounts, Terminals& terminals, u32 number);

// Ends of a terminal as files.
Result<Ref<File>> open_slave(Task& task, const Path& path, Ref<Terminal> terminal, u32 flags);
Result<Ref<File>> open_master(Task& task, const Path& path, u32 flags);       // /dev/ptmx
Result<Ref<File>> open_controlling(Task& task, const Path& path, u32 flags);  // /dev/tty: enxio
Result<Ref<File>> open_console(Task& task, const Path& path, u32 flags);      // /dev/console: enxio
// A device node with a terminal's number, wherever it is; enxio for other numbers.
Result<Ref<File>> open_terminal_device(Task& task, const Path& path, Device device, u32 flags);
// The console for the first process, before any task runs.
Ref<File> make_console_file(const Path& path, Ref<Terminal> console, u32 flags);
// What vhangup(2) hangs up; null where the task has none.
Ref<Terminal> controlling_terminal(Task& task);

// /dev/pts.
Ref<Filesystem> make_devpts(Kernel& kernel);

}  // namespace limen
