// The file of --output: opened before a program starts, and found to have room.
#pragma once

#include <string>

namespace limen::cli {

// Throws a UsageError that names the option and the file where it cannot be written, or where its disk is full. What stands in the file
// is gone unless it is to be appended to.
enum class Append : bool { no, yes };
int open_output_file(const std::string& file, Append append);

}  // namespace limen::cli
