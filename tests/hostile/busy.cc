// Not an attack: makes many kinds of calls, while the runner traces the host's side.
#include "tests/hostile/hostile.h"

#include <poll.h>

int main() {
  guest::TempDir dir;
  for (int i = 0; i < 3; ++i) {
    hostile::sane();
    pollfd none{-1, 0, 0};
    poll(&none, 1, 5);
    mkdir(dir / "d", 0700);
    rename(dir / "d", dir / "e");
    rmdir(dir / "e");
    guest::handle(SIGUSR1, [](int) {});
    raise(SIGUSR1);
  }
  pthread_t thread;
  pthread_create(
      &thread, nullptr, [](void*) -> void* { return nullptr; }, nullptr);
  pthread_join(thread, nullptr);
  guest::in_child([] { return execl("/bin/true", "true", nullptr); });
  guest::say("done");
}
