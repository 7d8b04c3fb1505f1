// execve(2), execveat(2). The program runs itself: `exec --role NAME` is the new image.
#include "tests/guest/guest_test.h"

#include <sys/resource.h>

extern char** environ;

// What the new image does instead of running the cases.
static int play(int argc, char** argv) {
  const char* role = argc > 2 ? argv[2] : "";
  if (strcmp(role, "args") == 0) {
    return argc == 5 && strcmp(argv[3], "") == 0 && strcmp(argv[4], "two words") == 0 ? 0 : 1;
  }
  if (strcmp(role, "env") == 0) {
    return environ[0] != nullptr && strcmp(environ[0], "ONLY=this") == 0 && environ[1] == nullptr ? 0 : 1;
  }
  if (strcmp(role, "fds") == 0) {
    return fcntl(30, F_GETFD) == 0 && fcntl(31, F_GETFD) == -1 && errno == EBADF ? 0 : 1;
  }
  if (strcmp(role, "signals") == 0) {
    struct sigaction action;
    sigset_t mask, pending;
    sigaction(SIGUSR1, nullptr, &action);
    if (action.sa_handler != SIG_DFL) return 1;
    sigaction(SIGUSR2, nullptr, &action);
    if (action.sa_handler != SIG_IGN) return 2;
    sigprocmask(SIG_SETMASK, nullptr, &mask);
    if (sigismember(&mask, SIGTERM) != 1) return 3;
    sigpending(&pending);
    return sigismember(&pending, SIGTERM) == 1 ? 0 : 4;
  }
  if (strcmp(role, "stack") == 0) {
    stack_t stack;
    sigaltstack(nullptr, &stack);
    return stack.ss_flags == SS_DISABLE ? 0 : 1;
  }
  if (strcmp(role, "pid") == 0) return argc > 3 && atoi(argv[3]) == getpid() ? 0 : 1;
  if (strcmp(role, "count") == 0) return argc == 2003 ? 0 : 1;
  if (strcmp(role, "comm") == 0) {
    char name[32];
    guest::slurp("/proc/self/comm", name, sizeof name);
    return strncmp(name, "exec", 4) == 0 ? 0 : 1;
  }
  return 99;
}

static const char* self() { return "/proc/self/exe"; }

template <typename... Words>
static int run(const char* role, Words... words) {
  const char* argv[] = {"exec", "--role", role, words..., nullptr};
  execve(self(), const_cast<char**>(argv), environ);
  return 98;
}

TEST(arguments_arrive_word_for_word) {
  COVERS("execve");
  EXPECT_EQ(0, guest::in_child([] { return run("args", "", "two words"); }));
}

TEST(the_environment_is_what_was_given) {
  COVERS("execve");
  EXPECT_EQ(0, guest::in_child([] {
              const char* argv[] = {"exec", "--role", "env", nullptr};
              const char* env[] = {"ONLY=this", nullptr};
              SYS(execve, self(), argv, env);
              return 98;
            }));
}

TEST(close_on_exec_closes_and_others_stay) {
  COVERS("execve", "fcntl");
  EXPECT_EQ(0, guest::in_child([] {
              dup2(0, 30);
              dup3(0, 31, O_CLOEXEC);
              return run("fds");
            }));
}

// Linux closes descriptors after it has changed the address space (fs/exec.c: begin_new_exec) and before it knows where the
// arguments lie (fs/binfmt_elf.c): until then the command line is empty, and it is never the old program's.
TEST(when_descriptors_close_the_new_program_is_there) {
  COVERS("execve");
  char sleep_file[PATH_MAX];
  ASSERT_TRUE(realpath("/bin/sleep", sleep_file) != nullptr);
  for (int i = 0; i < 20; ++i) {
    int gate[2];
    ASSERT_OK(pipe2(gate, O_CLOEXEC));
    pid_t child = guest::spawn([] { return execlp("sleep", "sleep", "50", nullptr); });
    close(gate[1]);
    char byte, path[64], line[64] = {}, file[PATH_MAX] = {};
    EXPECT_EQ(0, read(gate[0], &byte, 1));
    snprintf(path, sizeof path, "/proc/%d/exe", child);
    EXPECT_OK(readlink(path, file, sizeof file - 1));
    EXPECT_STREQ(sleep_file, file);
    snprintf(path, sizeof path, "/proc/%d/cmdline", child);
    if (guest::slurp(path, line, sizeof line) != 0) EXPECT_STREQ("sleep", line);
    EXPECT_ERRNO(EACCES, setpgid(child, 0));
    close(gate[0]);
    kill(child, SIGKILL);
    guest::reap(child);
  }
}

