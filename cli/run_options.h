// The options of every command that runs a guest, declared once.
#pragma once

#include <CLI/CLI.hpp>

#include "cli/plan_build.h"

namespace limen::cli {

// Commands with short options of their own (trace) have these by their long names alone.
enum class ShortNames : u8 { yes, no };
void declare_run_options(CLI::App& app, RunOptions& options, ShortNames short_names);

}  // namespace limen::cli
