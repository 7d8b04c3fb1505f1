// The default of --hide: where people and programs keep secrets.
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bitset>
#include <cstdlib>
#include <fstream>
#include <map>
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
    std::vector<std::string_view> fields;
    for (std::string_view rest = line;;) {
      const std::size_t colon = rest.find(':');
      fields.push_back(rest.substr(0, colon));
      if (colon == std::string_view::npos) break;
      rest.remove_prefix(colon + 1);
    }
    if (fields.size() < 7 || fields[5].empty() || fields[5][0] != '/') continue;
    const uid_t uid = static_cast<uid_t>(std::strtoul(std::string(fields[2]).c_str(), nullptr, 10));
    if (self == 0 || uid == self) add(std::string(fields[5]), uid);
  }
  return out;
}

using Names = std::vector<std::string_view>;

std::string_view first_of(std::string_view name) { return name.substr(0, name.find('/')); }

// What of a directory could be the first of these names, and of which type it is: DT_*. Nothing where the directory may be passed through
// but not read.
using Entries = std::map<std::string, unsigned char, std::less<>>;
std::optional<Entries> entries_of(const std::string& directory, const Names& names) {
  DIR* open = ::opendir(directory.c_str());
  if (open == nullptr) return std::nullopt;
  std::bitset<256> first_letters;
  for (const std::string_view name : names) first_letters.set(static_cast<unsigned char>(name.front()));
  Entries entries;
  while (const dirent* entry = ::readdir(open)) {
    if (first_letters[static_cast<unsigned char>(entry->d_name[0])]) entries.emplace(entry->d_name, entry->d_type);
  }
  ::closedir(open);
  return entries;
}

// Hidden by its own name, and where a symlink leads elsewhere by the name of what it leads to.
void look_at(std::string path, Secrets& out) {
  if (struct stat info{}; ::lstat(path.c_str(), &info) != 0) {
    out.absent.push_back(std::move(path));
    return;
  }
  if (char* real = ::realpath(path.c_str(), nullptr)) {
    out.paths.emplace_back(real);
    std::free(real);
  }
  out.paths.push_back(std::move(path));
}

// One reading of a directory tells of most names that nothing is there, and of the others whether they are what they seem. `is_real`: no
// symlink leads to it.
void look_in(const std::string& directory, bool is_real, const Names& names, Secrets& out) {
  constexpr std::size_t kWorthReading = 4;
  const std::optional<Entries> entries = entries_of(directory, names);
  HiddenNames missing{directory, {}};
  struct Within {
    bool is_real = false;
    Names names;
  };
  std::map<std::string_view, Within> within;
  for (const std::string_view name : names) {
    const std::string_view first = first_of(name);
    unsigned char type = DT_UNKNOWN;
    if (entries) {
      const auto at = entries->find(first);
      if (at == entries->end()) {
        missing.names.push_back(name);
        continue;
      }
      type = at->second;
    }
    if (first.size() < name.size()) {
      Within& there = within[first];
      there.is_real = is_real && type == DT_DIR;
      there.names.push_back(name.substr(first.size() + 1));
    } else if (is_real && (type == DT_REG || type == DT_DIR)) {
      out.paths.push_back(directory + "/" + std::string(name));
    } else {
      look_at(directory + "/" + std::string(name), out);
    }
  }
  if (!missing.names.empty()) out.names.push_back(std::move(missing));
  for (const auto& [first, there] : within) {
    const std::string path = directory + "/" + std::string(first);
    if (there.names.size() >= kWorthReading) {
      look_in(path, there.is_real, there.names, out);
      continue;
    }
    for (const std::string_view name : there.names) look_at(path + "/" + std::string(name), out);
  }
}

}  // namespace

Secrets secrets() {
  Secrets out;
  out.paths.assign(std::begin(kOfSystem), std::end(kOfSystem));
  const Names names(std::begin(kInHome), std::end(kInHome));
  for (const std::string& home : homes()) look_in(home, true, names, out);
  return out;
}

}  // namespace limen::cli
