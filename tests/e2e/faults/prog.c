#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
static int down(volatile char *p) { volatile char page[4096]; page[0] = p[0]; return p[0] ? 0 : down(page) + page[0]; }
int main(int argc, char **argv) {
  struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  const char *how = argc > 1 ? argv[1] : "";
  volatile char *page = mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (!strcmp(how, "null")) *(volatile int *)0 = 1;
  if (!strcmp(how, "readonly")) page[0] = 1;
  if (!strcmp(how, "execute")) ((void (*)(void))page)();
  if (!strcmp(how, "jump")) ((void (*)(void))0x1234)();
  if (!strcmp(how, "noncanonical")) *(volatile int *)0x8000000000000000ul = 1;
  if (!strcmp(how, "kernel")) *(volatile int *)0xffffffff81000000ul = 1;
  if (!strcmp(how, "divide")) asm volatile("xor %%ecx, %%ecx; div %%ecx" : : : "rax", "rcx", "rdx");
  if (!strcmp(how, "illegal")) asm volatile("ud2");
  if (!strcmp(how, "breakpoint")) asm volatile("int3");
  if (!strcmp(how, "privileged")) asm volatile("cli");
  if (!strcmp(how, "int")) asm volatile("int $0x42");
  if (!strcmp(how, "stack")) { volatile char zero[1] = {0}; down(zero); }
  if (!strcmp(how, "badstack")) asm volatile("xor %%esp, %%esp; push %%rax" : : : "memory");
  if (!strcmp(how, "abort")) abort();
  if (!strcmp(how, "trap")) __builtin_trap();
  if (!strcmp(how, "step")) asm volatile("pushf; orq $0x100, (%%rsp); popf; nop" : : : "memory");
  if (!strcmp(how, "bus")) {
    int fd = memfd_create("x", 0);
    *(volatile char *)mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) = 1;
  }
  return 1;
}
