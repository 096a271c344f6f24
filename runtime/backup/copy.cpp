#include "runtime/backup/copy.h"

#include "runtime/backup/partial.h"
#include "runtime/backup/rclone.h"
#include "runtime/backup/sums.h"
#include "runtime/backup/verify.h"
#include "runtime/base/error.h"
#include "runtime/base/hash.h"
#include "runtime/base/text.h"

namespace playbook {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kScheme = "rclone:";

void expect_good(const fs::path& copy, const std::string& digest, const std::string& origin, const SourceRegistry& sources, Work& work) {
  std::vector<Finding> findings = verify_set(copy, digest, sources, work, Depth::content);
  if (findings.empty()) return;
  throw Error(Code::backup_corrupt, "the copy of backup set " + origin + " is damaged: " + describe(findings),
              "verify the set itself with `playbook backup verify`; where that is good, copy it again", {{"findings", to_json(findings)}});
}

// Copies one file and syncs it.
void copy_file(const fs::path& from, const fs::path& to, Work& work) {
  PartWriter writer(to.parent_path(), to.filename(), "", Encoding::plain, 0, work);
  read_in_pieces(from, [&](std::string_view piece) { writer.write(piece); });
  writer.finish();
}

void expect_success(const Exit& exit, const std::string& what) {
  expect_rclone(exit, what,
                "`rclone listremotes` and `rclone lsf REMOTE:PATH` show what is reached; what is there already is not sent again");
}

}  // namespace

BackupSet copy_set(const BackupSet& set, const std::string& digest, const fs::path& folder, const SourceRegistry& sources, Work& work) {
  const std::string name = set.manifest().name, known = digest.empty() ? set.digest() : digest;
  if (fs::exists(folder / name)) {
    expect_good(folder / name, known, set.path(), sources, work);
    return BackupSet::open(folder / name);
  }
  work.expect(2 * set.bytes());
  PartialFolder partial(folder, name, work);
  for (const auto& [file, sum] : parse_sums(read_file(set.path() / kSumsFile))) {
    copy_file(set.path() / file, partial.path() / file, work);
    work.reach("backup.copied");
  }
  copy_file(set.path() / kSumsFile, partial.path() / kSumsFile, work);
  if (fs::exists(set.path() / kAttestationsFile)) copy_file(set.path() / kAttestationsFile, partial.path() / kAttestationsFile, work);
  expect_good(partial.path(), known, set.path(), sources, work);
  work.reach("backup.verified");
  partial.commit();
  return BackupSet::open(folder / name);
}

std::optional<Remote> Remote::parse(const std::string& text) {
  if (!text.starts_with(kScheme)) return std::nullopt;
  std::string path = text.substr(kScheme.size());
  while (path.ends_with('/')) path.pop_back();
  size_t slash = path.find('/'), colon = path.find(':');
  if (colon == std::string::npos && slash != std::string::npos) path[slash] = ':';
  if (path.empty() || path.front() == '-' || path.front() == ':' || path.find(':') == std::string::npos)
    throw Error(Code::argument_invalid, "\"" + text + "\" names no place of rclone",
                "write rclone:REMOTE/PATH; `rclone listremotes` lists them");
  return Remote(path);
}

std::string Remote::name() const { return path_.substr(path_.find_last_of(":/") + 1); }

void Remote::send(const BackupSet& set, Work& work) const {
  const std::string to = path_ + (path_.ends_with(':') ? "" : "/") + set.manifest().name, sums(kSumsFile);
  Exit there = rclone(work, {"cat", to + "/" + sums});
  if (there.status == 0 && !there.out.empty() && sha256(there.out) != set.digest())
    throw Error(Code::backup_failed, to + " holds another backup set", "move it away, or copy to another place");
  work.expect(2 * set.bytes());
  work.reach("copy.begun");
  expect_success(rclone(work, {"copy", set.path(), to, "--exclude", "/" + sums, "--exclude", "/" + std::string(kManifestFile)}),
                 "copying " + set.path().string() + " to " + to);
  work.advance(set.bytes());
  work.reach("copy.parts");
  expect_success(rclone(work, {"copy", set.path(), to}), "copying " + set.path().string() + " to " + to);
  work.reach("copy.sent");
  expect_success(rclone(work, {"check", "--checkfile", "sha256", set.path() / sums, to, "--download", "--one-way"}), "reading back " + to);
  if (sha256(rclone(work, {"cat", to + "/" + sums}).out) != set.digest())
    throw Error(Code::backup_failed, to + "/" + sums + " reads back differently", "copy it again");
  work.advance(set.bytes());
}

BackupSet Remote::fetch(const fs::path& folder, const std::string& digest, const SourceRegistry& sources, Work& work) const {
  if (fs::exists(folder / name())) {
    expect_good(folder / name(), digest, path_, sources, work);
    return BackupSet::open(folder / name());
  }
  PartialFolder partial(folder, name(), work);
  expect_success(rclone(work, {"copy", path_, partial.path()}), "copying " + path_ + " to " + folder.string());
  expect_good(partial.path(), digest, path_, sources, work);
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(partial.path())) {
    fs::permissions(entry.path(), entry.is_directory() ? fs::perms::owner_all : fs::perms::owner_read | fs::perms::owner_write);
    if (entry.is_regular_file()) sync_file(entry.path());
  }
  work.reach("backup.verified");
  partial.commit();
  return BackupSet::open(folder / name());
}

}  // namespace playbook
