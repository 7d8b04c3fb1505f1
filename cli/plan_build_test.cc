#include "cli/plan_build.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "cli/command.h"
#include "cli/terminal.h"

namespace limen::cli {
namespace {

char* no_environment[] = {nullptr};

Plan plan_of(const RunOptions& options, std::vector<std::string> command = {"true"}) {
  return build_plan(options, command, no_environment);
}

std::string complaint(const RunOptions& options, std::vector<std::string> command = {"true"}) {
  try {
    plan_of(options, std::move(command));
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

bool contains(const std::vector<std::string>& list, const std::string& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

TEST(PlanBuild, Sizes) {
  EXPECT_EQ(parse_size("--memory", "4096"), 4096u);
  EXPECT_EQ(parse_size("--memory", "512M"), 512u << 20);
  EXPECT_EQ(parse_size("--memory", "2GiB"), 2ull << 30);
  EXPECT_EQ(parse_size("--memory", "7k"), 7u << 10);
  for (const char* bad : {"", "M", "3X", "-1", "1.5G", "99999999999T", "4Mx", "4 M"}) {
    EXPECT_THROW(parse_size("--memory", bad), UsageError) << bad;
  }
}

TEST(PlanBuild, Durations) {
  using std::chrono::milliseconds;
  EXPECT_EQ(parse_duration("--timeout", "10"), milliseconds(10'000));
  EXPECT_EQ(parse_duration("--timeout", "1.5s"), milliseconds(1'500));
  EXPECT_EQ(parse_duration("--timeout", "250ms"), milliseconds(250));
  EXPECT_EQ(parse_duration("--timeout", "1h"), milliseconds(3'600'000));
  for (const char* bad : {"", "0", "-3", "x", "10d", "inf", "nan", "1e99"}) {
    EXPECT_THROW(parse_duration("--timeout", bad), UsageError) << bad;
  }
}

TEST(PlanBuild, PathsAreTakenByTheirLetters) {
  EXPECT_EQ(normalise_path("/a//b/./c/../d/"), "/a/b/d");
  EXPECT_EQ(normalise_path("/../.."), "/");
}

TEST(PlanBuild, Volumes) {
  const Volume plain = parse_volume("/tmp:/data");
  EXPECT_EQ(plain.host, "/tmp");
  EXPECT_EQ(plain.guest, "/data");
  EXPECT_FALSE(plain.writable);
  EXPECT_TRUE(parse_volume("/tmp:/data:rw").writable);
  for (const char* bad : {"/tmp", "/tmp:data", "/tmp:/data:xx", "/tmp:/", "/no/such/place:/x", "/tmp:/a:rw:z", ":/a"}) {
    EXPECT_THROW(parse_volume(bad), UsageError) << bad;
  }
}

TEST(PlanBuild, EnvironmentIsReplacedAddedAndPassed) {
  char kept[] = "KEPT=1";
  char replaced[] = "REPLACED=old";
  char* environment[] = {kept, replaced, nullptr};
  RunOptions options;
  options.env = {"REPLACED=new", "ADDED=a=b", "LIMEN_SURELY_UNSET"};
  EXPECT_EQ(build_plan(options, {"true"}, environment).environment,
            (std::vector<std::string>{"KEPT=1", "REPLACED=new", "ADDED=a=b"}));
  options.clear_env = true;
  EXPECT_EQ(build_plan(options, {"true"}, environment).environment,
            (std::vector<std::string>{"REPLACED=new", "ADDED=a=b"}));
}

TEST(PlanBuild, UserIsTheCallerOrAsGiven) {
  EXPECT_EQ(plan_of({}).uid, Uid(::getuid()));
  RunOptions options;
  options.user = "1000:50";
  EXPECT_EQ(plan_of(options).uid, Uid(1000));
  EXPECT_EQ(plan_of(options).gid, Gid(50));
  options.user = "4294967295";
  EXPECT_NE(complaint(options), "");
  options.user = "root";
  EXPECT_NE(complaint(options).find("whole number"), std::string::npos);
}

TEST(PlanBuild, RootMustBeADirectory) {
  RunOptions options;
  options.root = "/etc/passwd";
  EXPECT_NE(complaint(options).find("Not a directory"), std::string::npos);
  options.root = "/no/such/place";
  EXPECT_NE(complaint(options).find("No such file"), std::string::npos);
}

TEST(PlanBuild, EveryComplaintIsOneLine) {
  RunOptions net;
  net.net = "host";
  RunOptions level;
  level.log_level = "loud";
  RunOptions memory;
  memory.memory = "1";
  RunOptions workdir;
  workdir.workdir = "here";
  RunOptions hide;
  hide.hide = {"/"};
  for (const RunOptions& options : {net, level, memory, workdir, hide}) {
    const std::string text = complaint(options);
    EXPECT_FALSE(text.empty());
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
  }
  EXPECT_NE(complaint({}, {}), "");
}

TEST(PlanBuild, HiddenPathsFollowRootAndVolumes) {
  Plan plan;
  plan.root = "/srv/tree";
  plan.volumes = {{"/home/user", "/data", false}};
  EXPECT_EQ(guest_names_of(plan, "/srv/tree/etc/shadow"), std::vector<std::string>{"/etc/shadow"});
  EXPECT_EQ(guest_names_of(plan, "/home/user/.ssh"), std::vector<std::string>{"/data/.ssh"});
  EXPECT_TRUE(guest_names_of(plan, "/srv/treehouse").empty());
  EXPECT_TRUE(guest_names_of(plan, "/etc/shadow").empty());
}

TEST(PlanBuild, SecretsAreHiddenUnlessShown) {
  EXPECT_TRUE(contains(plan_of({}).hidden, "/etc/shadow"));
  RunOptions options;
  options.show_secrets = true;
  options.hide = {"/opt//x/"};
  EXPECT_EQ(plan_of(options).hidden, std::vector<std::string>{"/opt/x"});
}

TEST(PlanBuild, TheSystemIsBelievedNotToChangeUnlessSaid) {
  EXPECT_FALSE(plan_of({}).live_system);
  RunOptions options;
  options.live_system = true;
  EXPECT_TRUE(plan_of(options).live_system);
}

TEST(PlanBuild, AVolumeThatHoldsSecretsHidesThemToo) {
  char folder[] = "/tmp/limen-plan-XXXXXX";
  ASSERT_NE(::mkdtemp(folder), nullptr);
  const std::string key_folder = std::string(folder) + "/.ssh";
  ASSERT_EQ(::mkdir(key_folder.c_str(), 0700), 0);
  const char* home = ::getenv("HOME");
  const std::string before = home ? home : "";
  ::setenv("HOME", folder, 1);
  RunOptions options;
  options.volumes = {std::string(folder) + ":/data"};
  const Plan plan = plan_of(options);
  EXPECT_TRUE(contains(plan.hidden, "/data/.ssh"));
  const auto missing = std::find_if(plan.hidden_names.begin(), plan.hidden_names.end(),
                                    [](const HiddenNames& names) { return names.directory == "/data"; });
  ASSERT_NE(missing, plan.hidden_names.end());
  EXPECT_NE(std::find(missing->names.begin(), missing->names.end(), ".config/gh"), missing->names.end());
  EXPECT_EQ(std::find(missing->names.begin(), missing->names.end(), ".ssh"), missing->names.end());
  ::setenv("HOME", before.c_str(), 1);
  ::rmdir(key_folder.c_str());
  ::rmdir(folder);
}

TEST(PlanBuild, Mutations) {
  EXPECT_EQ(parse_mutation("read:0").result, 0);
  EXPECT_EQ(parse_mutation("read:ENOSYS").result, -38);
  EXPECT_THROW(parse_mutation("read"), UsageError);
  EXPECT_THROW(parse_mutation("read:EWHAT"), UsageError);
}

// A command that keeps what dispatch made of the words.
class Recorder : public Command {
 public:
  const CommandText& text() const override { return text_; }
  Operands operands() const override { return Operands::end_of_options; }
  void declare(CLI::App& app) override {
    app.add_option("-e,--env", env, "set")->type_name("KEY")->group("G")->allow_extra_args(false);
    app.add_flag("--quick", quick, "be quick")->group("G");
  }
  int run(const std::vector<std::string>& given) override {
    words = given;
    return 7;
  }
  std::vector<std::string> env, words;
  bool quick = false;

 private:
  CommandText text_{"recorder", "", "", "", {}, ""};
};

TEST(Dispatch, OptionsEndAtTheFirstOperand) {
  Recorder recorder;
  EXPECT_EQ(dispatch(recorder, {"-e", "A=1", "--env=B=[x]", "--env", "-C", "--quick", "ls", "--env", "x", "--"}), 7);
  EXPECT_EQ(recorder.env, (std::vector<std::string>{"A=1", "B=[x]", "-C"}));
  EXPECT_EQ(recorder.words, (std::vector<std::string>{"ls", "--env", "x", "--"}));
  EXPECT_TRUE(recorder.quick);
}

TEST(Dispatch, TwoDashesEndTheOptions) {
  Recorder recorder;
  EXPECT_EQ(dispatch(recorder, {"--", "--quick", "--"}), 7);
  EXPECT_EQ(recorder.words, (std::vector<std::string>{"--quick", "--"}));
  EXPECT_FALSE(recorder.quick);
}

TEST(Dispatch, MistakesEndWith125) {
  const std::vector<std::vector<std::string>> mistakes = {{"--quik"},
                                                          {"--env"},
                                                          {"--quick=1"},
                                                          {"-x"},
                                                          {"--env"
                                                           "-env"}};
  for (const std::vector<std::string>& words : mistakes) {
    Recorder recorder;
    EXPECT_EQ(dispatch(recorder, words), kExitLimenFailed) << words[0];
  }
}

TEST(Dispatch, NearestName) {
  const std::vector<std::string> names = {"--volume", "--env"};
  EXPECT_EQ(nearest("--volum", names), "--volume");
  EXPECT_EQ(nearest("--hostname", names), "");
}

TEST(Pages, HelpFitsTheTerminal) {
  for (const MakeCommand make : all_commands()) {
    const std::unique_ptr<Command> command = make();
    EXPECT_FALSE(man_page(command.get()).empty());
    EXPECT_NE(help_page(*command, 80).find("Usage:"), std::string::npos);
  }
  EXPECT_EQ(wrap("one two three", 8, 2), "one\n  two\n  three");
}

}  // namespace
}  // namespace limen::cli
