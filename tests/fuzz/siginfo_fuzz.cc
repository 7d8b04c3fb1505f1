// A siginfo that a guest hands to rt_sigqueueinfo(2): any bytes. What it decodes to must encode to something that
// decodes to the same again, or the receiver sees another signal than the sender sent.
#include <cstdlib>
#include <cstring>

#include "kernel/signal/siginfo.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace limen;
  abi::SigInfo given{};
  if (size < sizeof given + 1) return 0;
  std::memcpy(&given, data, sizeof given);
  const Signal signo(1 + data[sizeof given] % 64);
  const abi::SigInfo once = encode_siginfo(decode_siginfo(signo, given));
  const abi::SigInfo twice = encode_siginfo(decode_siginfo(signo, once));
  if (std::memcmp(&once, &twice, sizeof once) != 0) std::abort();
  return 0;
}
