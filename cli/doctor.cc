// limen doctor: what this host offers, and what that means for Limen.
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/host_facts.h"
#include "cli/terminal.h"

namespace limen::cli {
namespace {

constexpr Example kDoctorExamples[] = {
    {"limen doctor", "a table to read"},
    {"limen doctor --json | jq .fitness", "for scripts"},
};

constexpr CommandText kDoctorText = {
    .name = "doctor",
    .summary = "say what this host offers and what that means for Limen",
    .operands = "",
    .description = "Probes the host: kernel, seccomp, namespaces, Landlock, memory files, CPU. Nothing is changed.",
    .examples = kDoctorExamples,
    .exit_status = "0  Limen can run here, perhaps with less than all it could do\n1  Limen cannot run here",
};

const char* word(Fitness fitness) {
  switch (fitness) {
    case Fitness::good:
      return "good";
    case Fitness::limited:
      return "limited";
    case Fitness::unfit:
      return "unfit";
  }
  return "";
}

const char* verdict(Fitness fitness) {
  switch (fitness) {
    case Fitness::good:
      return "This host is fit for Limen.";
    case Fitness::limited:
      return "This host is fit for Limen, with the limits named above.";
    case Fitness::unfit:
      return "Limen cannot run on this host; the lines marked 'unfit' say why.";
  }
  return "";
}

std::string table(const std::vector<Fact>& facts) {
  const Palette palette = Palette::for_stream(STDOUT_FILENO);
  std::string out;
  for (const Fact& fact : facts) {
    const std::string mark = pad(word(fact.fitness), 9);
    out += fact.fitness == Fitness::good      ? palette.green(mark)
           : fact.fitness == Fitness::limited ? palette.yellow(mark)
                                              : palette.red(mark);
    out += pad(fact.name, 19) + pad(fact.value, 26) + "  " + fact.meaning + "\n";
  }
  return out + "\n" + palette.bold(verdict(overall(facts))) + "\n";
}

std::string json(const std::vector<Fact>& facts) {
  nlohmann::ordered_json out;
  out["version"] = LIMEN_VERSION;
  out["fitness"] = word(overall(facts));
  for (const Fact& fact : facts) {
    out["facts"].push_back(
        {{"name", fact.name}, {"value", fact.value}, {"fitness", word(fact.fitness)}, {"meaning", fact.meaning}});
  }
  return out.dump(2) + "\n";
}

class Doctor : public Command {
 public:
  const CommandText& text() const override { return kDoctorText; }
  void declare(CLI::App& app) override { app.add_flag("--json", json_, "print JSON")->group("Output"); }
  int run(const std::vector<std::string>& words) override {
    if (!words.empty())
      throw UsageError("no operand is expected, '" + words[0] + "' was given; see 'limen doctor --help'");
    const std::vector<Fact> facts = probe_host();
    if (!write_out(json_ ? json(facts) : table(facts))) return kExitLimenFailed;
    return overall(facts) == Fitness::unfit ? 1 : 0;
  }

 private:
  bool json_ = false;
};

}  // namespace

std::string version_page() {
  const std::vector<Fact> facts = probe_host();
  return "limen " LIMEN_VERSION "\nLicence: Apache-2.0 (no warranty; 'limen --licences' has the notices)\nHost: " +
         facts.front().value + ", " + word(overall(facts)) + " ('limen doctor' says more)\n";
}

std::unique_ptr<Command> make_doctor() { return std::make_unique<Doctor>(); }

}  // namespace limen::cli
