// Not an attack: a process with a child and threads that stays until killed, for the runner to look at from the host.
#include "tests/hostile/hostile.h"

int main(int argc, char** argv) {
  if (argc > 1 && strcmp(argv[1], "--ignore-hangup") == 0) signal(SIGHUP, SIG_IGN);
  fork();
  for (int i = 0; i < 3; ++i) {
    pthread_t thread;
    pthread_create(
        &thread, nullptr,
        [](void*) -> void* {
          for (;;) pause();
        },
        nullptr);
  }
  void* memory = mmap(nullptr, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memset(memory, 1, 1 << 20);
  guest::say("ready");
  for (;;) pause();
}
