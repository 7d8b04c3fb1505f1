// Not an attack: a process with a child and threads that stays until killed, for the runner to look at from the host.
#include "tests/hostile/hostile.h"

int main() {
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
