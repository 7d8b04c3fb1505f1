// Calls from the depth of a stack, through a handler, and from a thread; for tests/run-trace.
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KEPT __attribute__((noinline, noclone))

static KEPT void inner(int n) {
  if (n > 0) {
    inner(n - 1);
  } else {
    write(-1, "x", 1);
  }
  __asm__ volatile("");
}
KEPT void outer(int n) {
  volatile char* room = alloca(n);  // a frame whose size no table knows
  room[0] = 1;
  inner(2);
  __asm__ volatile("");
}
static void handler(int signo) {
  (void)signo;
  getppid();
  __asm__ volatile("");
}
static KEPT void* in_thread(void* words) {
  (void)words;
  getsid(0);
  __asm__ volatile("");
  return NULL;
}
static int order(const void* a, const void* b) {
  getpgid(0);
  return *(const int*)a - *(const int*)b;
}

int main(void) {
  outer(100);
  signal(SIGUSR1, handler);
  raise(SIGUSR1);
  int two[] = {2, 1};
  qsort(two, 2, sizeof(int), order);
  pthread_t thread;
  pthread_create(&thread, NULL, in_thread, NULL);
  pthread_join(thread, NULL);
  syscall(SYS_getpgrp);
  return 0;
}