TEST(handlers_are_reset_ignored_and_masked_signals_stay) {
  COVERS("execve", "rt_sigaction", "rt_sigprocmask", "rt_sigpending");
  EXPECT_EQ(0, guest::in_child([] {
              sigset_t mask;
              sigemptyset(&mask);
              sigaddset(&mask, SIGTERM);
              sigprocmask(SIG_BLOCK, &mask, nullptr);
              guest::handle(SIGUSR1, [](int) {});
              signal(SIGUSR2, SIG_IGN);
              raise(SIGTERM);
              return run("signals");
            }));
}

TEST(the_alternate_stack_is_gone) {
  COVERS("execve", "sigaltstack");
  EXPECT_EQ(0, guest::in_child([] {
              static char space[16384];
              stack_t stack{space, 0, sizeof space};
              sigaltstack(&stack, nullptr);
              return run("stack");
            }));
}

TEST(the_pid_stays) {
  COVERS("execve", "getpid");
  EXPECT_EQ(0, guest::in_child([] {
              char text[16];
              snprintf(text, sizeof text, "%d", getpid());
              return run("pid", static_cast<const char*>(text));
            }));
}

TEST(thousands_of_arguments) {
  COVERS("execve");
  EXPECT_EQ(0, guest::in_child([] {
              static const char* argv[2004];
              argv[0] = "exec";
              argv[1] = "--role";
              argv[2] = "count";
              for (int i = 3; i < 2003; ++i) argv[i] = "an argument of some length";
              execve(self(), const_cast<char**>(argv), environ);
              return 98;
            }));
}

TEST(the_name_of_the_task_is_that_of_the_file) {
  COVERS("execve");
  guest::TempDir dir;
  EXPECT_EQ(0, guest::in_child([&] {
              char target[512];
              ssize_t length = readlink(self(), target, sizeof target - 1);
              if (length <= 0) return 97;
              target[length] = 0;
              const char* argv[] = {"other", "--role", "comm", nullptr};
              execve(target, const_cast<char**>(argv), environ);
              return 98;
            }));
}

TEST(missing_and_forbidden_programs) {
  COVERS("execve");
  guest::TempDir dir;
  const char* argv[] = {"x", nullptr};
  close(guest::make_file(dir / "plain", "#!/bin/sh\n", 0644));
  mkdir(dir / "d", 0755);
  EXPECT_ERRNO(ENOENT, SYS(execve, dir / "none", argv, environ));
  EXPECT_ERRNO(EACCES, SYS(execve, dir / "plain", argv, environ));
  EXPECT_ERRNO(EACCES, SYS(execve, dir / "d", argv, environ));
  EXPECT_ERRNO(ENOTDIR, SYS(execve, dir / "plain/x", argv, environ));
  EXPECT_ERRNO(EFAULT, SYS(execve, guest::bad_pointer(), argv, environ));
  EXPECT_ERRNO(EFAULT, SYS(execve, self(), guest::bad_pointer(), environ));
  EXPECT_ERRNO(ENOENT, SYS(execve, "", argv, environ));
}

TEST(what_is_no_program_is_enoexec) {
  COVERS("execve");
  guest::TempDir dir;
  const char* argv[] = {"x", nullptr};
  close(guest::make_file(dir / "text", "hello\n", 0755));
  close(guest::make_file(dir / "empty", "", 0755));
  close(guest::make_file(dir / "elf", "\177ELF\2\1\1", 0755));
  EXPECT_ERRNO(ENOEXEC, SYS(execve, dir / "text", argv, environ));
  EXPECT_ERRNO(ENOEXEC, SYS(execve, dir / "empty", argv, environ));
  EXPECT_ERRNO(ENOEXEC, SYS(execve, dir / "elf", argv, environ));
}

TEST(a_program_that_is_open_for_writing_is_etxtbsy) {
  COVERS("execve");
  guest::TempDir dir;
  const char* argv[] = {"x", nullptr};
  int fd = guest::make_file(dir / "script", "#!/bin/sh\nexit 0\n", 0755);
  EXPECT_ERRNO(ETXTBSY, SYS(execve, dir / "script", argv, environ));
  close(fd);
}

