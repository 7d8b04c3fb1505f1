// What this host offers and what that means for Limen: `limen doctor` prints it, `limen --version` sums it up.
#pragma once

#include <string>
#include <vector>

#include "base/types.h"

namespace limen::cli {

enum class Fitness : u8 {
  good,     // there
  limited,  // Limen runs, with the loss that `meaning` names
  unfit,    // Limen cannot run
};

struct Fact {
  std::string name;   // "user-notification"
  std::string value;  // "available", "65536", "no: EPERM"
  Fitness fitness = Fitness::good;
  std::string meaning;
};

// Probes the host. Takes a few milliseconds: some probes are made in a child process, so that they leave no trace.
std::vector<Fact> probe_host();

// The worst of them.
Fitness overall(const std::vector<Fact>& facts);

}  // namespace limen::cli
