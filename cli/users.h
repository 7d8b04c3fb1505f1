// From the name of a user to ids.
#pragma once

#include <string>

#include "cli/plan.h"

namespace limen::cli {

// Uid, gid and supplementary groups of user NAME of the sandbox's root. UsageError: there is none, or `numbers` (--user's) are given, too.
void set_named_user(Plan& plan, const std::string& name, const std::string& numbers);

}  // namespace limen::cli