TEST(scripts_run_through_their_interpreter) {
  COVERS("execve");
  guest::TempDir dir;
  close(guest::make_file(dir / "s", "#!/bin/sh -e\n[ \"$1\" = one ] && [ \"$0\" = \"$NAME\" ] && exit 5\n", 0755));
  setenv("NAME", dir / "s", 1);
  int status = guest::in_child([&] {
    execl(dir / "s", "ignored", "one", nullptr);
    return 98;
  });
  EXPECT_EQ(5, WEXITSTATUS(status));
}

TEST(scripts_nest_and_have_a_limit) {
  COVERS("execve");
  guest::TempDir dir;
  char text[600];
  close(guest::make_file(dir / "s0", "#!/bin/sh\nexit 6\n", 0755));
  for (int i = 1; i < 8; ++i) {
    char from[8], to[8];
    snprintf(from, sizeof from, "s%d", i - 1);
    snprintf(to, sizeof to, "s%d", i);
    snprintf(text, sizeof text, "#!%s\n", dir / from);
    close(guest::make_file(dir / to, text, 0755));
  }
  int status = guest::in_child([&] {
    execl(dir / "s2", "s2", nullptr);
    return 98;
  });
  EXPECT_EQ(6, WEXITSTATUS(status));
  const char* argv[] = {"x", nullptr};
  EXPECT_ERRNO(ELOOP, SYS(execve, dir / "s7", argv, environ));
}

TEST(a_script_without_its_interpreter_is_enoent) {
  COVERS("execve");
  guest::TempDir dir;
  const char* argv[] = {"x", nullptr};
  close(guest::make_file(dir / "s", "#!/no/such/interpreter\n", 0755));
  EXPECT_ERRNO(ENOENT, SYS(execve, dir / "s", argv, environ));
  close(guest::make_file(dir / "t", "#!\n", 0755));
  EXPECT_ERRNO(ENOEXEC, SYS(execve, dir / "t", argv, environ));
}

TEST(execveat_runs_a_descriptor) {
  COVERS("execveat");
  EXPECT_EQ(0, guest::in_child([] {
              int fd = open(self(), O_RDONLY | O_CLOEXEC);
              const char* argv[] = {"exec", "--role", "args", "", "two words", nullptr};
              SYS(execveat, fd, "", argv, environ, AT_EMPTY_PATH);
              return 98;
            }));
  guest::TempDir dir;
  const char* argv[] = {"x", nullptr};
  ASSERT_OK(symlink("/bin/true", dir / "l"));
  int at = open(dir.path(), O_RDONLY);
  EXPECT_ERRNO(ENOENT, SYS(execveat, at, "none", argv, environ, 0));
  EXPECT_ERRNO(ELOOP, SYS(execveat, at, "l", argv, environ, AT_SYMLINK_NOFOLLOW));
  EXPECT_ERRNO(EINVAL, SYS(execveat, at, "l", argv, environ, 1));
  EXPECT_ERRNO(EBADF, SYS(execveat, -1, "l", argv, environ, 0));
  EXPECT_EQ(0, guest::in_child([&] {
              SYS(execveat, at, "l", argv, environ, 0);
              return 98;
            }));
}

TEST(too_many_arguments_is_e2big) {
  COVERS("execve");
  size_t size = 140000;
  char* word = static_cast<char*>(malloc(size));
  memset(word, 'a', size);
  word[size - 1] = 0;
  const char* argv[] = {"x", word, nullptr};
  EXPECT_ERRNO(E2BIG, SYS(execve, "/bin/true", argv, environ));  // one word over 128 KiB
  word[100000] = 0;
  static const char* many[200];
  many[0] = "x";
  for (int i = 1; i < 199; ++i) many[i] = word;
  EXPECT_ERRNO(E2BIG, SYS(execve, "/bin/true", many, environ));
  free(word);
}

TEST(an_empty_argument_list_becomes_one_empty_word) {
  COVERS("execve");
  // Linux 5.18 and later: argv {NULL} is run as {""}.
  guest::TempDir dir;
  EXPECT_EQ(0, guest::in_child([] {
              const char* argv[] = {nullptr};
              int null = open("/dev/null", O_RDWR);
              dup2(null, 2);
              SYS(execve, "/bin/true", argv, environ);
              return 98;
            }));
}

int main(int argc, char** argv) {
  if (argc > 1 && strcmp(argv[1], "--role") == 0) return play(argc, argv);
  return guest::run_all(argc, argv);
}
