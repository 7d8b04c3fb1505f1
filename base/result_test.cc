#include "base/result.h"

#include <gtest/gtest.h>

#include <string>

#include "base/ref.h"
#include "base/types.h"

namespace limen {
namespace {

Result<int> half(int n) {
  if (n % 2 != 0) return Errno::einval;
  return n / 2;
}

Result<std::string> quarter_text(int n) {
  const int h = TRY(half(n));
  const int q = TRY(half(h));
  return std::to_string(q);
}

TEST(Result, TryPassesValuesAndErrors) {
  EXPECT_EQ(quarter_text(8).value(), "2");
  EXPECT_EQ(quarter_text(6).error(), Errno::einval);
  EXPECT_TRUE(quarter_text(7).is(Errno::einval));
}

TEST(Result, NamesOfErrno) {
  EXPECT_EQ(errno_name(Errno::enoent), "ENOENT");
  EXPECT_EQ(errno_name(static_cast<Errno>(129)), "EKEYREJECTED");  // no call here gives it
  EXPECT_EQ(errno_text(static_cast<Errno>(129)), "Key was rejected by service");
  EXPECT_EQ(errno_name(static_cast<Errno>(9999)), "E???");
}

class Counted : public RefCounted {
 public:
  explicit Counted(int& live) : live_(live) { ++live_; }
  ~Counted() override { --live_; }

 private:
  int& live_;
};

TEST(Ref, LastReferenceDeletes) {
  int live = 0;
  {
    Ref<Counted> a = make_ref<Counted>(live);
    Ref<Counted> b = a;
    a.reset();
    EXPECT_EQ(live, 1);
  }
  EXPECT_EQ(live, 0);
}

TEST(Ref, TravelsThroughResult) {
  int live = 0;
  {
    Result<Ref<Counted>> r = make_ref<Counted>(live);
    Ref<Counted> c = *std::move(r);
    EXPECT_EQ(live, 1);
    EXPECT_EQ(c->ref_count(), 1u);
  }
  EXPECT_EQ(live, 0);
}

}  // namespace
}  // namespace limen
