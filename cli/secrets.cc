// The default of --hide: where people and programs keep secrets.
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bitset>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <set>

#include "cli/plan_build.h"

namespace limen::cli {
namespace {

constexpr std::string_view kInHome[] = {
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

// Where users live, each place once and by its real name: of passwd(5), read without NSS (a static program has none), and
// $HOME. A directory that belongs to somebody else ("/bin", "/dev", what many system users have) is nobody's home.
std::vector<std::string> homes() {
  std::vector<std::string> out;
  std::set<std::string> seen;  // many system users share one
  const auto add = [&](const std::string& home, std::optional<uid_t> owner) {
    if (!seen.insert(home + (owner ? "@" + std::to_string(*owner) : "")).second) return;
    struct stat info {};
    if (::stat(home.c_str(), &info) != 0 || !S_ISDIR(info.st_mode) || (owner && info.st_uid != *owner)) return;
    if (char* real = ::realpath(home.c_str(), nullptr)) {
      if (real[1] != 0 && std::find(out.begin(), out.end(), real) == out.end()) out.emplace_back(real);
      std::free(real);
    }
  };
  if (const char* home = std::getenv("HOME"); home && home[0] == '/') add(home, std::nullopt);
  const uid_t self = ::getuid();
  std::ifstream passwd("/etc/passwd");
  for (std::string line; std::getline(passwd, line);) {
    std::vector<std::string> fields(1);
    for (const char c : line) {
      if (c == ':') {
        fields.emplace_back();
      } else {
        fields.back() += c;
      }
    }
    if (fields.size() < 7 || fields[5].empty() || fields[5][0] != '/') continue;
    const uid_t uid = static_cast<uid_t>(std::strtoul(fields[2].c_str(), nullptr, 10));
    if (self == 0 || uid == self) add(fields[5], uid);
  }
  return out;
}

// Which of a home's names could be the first of one above. Nothing where the directory may be passed through but not read.
std::optional<std::set<std::string, std::less<>>> names_in(const std::string& directory) {
  DIR* open = ::opendir(directory.c_str());
  if (open == nullptr) return std::nullopt;
  std::bitset<256> first_letters;
  for (const std::string_view name : kInHome) first_letters.set(static_cast<unsigned char>(name.front()));
  std::set<std::string, std::less<>> names;
  while (const dirent* entry = ::readdir(open)) {
    if (first_letters[static_cast<unsigned char>(entry->d_name[0])]) names.insert(entry->d_name);
  }
  ::closedir(open);
  return names;
}

}  // namespace

Secrets secrets() {
  Secrets out;
  out.paths.assign(std::begin(kOfSystem), std::end(kOfSystem));
  for (const std::string& home : homes()) {
    const std::optional<std::set<std::string, std::less<>>> entries = names_in(home);
    HiddenNames missing{home, {}};
    for (const std::string_view name : kInHome) {
      // One reading of the directory tells of most names that nothing is there.
      if (entries && !entries->contains(name.substr(0, name.find('/')))) {
        missing.names.push_back(name);
        continue;
      }
      std::string path = home + "/" + std::string(name);
      if (struct stat info{}; ::lstat(path.c_str(), &info) != 0) {
        out.absent.push_back(std::move(path));
        continue;
      }
      // Hidden by its own name, and where a symlink leads elsewhere by the name of what it leads to.
      if (char* real = ::realpath(path.c_str(), nullptr)) {
        out.paths.emplace_back(real);
        std::free(real);
      }
      out.paths.push_back(std::move(path));
    }
    if (!missing.names.empty()) out.names.push_back(std::move(missing));
  }
  return out;
}

}  // namespace limen::cli
