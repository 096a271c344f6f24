#include "runtime/backup/set.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "runtime/backup/sums.h"
#include "runtime/base/error.h"
#include "runtime/base/hash.h"
#include "runtime/base/text.h"

namespace playbook {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPartial = ".partial";

std::string as_name(const std::string& text) {
  std::string name;
  for (char c : text) {
    bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '+' || c == '_' || c == '-';
    name += plain ? c : '_';
  }
  return name;
}

bool is_partial(const fs::path& path) { return path.extension() == kPartial; }

}  // namespace

BackupSet BackupSet::open(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(path, error))
    throw Error(Code::file_missing, "backup set " + path.string() + " does not exist", "`playbook backup list` shows the sets");
  BackupSet set;
  set.path_ = path;
  auto sums = try_read_file(path / kSumsFile), manifest = try_read_file(path / kManifestFile);
  if (!sums || !manifest)
    throw Error(Code::backup_corrupt,
                path.string() + " is not a whole backup set: " + std::string(sums ? kManifestFile : kSumsFile) + " is missing",
                is_partial(path) ? "it was never finished; use another set" : "take the set from another copy, or use another set");
  set.digest_ = sha256(*sums);
  set.manifest_ = Manifest::parse(*manifest, path.filename().string());
  return set;
}

std::uint64_t BackupSet::bytes() const {
  std::uint64_t sum = 0;
  for (const Part& part : manifest_.parts) sum += part.is_sealed() ? part.sealed_bytes : part.stored_bytes;
  return sum;
}

void BackupSet::attest(const Json& attestation) const {
  fs::path path = path_ / kAttestationsFile;
  Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!file) throw system_error(errno, "cannot open " + path.string());
  write_fully(file.get(), canonical(attestation) + "\n", path);
  if (::fsync(file.get()) != 0) throw system_error(errno, "cannot sync " + path.string());
  sync_folder(path_);
}

std::vector<Json> BackupSet::attestations() const {
  std::vector<Json> list;
  for (const std::string& line : split(try_read_file(path_ / kAttestationsFile).value_or(""), '\n'))
    if (Json value = Json::parse(line, nullptr, false); value.is_object()) list.push_back(std::move(value));
  return list;
}

namespace {

// Every string below `from` that stands alone in a value, now below `to`.
void move_paths(Json& value, const std::string& from, const std::string& to) {
  if (value.is_structured()) {
    for (Json& element : value) move_paths(element, from, to);
  } else if (value.is_string()) {
    std::string text = value;
    if (text == from || text.starts_with(from + "/")) value = to + text.substr(from.size());
  }
}

}  // namespace

BackupSet BackupSet::moved_to(const fs::path& instance) const {
  BackupSet moved = *this;
  if (!is_of_other_place(instance)) return moved;
  for (StoredSource& source : moved.manifest_.sources)
    for (Json* value : {&source.spec, &source.state}) move_paths(*value, manifest_.instance, instance.string());
  return moved;
}

bool BackupSet::is_of_other_place(const fs::path& instance) const {
  return !manifest_.instance.empty() && manifest_.instance != instance.string();
}

std::string free_set_name(const fs::path& folder, Utc now, const std::string& application, const std::string& version) {
  std::string base = to_stamp(now);
  for (const std::string& piece : {application, version})
    if (!piece.empty()) base += "-" + as_name(piece);
  std::string name = base;
  for (int i = 2; fs::exists(folder / name) || fs::exists(folder / (name + std::string(kPartial))); ++i)
    name = base + "-" + std::to_string(i);
  return name;
}

std::vector<ListedSet> list_sets(const fs::path& folder) {
  std::vector<ListedSet> sets;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const fs::path& path = entry->path();
    bool looks_like_one = fs::exists(path / kManifestFile) || fs::exists(path / kSumsFile) || is_partial(path);
    if (!looks_like_one || !fs::is_directory(path, error)) continue;
    ListedSet listed{path, std::nullopt, ""};
    try {
      if (is_partial(path)) throw Error(Code::backup_corrupt, "it is unfinished");
      listed.set = BackupSet::open(path);
    } catch (const Error& unreadable) {
      listed.problem = unreadable.message();
    }
    sets.push_back(std::move(listed));
  }
  std::sort(sets.begin(), sets.end(), [](const ListedSet& a, const ListedSet& b) { return a.path < b.path; });
  return sets;
}

}  // namespace playbook
