// The default of --hide: where people and programs keep secrets.
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "cli/plan_build.h"

namespace limen::cli {
namespace {

constexpr const char* kInHome[] = {
    // Keys and what unlocks them.
    ".ssh",
    ".gnupg",
    ".password-store",
    ".local/share/keyrings",
    ".gnome2/keyrings",
    ".local/share/kwalletd",
    ".pki",
    ".config/op",
    ".config/sops",
    ".age",
    ".config/age",
    ".electrum",
    ".bitcoin",
    ".ethereum",
    // Clouds, clusters, registries, forges.
    ".aws",
    ".azure",
    ".config/gcloud",
    ".boto",
    ".oci",
    ".kube",
    ".docker",
    ".config/containers",
    ".config/doctl",
    ".config/hcloud",
    ".config/rclone",
    ".config/gh",
    ".config/glab-cli",
    ".config/hub",
    ".s3cfg",
    ".terraform.d",
    ".terraformrc",
    ".vault-token",
    ".fly",
    ".heroku",
    ".netlify",
    ".config/heroku",
    // Credentials of tools.
    ".netrc",
    "_netrc",
    ".git-credentials",
    ".config/git/credentials",
    ".npmrc",
    ".yarnrc.yml",
    ".pypirc",
    ".cargo/credentials",
    ".cargo/credentials.toml",
    ".gem/credentials",
    ".bundle/config",
    ".m2/settings.xml",
    ".m2/settings-security.xml",
    ".gradle/gradle.properties",
    ".composer/auth.json",
    ".config/composer/auth.json",
    ".config/pip/pip.conf",
    ".pip/pip.conf",
    ".pgpass",
    ".my.cnf",
    ".mylogin.cnf",
    ".smbcredentials",
    ".msmtprc",
    ".mbsyncrc",
    ".offlineimaprc",
    ".config/openai",
    ".config/anthropic",
    ".claude",
    ".codex",
    ".config/huggingface",
    ".cache/huggingface/token",
    ".Xauthority",
    ".ICEauthority",
    // Browsers and mail.
    ".mozilla",
    ".thunderbird",
    ".config/google-chrome",
    ".config/chromium",
    ".config/BraveSoftware",
    ".config/microsoft-edge",
    ".config/vivaldi",
    ".config/opera",
    ".cache/mozilla",
    ".cache/google-chrome",
    ".cache/chromium",
    "snap/firefox",
    "snap/chromium",
    ".var/app/org.mozilla.firefox",
    ".var/app/com.google.Chrome",
    ".var/app/org.chromium.Chromium",
    ".config/Signal",
    ".config/Slack",
    ".config/discord",
    // What was typed.
    ".bash_history",
    ".zsh_history",
    ".histfile",
    ".history",
    ".sh_history",
    ".ash_history",
    ".local/share/fish/fish_history",
    ".python_history",
    ".node_repl_history",
    ".sqlite_history",
    ".psql_history",
    ".mysql_history",
    ".rediscli_history",
    ".lesshst",
    ".viminfo",
    ".local/state/nvim/shada",
    ".irb_history",
    ".Rhistory",
    ".octave_hist",
};

constexpr const char* kOfSystem[] = {
    "/etc/shadow",
    "/etc/shadow-",
    "/etc/gshadow",
    "/etc/gshadow-",
    "/etc/sudoers",
    "/etc/sudoers.d",
    "/etc/ssh/ssh_host_rsa_key",
    "/etc/ssh/ssh_host_ecdsa_key",
    "/etc/ssh/ssh_host_ed25519_key",
    "/etc/ssh/ssh_host_dsa_key",
    "/etc/ssl/private",
    "/etc/letsencrypt",
    "/etc/krb5.keytab",
    "/etc/NetworkManager/system-connections",
    "/etc/wpa_supplicant",
    "/etc/wireguard",
    "/etc/openvpn",
    "/etc/docker/key.json",
    "/etc/kubernetes",
    "/etc/rancher",
    "/var/lib/kubelet",
    "/var/lib/docker",
    "/var/lib/containers",
    "/var/lib/rancher",
    "/var/spool/cron",
    "/var/mail",
    "/var/log/journal",
};

// The sixth field of each line of passwd(5), read without NSS: a static program has none.
std::vector<std::string> homes_in_passwd(bool all) {
  std::vector<std::string> out;
  std::ifstream passwd("/etc/passwd");
  const std::string self = std::to_string(::getuid());
  for (std::string line; std::getline(passwd, line);) {
    std::vector<std::string> fields(1);
    for (const char c : line) {
      if (c == ':') {
        fields.emplace_back();
      } else {
        fields.back() += c;
      }
    }
    if (fields.size() < 7 || fields[5].size() < 2 || fields[5][0] != '/') continue;
    if (all || fields[2] == self) out.push_back(fields[5]);
  }
  return out;
}

}  // namespace

std::vector<std::string> secret_paths() {
  std::vector<std::string> homes = homes_in_passwd(::getuid() == 0);
  if (const char* home = std::getenv("HOME"); home && home[0] == '/' && home[1]) homes.emplace_back(home);
  std::vector<std::string> out(std::begin(kOfSystem), std::end(kOfSystem));
  const auto add = [&](std::string path) {
    // Hidden by its own name, and where it is a symlink by the name of what it leads to.
    if (char* real = ::realpath(path.c_str(), nullptr)) {
      out.emplace_back(real);
      std::free(real);
    }
    out.push_back(std::move(path));
  };
  for (std::string& home : homes) {
    for (const char* name : kInHome) add(normalise_path(home + "/" + name));
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace limen::cli
