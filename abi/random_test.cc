// The oracle of abi/random.h: the host's own headers, compared by the compiler.
#include "abi/random.h"

#include <linux/random.h>

#include "abi/same_test.h"

namespace limen::abi {

SAME(grnd_nonblock, GRND_NONBLOCK);
SAME(grnd_random, GRND_RANDOM);
SAME(grnd_insecure, GRND_INSECURE);
SAME(rndgetentcnt, RNDGETENTCNT);
SAME(rndaddtoentcnt, RNDADDTOENTCNT);
SAME(rndaddentropy, RNDADDENTROPY);
SAME(rndreseedcrng, RNDRESEEDCRNG);

}  // namespace limen::abi
