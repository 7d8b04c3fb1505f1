#include "cli/run_options.h"

namespace limen::cli {

void declare_run_options(CLI::App& app, RunOptions& o, ShortNames short_names) {
  const auto named = [&](std::string names) {
    return short_names == ShortNames::no && names.find(',') != std::string::npos ? names.substr(names.find(',') + 1)
                                                                                 : names;
  };
  const auto value = [&](const char* names, std::string& to, const char* type, const char* help, const char* group) {
    app.add_option(named(names), to, help)->type_name(type)->group(group);
  };
  const auto values = [&](const char* names, std::vector<std::string>& to, const char* type, const char* help,
                          const char* group) {
    app.add_option(named(names), to, help)->type_name(type)->group(group)->allow_extra_args(false);
  };
  value("--root", o.root, "DIR", "host directory that becomes the guest's / (default: the host's own)", "Files");
  values("-v,--volume", o.volumes, "HOST:GUEST[:ro|rw]", "show host path HOST at GUEST, read-only unless rw", "Files");
  value("-w,--workdir", o.workdir, "DIR", "start in DIR (default: the current directory)", "Files");
  values("--hide", o.hide, "PATH", "make PATH look absent, besides the usual places of keys, tokens and histories",
         "Files");
  app.add_flag("--show-secrets", o.show_secrets, "do not hide those usual places")->group("Files");
  app.add_flag("--live-system", o.live_system,
               "ask the host anew for each name in /usr, /etc and their like; they are otherwise believed not to "
               "change meanwhile")
      ->group("Files");
  values("-e,--env", o.env, "KEY[=VALUE]", "set a variable; without a value, pass the caller's", "Identity");
  app.add_flag("--clear-env", o.clear_env, "start with no environment but --env's")->group("Identity");
  value("--hostname", o.hostname, "NAME", "the sandbox's host name (default: the host's)", "Identity");
  value("-u,--user", o.user, "UID[:GID]", "run as this user of the sandbox; 0 is its root", "Identity");
  value("-m,--memory", o.memory, "SIZE", "memory and file space together (default: half of the host's)", "Limits");
  value("--pids", o.pids, "N", "processes and threads (default: 4096)", "Limits");
  value("--files", o.files, "N", "open files of a process (default: the caller's limit)", "Limits");
  value("-t,--timeout", o.timeout, "TIME", "end the sandbox after TIME: 10, 1.5s, 500ms, 2m, 1h", "Limits");
  value("--net", o.net, "MODE", "network: none (loopback and Unix sockets of its own)", "Limits");
  value("--seccomp", o.seccomp, "PROFILE",
        "allow only the calls that PROFILE allows: JSON, in Docker's and OCI's format", "Limits");
  value("--log", o.log_file, "FILE", "write what Limen has to say to FILE (default: standard error)", "Insight");
  value("--log-level", o.log_level, "LEVEL", "error, warning, info or debug (default: warning; with --log, info)",
        "Insight");
  app.add_flag("--report-missing", o.report_missing, "at the end, name the absent and partial calls that were met")
      ->group("Insight");
  app.add_flag("--no-patch", o.no_patch, "leave the text of programs as it is: each system call is a trap")
      ->group("Insight");
  value("--stats-json", o.stats_json, "FILE", "write the kernel's counters to FILE at the end", "Insight");
  value("--mutate", o.mutate, "NAME:ERRNO", "answer a call wrongly, for tests of the tests", "");
}

}  // namespace limen::cli
