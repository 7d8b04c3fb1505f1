// Forged rt_sigreturn frames: every signal blocked, impossible segments, wild pointers.
#include "tests/hostile/hostile.h"

#include <ucontext.h>

namespace {
// Loads a frame as the host's kernel would take it: RSP at the ucontext.
[[noreturn]] void load(const void* frame) {
  asm volatile("mov %0, %%rsp; mov $15, %%eax; syscall; ud2" : : "r"(frame) : "memory");
  __builtin_unreachable();
}
alignas(64) char area[65536];

ucontext_t* good_frame(void (*where)()) {
  memset(area, 0, sizeof area);
  auto* frame = reinterpret_cast<ucontext_t*>(area + 4096);
  frame->uc_mcontext.gregs[REG_RIP] = reinterpret_cast<long>(where);
  frame->uc_mcontext.gregs[REG_RSP] = reinterpret_cast<long>(area + 60000);
  frame->uc_mcontext.gregs[REG_EFL] = 0x202;
  frame->uc_mcontext.gregs[REG_CSGSFS] = 0x002b000000000033;
  return frame;
}
void call_forever() {
  for (;;) SYS(getppid);
}
void spin() {
  for (volatile long i = 0;; i = i + 1) {
  }
}
}  // namespace

TEST(a_frame_that_blocks_every_signal_cannot_hide) {
  for (auto* where : {call_forever, spin}) {
    EXPECT_TRUE(hostile::ends(
        [&] {
          ucontext_t* frame = good_frame(where);
          memset(&frame->uc_sigmask, 0xff, sizeof frame->uc_sigmask);
          load(frame);
        },
        1));
  }
  EXPECT_TRUE(hostile::sane());
}

TEST(a_frame_loaded_by_the_gates_own_instruction) {
  // The gate ends with rt_sigreturn, the one that the host answers: found by its bytes (mov $15, %eax; syscall).
  static const unsigned char wanted[] = {0xb8, 15, 0, 0, 0, 0x0f, 0x05};
  uintptr_t restorer = 0;
  for (uintptr_t at = hostile::kGate; at < hostile::kGate + 0x1000 - sizeof wanted && restorer == 0; ++at) {
    if (memcmp(reinterpret_cast<const void*>(at), wanted, sizeof wanted) == 0) restorer = at;
  }
  ASSERT_TRUE(restorer != 0);
  for (auto* where : {call_forever, spin}) {
    EXPECT_TRUE(hostile::ends(
        [&] {
          ucontext_t* frame = good_frame(where);
          memset(&frame->uc_sigmask, 0xff, sizeof frame->uc_sigmask);
          asm volatile("mov %0, %%rsp; jmp *%1" : : "r"(frame), "r"(restorer) : "memory");
        },
        1));
  }
  EXPECT_TRUE(hostile::sane());
}

TEST(wild_frames) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    EXPECT_TRUE(hostile::ends(
        [&] {
          hostile::Random random{seed * 0x9e3779b97f4a7c15};
          ucontext_t* frame = good_frame(seed % 2 != 0 ? call_forever : spin);
          auto* words = reinterpret_cast<uint64_t*>(frame);
          for (int i = 0; i < 6; ++i) words[random.next() % 80] = random.word(area);
          ualarm(100'000, 0);
          load(frame);
        },
        0.3));
  }
  EXPECT_TRUE(hostile::sane());
}

TEST(frames_at_bad_addresses) {
  for (uintptr_t where :
       {0x0ul, 0x10ul, hostile::kGate, hostile::kSlots, 0x7ffffffffffful, 0x8000000000000000ul, ~0ul}) {
    EXPECT_TRUE(hostile::ends([&] { load(reinterpret_cast<void*>(where)); }, 1));
  }
  EXPECT_TRUE(hostile::sane());
}

TEST(frames_with_bad_segments_and_flags) {
  const long segments[] = {0, 0x10, 0x23, 0x33, 0x1b, 0x002b000000000023, 0x0010000000000010, -1};
  for (long value : segments) {
    EXPECT_TRUE(hostile::ends(
        [&] {
          ucontext_t* frame = good_frame(call_forever);
          frame->uc_mcontext.gregs[REG_CSGSFS] = value;
          frame->uc_mcontext.gregs[REG_EFL] = 0x7ffff;
          load(frame);
        },
        1));
  }
  EXPECT_TRUE(hostile::sane());
}

TEST(a_hostile_extended_state) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    EXPECT_TRUE(hostile::ends(
        [&] {
          hostile::Random random{seed * 0x9e3779b97f4a7c15};
          ucontext_t* frame = good_frame(call_forever);
          char* state = area + 16384;
          for (int i = 0; i < 4096; i += 8) *reinterpret_cast<uint64_t*>(state + i) = random.next();
          *reinterpret_cast<uint32_t*>(state + 464) = 0x46505853;  // FP_XSTATE_MAGIC1
          frame->uc_mcontext.fpregs = reinterpret_cast<fpregset_t>(state + (seed % 3 == 0 ? 1 : 0));
          frame->uc_flags = seed % 8;
          load(frame);
        },
        0.3));
  }
  EXPECT_TRUE(hostile::sane());
}

TEST(a_thread_that_blocks_all_does_not_hold_its_process) {
  EXPECT_TRUE(hostile::ends(
      [] {
        pthread_t thread;
        pthread_create(
            &thread, nullptr,
            [](void*) -> void* {
              ucontext_t* frame = good_frame(spin);
              memset(&frame->uc_sigmask, 0xff, sizeof frame->uc_sigmask);
              load(frame);
            },
            nullptr);
        guest::sleep_ms(50);
        _exit(0);
      },
      2));
  EXPECT_EQ(0, guest::in_child([] {
              pthread_t thread;
              pthread_create(
                  &thread, nullptr,
                  [](void*) -> void* {
                    ucontext_t* frame = good_frame(spin);
                    memset(&frame->uc_sigmask, 0xff, sizeof frame->uc_sigmask);
                    load(frame);
                  },
                  nullptr);
              guest::sleep_ms(50);
              return execl("/bin/true", "true", nullptr);
            }));
  EXPECT_TRUE(hostile::sane());
}

HOSTILE_MAIN
